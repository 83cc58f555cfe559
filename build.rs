//! Names the commit in `tudone --version`: that of the checkout in a release
//! build, or the one in `TUDONE_COMMIT`. Links the program to a fixed address.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TUDONE_COMMIT");
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let commit = env::var("TUDONE_COMMIT").ok().or_else(checked_out);
    let shown = match commit {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    println!("cargo::rustc-env=TUDONE_VERSION={shown}");
    if is_linked_by_glibc() {
        // At a random address, a third of the cost of a short command would be the
        // correction of 46,000 addresses. The program has no unsafe code of its own;
        // its heap, its stack and its libraries stay at random addresses.
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

fn is_linked_by_glibc() -> bool {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && !features.split(',').any(|feature| feature == "crt-static")
}

/// Returns the commit of this checkout. Development builds name none, so that a
/// commit does not compile them again.
fn checked_out() -> Option<String> {
    if env::var("PROFILE").ok()? != "release" || !Path::new(".git").exists() {
        return None;
    }
    for path in [".git/HEAD", ".git/logs/HEAD"] {
        if Path::new(path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let output = Command::new("git")
        .args(["rev-parse", "--short=10", "HEAD"])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let commit = String::from_utf8(output.stdout).ok()?;
    Some(commit.trim().to_owned())
}
