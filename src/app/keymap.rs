//! The key bindings: from keys to actions.

use crate::app::action::{Action, Layer};
use crate::app::bindings::{Binding, TABLE};
use crate::app::keys::{self, KeyError, KeyPress};

/// The keys of each action, by layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    bound: Vec<Bound>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    layer: Layer,
    action: Action,
    name: &'static str,
    sequences: Vec<Vec<KeyPress>>,
}

/// What the keys pressed so far are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMatch {
    /// An action.
    Action(Action),
    /// The start of a sequence: wait for the next key.
    Prefix,
    /// Not bound.
    Nothing,
}

/// Why a configured binding is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// No action has this name.
    #[error("no action is called `{name}`")]
    UnknownAction {
        /// The name.
        name: String,
    },
    /// A word that is not a key.
    #[error("{source}")]
    Key {
        /// The action configured.
        name: String,
        /// The word.
        source: KeyError,
    },
    /// The keys are bound in the same layer already, or one of the two sequences
    /// is the start of the other.
    #[error("`{keys}` of `{name}` conflicts with `{other}`")]
    Taken {
        /// The action configured.
        name: String,
        /// Its keys.
        keys: String,
        /// The action that has them.
        other: &'static str,
    },
}

impl KeymapError {
    /// The action configured.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::UnknownAction { name } | Self::Key { name, .. } | Self::Taken { name, .. } => {
                name
            }
        }
    }
}

impl Default for Keymap {
    fn default() -> Self {
        let bound = TABLE.iter().map(Bound::of).collect();
        Self { bound }
    }
}

impl Keymap {
    /// The default keys with those of `bindings` in their place: the name of each
    /// action and its keys. Commas separate alternatives, spaces the keys of a
    /// sequence; an empty text unbinds the action.
    ///
    /// # Errors
    ///
    /// All problems, not just the first.
    pub fn configured<'a>(
        bindings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<KeymapError>> {
        let mut keymap = Self::default();
        let mut problems = Vec::new();
        let mut named = Vec::new();
        for (name, keys) in bindings {
            match keymap.rebind(name, keys) {
                Ok(place) => named.push(place),
                Err(problem) => problems.push(problem),
            }
        }
        problems.extend(named.iter().filter_map(|place| keymap.conflict(*place)));
        if problems.is_empty() {
            Ok(keymap)
        } else {
            Err(problems)
        }
    }

    /// Looks up `pressed`, which is never empty, in `layer`.
    #[must_use]
    pub fn meaning(&self, layer: Layer, pressed: &[KeyPress]) -> KeyMatch {
        let mut meaning = KeyMatch::Nothing;
        for layer in layers(layer) {
            for bound in self.bound.iter().filter(|bound| bound.layer == *layer) {
                for sequence in &bound.sequences {
                    if sequence == pressed {
                        return KeyMatch::Action(bound.action);
                    }
                    if sequence.starts_with(pressed) {
                        meaning = KeyMatch::Prefix;
                    }
                }
            }
            if meaning == KeyMatch::Prefix {
                return meaning;
            }
        }
        meaning
    }

    /// The keys of `action` in `layer`, as written in help: `g g, home`.
    #[must_use]
    pub fn label(&self, layer: Layer, action: Action) -> String {
        let sequences = self
            .bound
            .iter()
            .filter(|bound| bound.layer == layer && bound.action == action)
            .flat_map(|bound| &bound.sequences);
        let mut label = String::new();
        for sequence in sequences {
            if !label.is_empty() {
                label.push_str(", ");
            }
            label.push_str(&written(sequence));
        }
        label
    }

    /// The first keys of `action` in `layer`, for hints.
    #[must_use]
    pub fn hint(&self, layer: Layer, action: Action) -> Option<String> {
        self.bound
            .iter()
            .find(|bound| bound.layer == layer && bound.action == action)
            .and_then(|bound| bound.sequences.first())
            .map(|sequence| written(sequence))
    }

    /// Passes the first keys of `action` in `layer` to `words`; nothing if it has none.
    #[must_use]
    pub fn hint_words(
        &self,
        layer: Layer,
        action: Action,
        words: impl FnOnce(String) -> String,
    ) -> String {
        self.hint(layer, action).map_or_else(String::new, words)
    }

    /// The keys that complete what was pressed in `layer`, and what they do.
    #[must_use]
    pub fn continuations(&self, layer: Layer, pressed: &[KeyPress]) -> Vec<(String, Action)> {
        let mut found = Vec::new();
        for bound in self.bound.iter().filter(|bound| bound.layer == layer) {
            for sequence in &bound.sequences {
                if let Some(rest) = sequence.strip_prefix(pressed).filter(|it| !it.is_empty()) {
                    found.push((written(rest), bound.action));
                }
            }
        }
        found
    }

    fn rebind(&mut self, name: &str, keys: &str) -> Result<usize, KeymapError> {
        let place = self.bound.iter().position(|bound| bound.name == name);
        let place = place.ok_or_else(|| KeymapError::UnknownAction {
            name: name.to_owned(),
        })?;
        let sequences = keys
            .split(',')
            .filter(|part| !part.trim().is_empty())
            .map(keys::sequence)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| KeymapError::Key {
                name: name.to_owned(),
                source,
            })?;
        if let Some(bound) = self.bound.get_mut(place) {
            bound.sequences = sequences;
        }
        Ok(place)
    }

    fn conflict(&self, place: usize) -> Option<KeymapError> {
        let ours = self.bound.get(place)?;
        for (at, other) in self.bound.iter().enumerate() {
            if at == place || other.layer != ours.layer {
                continue;
            }
            for sequence in &ours.sequences {
                let taken = |theirs: &Vec<KeyPress>| {
                    theirs.starts_with(sequence) || sequence.starts_with(theirs)
                };
                if other.sequences.iter().any(taken) {
                    return Some(KeymapError::Taken {
                        name: ours.name.to_owned(),
                        keys: written(sequence),
                        other: other.name,
                    });
                }
            }
        }
        None
    }
}

impl Bound {
    fn of(row: &Binding) -> Self {
        Self {
            layer: row.layer,
            action: row.action,
            name: row.name,
            // A test proves that every word of the table is a key.
            sequences: row
                .keys
                .iter()
                .filter_map(|keys| keys::sequence(keys).ok())
                .collect(),
        }
    }
}

/// The layers that a key pressed in `layer` is looked up in, in order.
const fn layers(layer: Layer) -> &'static [Layer] {
    match layer {
        Layer::Global => &[Layer::Global],
        Layer::List => &[Layer::List, Layer::Global],
        Layer::Line => &[Layer::Line, Layer::Global],
        Layer::Editor => &[Layer::Editor, Layer::Line, Layer::Global],
        Layer::Search => &[Layer::Search, Layer::Line, Layer::Global],
        Layer::Paste => &[Layer::Paste, Layer::Global],
        Layer::Confirm => &[Layer::Confirm, Layer::Global],
        Layer::Queue => &[Layer::Queue, Layer::Global],
        Layer::Sidebar => &[Layer::Sidebar, Layer::Global],
        Layer::Picker => &[Layer::Picker, Layer::Line, Layer::Global],
        Layer::Login => &[Layer::Login, Layer::Global],
        Layer::Welcome => &[Layer::Welcome, Layer::Global],
    }
}

fn written(sequence: &[KeyPress]) -> String {
    let words: Vec<String> = sequence.iter().map(KeyPress::to_string).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<KeyPress> {
        keys::sequence(text).unwrap_or_default()
    }

    #[test]
    fn every_key_of_the_table_is_a_key_and_none_conflicts() {
        let keymap = Keymap::default();
        for (row, bound) in TABLE.iter().zip(&keymap.bound) {
            assert_eq!(row.keys.len(), bound.sequences.len(), "{}", row.name);
        }
        for place in 0..keymap.bound.len() {
            assert_eq!(keymap.conflict(place), None);
        }
    }

    #[test]
    fn a_sequence_waits_for_its_second_key() {
        let keymap = Keymap::default();
        assert_eq!(keymap.meaning(Layer::List, &keys("g")), KeyMatch::Prefix);
        assert_eq!(
            keymap.meaning(Layer::List, &keys("g g")),
            KeyMatch::Action(Action::First)
        );
        assert_eq!(keymap.meaning(Layer::List, &keys("g x")), KeyMatch::Nothing);
    }

    #[test]
    fn a_layer_falls_through_to_the_line_and_then_to_everywhere() {
        let keymap = Keymap::default();
        let meaning = |text| keymap.meaning(Layer::Editor, &keys(text));
        assert_eq!(meaning("enter"), KeyMatch::Action(Action::Submit));
        assert_eq!(meaning("ctrl-w"), KeyMatch::Action(Action::DeleteWord));
        assert_eq!(meaning("ctrl-z"), KeyMatch::Action(Action::Suspend));
        assert_eq!(meaning("a"), KeyMatch::Nothing);
    }

    #[test]
    fn configured_keys_replace_the_default_ones() -> Result<(), Vec<KeymapError>> {
        let keymap = Keymap::configured([("down", "w, ctrl-n"), ("search", "")])?;
        assert_eq!(
            keymap.meaning(Layer::List, &keys("w")),
            KeyMatch::Action(Action::Down)
        );
        assert_eq!(keymap.meaning(Layer::List, &keys("j")), KeyMatch::Nothing);
        assert_eq!(keymap.meaning(Layer::List, &keys("/")), KeyMatch::Nothing);
        assert_eq!(keymap.label(Layer::List, Action::Down), "w, ctrl-n");
        Ok(())
    }

    #[test]
    fn all_problems_of_a_configuration_are_reported() {
        let result = Keymap::configured([("dwon", "j"), ("down", "hyper-x"), ("up", "g")]);
        let problems = result.err().unwrap_or_default();
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert_eq!(
            texts.first().map(String::as_str),
            Some("no action is called `dwon`")
        );
        assert_eq!(
            texts.last().map(String::as_str),
            Some("`g` of `up` conflicts with `first`")
        );
    }

    #[test]
    fn two_actions_may_swap_their_keys() {
        assert!(Keymap::configured([("down", "k"), ("up", "j")]).is_ok());
    }
}
