//! The activation page in a real browser, as somebody uses it who has a
//! keyboard and ears only, and no scripts.
//!
//! This needs Debian's `chromium` and `chromium-driver`; without them these
//! tests say so and pass, or fail if `TUDONE_TEST_REQUIRE_REAL` is `1`.

#![cfg(feature = "sandbox")]

mod support;

mod browser {
    mod activation;
    mod driver;
    mod hostile;
    mod tree;
}
