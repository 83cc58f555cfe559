//! The sandbox's identity half, frame and control over real HTTP.

mod sandbox_identity {
    pub(crate) mod bench;
    mod control;
    mod device;
    mod faults;
    mod pages;
    mod refresh;
    mod restart;
    mod routes;
    mod settings;
}
