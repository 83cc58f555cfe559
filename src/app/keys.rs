//! Key presses, and their names in the configuration.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "keys without a name of their own are treated alike"
)]

use std::fmt;
use std::str::FromStr;

/// One key press. Shift is part of the character: `G` is `g` with shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyPress {
    /// The key.
    pub code: Code,
    /// Whether Control was held.
    pub ctrl: bool,
    /// Whether Alt (Option, Meta) was held.
    pub alt: bool,
}

/// Which key was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A character. With Control it is lower case.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key, from 1.
    F(u8),
}

const NAMES: [(&str, Code); 16] = [
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("shift-tab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
    ("space", Code::Char(' ')),
];

/// A word that is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{word}` is not a key: write one character or a name like enter, pgup or f1, with ctrl- or alt- before it if needed"
)]
pub struct KeyError {
    /// The word.
    pub word: String,
}

impl KeyPress {
    /// A key without modifiers.
    #[must_use]
    pub const fn plain(code: Code) -> Self {
        Self {
            code,
            ctrl: false,
            alt: false,
        }
    }

    /// The character that this key types, if it types one.
    #[must_use]
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt && !c.is_control() => Some(c),
            _ => None,
        }
    }
}

impl fmt::Display for KeyPress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        if let Some((name, _)) = NAMES.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            Code::Char(c) => write!(f, "{c}"),
            Code::F(n) => write!(f, "f{n}"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl FromStr for KeyPress {
    type Err = KeyError;

    /// Parses `g`, `G`, `ctrl-d`, `alt-x`, `enter`, `f1`.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let unknown = || KeyError {
            word: word.to_owned(),
        };
        let mut key = Self::plain(Code::Esc);
        let mut rest = word;
        loop {
            if let Some(after) = rest.strip_prefix("ctrl-").filter(|after| !after.is_empty()) {
                (key.ctrl, rest) = (true, after);
            } else if let Some(after) = rest.strip_prefix("alt-").filter(|after| !after.is_empty())
            {
                (key.alt, rest) = (true, after);
            } else {
                break;
            }
        }
        key.code = code(rest).ok_or_else(unknown)?;
        if key.ctrl
            && let Code::Char(c) = key.code
        {
            key.code = Code::Char(c.to_ascii_lowercase());
        }
        Ok(key)
    }
}

fn code(word: &str) -> Option<Code> {
    let mut chars = word.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return (!c.is_control() && !c.is_whitespace()).then_some(Code::Char(c));
    }
    if let Some((_, code)) = NAMES.iter().find(|(name, _)| *name == word) {
        return Some(*code);
    }
    let n: u8 = word.strip_prefix('f')?.parse().ok()?;
    (1..=24).contains(&n).then_some(Code::F(n))
}

/// Parses a sequence of keys: `g g`.
///
/// # Errors
///
/// The first word that is not a key; an empty text is one too.
pub fn sequence(text: &str) -> Result<Vec<KeyPress>, KeyError> {
    let keys: Vec<KeyPress> = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(KeyError {
            word: text.to_owned(),
        });
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_they_are_read() -> Result<(), KeyError> {
        for word in [
            "g",
            "G",
            "ctrl-d",
            "alt-x",
            "ctrl-alt-x",
            "enter",
            "space",
            "pgdn",
            "f12",
            "-",
            "/",
            "é",
        ] {
            assert_eq!(word.parse::<KeyPress>()?.to_string(), word);
        }
        Ok(())
    }

    #[test]
    fn words_that_are_not_keys_are_rejected() {
        for word in ["", "ctrl-", "hyper-x", "f0", "f99", "entre", "\n"] {
            assert!(word.parse::<KeyPress>().is_err(), "{word:?}");
        }
        assert!(sequence("  ").is_err());
    }

    #[test]
    fn a_control_key_types_nothing() -> Result<(), KeyError> {
        assert_eq!("ctrl-d".parse::<KeyPress>()?.typed(), None);
        assert_eq!("D".parse::<KeyPress>()?.typed(), Some('D'));
        assert_eq!("space".parse::<KeyPress>()?.typed(), Some(' '));
        Ok(())
    }
}
