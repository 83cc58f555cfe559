//! The tables that `help terms` prints.

use crate::domain::when::HelpEntry;

/// Every kind of term.
pub const TERM_HELP: &[HelpEntry] = &[
    HelpEntry {
        form: "word",
        meaning: "part of the text, in any case, with or without accents",
        examples: &["milk", "\"due:soon\""],
    },
    HelpEntry {
        form: "+project, @context",
        meaning: "that tag, in any case",
        examples: &["+home", "@phone", "+\"a,+b\""],
    },
    HelpEntry {
        form: "+a,+b  @a,@b  pri:A,B",
        meaning: "one of them",
        examples: &["+home,+garden", "@phone,@mail", "pri:A,B"],
    },
    HelpEntry {
        form: "pri:A",
        meaning: "that priority",
        examples: &["pri:A"],
    },
    HelpEntry {
        form: "due:DAYS",
        meaning: "due on one of these days (`tudone help dates`), or overdue",
        examples: &["due:today", "due:overdue", "due:2026-12", "due:..fri"],
    },
    HelpEntry {
        form: "t:DAYS",
        meaning: "hidden until one of these days; also shows waiting todos",
        examples: &["t:any", "t:..fri"],
    },
    HelpEntry {
        form: "done:DAYS",
        meaning: "completed on one of these days",
        examples: &["done:today", "done:last-week"],
    },
    HelpEntry {
        form: "changed:DAYS",
        meaning: "changed on the server on one of these days",
        examples: &["changed:today"],
    },
    HelpEntry {
        form: "rec:any",
        meaning: "repeating",
        examples: &["rec:any"],
    },
    HelpEntry {
        form: "state:STATE",
        meaning: "synced, pending, sent or rejected; also shows done todos",
        examples: &["state:pending", "state:sent,rejected"],
    },
    HelpEntry {
        form: "no:PART",
        meaning: "without due, t, pri, project, context or rec",
        examples: &[
            "no:due",
            "no:t",
            "no:pri",
            "no:project",
            "no:context",
            "no:rec",
        ],
    },
    HelpEntry {
        form: "not:TERM",
        meaning: "the term does not hold",
        examples: &["not:+home", "not:due:any"],
    },
];

/// Options that a view takes after its terms, as `list` does.
pub const OPTION_HELP: &[HelpEntry] = &[
    HelpEntry {
        form: "--done",
        meaning: "done todos only",
        examples: &["--done"],
    },
    HelpEntry {
        form: "--all",
        meaning: "also done and waiting todos",
        examples: &["--all"],
    },
    HelpEntry {
        form: "--sort KEY",
        meaning: "by server, due, priority, created or text",
        examples: &["--sort"],
    },
    HelpEntry {
        form: "--reverse",
        meaning: "in the opposite order",
        examples: &["--reverse"],
    },
];
