//! What the help screen says: the action table with the keys in force.

use crate::app::action::{Layer, TABLE};
use crate::app::keymap::Keymap;
use crate::app::model::Size;

/// One line of the help screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpLine {
    /// The name of a layer.
    Heading(&'static str),
    /// Keys and what they do.
    Keys {
        /// `g g, home`; empty when nothing is bound.
        keys: String,
        /// What they do.
        help: &'static str,
    },
    /// Nothing.
    Blank,
}

/// Columns of cells that one column of help needs.
const WIDE: usize = 58;

/// All lines, layer by layer.
#[must_use]
pub fn lines(keymap: &Keymap) -> Vec<HelpLine> {
    let mut lines = Vec::with_capacity(count());
    for layer in Layer::ALL {
        lines.push(HelpLine::Heading(layer.title()));
        for row in TABLE.iter().filter(|row| row.layer == layer) {
            lines.push(HelpLine::Keys {
                keys: keymap.label(layer, row.action),
                help: row.help,
            });
        }
        lines.push(HelpLine::Blank);
    }
    lines.pop();
    lines
}

/// How many columns of help stand side by side.
#[must_use]
pub fn columns(size: Size) -> usize {
    (usize::from(size.width) / WIDE).max(1)
}

/// How many lines one column shows: all rows but the heading and the foot,
/// where there is room for them.
#[must_use]
pub fn page(size: Size) -> usize {
    let rows = usize::from(size.height);
    if rows > 4 { rows - 2 } else { rows }.max(1)
}

/// The greatest first line: the last page is full.
#[must_use]
pub fn last_top(size: Size) -> usize {
    count().saturating_sub(columns(size) * page(size))
}

fn count() -> usize {
    TABLE.len() + 2 * Layer::ALL.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_tells_every_binding_of_the_table_once() {
        let lines = lines(&Keymap::default());
        assert_eq!(lines.len(), count());
        for row in TABLE {
            let told =
                |line: &HelpLine| matches!(line, HelpLine::Keys { help, .. } if *help == row.help);
            assert!(lines.iter().any(told), "{}", row.name);
        }
    }
}
