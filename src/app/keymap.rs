//! From keys to actions.

use crate::app::action::{Action, Binding, Layer, TABLE};
use crate::app::keys::{self, Key, KeyError};

/// Which keys ask for what, in each layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    bound: Vec<Bound>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    layer: Layer,
    action: Action,
    name: &'static str,
    sequences: Vec<Vec<Key>>,
}

/// What keys pressed so far mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// This.
    Action(Action),
    /// The start of something: wait for the next key.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Why a binding of the configuration is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// No action has this name.
    #[error("there is no action `{name}`")]
    UnknownAction {
        /// The name.
        name: String,
    },
    /// A word that names no key.
    #[error("{source}")]
    Key {
        /// The action configured.
        name: String,
        /// Which word.
        source: KeyError,
    },
    /// The keys already ask for something else in the same layer, or begin it,
    /// or it begins them.
    #[error("`{keys}` of `{name}` collides with `{other}`")]
    Taken {
        /// The action configured.
        name: String,
        /// Its keys.
        keys: String,
        /// Who has them.
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
    /// The default keys with those of the configuration in their place: for
    /// each action named, its keys (several ways to ask for it are parted by a
    /// comma, keys of one sequence by a space; none at all unbinds it).
    ///
    /// # Errors
    ///
    /// Every problem there is, not just the first.
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
        problems.extend(named.iter().filter_map(|place| keymap.collision(*place)));
        if problems.is_empty() {
            Ok(keymap)
        } else {
            Err(problems)
        }
    }

    /// What `pressed` means in `layer`. `pressed` is never empty.
    #[must_use]
    pub fn meaning(&self, layer: Layer, pressed: &[Key]) -> Meaning {
        let mut meaning = Meaning::Nothing;
        for layer in layers(layer) {
            for bound in self.bound.iter().filter(|bound| bound.layer == *layer) {
                for sequence in &bound.sequences {
                    if sequence == pressed {
                        return Meaning::Action(bound.action);
                    }
                    if sequence.starts_with(pressed) {
                        meaning = Meaning::Prefix;
                    }
                }
            }
            if meaning == Meaning::Prefix {
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

    /// The keys that complete what was pressed in `layer`, and what they do.
    #[must_use]
    pub fn continuations(&self, layer: Layer, pressed: &[Key]) -> Vec<(String, Action)> {
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

    fn collision(&self, place: usize) -> Option<KeymapError> {
        let ours = self.bound.get(place)?;
        for (at, other) in self.bound.iter().enumerate() {
            if at == place || other.layer != ours.layer {
                continue;
            }
            for sequence in &ours.sequences {
                let taken = |theirs: &Vec<Key>| {
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
            // A word of the table that names no key would be left out here; a test looks.
            sequences: row
                .keys
                .iter()
                .filter_map(|keys| keys::sequence(keys).ok())
                .collect(),
        }
    }
}

/// Where a key pressed in `layer` is looked up, in this order.
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

fn written(sequence: &[Key]) -> String {
    let words: Vec<String> = sequence.iter().map(Key::to_string).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Key> {
        keys::sequence(text).unwrap_or_default()
    }

    #[test]
    fn every_key_of_the_table_is_a_key_and_none_collides() {
        let keymap = Keymap::default();
        for (row, bound) in TABLE.iter().zip(&keymap.bound) {
            assert_eq!(row.keys.len(), bound.sequences.len(), "{}", row.name);
        }
        for place in 0..keymap.bound.len() {
            assert_eq!(keymap.collision(place), None);
        }
    }

    #[test]
    fn a_sequence_waits_for_its_second_key() {
        let keymap = Keymap::default();
        assert_eq!(keymap.meaning(Layer::List, &keys("g")), Meaning::Prefix);
        assert_eq!(
            keymap.meaning(Layer::List, &keys("g g")),
            Meaning::Action(Action::First)
        );
        assert_eq!(keymap.meaning(Layer::List, &keys("g x")), Meaning::Nothing);
    }

    #[test]
    fn a_layer_falls_through_to_the_line_and_then_to_everywhere() {
        let keymap = Keymap::default();
        let meaning = |text| keymap.meaning(Layer::Editor, &keys(text));
        assert_eq!(meaning("enter"), Meaning::Action(Action::Submit));
        assert_eq!(meaning("ctrl-w"), Meaning::Action(Action::DeleteWord));
        assert_eq!(meaning("ctrl-z"), Meaning::Action(Action::Suspend));
        assert_eq!(meaning("a"), Meaning::Nothing);
    }

    #[test]
    fn configured_keys_replace_the_default_ones() -> Result<(), Vec<KeymapError>> {
        let keymap = Keymap::configured([("down", "w, ctrl-n"), ("search", "")])?;
        assert_eq!(
            keymap.meaning(Layer::List, &keys("w")),
            Meaning::Action(Action::Down)
        );
        assert_eq!(keymap.meaning(Layer::List, &keys("j")), Meaning::Nothing);
        assert_eq!(keymap.meaning(Layer::List, &keys("/")), Meaning::Nothing);
        assert_eq!(keymap.label(Layer::List, Action::Down), "w, ctrl-n");
        Ok(())
    }

    #[test]
    fn all_problems_of_a_configuration_are_told() {
        let told = Keymap::configured([("dwon", "j"), ("down", "hyper-x"), ("up", "g")]);
        let problems = told.err().unwrap_or_default();
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert_eq!(
            texts.first().map(String::as_str),
            Some("there is no action `dwon`")
        );
        assert_eq!(
            texts.last().map(String::as_str),
            Some("`g` of `up` collides with `first`")
        );
    }

    #[test]
    fn two_actions_may_swap_their_keys() {
        assert!(Keymap::configured([("down", "k"), ("up", "j")]).is_ok());
    }
}
