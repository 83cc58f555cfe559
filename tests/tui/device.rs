//! The program with a real store in memory: what it asks for happens at once.

use tudone::app::account::LeftAccount;
use tudone::app::{Effect, Msg};
use tudone::domain::change::{Act, Change};
use tudone::domain::history::Session;
use tudone::domain::key::ChangeId;
use tudone::runtime::disk;
use tudone::store::{Store, StoreError};
use uuid::Uuid;

use crate::stage::{NOON, Stage, ada, instant, key};

const SESSION: Session = Session::Tui(Uuid::from_u128(1));

/// A program and its store.
pub(crate) struct Device {
    pub(crate) stage: Stage,
    pub(crate) store: Store,
    /// Whether the disk refuses to write.
    pub(crate) disk_full: bool,
    /// What was last left to open another account.
    pub(crate) left: Option<LeftAccount>,
    /// How often a round was asked for.
    pub(crate) syncs: usize,
    /// How often lists were counted row by row.
    pub(crate) counts: usize,
}

impl Device {
    /// A program over a store that holds `texts`, never sent anywhere.
    pub(crate) fn with(texts: &[&str]) -> Result<Self, StoreError> {
        Self::on(Stage::new(60, 12, Some(ada())), texts)
    }

    /// The program of `stage` over a store that holds `texts`, never sent anywhere.
    pub(crate) fn on(stage: Stage, texts: &[&str]) -> Result<Self, StoreError> {
        let mut store = Store::in_memory("https://todos.example/v1/graphql")?;
        for (n, text) in (1_u128..).zip(texts) {
            add(&mut store, n, text)?;
        }
        let mut device = Self {
            stage,
            store,
            disk_full: false,
            left: None,
            syncs: 0,
            counts: 0,
        };
        device.settle()?;
        Ok(device)
    }

    /// Presses keys, and lets everything they ask for happen.
    pub(crate) fn press(&mut self, keys: &str) -> Result<&mut Self, StoreError> {
        self.stage.press(keys);
        self.settle()
    }

    /// Types text, and lets everything it asks for happen.
    pub(crate) fn type_text(&mut self, text: &str) -> Result<&mut Self, StoreError> {
        self.stage.type_text(text);
        self.settle()
    }

    /// Sends a message to the program, and carries out its effects.
    pub(crate) fn say(&mut self, msg: Msg) -> Result<&mut Self, StoreError> {
        self.stage.say(msg);
        self.settle()
    }

    /// The lines of the screen that hold todos, without the sign of the selected
    /// one.
    pub(crate) fn rows(&self) -> Vec<String> {
        let list = |line: &&str| {
            line.contains('○') && !line.contains("offline")
                || line.contains('●') && !line.contains("live")
        };
        self.stage
            .screen()
            .lines()
            .filter(list)
            .map(|line| line.trim_start_matches(['│', ' ', '▌']).to_owned())
            .collect()
    }

    /// The text of the selected row.
    pub(crate) fn selected(&self) -> String {
        let screen = self.stage.screen();
        let line = screen.lines().find(|line| line.starts_with("│▌"));
        line.unwrap_or_default().to_owned()
    }

    fn settle(&mut self) -> Result<&mut Self, StoreError> {
        while !self.stage.effects.is_empty() {
            for effect in std::mem::take(&mut self.stage.effects) {
                self.happen(effect)?;
            }
        }
        Ok(self)
    }

    fn happen(&mut self, effect: Effect) -> Result<(), StoreError> {
        self.counts += usize::from(matches!(effect, Effect::Count(_)));
        let msg = match effect {
            Effect::Commit { id, .. } if self.disk_full => Msg::CommitFailed {
                id,
                reason: "the disk is full".to_owned(),
            },
            Effect::Sync { .. } => {
                self.syncs += 1;
                return Ok(());
            }
            Effect::Open { left, .. } => {
                self.left = left;
                return Ok(());
            }
            effect => match disk::read(&self.store, &effect)? {
                Some(answer) => answer,
                None => match disk::write(&mut self.store, &effect, SESSION)? {
                    Some(answer) => answer,
                    None => return Ok(()),
                },
            },
        };
        self.stage.say(msg);
        Ok(())
    }
}

/// Adds a todo as another process would.
pub(crate) fn add(store: &mut Store, n: u128, text: &str) -> Result<(), StoreError> {
    let text = text.to_owned();
    commit(store, n, Act::Add { text })
}

/// Changes the text of a todo as another process would.
pub(crate) fn edit(
    store: &mut Store,
    n: u128,
    before: &str,
    after: &str,
) -> Result<(), StoreError> {
    let (before, after) = (before.to_owned(), after.to_owned());
    commit(store, n, Act::Edit { before, after })
}

fn commit(store: &mut Store, n: u128, act: Act) -> Result<(), StoreError> {
    let change = Change {
        id: ChangeId(Uuid::now_v7()),
        todo: key(n),
        act,
        at: instant(NOON),
    };
    store.commit(&[change]).map(drop)
}
