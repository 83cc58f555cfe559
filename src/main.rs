//! The program `tudone`.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    // Answered before the argument parser is built: scripts call it often.
    if let (Some(word), None) = (words.next(), words.next())
        && (word == "--version" || word == "-V")
    {
        let line = concat!("tudone ", env!("TUDONE_VERSION"), "\n");
        let _ = std::io::stdout().write_all(line.as_bytes());
        return ExitCode::SUCCESS;
    }
    tudone::cli::run(std::env::args_os())
}
