//! The projects and contexts in use, for the sidebar and for completion.

/// A project or context and the number of open todos that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its name without the sign, in the most used spelling.
    pub name: String,
    /// How many open todos have it.
    pub open: u64,
}

/// The projects and contexts in use, most used first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagCounts {
    /// Words with `+`.
    pub projects: Vec<Tag>,
    /// Words with `@`.
    pub contexts: Vec<Tag>,
}

/// Date words that `due:` and `t:` complete to, most used first.
const DAYS: [&str; 14] = [
    "today", "tomorrow", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "+1d", "+2d", "+1w",
    "+2w", "+1m",
];

impl TagCounts {
    /// How many open todos have this tag.
    #[must_use]
    pub fn count(&self, sign: char, name: &str) -> Option<u64> {
        let list = match sign {
            '+' => &self.projects,
            _ => &self.contexts,
        };
        list.iter()
            .find(|tag| is_same(&tag.name, name))
            .map(|tag| tag.open)
    }

    /// Returns whether `word`, with its sign, is one of them.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        let known = self.completions(word);
        known.iter().any(|known| is_same(known, word))
    }

    /// Completions of the word at the end of `before`, as whole words, most used
    /// first.
    #[must_use]
    pub fn completions(&self, before: &str) -> Vec<String> {
        let word = before.rsplit(' ').next().unwrap_or_default();
        let from = |sign: char, tags: &[Tag]| {
            let typed = word.get(1..).unwrap_or_default().to_lowercase();
            tags.iter()
                .filter(|tag| tag.name.to_lowercase().starts_with(&typed))
                .map(|tag| format!("{sign}{}", tag.name))
                .collect()
        };
        if word.len() > 1 && word.starts_with('+') {
            return from('+', &self.projects);
        }
        if word.len() > 1 && word.starts_with('@') {
            return from('@', &self.contexts);
        }
        let Some((key @ ("due" | "t"), value)) = word.split_once(':') else {
            return Vec::new();
        };
        DAYS.iter()
            .filter(|day| !value.is_empty() && day.starts_with(value))
            .map(|day| format!("{key}:{day}"))
            .collect()
    }
}

/// Terms that a search completes to, besides tags and dates.
const TERMS: [&str; 15] = [
    "due:today",
    "due:overdue",
    "due:tomorrow",
    "due:this-week",
    "due:next-week",
    "pri:A",
    "pri:B",
    "pri:C",
    "no:due",
    "no:pri",
    "no:project",
    "no:context",
    "state:pending",
    "state:rejected",
    "rec:any",
];

impl TagCounts {
    /// The terms that begin with `word`, tags first.
    #[must_use]
    pub fn terms(&self, word: &str) -> Vec<String> {
        if word.is_empty() {
            return Vec::new();
        }
        if let Some(inner) = word.strip_prefix("not:") {
            let terms = self.terms(inner).into_iter();
            return terms.map(|term| format!("not:{term}")).collect();
        }
        let tags = self.completions(word).into_iter();
        let terms = TERMS.into_iter().map(str::to_owned);
        let begun = terms.filter(|term| term.starts_with(word));
        begun.chain(tags).filter(|term| term != word).collect()
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one == other || one.to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
impl TagCounts {
    /// Tags with these names, each in one open todo.
    pub(super) fn named(projects: &[&str], contexts: &[&str]) -> Self {
        let tags = |names: &[&str]| {
            let tag = |name: &&str| Tag {
                name: (*name).to_owned(),
                open: 1,
            };
            names.iter().map(tag).collect()
        };
        Self {
            projects: tags(projects),
            contexts: tags(contexts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags() -> TagCounts {
        TagCounts::named(&["Home"], &["phone", "photo", "office"])
    }

    #[test]
    fn a_word_with_a_sign_is_completed_from_what_exists() {
        assert_eq!(tags().completions("call @ph"), ["@phone", "@photo"]);
        assert_eq!(tags().completions("call +ho"), ["+Home"]);
        assert_eq!(tags().completions("call @"), [""; 0]);
        assert_eq!(tags().completions("call ph"), [""; 0]);
    }

    #[test]
    fn a_term_is_completed_behind_not_too() {
        assert_eq!(tags().terms("not:@pho"), ["not:@phone", "not:@photo"]);
        assert_eq!(tags().terms("not:no:d"), ["not:no:due"]);
        assert_eq!(tags().terms("not:"), [""; 0]);
    }

    #[test]
    fn date_words_are_completed() {
        assert_eq!(tags().completions("due:to"), ["due:today", "due:tomorrow"]);
        assert_eq!(tags().completions("pay t:f"), ["t:fri"]);
        assert_eq!(tags().completions("due:"), [""; 0]);
    }
}
