//! Styles by role. Every difference that matters is shown by a word or a
//! symbol too, so a terminal without colours loses nothing.

use ratatui::style::{Color, Modifier, Style};

use super::color::ColorDepth;
use super::symbols::Symbols;
pub use crate::app::theme::ThemeName;
use crate::app::theme::{RoleStyle, ThemeColor};

mod builtin;

macro_rules! roles {
    ($($(#[doc = $doc:literal])+ $role:ident,)+) => {
        /// The style of each part of the screens.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Theme {
            $($(#[doc = $doc])+ pub $role: Style,)+
            /// The symbols it draws with.
            pub symbols: Symbols,
        }

        /// Every role: its name in `[theme]` and what it is for.
        pub const ROLES: &[(&str, &str)] = &[$((stringify!($role), concat!($($doc),+)),)+];

        impl Theme {
            const fn plain() -> Self {
                Self {
                    $($role: Style::new(),)+
                    symbols: Symbols::UNICODE,
                }
            }

            /// The style of a role by its name in `[theme]`.
            pub fn role_mut(&mut self, name: &str) -> Option<&mut Style> {
                match name {
                    $(stringify!($role) => Some(&mut self.$role),)+
                    _ => None,
                }
            }

            fn each(mut self, change: impl Fn(Style) -> Style) -> Self {
                $(self.$role = change(self.$role);)+
                self
            }
        }
    };
}

roles! {
    /// Ordinary text; its background is the background of the screens.
    text,
    /// Less important text: counts, times, labels.
    muted,
    /// Lines between the parts of the screen.
    border,
    /// The program's name, the frame of the line in use.
    accent,
    /// Headings and titles.
    heading,
    /// The headings between rows.
    group,
    /// The current view.
    current,
    /// Added to the selected row; it keeps its own colours.
    selection,
    /// The sign beside the selected row.
    gutter,
    /// The sign beside a marked row.
    marked,
    /// A todo that is done.
    done,
    /// Priority A.
    priority_a,
    /// Priority B.
    priority_b,
    /// Priority C.
    priority_c,
    /// Every other priority.
    priority,
    /// `+project`.
    project,
    /// `@context`.
    context,
    /// A due date that has passed.
    late,
    /// Due today.
    today,
    /// Due within 7 days.
    soon,
    /// Due later.
    later,
    /// A key in a hint.
    key,
    /// The code of a login.
    code,
    /// The part of a text that the search found.
    found,
    /// Changes that are not on the server yet.
    pending,
    /// Something that the user may want to correct.
    warning,
    /// What failed, was rejected or is about to be deleted.
    alert,
    /// What succeeded.
    good,
    /// Boxes over the list: notices, questions, the palette.
    overlay,
    /// A cell that stands for a character that cannot be shown.
    placeholder,
}

/// The themes, in the colours and symbols that the terminal has.
#[derive(Debug, Clone)]
pub struct Themes {
    depth: ColorDepth,
    symbols: Symbols,
    overrides: Vec<(String, RoleStyle)>,
}

impl Themes {
    /// Themes for a terminal.
    #[must_use]
    pub const fn new(depth: ColorDepth, symbols: Symbols) -> Self {
        Self {
            depth,
            symbols,
            overrides: Vec::new(),
        }
    }

    /// Changes the styles of these roles.
    #[must_use]
    pub fn with_overrides(mut self, overrides: Vec<(String, RoleStyle)>) -> Self {
        self.overrides = overrides;
        self
    }

    /// Why all themes look the same, if the terminal has too few colours for them.
    #[must_use]
    pub const fn missing(&self) -> Option<&'static str> {
        match self.depth {
            ColorDepth::None => Some("colours are off"),
            ColorDepth::Ansi16 => Some("this terminal shows fewer than 256 colours"),
            ColorDepth::Ansi256 | ColorDepth::TrueColor => None,
        }
    }

    /// The theme of this name.
    #[must_use]
    pub fn theme(&self, name: ThemeName) -> Theme {
        let mut theme = Theme::new(name, self.depth).with_symbols(self.symbols);
        for (role, change) in &self.overrides {
            if let Some(style) = theme.role_mut(role) {
                *style = changed(*style, *change, self.depth);
            }
        }
        theme
    }
}

/// A style with the changes of `[theme]`.
fn changed(style: Style, change: RoleStyle, depth: ColorDepth) -> Style {
    let color = |changed: Option<ThemeColor>, color: Option<Color>| match changed {
        Some(changed) if depth != ColorDepth::None => Some(depth.nearest(match changed {
            ThemeColor::Default => Color::Reset,
            ThemeColor::Indexed(index) => Color::Indexed(index),
            ThemeColor::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
        })),
        _ => color,
    };
    let emphasis = change.emphasis.map_or(style.add_modifier, |emphasis| {
        let on = |is_on: bool, modifier| if is_on { modifier } else { Modifier::empty() };
        on(emphasis.bold, Modifier::BOLD)
            | on(emphasis.dim, Modifier::DIM)
            | on(emphasis.italic, Modifier::ITALIC)
            | on(emphasis.underlined, Modifier::UNDERLINED)
            | on(emphasis.reversed, Modifier::REVERSED)
    });
    Style {
        fg: color(change.text, style.fg),
        bg: color(change.background, style.bg),
        add_modifier: emphasis,
        ..style
    }
}

impl Theme {
    /// A theme in the colours that the terminal has. Truecolor themes need 256
    /// colours; with 16 they fall back to the terminal's own.
    #[must_use]
    pub fn new(name: ThemeName, depth: ColorDepth) -> Self {
        let palette = match name {
            ThemeName::Terminal => None,
            ThemeName::Dark => Some(&builtin::DARK),
            ThemeName::Light => Some(&builtin::LIGHT),
        };
        match (palette, depth) {
            (_, ColorDepth::None) => Self::colorless(),
            (Some(palette), ColorDepth::Ansi256 | ColorDepth::TrueColor) => {
                Self::of(palette).each(|style| Style {
                    fg: style.fg.map(|color| depth.nearest(color)),
                    bg: style.bg.map(|color| depth.nearest(color)),
                    ..style
                })
            }
            (_, ColorDepth::Ansi16 | ColorDepth::Ansi256 | ColorDepth::TrueColor) => {
                Self::terminal()
            }
        }
    }

    /// The same theme with other symbols.
    #[must_use]
    pub const fn with_symbols(mut self, symbols: Symbols) -> Self {
        self.symbols = symbols;
        self
    }

    /// The style of a priority's letter and circle.
    #[must_use]
    pub const fn priority_of(&self, letter: char) -> Style {
        match letter {
            'A' => self.priority_a,
            'B' => self.priority_b,
            'C' => self.priority_c,
            _ => self.priority,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::color::contrast;

    #[test]
    fn the_configuration_names_every_role() {
        let names: Vec<&str> = ROLES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, crate::app::theme::ROLES);
    }

    #[test]
    fn a_role_is_styled_over_the_chosen_theme() -> Result<(), crate::app::theme::StyleError> {
        let overrides = vec![(
            "late".to_owned(),
            RoleStyle::parse("#ff0000 plain on blue")?,
        )];
        let themes = |depth| Themes::new(depth, Symbols::UNICODE).with_overrides(overrides.clone());
        let late = themes(ColorDepth::TrueColor).theme(ThemeName::Dark).late;
        assert_eq!(late.fg, Some(Color::Rgb(255, 0, 0)));
        assert_eq!(late.bg, Some(Color::Indexed(4)));
        assert!(late.add_modifier.is_empty());
        let few = themes(ColorDepth::Ansi256).theme(ThemeName::Dark).late;
        assert_eq!(few.fg, Some(Color::Indexed(196)));
        let none = themes(ColorDepth::None).theme(ThemeName::Dark).late;
        assert_eq!((none.fg, none.bg), (None, None));
        Ok(())
    }

    #[test]
    fn text_of_every_role_has_a_contrast_of_4_5_on_every_background() {
        for name in [ThemeName::Dark, ThemeName::Light] {
            let mut theme = Theme::new(name, ColorDepth::TrueColor);
            let backgrounds = [theme.text.bg, theme.selection.bg, theme.overlay.bg];
            let backgrounds: Vec<Color> = backgrounds.into_iter().flatten().collect();
            assert_eq!(backgrounds.len(), 3);
            for (role, _) in ROLES.iter().filter(|(role, _)| *role != "border") {
                let style = theme.role_mut(role).copied().unwrap_or_default();
                let Some(color) = style.fg else { continue };
                for background in &backgrounds {
                    let ratio = contrast(color, *background).unwrap_or_default();
                    assert!(
                        ratio >= 4.5,
                        "{} {role} on {background}: {ratio:.2}",
                        name.name()
                    );
                }
            }
        }
    }

    #[test]
    fn without_colours_no_style_has_one() {
        for name in ThemeName::ALL {
            let mut theme = Theme::new(name, ColorDepth::None);
            for (role, _) in ROLES {
                let style = theme.role_mut(role).copied().unwrap_or_default();
                assert_eq!((style.fg, style.bg), (None, None), "{role}");
            }
        }
    }

    #[test]
    fn a_selected_row_is_never_reversed() {
        for name in ThemeName::ALL {
            for depth in [ColorDepth::None, ColorDepth::Ansi16, ColorDepth::TrueColor] {
                let selection = Theme::new(name, depth).selection;
                assert!(!selection.add_modifier.contains(Modifier::REVERSED));
                assert_ne!(selection, Style::new());
            }
        }
    }

    #[test]
    fn a_theme_is_the_terminal_s_exactly_where_a_reason_is_known() {
        for depth in [
            ColorDepth::None,
            ColorDepth::Ansi16,
            ColorDepth::Ansi256,
            ColorDepth::TrueColor,
        ] {
            let [terminal, dark, light] = ThemeName::ALL.map(|name| Theme::new(name, depth));
            let is_missing = Themes::new(depth, Symbols::UNICODE).missing().is_some();
            assert_eq!(dark == terminal, is_missing, "{depth:?}");
            assert_eq!(light == terminal, is_missing, "{depth:?}");
        }
    }
}
