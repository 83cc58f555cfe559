//! The themes that the user chooses from.

/// The themes that `[ui] theme` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThemeName {
    /// The terminal's own colours and background.
    #[default]
    Terminal,
    /// Light text on a dark background.
    Dark,
    /// Dark text on a light background.
    Light,
}

impl ThemeName {
    /// All of them, in the order that the palette lists them.
    pub const ALL: [Self; 3] = [Self::Terminal, Self::Dark, Self::Light];

    /// Its name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// Reads its [`name`](Self::name).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }
}

/// The roles that `[theme]` can style.
pub const ROLES: [&str; 30] = [
    "text",
    "muted",
    "border",
    "accent",
    "heading",
    "group",
    "current",
    "selection",
    "gutter",
    "marked",
    "done",
    "priority_a",
    "priority_b",
    "priority_c",
    "priority",
    "project",
    "context",
    "late",
    "today",
    "soon",
    "later",
    "key",
    "code",
    "found",
    "pending",
    "warning",
    "alert",
    "good",
    "overlay",
    "placeholder",
];

/// A change of a role's style, as `[theme]` writes it: `red bold on #222222`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RoleStyle {
    /// The colour of the text, if it changes.
    pub text: Option<ThemeColor>,
    /// The colour behind it, if it changes.
    pub background: Option<ThemeColor>,
    /// The emphasis, if it changes.
    pub emphasis: Option<Emphasis>,
}

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThemeColor {
    /// The terminal's own.
    Default,
    /// One of the terminal's 256.
    Indexed(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// How text stands out.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each holds independently of the others"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Emphasis {
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined.
    pub underlined: bool,
    /// Text and background exchanged.
    pub reversed: bool,
}

/// The names of the terminal's 16 colours, in order.
const COLORS: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// A word of a style that is neither a colour nor an emphasis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is neither a colour nor an emphasis; write a style like `red bold on #222222`")]
pub struct StyleError {
    /// The word.
    pub word: String,
}

impl RoleStyle {
    /// Reads `COLOUR`, `on COLOUR` and emphases, in any order. `plain` removes
    /// the emphasis of the theme.
    ///
    /// # Errors
    ///
    /// The first unknown word.
    pub fn parse(text: &str) -> Result<Self, StyleError> {
        let mut style = Self::default();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            let unknown = || StyleError {
                word: word.to_owned(),
            };
            if word == "on" {
                let color = words.next().and_then(ThemeColor::parse);
                style.background = Some(color.ok_or_else(unknown)?);
                continue;
            }
            let emphasis = style.emphasis.unwrap_or_default();
            style.emphasis = Some(match word {
                "plain" => emphasis,
                "bold" => Emphasis {
                    bold: true,
                    ..emphasis
                },
                "dim" => Emphasis {
                    dim: true,
                    ..emphasis
                },
                "italic" => Emphasis {
                    italic: true,
                    ..emphasis
                },
                "underlined" => Emphasis {
                    underlined: true,
                    ..emphasis
                },
                "reversed" => Emphasis {
                    reversed: true,
                    ..emphasis
                },
                color => {
                    style.text = Some(ThemeColor::parse(color).ok_or_else(unknown)?);
                    continue;
                }
            });
        }
        Ok(style)
    }
}

impl ThemeColor {
    fn parse(word: &str) -> Option<Self> {
        if word == "default" {
            return Some(Self::Default);
        }
        if let Some(hex) = word.strip_prefix('#') {
            let is_hex = hex.len() == 6 && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
            let number = u32::from_str_radix(hex, 16).ok().filter(|_| is_hex)?;
            let [_, red, green, blue] = number.to_be_bytes();
            return Some(Self::Rgb(red, green, blue));
        }
        let named = COLORS.iter().position(|name| *name == word);
        let index = named.and_then(|index| u8::try_from(index).ok());
        index.or_else(|| word.parse().ok()).map(Self::Indexed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_is_colours_and_emphases_in_any_order() -> Result<(), StyleError> {
        let style = RoleStyle::parse("bold bright-red on #102030 underlined")?;
        assert_eq!(style.text, Some(ThemeColor::Indexed(9)));
        assert_eq!(style.background, Some(ThemeColor::Rgb(0x10, 0x20, 0x30)));
        let emphasis = style.emphasis.unwrap_or_default();
        assert!(emphasis.bold && emphasis.underlined && !emphasis.dim);
        assert_eq!(
            RoleStyle::parse("208")?.text,
            Some(ThemeColor::Indexed(208))
        );
        assert_eq!(RoleStyle::parse("on default")?.emphasis, None);
        assert_eq!(
            RoleStyle::parse("plain")?.emphasis,
            Some(Emphasis::default())
        );
        Ok(())
    }

    #[test]
    fn an_unknown_word_of_a_style_is_named() {
        for (text, word) in [
            ("red blurple", "blurple"),
            ("on", "on"),
            ("#12345g", "#12345g"),
            ("256", "256"),
        ] {
            let error = RoleStyle::parse(text);
            assert_eq!(
                error,
                Err(StyleError {
                    word: word.to_owned()
                })
            );
        }
    }
}
