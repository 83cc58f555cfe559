//! `tudone completions`: needs neither login nor network.

use std::io::Write as _;

use clap::{Args, ValueEnum};

use crate::cli::error::CliError;
use crate::cli::output;

/// The arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = WHERE)]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// A shell that completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell", alias = "pwsh")]
    Power,
    Elvish,
}

const WHERE: &str = "\
Where the script belongs (then start a new shell):
  bash        ~/.local/share/bash-completion/completions/tudone
              or in ~/.bashrc: source <(tudone completions bash)
  zsh         a directory of $fpath, as _tudone
              or in ~/.zshrc after compinit: source <(tudone completions zsh)
  fish        ~/.config/fish/completions/tudone.fish
  powershell  $PROFILE: tudone completions powershell | Out-String | Invoke-Expression
  elvish      ~/.config/elvish/rc.elv: eval (tudone completions elvish | slurp)

The script asks tudone for handles, tags, views and profiles on each Tab: from the
files on this device, never from the network.";

/// Prints a completion script.
pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let script = match arguments.shell {
        Shell::Bash => include_str!("../../../assets/completions/tudone.bash"),
        Shell::Zsh => include_str!("../../../assets/completions/tudone.zsh"),
        Shell::Fish => include_str!("../../../assets/completions/tudone.fish"),
        Shell::Power => include_str!("../../../assets/completions/tudone.ps1"),
        Shell::Elvish => include_str!("../../../assets/completions/tudone.elv"),
    };
    let mut out = output::stdout();
    out.write_all(script.as_bytes())?;
    Ok(out.flush()?)
}
