//! The files beside the database of an account: its list and its typed lines.

use std::path::PathBuf;

use super::{remembered, unfinished};
use crate::app::Msg;
use crate::app::account::LeftAccount;
use crate::app::unfinished::UnfinishedLine;
use crate::app::views::RememberedList;
use crate::domain::account::Account;
use crate::profile::ActiveProfile;

/// The paths of the files of one account.
#[derive(Debug, Clone)]
pub(super) struct AccountFiles {
    list: PathBuf,
    lines: PathBuf,
}

/// A switch from one account to another during the run.
#[derive(Debug)]
pub(super) struct AccountSwitch {
    /// The files of the account that is opened.
    pub(super) to: AccountFiles,
    /// What to keep of the account before, and where.
    pub(super) from: Option<(AccountFiles, LeftAccount)>,
}

impl AccountFiles {
    pub(super) fn of(profile: &ActiveProfile, account: &Account) -> Self {
        Self {
            list: profile.remembered_list(account),
            lines: profile.unfinished_lines(account),
        }
    }

    /// Reads the list when the account was last left.
    pub(super) fn list(&self) -> Option<RememberedList> {
        remembered::load(&self.list)
    }

    /// Reads the lines that were typed and not saved.
    pub(super) fn lines(&self) -> Vec<UnfinishedLine> {
        unfinished::load(&self.lines)
    }

    /// Keeps the list.
    pub(super) fn keep_list(&self, left: &LeftAccount) {
        if let Some(list) = &left.list {
            remembered::keep(&self.list, list);
        }
    }

    /// Replaces the typed lines by `lines`; see [`unfinished::keep`].
    ///
    /// # Errors
    ///
    /// The system's, with the texts that are not kept.
    pub(super) fn keep_lines(
        &self,
        lines: &[UnfinishedLine],
        stored: &[UnfinishedLine],
    ) -> Result<(), String> {
        unfinished::keep(&self.lines, lines, stored).map_err(|error| {
            let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
            format!("`{}` ({error})", texts.join("`, `"))
        })
    }
}

impl AccountSwitch {
    /// Keeps what the account before leaves.
    ///
    /// # Errors
    ///
    /// Those of [`AccountFiles::keep_lines`].
    pub(super) fn keep(&self) -> Result<(), String> {
        let Some((files, left)) = &self.from else {
            return Ok(());
        };
        files.keep_list(left);
        files.keep_lines(&left.lines, &left.offered)
    }

    /// The message that the account is open.
    pub(super) fn opened(&self) -> Msg {
        Msg::Opened {
            remembered: self.to.list(),
            unfinished: self.to.lines(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::path::Path;
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;
    use crate::runtime::disk::{DatabaseLocation, DiskThreads, ReaderStart};

    const DEADLINE: Duration = Duration::from_mins(1);

    fn files(folder: &Path) -> AccountFiles {
        AccountFiles {
            list: folder.join("list.json"),
            lines: folder.join("unfinished.json"),
        }
    }

    fn left(view: &str, text: &str) -> LeftAccount {
        let line = UnfinishedLine {
            text: text.to_owned(),
            edits: None,
        };
        LeftAccount {
            list: Some(RememberedList {
                view: view.to_owned(),
                order: None,
                selected: None,
                theme: None,
            }),
            lines: vec![line],
            offered: Vec::new(),
        }
    }

    fn switch(to: &AccountFiles, from: &AccountFiles, left: LeftAccount) -> AccountSwitch {
        AccountSwitch {
            to: to.clone(),
            from: Some((from.clone(), left)),
        }
    }

    #[tokio::test]
    async fn a_switch_keeps_what_the_account_before_leaves_and_reads_what_the_other_left()
    -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let (ann, bob) = (folder.path().join("ann"), folder.path().join("bob"));
        let (ann, bob) = (files(&ann), files(&bob));
        switch(&ann, &bob, left("All", "bread")).keep()?;
        let location = DatabaseLocation {
            path: folder.path().join("bob/todos.db"),
            endpoint: "https://todos.example/v1/graphql".to_owned(),
        };
        let to_bob = switch(&bob, &ann, left("Done", "milk"));

        let (sender, mut receiver) = mpsc::channel(8);
        let _disk = DiskThreads::start(&location, ReaderStart::Switch(to_bob), &sender);

        let opened = tokio::time::timeout(DEADLINE, receiver.recv()).await?;
        let LeftAccount { list, lines, .. } = left("All", "bread");
        let expected = Msg::Opened {
            remembered: list,
            unfinished: lines,
        };
        assert_eq!(opened, Some(expected));
        let kept = left("Done", "milk");
        assert_eq!((ann.list(), ann.lines()), (kept.list, kept.lines));
        Ok(())
    }

    #[test]
    fn a_typed_line_that_cannot_be_kept_is_reported_with_its_text() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let files = files(folder.path());
        std::fs::create_dir_all(files.lines.join("in the way"))?;
        let kept = switch(&files, &files, left("Done", "milk")).keep();
        assert!(kept.is_err_and(|reason| reason.starts_with("`milk` (")));
        Ok(())
    }
}
