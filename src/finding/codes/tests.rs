use std::collections::BTreeSet;

use super::{CODES, SETUP_CODES};
use crate::finding::CHECKS;

#[test]
fn every_code_is_unique_and_belongs_to_a_check() {
    let mut seen = BTreeSet::new();
    for entry in SETUP_CODES {
        assert!(seen.insert(entry.code), "{} twice", entry.code);
    }
    for entry in CODES {
        assert!(seen.insert(entry.code), "{} twice", entry.code);
        let known = CHECKS.iter().any(|(check, _)| *check == entry.check);
        assert!(known, "{}: no check `{}`", entry.code, entry.check);
    }
}

#[test]
fn codes_have_the_order_of_their_checks() {
    let place = |check: &str| CHECKS.iter().position(|(known, _)| *known == check);
    let order: Vec<_> = CODES.iter().map(|entry| place(entry.check)).collect();
    assert!(order.is_sorted(), "{order:?}");
}
