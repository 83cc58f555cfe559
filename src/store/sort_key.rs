//! Where a todo stands: one number that is the order of the list.
//!
//! Open todos come first, done ones [`DONE`] higher, so that either list is one
//! stretch of the table. Within a list: by server id; then, from [`UNSENT`] on,
//! those not sent yet by local number; then those that have neither.

use std::ops::Range;

use crate::store::error::StoreError;

/// Added for done todos.
pub(super) const DONE: i64 = 1 << 62;
/// Added to a local number.
pub(super) const UNSENT: i64 = 1 << 61;
/// Added to the outbox place of a todo that has neither id nor local number: an
/// edit that outlived its row.
const STRAY: i64 = UNSENT + (1 << 59);
/// Ids lie between this and its negative.
const MAX_ID: i64 = 1 << 60;

/// What decides where a todo stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SortRank {
    /// Its server id.
    Id(i64),
    /// Its local number.
    Local(i64),
    /// The place of its first outbox entry.
    Orphan(i64),
}

impl SortRank {
    /// The place among open todos.
    pub(super) const fn order(self) -> i64 {
        match self {
            Self::Id(id) => id,
            Self::Local(local) => UNSENT + local,
            Self::Orphan(seq) => STRAY + seq,
        }
    }

    pub(super) const fn place(self, done: bool) -> i64 {
        self.order() + offset(done)
    }
}

/// What is added to an order to give a place.
pub(super) const fn offset(done: bool) -> i64 {
    if done { DONE } else { 0 }
}

/// All places of open or of done todos.
pub(super) const fn places(done: bool) -> Range<i64> {
    offset(done) - MAX_ID..offset(done) + (DONE - MAX_ID)
}

/// The places of open or of done todos that have a server id.
pub(super) const fn ids(done: bool) -> Range<i64> {
    offset(done) - MAX_ID..offset(done) + MAX_ID
}

/// The places of open or of done todos that have a server id above `id`.
pub(super) const fn ids_after(id: i64, done: bool) -> Range<i64> {
    let Range { start, end } = ids(done);
    match id.checked_add(offset(done) + 1) {
        Some(first) if id > -MAX_ID => first..end,
        Some(_) => start..end,
        None => end..end,
    }
}

/// The order and whether it is done.
pub(super) const fn parted(place: i64) -> (i64, bool) {
    let done = place >= DONE - MAX_ID;
    (place - offset(done), done)
}

/// The server id, where the place tells it.
pub(super) const fn id_at(place: i64) -> Option<i64> {
    let (order, _) = parted(place);
    if order < MAX_ID { Some(order) } else { None }
}

/// Refuses an id that no place can be made of.
pub(super) const fn check_id(id: i64) -> Result<(), StoreError> {
    if id > -MAX_ID && id < MAX_ID {
        Ok(())
    } else {
        Err(StoreError::Id { id })
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_ID, SortRank, id_at, ids_after, parted, places};

    #[test]
    fn todos_with_an_id_come_first_and_the_two_lists_never_mix() {
        let ranks = [
            SortRank::Id(1 - MAX_ID),
            SortRank::Id(-1),
            SortRank::Id(7),
            SortRank::Id(MAX_ID - 1),
            SortRank::Local(1),
            SortRank::Local(9),
            SortRank::Orphan(1),
        ];
        let ordered: Vec<_> = ranks.iter().map(|rank| rank.order()).collect();
        assert!(ordered.is_sorted());
        for rank in ranks {
            for done in [false, true] {
                let place = rank.place(done);
                assert_eq!(parted(place), (rank.order(), done));
                assert!(places(done).contains(&place) && !places(!done).contains(&place));
                let id = match rank {
                    SortRank::Id(id) => Some(id),
                    SortRank::Local(_) | SortRank::Orphan(_) => None,
                };
                assert_eq!(id_at(place), id);
                assert!(!ids_after(7, done).contains(&SortRank::Id(7).place(done)));
                assert!(ids_after(7, done).contains(&SortRank::Id(8).place(done)));
                assert!(!ids_after(7, done).contains(&SortRank::Local(1).place(done)));
            }
        }
    }

    #[test]
    fn ids_beyond_all_ids_are_after_none() {
        for id in [i64::MAX, MAX_ID, i64::MIN] {
            assert_eq!(ids_after(id, false).is_empty(), id > 0, "{id}");
            assert_eq!(ids_after(id, true).is_empty(), id > 0, "{id}");
        }
    }
}
