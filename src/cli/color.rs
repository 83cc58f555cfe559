//! The colours of the CLI, and when they are used.

use std::io::IsTerminal;

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless the environment forbids it.
    #[default]
    Auto,
    /// Also in a pipe.
    Always,
    /// Never.
    Never,
}

/// Colours, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    on: bool,
}

/// The role of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// An error.
    Error,
    /// Less important.
    Muted,
    /// Important.
    Strong,
    /// Due before today.
    Late,
    /// Due today.
    Today,
    /// A QR code: light blocks on a dark background, in every theme.
    QrCode,
}

impl Paint {
    /// Decides for text that goes to `stream`: `--color`, then `NO_COLOR`, then
    /// `CLICOLOR_FORCE`, then whether it is a terminal other than `dumb`.
    pub(crate) fn new(when: When, stream: &impl IsTerminal) -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let on = match when {
            When::Always => true,
            When::Never => false,
            When::Auto if set("NO_COLOR").is_some() => false,
            When::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            When::Auto => stream.is_terminal() && set("TERM").is_none_or(|term| term != "dumb"),
        };
        Self { on }
    }

    /// No colours.
    #[cfg(test)]
    pub(crate) const fn none() -> Self {
        Self { on: false }
    }

    /// Returns whether colours are used.
    pub(crate) const fn is_on(self) -> bool {
        self.on
    }

    /// Returns the sequence that starts `role`.
    pub(crate) const fn on(self, role: Role) -> &'static str {
        match (self.on, role) {
            (false, _) => "",
            (true, Role::Error | Role::Late) => "\u{1b}[31;1m",
            (true, Role::Muted) => "\u{1b}[2m",
            (true, Role::Strong) => "\u{1b}[1m",
            (true, Role::Today) => "\u{1b}[33;1m",
            (true, Role::QrCode) => "\u{1b}[97;40m",
        }
    }

    /// Returns the sequence that ends every role.
    pub(crate) const fn off(self) -> &'static str {
        if self.on { "\u{1b}[0m" } else { "" }
    }
}
