//! The sort key (`place`) of a todo: one number that gives the order of the list.
//!
//! Waiting todos come first, [`WAITING`] lower than open ones, and done ones
//! [`DONE`] higher, so that each [`TablePart`] is one range of the table. Within a
//! part: by server id; then, from [`UNSENT`] on, those not sent yet by local
//! number; then those with neither.

use std::ops::Range;

use crate::store::error::StoreError;

/// Added for done todos.
pub(super) const DONE: i64 = 1 << 62;
/// Added for waiting todos.
pub(super) const WAITING: i64 = -(1 << 62);
/// Added to a local number.
pub(super) const UNSENT: i64 = 1 << 61;
/// Added to the outbox `seq` of a todo that has neither id nor local number: an
/// edit whose row was deleted elsewhere.
const ORPHAN: i64 = UNSENT + (1 << 59);
/// Ids lie between this and its negative.
const MAX_ID: i64 = 1 << 60;

/// A range of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TablePart {
    /// Open todos.
    Open,
    /// Open todos that are left out until a later day.
    Waiting,
    /// Done todos.
    Done,
}

impl TablePart {
    /// Every part, in the order of the table.
    pub(super) const ALL: [Self; 3] = [Self::Waiting, Self::Open, Self::Done];

    /// Returns the number that is added to an order to give a place.
    pub(super) const fn offset(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Waiting => WAITING,
            Self::Done => DONE,
        }
    }

    pub(super) const fn is_done(self) -> bool {
        matches!(self, Self::Done)
    }

    pub(super) const fn is_waiting(self) -> bool {
        matches!(self, Self::Waiting)
    }

    /// Returns all places of the part.
    pub(super) const fn places(self) -> Range<i64> {
        let offset = self.offset();
        offset - MAX_ID..offset + (DONE - MAX_ID)
    }

    /// Returns the places of the part's todos with a server id.
    pub(super) const fn ids(self) -> Range<i64> {
        let offset = self.offset();
        offset - MAX_ID..offset + MAX_ID
    }

    /// Returns the places of the part's todos with a server id above `id`.
    pub(super) const fn ids_after(self, id: i64) -> Range<i64> {
        let Range { start, end } = self.ids();
        if id <= -MAX_ID {
            return start..end;
        }
        if id >= MAX_ID {
            return end..end;
        }
        id + self.offset() + 1..end
    }
}

/// The value that orders a todo within its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SortRank {
    /// Its server id.
    Id(i64),
    /// Its local number.
    Local(i64),
    /// The `seq` of its first outbox entry.
    Orphan(i64),
}

impl SortRank {
    /// Returns the place among open todos.
    pub(super) const fn order(self) -> i64 {
        match self {
            Self::Id(id) => id,
            Self::Local(local) => UNSENT + local,
            Self::Orphan(seq) => ORPHAN + seq,
        }
    }

    pub(super) const fn place(self, part: TablePart) -> i64 {
        self.order() + part.offset()
    }

    /// Returns the places in every part.
    pub(super) fn everywhere(self) -> [i64; 3] {
        TablePart::ALL.map(|part| self.place(part))
    }
}

/// Splits a place into order and part.
pub(super) const fn parted(place: i64) -> (i64, TablePart) {
    let part = if place >= DONE - MAX_ID {
        TablePart::Done
    } else if place < -MAX_ID {
        TablePart::Waiting
    } else {
        TablePart::Open
    };
    (place - part.offset(), part)
}

/// Returns the server id of a place, if it has one.
pub(super) const fn id_at(place: i64) -> Option<i64> {
    let (order, _) = parted(place);
    if order < MAX_ID { Some(order) } else { None }
}

/// Returns the number in the handle of a todo with this order: its server id or its local
/// number.
pub(super) const fn number_at(order: i64) -> Option<i64> {
    if order < MAX_ID {
        Some(order)
    } else if order >= UNSENT && order < ORPHAN {
        Some(order - UNSENT)
    } else {
        None
    }
}

/// Rejects an id that does not fit into a place.
pub(super) const fn check_id(id: i64) -> Result<(), StoreError> {
    if id > -MAX_ID && id < MAX_ID {
        Ok(())
    } else {
        Err(StoreError::Id { id })
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_ID, SortRank, TablePart, id_at, parted};

    #[test]
    fn todos_with_an_id_come_first_and_the_parts_never_mix() {
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
            for part in TablePart::ALL {
                let place = rank.place(part);
                assert_eq!(parted(place), (rank.order(), part));
                let holding = TablePart::ALL.map(|other| other.places().contains(&place));
                assert_eq!(holding, TablePart::ALL.map(|other| other == part));
                let id = match rank {
                    SortRank::Id(id) => Some(id),
                    SortRank::Local(_) | SortRank::Orphan(_) => None,
                };
                assert_eq!(id_at(place), id);
                assert!(!part.ids_after(7).contains(&SortRank::Id(7).place(part)));
                assert!(part.ids_after(7).contains(&SortRank::Id(8).place(part)));
                assert!(!part.ids_after(7).contains(&SortRank::Local(1).place(part)));
            }
        }
    }

    #[test]
    fn ids_beyond_all_ids_are_after_none() {
        for id in [i64::MAX, MAX_ID, i64::MIN] {
            for part in TablePart::ALL {
                assert_eq!(part.ids_after(id).is_empty(), id > 0, "{id}");
            }
        }
    }
}
