//! Configuration errors.

use std::fmt::{self, Write as _};
use std::io;
use std::path::PathBuf;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither a file nor a variable names a backend.
    #[error("no configuration found")]
    Absent {
        /// Where the file would be.
        file: PathBuf,
    },
    /// Every problem found, together.
    #[error("{}", listed(problems))]
    Problems {
        /// At least one, in the order of the file.
        problems: Vec<ConfigProblem>,
    },
    /// The file is there, or was asked for, and cannot be read.
    #[error("cannot read the configuration at {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The system names no home directory.
    #[error("no home directory found")]
    NoHomeDirectory,
}

/// A problem of one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Where.
    pub location: Location,
    /// A lower-case fragment.
    pub message: String,
    /// The nearest valid name, if one is close.
    pub nearest: Option<String>,
}

/// Where a setting was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In a file.
    Line {
        /// Its name.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// In an environment variable.
    Variable(&'static str),
    /// On the command line.
    Flag(&'static str),
    /// Nowhere, though it is needed.
    Profile(String),
}

impl ConfigError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Absent { file } => {
                let demo = if cfg!(feature = "sandbox") {
                    " To try tudone without an account, run `tudone demo`."
                } else {
                    ""
                };
                format!(
                    "Write {} (`tudone config default` prints one to start from), or set {}.{demo}",
                    file.display(),
                    super::environment::CONNECTION.join(", ")
                )
            }
            Self::Problems { problems } => {
                let them = if problems.len() == 1 { "it" } else { "them" };
                format!(
                    "Correct {them}; `tudone config default` prints a file that explains every setting."
                )
            }
            Self::Unreadable { .. } => {
                "Check the path and that you may read it; `tudone config path` prints the usual one."
                    .to_owned()
            }
            Self::NoHomeDirectory => "Set TUDONE_CONFIG_DIR and TUDONE_DATA_DIR.".to_owned(),
        }
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.message)?;
        match &self.nearest {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line } => write!(f, "{}:{line}", file.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
            Self::Profile(name) => write!(f, "profile `{name}`"),
        }
    }
}

fn listed(problems: &[ConfigProblem]) -> String {
    let mut text = match problems.len() {
        1 => "invalid configuration".to_owned(),
        count => format!("the configuration has {count} problems"),
    };
    for problem in problems {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {problem}");
    }
    text
}
