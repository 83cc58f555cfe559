//! Prints any error: message, causes, help; and maps it to an exit code.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::json;

use crate::auth::error::Kind;
use crate::cli::color::{Paint, Role};
use crate::cli::error::CliError;
use crate::cli::plain::plain;
use crate::sync::remote::RemoteError;
use crate::sync::round::RoundError;

/// How a program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or safely queued.
    Done = 0,
    /// Failed for another reason.
    Failed = 1,
    /// Wrong usage, or cancelled.
    Usage = 2,
    /// No such todo, or an ambiguous handle.
    NotFound = 3,
    /// Login required, denied, expired or timed out.
    Login = 4,
    /// The server is needed and cannot be reached.
    Unreachable = 5,
    /// The server refused.
    Refused = 6,
    /// Misconfigured.
    Misconfigured = 8,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// How an error is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For a person.
    Text(Paint),
    /// `{"error": {"code", "message", "help"}}`, one line.
    Json,
}

/// Prints `error` and says how the program ends. A closed pipe prints nothing
/// and is no failure.
pub(crate) fn report(error: &CliError, form: Form) -> Exit {
    if let CliError::Output(source) = error
        && source.kind() == io::ErrorKind::BrokenPipe
    {
        return Exit::Done;
    }
    let mut stderr = io::stderr().lock();
    // Where stderr is closed there is nobody to tell.
    let _ = match form {
        Form::Text(paint) => write_text(&mut stderr, error, help(error).as_deref(), paint),
        Form::Json => write_json(
            &mut stderr,
            code(error),
            &message(error),
            help(error).as_deref(),
        ),
    };
    exit(error)
}

/// Writes the one object that an error is with `--json`.
pub(crate) fn write_json(
    out: &mut impl Write,
    code: &str,
    message: &str,
    help: Option<&str>,
) -> io::Result<()> {
    let object = json!({"error": {"code": code, "message": message, "help": help}});
    writeln!(out, "{object}")
}

fn write_text(
    out: &mut impl Write,
    error: &CliError,
    help: Option<&str>,
    paint: Paint,
) -> io::Result<()> {
    let lines = chain(error);
    let (on, off) = (paint.on(Role::Error), paint.off());
    let mut lines = lines.iter();
    let first = lines.next().map_or("", String::as_str);
    writeln!(out, "{on}error{off}: {}", harmless(first))?;
    for (number, cause) in lines.enumerate() {
        writeln!(out, "  {}: {}", number + 1, harmless(cause))?;
    }
    match help {
        Some(help) => writeln!(out, "{}", harmless(help)),
        None => Ok(()),
    }
}

/// Line breaks of our own messages stay; what came from elsewhere loses what a
/// terminal would act on.
fn harmless(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(plain).collect();
    lines.join("\n")
}

/// `error` and its causes on one line.
pub(crate) fn message(error: &CliError) -> String {
    chain(error).join(": ")
}

/// The message and those of its causes, without repetitions.
fn chain(error: &CliError) -> Vec<String> {
    let mut lines = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let line = cause.to_string();
        // A message may end with its cause already.
        if !lines.iter().any(|told| told.contains(&line)) {
            lines.push(line);
        }
        next = cause.source();
    }
    lines
}

/// The exit code for `error`.
fn exit(error: &CliError) -> Exit {
    match error {
        CliError::Usage { .. }
        | CliError::Term(_)
        | CliError::Typed { .. }
        | CliError::Unasked { .. }
        | CliError::Cancelled => Exit::Usage,
        CliError::Interrupted | CliError::Ended(_) => Exit::Interrupted,
        CliError::NotFound { .. } => Exit::NotFound,
        CliError::NotUndone { changed, .. } if changed.is_empty() => Exit::NotFound,
        CliError::NoAccount | CliError::LoggedOut => Exit::Login,
        CliError::Login(error) => exit_of_kind(error.kind()),
        CliError::CredentialStore(_) | CliError::Config(_) => Exit::Misconfigured,
        CliError::Unreachable { .. } => Exit::Unreachable,
        CliError::Refused { .. } | CliError::NotAllowed { .. } => Exit::Refused,
        CliError::Round(error) => exit_of_round(error),
        #[cfg(feature = "sandbox")]
        CliError::Sandbox(_) | CliError::Demo { .. } | CliError::Chaos { .. } => Exit::Failed,
        CliError::NothingToUndo
        | CliError::NotUndone { .. }
        | CliError::Screens(_)
        | CliError::Store(_)
        | CliError::Http(_)
        | CliError::Io { .. }
        | CliError::Output(_) => Exit::Failed,
    }
}

const fn exit_of_kind(kind: Kind) -> Exit {
    match kind {
        Kind::Login => Exit::Login,
        Kind::Unreachable => Exit::Unreachable,
        Kind::Misconfigured => Exit::Misconfigured,
        Kind::Interrupted => Exit::Interrupted,
        Kind::Failed => Exit::Failed,
    }
}

fn exit_of_round(error: &RoundError) -> Exit {
    match error {
        RoundError::Busy => Exit::Unreachable,
        RoundError::Remote(remote) => exit_of_remote(remote),
        RoundError::Store(_) | RoundError::Lock(_) => Exit::Failed,
    }
}

fn exit_of_remote(error: &RemoteError) -> Exit {
    match error {
        RemoteError::NoToken { kind, .. } => exit_of_kind(*kind),
        RemoteError::Unauthorized { .. } => Exit::Login,
        RemoteError::Unreachable { .. }
        | RemoteError::ConnectionLost { .. }
        | RemoteError::ServerError { .. }
        | RemoteError::InvalidResponse { .. }
        | RemoteError::TooLarge { .. } => Exit::Unreachable,
        RemoteError::Refused { .. } => Exit::Refused,
    }
}

/// A stable word for `error`.
pub(crate) fn code(error: &CliError) -> &str {
    match error {
        CliError::Usage { .. } => "usage",
        CliError::Term(_) => "bad-filter",
        CliError::Typed { .. } => "bad-text",
        CliError::Unasked { .. } => "needs-yes",
        CliError::Cancelled => "cancelled",
        CliError::Interrupted | CliError::Ended(_) => "interrupted",
        CliError::NotFound { missing, .. } if missing.is_empty() => "ambiguous",
        CliError::NotFound { .. } => "not-found",
        CliError::NothingToUndo => "nothing-to-undo",
        CliError::NotUndone { changed, .. } if changed.is_empty() => "not-found",
        CliError::NotUndone { .. } => "changed-since",
        CliError::NoAccount | CliError::LoggedOut => "login-required",
        CliError::Login(error) => error.code(),
        CliError::CredentialStore(_) => "credential-store",
        CliError::Unreachable { .. } => "unreachable",
        CliError::Refused { .. } => "refused",
        CliError::NotAllowed { .. } => "not-allowed",
        CliError::Round(error) => code_of_exit(exit_of_round(error)),
        CliError::Config(_) => "config",
        CliError::Store(_) => "store",
        CliError::Screens(_) => "screens",
        #[cfg(feature = "sandbox")]
        CliError::Sandbox(_) => "sandbox",
        #[cfg(feature = "sandbox")]
        CliError::Demo { .. } => "demo",
        #[cfg(feature = "sandbox")]
        CliError::Chaos { .. } => "chaos",
        CliError::Http(_) => "tls",
        CliError::Io { .. } | CliError::Output(_) => "io",
    }
}

const fn code_of_exit(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "done",
        Exit::Failed => "failed",
        Exit::Usage => "usage",
        Exit::NotFound => "not-found",
        Exit::Login => "login-required",
        Exit::Unreachable => "unreachable",
        Exit::Refused => "refused",
        Exit::Misconfigured => "config",
        Exit::Interrupted => "interrupted",
    }
}

/// What the person can do next.
pub(crate) fn help(error: &CliError) -> Option<String> {
    let text = match error {
        CliError::Usage { help, .. } => help.clone(),
        CliError::Term(_) => "Run `tudone help list` for the filter terms.".to_owned(),
        CliError::Typed { source, .. } => source.help().to_owned(),
        CliError::Unasked { .. } => "Add --yes to do it without being asked.".to_owned(),
        CliError::NotFound { missing, .. } if missing.is_empty() => {
            "Give more characters of the key.".to_owned()
        }
        CliError::NotFound { .. } => "Run `tudone list --all` for the handles.".to_owned(),
        CliError::NothingToUndo => {
            "Only what commands changed on this device is taken back.".to_owned()
        }
        CliError::NotUndone { changed, .. } if changed.is_empty() => {
            "Run `tudone undo` again for what was done before.".to_owned()
        }
        CliError::NotUndone { .. } => {
            "Change it with `tudone edit` or `tudone rm`; `tudone undo` tries again.".to_owned()
        }
        CliError::NoAccount | CliError::LoggedOut => "Run `tudone login`.".to_owned(),
        CliError::Login(error) => error.help(),
        CliError::CredentialStore(error) => error.help(),
        CliError::Unreachable { help, .. } => help.clone(),
        CliError::Refused { .. } => {
            "Look at them with `tudone queue`, then `tudone queue retry` or `drop` them.".to_owned()
        }
        CliError::NotAllowed { queued: true, .. } => {
            "Permit it for the role in Hasura, or give the change up with `tudone queue drop`."
                .to_owned()
        }
        CliError::NotAllowed { .. } => "Permit it for the role in Hasura.".to_owned(),
        CliError::Round(error) => error.help(),
        CliError::Config(error) => error.help(),
        CliError::Store(error) => error.help(),
        CliError::Ended(error) | CliError::Screens(error) => error.help(),
        #[cfg(feature = "sandbox")]
        CliError::Sandbox(error) => error.help().to_owned(),
        #[cfg(feature = "sandbox")]
        CliError::Demo { .. } => "Please report this with the output above.".to_owned(),
        #[cfg(feature = "sandbox")]
        CliError::Chaos { seed, .. } => {
            format!("Please report this with the output above; `--seed {seed}` plays it again.")
        }
        CliError::Http(error) => error.help().to_owned(),
        CliError::Cancelled | CliError::Interrupted | CliError::Io { .. } | CliError::Output(_) => {
            return None;
        }
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::discovery::DiscoveryError;
    use crate::auth::error::AuthError;
    use crate::auth::transport_error::TransportError;

    fn text(error: &CliError) -> Result<String, Box<dyn Error>> {
        let mut out = Vec::new();
        let paint = Paint::none();
        write_text(&mut out, error, help(error).as_deref(), paint)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn an_error_is_its_message_its_numbered_causes_and_help() -> Result<(), Box<dyn Error>> {
        let error = CliError::io("read the standard input")(io::Error::other("the disk is gone"));
        assert_eq!(
            text(&error)?,
            "error: cannot read the standard input\n  1: the disk is gone\n"
        );

        let error = CliError::NotFound {
            missing: vec!["42".to_owned(), "n9".to_owned()],
            ambiguous: Vec::new(),
        };
        assert_eq!(
            text(&error)?,
            "error: no such todo: 42, n9\nRun `tudone list --all` for the handles.\n"
        );
        Ok(())
    }

    #[test]
    fn a_message_that_ends_with_its_cause_says_it_once() -> Result<(), Box<dyn Error>> {
        let trouble = TransportError::TooLarge {
            host: "h".to_owned(),
            limit: 9,
        };
        let error = AuthError::Discovery(DiscoveryError::NoAnswer { trouble });
        let error = CliError::Login(error.into());

        assert_eq!(
            text(&error)?,
            "error: no discovery document: h sent more than 9 bytes\n\
             Check that h is the issuer.\n"
        );
        assert_eq!(
            message(&error),
            "no discovery document: h sent more than 9 bytes"
        );
        Ok(())
    }

    #[test]
    fn what_a_server_says_cannot_move_the_cursor() -> Result<(), Box<dyn Error>> {
        let error = CliError::Refused {
            changes: vec![("n1".to_owned(), "x".to_owned(), "no\u{1b}[2Jway".to_owned())],
        };

        assert!(!text(&error)?.contains('\u{1b}'));
        Ok(())
    }

    #[test]
    fn exit_codes_tell_what_kind_of_failure_it_was() {
        let lost = RemoteError::ConnectionLost {
            host: "h".to_owned(),
            message: "m".to_owned(),
        };
        let logged_out = RemoteError::NoToken {
            message: "m".to_owned(),
            help: "h".to_owned(),
            kind: Kind::Login,
        };
        for (error, expected) in [
            (CliError::usage("m", "h"), 2),
            (CliError::Cancelled, 2),
            (CliError::NoAccount, 4),
            (CliError::Round(lost.into()), 5),
            (CliError::Round(logged_out.into()), 4),
            (CliError::Refused { changes: vec![] }, 6),
            (CliError::Interrupted, 130),
        ] {
            assert_eq!(exit(&error) as u8, expected, "{error}");
        }
    }
}
