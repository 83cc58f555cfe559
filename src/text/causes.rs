//! An error together with what caused it.

use std::error::Error;

/// The messages of `error` and its causes, outermost first, without those that
/// an outer one contains already.
#[must_use]
pub fn chain(error: &dyn Error) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let line = error.to_string();
        if !lines.iter().any(|outer| outer.contains(&line)) {
            lines.push(line);
        }
        next = error.source();
    }
    lines
}

/// `error` and its causes on one line: `cannot read the file: no such file`.
#[must_use]
pub fn on_one_line(error: &dyn Error) -> String {
    chain(error).join(": ")
}

/// The cause that has no further cause: the layer that knows best.
#[must_use]
pub fn innermost<'e>(error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{message}")]
    struct Caused {
        message: &'static str,
        source: Option<Box<Caused>>,
    }

    fn caused(messages: &[&'static str]) -> Option<Box<Caused>> {
        let (message, inner) = messages.split_first()?;
        Some(Box::new(Caused {
            message,
            source: caused(inner),
        }))
    }

    #[test]
    fn a_cause_that_the_message_contains_is_not_repeated() -> Result<(), &'static str> {
        let error = caused(&["no answer: refused", "refused", "port closed"]).ok_or("empty")?;
        assert_eq!(chain(&*error), ["no answer: refused", "port closed"]);
        assert_eq!(on_one_line(&*error), "no answer: refused: port closed");
        assert_eq!(innermost(&*error).to_string(), "port closed");
        Ok(())
    }
}
