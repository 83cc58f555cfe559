//! The styles of the built-in themes.

use ratatui::style::{Color, Modifier, Style};

use super::Theme;
use crate::ui::symbols::Symbols;

/// The colours of a truecolor theme.
pub(super) struct Palette {
    back: u32,
    raised: u32,
    selection: u32,
    text: u32,
    muted: u32,
    border: u32,
    blue: u32,
    red: u32,
    yellow: u32,
    green: u32,
    magenta: u32,
    cyan: u32,
}

pub(super) const DARK: Palette = Palette {
    back: 0x1e_222a,
    raised: 0x27_2c36,
    selection: 0x2d_3441,
    text: 0xdc_dfe4,
    muted: 0x9d_a5b4,
    border: 0x4b_5263,
    blue: 0x61_afef,
    red: 0xf4_8790,
    yellow: 0xe5_c07b,
    green: 0x98_c379,
    magenta: 0xd5_9ce6,
    cyan: 0x56_b6c2,
};

pub(super) const LIGHT: Palette = Palette {
    back: 0xfa_fafa,
    raised: 0xee_eff1,
    selection: 0xe2_e8f2,
    text: 0x2a_2c33,
    muted: 0x5a_5f69,
    border: 0xb8_bcc4,
    blue: 0x1d_5fc4,
    red: 0xb3_1d28,
    yellow: 0x7d_5600,
    green: 0x2f_6e1f,
    magenta: 0x93_2aa0,
    cyan: 0x0b_6876,
};

impl Theme {
    pub(super) fn colorless() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let dim = plain.add_modifier(Modifier::DIM);
        Self {
            muted: dim,
            border: dim,
            accent: bold,
            heading: bold,
            group: bold.add_modifier(Modifier::DIM),
            current: bold.add_modifier(Modifier::UNDERLINED),
            selection: bold,
            gutter: bold,
            marked: bold,
            done: dim,
            priority_a: bold,
            priority_b: bold,
            priority_c: bold,
            priority: bold,
            late: bold,
            today: bold,
            later: dim,
            key: bold,
            code: bold,
            found: plain.add_modifier(Modifier::UNDERLINED),
            warning: bold,
            alert: bold,
            placeholder: dim,
            ..Self::plain()
        }
    }

    pub(super) fn terminal() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        Self {
            accent: bold.fg(Color::LightBlue),
            current: bold,
            gutter: bold.fg(Color::LightBlue),
            marked: bold.fg(Color::Green),
            priority_a: bold.fg(Color::Red),
            priority_b: bold.fg(Color::Yellow),
            priority_c: bold.fg(Color::LightBlue),
            project: plain.fg(Color::Magenta),
            context: plain.fg(Color::Cyan),
            late: bold.fg(Color::Red),
            today: bold.fg(Color::Yellow),
            soon: plain.fg(Color::Green),
            key: plain.fg(Color::Cyan),
            code: bold.fg(Color::Yellow),
            found: bold.fg(Color::Yellow),
            pending: plain.fg(Color::Yellow),
            warning: plain.fg(Color::Yellow),
            alert: bold.fg(Color::Red),
            good: plain.fg(Color::Green),
            ..Self::colorless()
        }
    }

    pub(super) fn of(palette: &Palette) -> Self {
        let plain = Style::new();
        let fg = |color: u32| plain.fg(Color::from_u32(color));
        let bold = |color: u32| fg(color).add_modifier(Modifier::BOLD);
        Self {
            text: fg(palette.text).bg(Color::from_u32(palette.back)),
            muted: fg(palette.muted),
            border: fg(palette.border),
            accent: bold(palette.blue),
            heading: bold(palette.text),
            group: bold(palette.muted),
            current: bold(palette.text),
            selection: plain.bg(Color::from_u32(palette.selection)),
            gutter: bold(palette.blue),
            marked: bold(palette.green),
            done: fg(palette.muted),
            priority_a: bold(palette.red),
            priority_b: bold(palette.yellow),
            priority_c: bold(palette.blue),
            priority: bold(palette.muted),
            project: fg(palette.magenta),
            context: fg(palette.cyan),
            late: bold(palette.red),
            today: bold(palette.yellow),
            soon: fg(palette.green),
            later: fg(palette.muted),
            key: fg(palette.cyan),
            code: bold(palette.yellow),
            found: bold(palette.yellow),
            pending: fg(palette.yellow),
            warning: fg(palette.yellow),
            alert: bold(palette.red),
            good: fg(palette.green),
            overlay: fg(palette.text).bg(Color::from_u32(palette.raised)),
            placeholder: fg(palette.muted),
            symbols: Symbols::UNICODE,
        }
    }
}
