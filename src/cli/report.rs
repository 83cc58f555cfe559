//! Prints errors: message, causes, help.

use std::io::{self, Write};

use serde_json::json;

use crate::cli::color::{Paint, Role};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::text::causes;
use crate::text::sanitize::plain;

/// How an error is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorFormat {
    /// Lines of text.
    Text(Paint),
    /// `{"error": {"code", "message", "help"}}`, one line.
    Json,
}

/// Prints `error` and returns the exit code. A closed pipe prints nothing
/// and is not a failure.
pub(crate) fn report(error: &CliError, format: ErrorFormat) -> Exit {
    if let CliError::Output(source) = error
        && source.kind() == io::ErrorKind::BrokenPipe
    {
        return Exit::Done;
    }
    let mut stderr = io::stderr().lock();
    // A closed stderr must not end in a panic.
    let _ = match format {
        ErrorFormat::Text(paint) => write_text(&mut stderr, error, error.help().as_deref(), paint),
        ErrorFormat::Json => write_json(
            &mut stderr,
            error.code(),
            &message(error),
            error.help().as_deref(),
            fix(error).as_deref(),
        ),
    };
    error.exit()
}

/// Writes an error as the one object that `--json` prints; `fix` only if there is one.
pub(crate) fn write_json(
    out: &mut impl Write,
    code: &str,
    message: &str,
    help: Option<&str>,
    fix: Option<&str>,
) -> io::Result<()> {
    let mut error = json!({"code": code, "message": message, "help": help});
    if let Some(fix) = fix {
        error["fix"] = json!(fix);
    }
    let object = json!({"error": error});
    writeln!(out, "{object}")
}

fn write_text(
    out: &mut impl Write,
    error: &CliError,
    help: Option<&str>,
    paint: Paint,
) -> io::Result<()> {
    let lines = causes::chain(error);
    let (on, off) = (paint.on(Role::Error), paint.off());
    let mut lines = lines.iter();
    let first = lines.next().map_or("", String::as_str);
    writeln!(out, "{on}error{off}: {}", sanitized(first))?;
    for (number, cause) in lines.enumerate() {
        writeln!(out, "  {}: {}", number + 1, sanitized(cause))?;
    }
    for text in [help.map(str::to_owned), fix(error)].into_iter().flatten() {
        writeln!(out, "{}", sanitized(&text))?;
    }
    Ok(())
}

/// The text that the help says to paste.
fn fix(error: &CliError) -> Option<String> {
    error.finding()?.fix
}

/// Replaces control characters, but keeps line breaks.
fn sanitized(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(plain).collect();
    lines.join("\n")
}

/// Returns `error` and its causes on one line.
pub(crate) fn message(error: &CliError) -> String {
    causes::on_one_line(error)
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::sync::Arc;

    use super::*;
    use crate::auth::discovery::DiscoveryError;
    use crate::auth::error::AuthError;
    use crate::auth::transport_error::TransportError;
    use crate::http::RequestFailure;
    use crate::sync::remote::RemoteError;

    fn text(error: &CliError) -> Result<String, Box<dyn Error>> {
        let mut out = Vec::new();
        let paint = Paint::none();
        write_text(&mut out, error, error.help().as_deref(), paint)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn an_error_is_its_message_its_numbered_causes_and_help() -> Result<(), Box<dyn Error>> {
        let error = CliError::io("read standard input")(io::Error::other("the disk is gone"));
        assert_eq!(
            text(&error)?,
            "error: cannot read standard input\n  1: the disk is gone\n"
        );

        let error = CliError::NotFound {
            missing: vec!["42".to_owned(), "n9".to_owned()],
            ambiguous: Vec::new(),
        };
        assert_eq!(
            text(&error)?,
            "error: no such todo: 42, n9\nRun `tudone list --all` to see the handles.\n"
        );
        Ok(())
    }

    #[test]
    fn a_cause_at_the_end_of_a_message_is_printed_once() -> Result<(), Box<dyn Error>> {
        let error = TransportError::TooLarge {
            host: "h".to_owned(),
            limit: 9,
        };
        let error = AuthError::Discovery(DiscoveryError::NoAnswer { error });
        let error = CliError::Login(error.into());

        assert_eq!(
            text(&error)?,
            "error: cannot load the discovery document: h sent more than 9 bytes\n\
             Check that h is the issuer.\n"
        );
        assert_eq!(
            message(&error),
            "cannot load the discovery document: h sent more than 9 bytes"
        );
        Ok(())
    }

    #[test]
    fn text_of_a_server_cannot_move_the_cursor() -> Result<(), Box<dyn Error>> {
        let error = CliError::Refused {
            changes: vec![("n1".to_owned(), "x".to_owned(), "no\u{1b}[2Jway".to_owned())],
        };

        assert!(!text(&error)?.contains('\u{1b}'));
        Ok(())
    }

    #[test]
    fn exit_codes_name_the_kind_of_failure() {
        let lost = RemoteError::ConnectionLost {
            host: "h".to_owned(),
            reason: RequestFailure::Timeout,
        };
        let logged_out = RemoteError::NoToken {
            source: Arc::new(AuthError::LoggedOut),
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
            assert_eq!(error.exit() as u8, expected, "{error}");
        }
    }
}
