//! The identity half, the server around both halves and its control, over real HTTP.

pub(crate) mod bench;
mod control;
mod device;
mod faults;
mod pages;
mod refresh;
mod restart;
mod routes;
mod settings;
