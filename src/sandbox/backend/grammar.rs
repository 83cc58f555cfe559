//! Documents as Hasura's parser reads them. The library's takes two things
//! that this one does not: a name that stands twice among the arguments of a
//! field or the fields of an object, and nesting without end, which would
//! overflow the stack.

use std::collections::BTreeSet;

use async_graphql_parser::{Error as ParserError, parse_query, types::ExecutableDocument};

/// The deepest nesting of brackets. Hasura itself has no limit.
pub(super) const DEEPEST: usize = 200;

/// Why a document is invalid.
#[derive(Debug)]
pub(in crate::sandbox) enum Unreadable {
    /// No sentence of the grammar.
    Syntax,
    /// Sentences that do not go together, or the parser's own word for
    /// [`Syntax`](Self::Syntax).
    Parser(ParserError),
}

/// Parses a document.
pub(in crate::sandbox) fn parsed(query: &str) -> Result<ExecutableDocument, Unreadable> {
    if Scan::of(query).refuses() {
        return Err(Unreadable::Syntax);
    }
    parse_query(query).map_err(Unreadable::Parser)
}

/// The kind of a bracket.
#[derive(Debug)]
enum Brackets<'a> {
    /// Arguments, or the fields of an object: names before a colon.
    Named(BTreeSet<&'a str>),
    /// Fields to select, whose aliases may stand more than once, or a list.
    Other,
}

/// A document read token by token, as far as that takes no grammar.
#[derive(Debug)]
struct Scan<'a> {
    rest: &'a str,
    open: Vec<Brackets<'a>>,
    /// The name just read, unless it is a variable's.
    name: Option<&'a str>,
}

impl<'a> Scan<'a> {
    fn of(query: &'a str) -> Self {
        Self {
            rest: query,
            open: Vec::new(),
            name: None,
        }
    }

    fn refuses(mut self) -> bool {
        while let Some(letter) = self.rest.chars().next() {
            match letter {
                ' ' | ',' | '\t' | '\n' | '\r' | '\u{feff}' => self.skip(letter.len_utf8()),
                '#' => self.skip(self.rest.find(['\n', '\r']).unwrap_or(self.rest.len())),
                'a'..='z' | 'A'..='Z' | '_' => {
                    let name = self.name();
                    self.name = Some(name);
                }
                ':' => {
                    self.skip(1);
                    if self.repeats() {
                        return true;
                    }
                }
                _ => {
                    self.name = None;
                    self.pass(letter);
                }
            }
            if self.open.len() > DEEPEST {
                return true;
            }
        }
        false
    }

    /// Returns whether the name before a colon is repeated.
    fn repeats(&mut self) -> bool {
        match (self.name.take(), self.open.last_mut()) {
            (Some(name), Some(Brackets::Named(names))) => !names.insert(name),
            (_, _) => false,
        }
    }

    /// Reads what is neither a name nor between tokens.
    fn pass(&mut self, letter: char) {
        match letter {
            '"' => return self.skip(string_length(self.rest)),
            '(' => self.open.push(Brackets::Named(BTreeSet::new())),
            '{' if self.is_in_arguments() => self.open.push(Brackets::Named(BTreeSet::new())),
            '{' | '[' => self.open.push(Brackets::Other),
            ')' | '}' | ']' => drop(self.open.pop()),
            _ => {}
        }
        self.skip(letter.len_utf8());
        if letter == '$' {
            self.name();
        }
    }

    /// Braces between parentheses are an object, others a selection.
    fn is_in_arguments(&self) -> bool {
        let mut open = self.open.iter();
        open.any(|brackets| matches!(brackets, Brackets::Named(_)))
    }

    fn name(&mut self) -> &'a str {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let end = self.rest.find(|letter| !is_part(letter));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        name
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

/// The bytes of the string, or of the block of lines, that `text` begins with.
fn string_length(text: &str) -> usize {
    let quote = if text.starts_with("\"\"\"") {
        "\"\"\""
    } else {
        "\""
    };
    let mut length = quote.len();
    while let Some(rest) = text.get(length..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return length + quote.len();
        }
        let escaped = if quote.len() == 1 {
            rest.starts_with('\\')
        } else {
            rest.starts_with("\\\"\"\"")
        };
        let letters = if escaped { 1 + quote.len() } else { 1 };
        let step = rest
            .chars()
            .take(letters)
            .map(char::len_utf8)
            .sum::<usize>();
        length += step;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::parsed;

    #[test]
    fn a_name_stands_once_among_arguments_and_in_an_object() {
        for (query, is_one) in [
            ("{ a(x: 1, x: 1) }", false),
            ("{ a(x: {y: 1, y: 2}) }", false),
            ("{ a(x: [{y: 1} {z: [{y: 1} {y: 1 y: 2}]}]) }", false),
            ("{ a @include(if: true, if: true) }", false),
            ("query($v: T = {y: 1, y: 1}) { a(x: $v) }", false),
            (
                "{ a(x: {y: 1}, y: {x: 1, y: 1}) x: a(x: 1) x: a(x: 1) }",
                true,
            ),
            ("query($a: T, $a: T) { a(x: $a, a: $a) }", true),
            ("{ a(x: \"x: \\\" x: (\", y: 1) # x: 1, x: 2\n }", true),
            ("{ a(x: \"\"\"x: \\\"\"\" \" x: {\"\"\", y: \"\") }", true),
        ] {
            assert_eq!(parsed(query).is_ok(), is_one, "{query}");
        }
    }

    #[test]
    fn brackets_without_end_are_no_document() {
        for (open, close) in [("[", "]"), ("{x: ", "}")] {
            let nested = |times: usize| {
                let query = format!("{{ a(x: {}1{}) }}", open.repeat(times), close.repeat(times));
                parsed(&query).is_ok()
            };
            assert!(nested(190));
            assert!(!nested(210));
            assert!(!nested(100_000));
        }
    }
}
