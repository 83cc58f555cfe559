//! What is wrong with the configuration.

use std::fmt::{self, Write as _};
use std::io;
use std::path::PathBuf;

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no file and no variable says where to connect.
    #[error("nothing is configured yet")]
    Absent {
        /// Where the file would be.
        file: PathBuf,
    },
    /// Everything that was found wrong, together.
    #[error("{}", listed(problems))]
    Problems {
        /// At least one, in the order of the file.
        problems: Vec<Problem>,
    },
    /// The file is there, or was asked for, and cannot be read.
    #[error("cannot read the configuration at {}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system does not tell where this person's files are.
    #[error("cannot tell where your home directory is")]
    NoHomeDirectory,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, as a fragment.
    pub message: String,
    /// The valid name that was probably meant.
    pub nearest: Option<String>,
}

/// Where a setting was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    Line {
        /// Which one.
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
    /// What the person can do next, as one imperative sentence.
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
            Self::Problems { .. } => {
                "Correct them; `tudone config default` prints a file with every setting explained."
                    .to_owned()
            }
            Self::Unreadable { .. } => {
                "Check the path and that you may read it; `tudone config path` prints the usual one."
                    .to_owned()
            }
            Self::NoHomeDirectory => "Set TUDONE_CONFIG_DIR and TUDONE_DATA_DIR.".to_owned(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        match &self.nearest {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line } => write!(f, "{}:{line}", file.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
            Self::Profile(name) => write!(f, "profile `{name}`"),
        }
    }
}

fn listed(problems: &[Problem]) -> String {
    let mut text = match problems.len() {
        1 => "the configuration has a problem".to_owned(),
        count => format!("the configuration has {count} problems"),
    };
    for problem in problems {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {problem}");
    }
    text
}
