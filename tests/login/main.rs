//! Logging in, refreshing and logging out against an issuer that answers what
//! a test scripts: every awkward answer, in both dialects.

mod device;
mod issuer;
mod profile;
mod refresh;
mod revocation;
