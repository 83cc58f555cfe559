//! Answers of the store and the server that several tests need, and what a screen shows.

use tudone::app::Msg;
use tudone::app::details::Details;
use tudone::auth::device::Prompt;
use tudone::domain::change::{Act, Change, OutboxEntry, Progress, Rejection};
use tudone::domain::feed::Capabilities;
use tudone::domain::key::ChangeId;
use tudone::domain::push_outcome::Queued;
use uuid::Uuid;

use crate::stage::{Stage, instant, key};

/// An edit of the todo `n` that lost a race against `theirs`.
pub(crate) fn conflict(n: u128, before: &str, after: &str, theirs: &str) -> Queued {
    Queued {
        entry: OutboxEntry {
            seq: 7,
            change: Change {
                id: ChangeId(Uuid::from_u128(1)),
                todo: key(n),
                act: Act::Edit {
                    before: before.to_owned(),
                    after: after.to_owned(),
                },
                at: instant("2026-11-24T11:26:00Z"),
            },
            revision: Some(3),
            high_water: None,
            progress: Progress::Rejected(Rejection {
                code: "conflict".to_owned(),
                message: "the todo was changed elsewhere".to_owned(),
                theirs: Some(theirs.to_owned()),
            }),
        },
        base: None,
        waits: false,
    }
}

/// The answer that this is all that waits of a todo.
pub(crate) fn details(queued: Queued) -> Msg {
    Msg::DetailsRead(Details {
        key: queued.entry.change.todo,
        changes: vec![queued],
    })
}

/// What a role may do that may not add todos.
pub(crate) const WITHOUT_ADDING: Capabilities = Capabilities {
    full: true,
    insert: false,
    update: true,
    delete: true,
    single_operations: false,
};

/// A code to approve on `page`, for 15 minutes.
pub(crate) fn prompt(page: &str) -> Prompt {
    Prompt {
        user_code: "WDJB-MJHT".to_owned(),
        verification_uri: page.split('?').next().unwrap_or(page).to_owned(),
        verification_uri_complete: Some(page.to_owned()),
        expires_at: instant("2026-11-24T12:14:52Z"),
        expires_in: 900,
        interval: 5,
    }
}

#[track_caller]
pub(crate) fn shows(stage: &Stage, text: &str) {
    let screen = stage.screen();
    assert!(screen.contains(text), "{text} is missing:\n{screen}");
}

#[track_caller]
pub(crate) fn hides(stage: &Stage, text: &str) {
    let screen = stage.screen();
    assert!(!screen.contains(text), "{text} is shown:\n{screen}");
}
