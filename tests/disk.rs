//! Full disks, read-only directories, damaged and shared databases: clear errors, no
//! lost data, and a TUI that keeps running.
#![cfg(all(feature = "sandbox", unix))]

mod support;

#[path = "disk/damaged.rs"]
mod damaged;
#[path = "disk/full.rs"]
mod full;
#[path = "disk/read_only.rs"]
mod read_only;
#[path = "disk/restrictions.rs"]
mod restrictions;
#[path = "disk/shared.rs"]
mod shared;
#[path = "disk/versions.rs"]
mod versions;
