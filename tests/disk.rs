//! Disks that are full, closed, damaged or shared: clear errors, nothing lost,
//! and the screens go on.
#![cfg(all(feature = "sandbox", unix))]

mod support;

#[path = "disk/closed.rs"]
mod closed;
#[path = "disk/damaged.rs"]
mod damaged;
#[path = "disk/full.rs"]
mod full;
#[path = "disk/places.rs"]
mod places;
#[path = "disk/shared.rs"]
mod shared;
#[path = "disk/versions.rs"]
mod versions;
