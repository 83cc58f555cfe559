//! The real client against the sandbox's Hasura, over real HTTP and
//! websockets, with faults.
#![cfg(feature = "sandbox")]

#[path = "sync/bench.rs"]
mod bench;
#[path = "sync/device.rs"]
mod device;
#[path = "sync/faults.rs"]
mod faults;
#[path = "sync/faulty_client.rs"]
mod faulty_client;
#[path = "sync/live.rs"]
mod live;
#[path = "sync/remote.rs"]
mod remote;
#[path = "sync/rounds.rs"]
mod rounds;
