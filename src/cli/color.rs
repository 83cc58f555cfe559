//! Whether to colour, and the few colours there are.

use std::io::IsTerminal;

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Also into a pipe.
    Always,
    /// Never.
    Never,
}

/// Colours, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    on: bool,
}

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// An error.
    Error,
    /// Not in the foreground.
    Muted,
    /// Stands out.
    Strong,
    /// A picture of light blocks on a dark ground, whatever the theme.
    Picture,
}

impl Paint {
    /// For text that goes to `stream`: `--color`, then `NO_COLOR`, then
    /// `CLICOLOR_FORCE`, then whether it is a terminal that is not `dumb`.
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

    /// Whether there are any colours.
    pub(crate) const fn is_on(self) -> bool {
        self.on
    }

    /// What switches `role` on.
    pub(crate) const fn on(self, role: Role) -> &'static str {
        match (self.on, role) {
            (false, _) => "",
            (true, Role::Error) => "\u{1b}[31;1m",
            (true, Role::Muted) => "\u{1b}[2m",
            (true, Role::Strong) => "\u{1b}[1m",
            (true, Role::Picture) => "\u{1b}[97;40m",
        }
    }

    /// What switches it off again.
    pub(crate) const fn off(self) -> &'static str {
        if self.on { "\u{1b}[0m" } else { "" }
    }
}
