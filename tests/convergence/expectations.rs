//! The users' actions, and the expected result.

use std::collections::{BTreeMap, BTreeSet};

use tudone::domain::change::Act;
use tudone::domain::key::Key;

use crate::Checked;
use crate::network::Network;
use crate::server::ServerRow;
use crate::text::{is_common, name, tokens};

/// An edit that a store has committed.
#[derive(Debug, Clone)]
struct Edited {
    device: usize,
    todo: String,
    gained: BTreeSet<String>,
    lost: BTreeSet<String>,
}

/// Everything acknowledged to users, by the names of their todos. An edit is tracked
/// by the parts of the text that it adds and removes.
#[derive(Debug, Default)]
pub(crate) struct Expectations {
    /// The key that each todo was added with.
    added: BTreeMap<String, Key>,
    edits: Vec<Edited>,
    /// Deletions by device.
    removed: BTreeSet<(usize, String)>,
    /// Parts of rejected changes that a user dropped on a device.
    discarded: BTreeSet<(usize, String, String)>,
    /// Rejected adds that a user dropped.
    dropped: BTreeSet<String>,
    /// Todos, and parts of texts, that a restored copy did not have.
    forgotten: BTreeSet<String>,
    forgotten_parts: BTreeSet<(String, String)>,
    /// Parts that a restored copy still had.
    revived: BTreeSet<(String, String)>,
    /// Todos that a user added again after their add was rejected.
    added_again: BTreeSet<String>,
}

/// The result on one device.
#[derive(Debug, Default)]
pub(crate) struct DeviceResult {
    /// The shown todos.
    pub(crate) shown: BTreeSet<String>,
    /// The rejected changes: todo, act, and the server's text.
    pub(crate) rejected: Vec<(String, Act, Option<String>)>,
    pub(crate) codes: Vec<String>,
}

/// Returns the texts of an act.
pub(crate) fn texts(act: &Act) -> Vec<&str> {
    match act {
        Act::Add { text } => vec![text],
        Act::Edit { before, after } => vec![before, after],
        Act::Remove { before } => vec![before],
    }
}

fn by_name(rows: &[ServerRow]) -> BTreeMap<String, &ServerRow> {
    rows.iter().map(|row| (name(&row.text), row)).collect()
}

impl Expectations {
    pub(crate) fn add(&mut self, text: &str, key: Key) {
        self.added.insert(name(text), key);
    }

    pub(crate) fn edit(&mut self, device: usize, before: &str, after: &str) {
        let (old, new) = (tokens(before), tokens(after));
        self.edits.push(Edited {
            device,
            todo: name(before),
            gained: new.difference(&old).cloned().collect(),
            lost: old.difference(&new).cloned().collect(),
        });
    }

    pub(crate) fn remove(&mut self, device: usize, text: &str) {
        self.removed.insert((device, name(text)));
    }

    /// Records that a user dropped a rejected change.
    pub(crate) fn discard(&mut self, device: usize, act: &Act) {
        if let Act::Add { text } = act {
            self.dropped.insert(name(text));
        }
        for text in texts(act) {
            let parts = tokens(text).into_iter();
            self.discarded
                .extend(parts.map(|part| (device, name(text), part)));
        }
    }

    /// Records that a user adds a todo whose add was rejected, by a retry or with another
    /// text.
    pub(crate) fn add_again(&mut self, act: &Act) {
        if let Act::Add { text } = act {
            self.added_again.insert(name(text));
        }
    }

    /// Records that the server was restored to `rows`: parts that it has `seen` and no
    /// longer has may be missing.
    pub(crate) fn restore(&mut self, seen: &BTreeSet<(String, String)>, rows: &[ServerRow]) {
        let server = by_name(rows);
        for (todo, part) in seen {
            match server.get(todo) {
                Some(row) if tokens(&row.text).contains(part) => {}
                Some(_) => drop(self.forgotten_parts.insert((todo.clone(), part.clone()))),
                None => {
                    self.forgotten.insert(todo.clone());
                    // A device that never saw the deletion may add the todo again.
                    self.forgotten_parts.insert((todo.clone(), part.clone()));
                }
            }
        }
        for (name, row) in server {
            let parts = tokens(&row.text).into_iter();
            self.revived.extend(parts.map(|part| (name.clone(), part)));
        }
    }

    /// Checks all expectations.
    pub(crate) fn check(&self, network: &mut Network, endings: &[DeviceResult]) -> Checked {
        let rows = network.rows()?;
        let server = by_name(&rows);
        if server.len() != rows.len() {
            return Err(format!("a todo is there twice: {rows:#?}").into());
        }
        for ending in endings {
            Self::check_shown(&rows, ending)?;
        }
        self.check_todos(&server, endings)?;
        for edit in &self.edits {
            self.check_edit(edit, network, &server, endings)?;
        }
        Ok(())
    }

    /// Checks that a device shows the server's rows and rejected texts.
    fn check_shown(rows: &[ServerRow], ending: &DeviceResult) -> Checked {
        let missing = rows.iter().find(|row| !ending.shown.contains(&row.text));
        if let Some(row) = missing {
            return Err(format!("not shown: {row:?} in {ending:#?}").into());
        }
        for text in &ending.shown {
            let is_there = rows.iter().any(|row| row.text == *text);
            let is_refused = ending.rejected.iter().any(|(todo, ..)| *todo == name(text));
            if !is_there && !is_refused {
                return Err(format!("only shown: {text:?} in {ending:#?}").into());
            }
        }
        Ok(())
    }

    fn check_todos(
        &self,
        server: &BTreeMap<String, &ServerRow>,
        endings: &[DeviceResult],
    ) -> Checked {
        for todo in self.added.keys() {
            let removed = self.removed.iter().any(|(_, name)| name == todo);
            let refused = endings.iter().any(|ending| {
                let is_add = |act: &Act| matches!(act, Act::Add { .. });
                ending
                    .rejected
                    .iter()
                    .any(|(name, act, _)| name == todo && is_add(act))
            });
            let excused =
                removed || refused || self.dropped.contains(todo) || self.forgotten.contains(todo);
            if !server.contains_key(todo) && !excused {
                return Err(format!("{todo} is lost").into());
            }
            let revived = self.added_again.contains(todo)
                || self.revived.iter().any(|(name, _)| name == todo);
            if removed && !revived && server.contains_key(todo) {
                return Err(format!("{todo} was removed and is there").into());
            }
        }
        match server.keys().find(|name| !self.added.contains_key(*name)) {
            Some(stranger) => Err(format!("{stranger} was never added").into()),
            None => Ok(()),
        }
    }

    fn check_edit(
        &self,
        edit: &Edited,
        network: &Network,
        server: &BTreeMap<String, &ServerRow>,
        endings: &[DeviceResult],
    ) -> Checked {
        let (device, todo) = (edit.device, &edit.todo);
        let ending = endings.get(device).ok_or("no such device")?;
        let row = server.get(todo).map(|row| tokens(&row.text));
        let gone = row.is_none()
            && (self.removed.iter().any(|(_, name)| name == todo)
                || self.forgotten.contains(todo)
                || self.dropped.contains(todo));
        let in_rejected = |part: &String| {
            let of_todo = ending.rejected.iter().filter(|(name, ..)| name == todo);
            of_todo
                .flat_map(|(_, act, _)| texts(act))
                .any(|text| tokens(text).contains(part))
        };
        let others = || {
            self.edits
                .iter()
                .filter(|other| !std::ptr::eq(*other, edit) && other.todo == *todo)
        };
        for part in &edit.gained {
            let token = (todo.clone(), part.clone());
            let decided_here = in_rejected(part)
                || self
                    .discarded
                    .contains(&(device, todo.clone(), part.clone()))
                || self.removed.contains(&(device, todo.clone()))
                || others().any(|other| other.device == device && other.lost.contains(part));
            let arrived = network.seen.contains(&token)
                && (row.as_ref().is_some_and(|row| row.contains(part))
                    || gone
                    || others().any(|other| other.lost.contains(part))
                    || self.forgotten_parts.contains(&token));
            if !decided_here && !arrived {
                return Err(format!(
                    "{part} of {todo}, edited on device {device}, vanished: {row:?}, {ending:#?}"
                )
                .into());
            }
        }
        for part in edit.lost.iter().filter(|part| !is_common(part)) {
            let is_there = row.as_ref().is_some_and(|row| row.contains(part));
            let excused = in_rejected(part)
                || self
                    .discarded
                    .contains(&(device, todo.clone(), part.clone()))
                || self.revived.contains(&(todo.clone(), part.clone()))
                || others().any(|other| other.gained.contains(part) && self.is_later(other, edit));
            if is_there && !excused {
                return Err(format!(
                    "{part} of {todo}, removed on device {device}, is there: {row:?}"
                )
                .into());
            }
        }
        Ok(())
    }

    fn is_later(&self, one: &Edited, other: &Edited) -> bool {
        let place = |of: &Edited| self.edits.iter().position(|edit| std::ptr::eq(edit, of));
        place(one) > place(other)
    }
}
