//! The symbols that the screens are drawn with.

/// Symbols, lines and corners: Unicode, or ASCII for terminals without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbols {
    /// Beside the selected row.
    pub selected: &'static str,
    /// Beside a marked row.
    pub marked: &'static str,
    /// An open todo.
    pub open: &'static str,
    /// A done todo.
    pub done: &'static str,
    /// A change that is being written.
    pub saving: &'static str,
    /// A change that is not sent yet.
    pub pending: &'static str,
    /// A change that was sent and not answered yet.
    pub sent: &'static str,
    /// A change that was rejected.
    pub rejected: &'static str,
    /// A todo that repeats.
    pub repeats: &'static str,
    /// Ascending and descending order.
    pub order: [&'static str; 2],
    /// Live, polling, offline.
    pub connection: [&'static str; 3],
    /// Before the preview of a line.
    pub means: &'static str,
    /// Before a line of text.
    pub prompt: &'static str,
    /// More lines follow below.
    pub more: &'static str,
    /// Between two parts of one line.
    pub dot: &'static str,
    /// Where a text was cut.
    pub cut: char,
    /// Thin horizontal line.
    pub rule: &'static str,
    /// Heavy horizontal line, under the current view.
    pub heavy: &'static str,
    /// Thin vertical line.
    pub bar: &'static str,
    /// Joins a horizontal line with a vertical one below it, and right of it.
    pub joins: [&'static str; 2],
    /// Corners: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
}

impl Symbols {
    /// Unicode symbols.
    pub const UNICODE: Self = Self {
        selected: "▌",
        marked: "✓",
        open: "○",
        done: "●",
        saving: "~",
        pending: "↑",
        sent: "⇡",
        rejected: "!",
        repeats: "↻",
        order: ["↑", "↓"],
        connection: ["●", "◌", "○"],
        means: "→",
        prompt: "›",
        more: "▼",
        dot: "·",
        cut: '…',
        rule: "─",
        heavy: "━",
        bar: "│",
        joins: ["┬", "├"],
        corners: ["╭", "╮", "╰", "╯"],
    };

    /// ASCII symbols.
    pub const ASCII: Self = Self {
        selected: ">",
        marked: "*",
        open: "[ ]",
        done: "[x]",
        saving: "~",
        pending: "^",
        sent: "^",
        rejected: "!",
        repeats: "rec",
        order: ["^", "v"],
        connection: ["*", "~", "-"],
        means: "->",
        prompt: ">",
        more: "v",
        dot: "-",
        cut: '~',
        rule: "-",
        heavy: "=",
        bar: "|",
        joins: ["+", "+"],
        corners: ["+", "+", "+", "+"],
    };

    /// ASCII if the locale has nothing else: the first of these variables that is
    /// set names `C` or `POSIX`.
    #[must_use]
    pub fn for_locale(lc_all: Option<&str>, lc_ctype: Option<&str>, lang: Option<&str>) -> Self {
        let locale = [lc_all, lc_ctype, lang]
            .into_iter()
            .flatten()
            .find(|value| !value.is_empty());
        match locale {
            Some("C" | "POSIX") => Self::ASCII,
            Some(_) | None => Self::UNICODE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_locale_gets_ascii() {
        let of = Symbols::for_locale;
        assert_eq!(of(Some("C"), None, Some("de_AT.UTF-8")), Symbols::ASCII);
        assert_eq!(of(None, Some("POSIX"), None), Symbols::ASCII);
        assert_eq!(of(Some(""), None, Some("C")), Symbols::ASCII);
        assert_eq!(of(None, None, Some("C.UTF-8")), Symbols::UNICODE);
        assert_eq!(of(None, None, None), Symbols::UNICODE);
    }
}
