//! The sandbox itself: it answers what Auth0 and Hasura answer.
#![cfg(feature = "sandbox")]

mod hasura;
mod identity;
