//! `tudone` alone: the TUI.

use std::path::Path;

use crate::app::Keymap;
use crate::app::welcome::{Welcome, WelcomeChoice};
use crate::browser;
use crate::cli::commands::setup;
use crate::cli::context::CommandContext;
use crate::cli::editor;
use crate::cli::error::CliError;
use crate::cli::output::{self, count_of_changes};
use crate::cli::prompt;
use crate::cli::report::{self, ErrorFormat};
use crate::config::{Config, ConfigError};
use crate::runtime::{self, TuiOptions};
use crate::ui::symbols::Symbols;
use crate::ui::{ColorDepth, ThemeName, Themes};

/// Opens the TUI and returns when the user quits. If nothing is configured it starts with the
/// welcome screen.
pub(crate) fn run(context: &CommandContext) -> Result<(), CliError> {
    if is_dumb() {
        return Err(CliError::usage(
            "this terminal cannot show the TUI (TERM is `dumb`)",
            "Use the commands, such as `tudone list`, or set TERM to the name of your terminal.",
        ));
    }
    loop {
        match context.config() {
            Ok(config) => return open(context, config),
            Err(CliError::Config(ConfigError::Absent { file })) if context.can_ask() => {
                if welcome(context, &file)? == WelcomeChoice::Quit {
                    return Ok(());
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// Shows the welcome screen and carries out the choice.
fn welcome(context: &CommandContext, file: &Path) -> Result<WelcomeChoice, CliError> {
    let has_demo = cfg!(feature = "sandbox");
    let screen = Welcome::new(file.display().to_string(), has_demo);
    let choice = runtime::run_welcome(screen, &themes(context).theme(ThemeName::default()))?;
    match choice {
        WelcomeChoice::Demo => demo(context)?,
        WelcomeChoice::SetUp => {
            let question = match setup::guided::run(context) {
                Ok(()) => "\nPress Enter to open tudone: ",
                Err(error @ (CliError::Interrupted | CliError::Output(_))) => return Err(error),
                Err(error) => {
                    let format = ErrorFormat::Text(output::error_paint(context.flags.color));
                    report::report(&error, format);
                    "\nPress Enter to go back: "
                }
            };
            if prompt::line(question)?.is_none() {
                return Ok(WelcomeChoice::Quit);
            }
        }
        WelcomeChoice::Quit => {}
    }
    Ok(choice)
}

#[cfg(feature = "sandbox")]
fn demo(context: &CommandContext) -> Result<(), CliError> {
    super::demo::run(context, &super::demo::Arguments::default())
}

#[cfg(not(feature = "sandbox"))]
#[expect(clippy::unnecessary_wraps, reason = "with the sandbox it can fail")]
fn demo(_context: &CommandContext) -> Result<(), CliError> {
    Ok(())
}

fn open(context: &CommandContext, config: Config) -> Result<(), CliError> {
    let bindings = config
        .keys
        .iter()
        .map(|(name, keys)| (name.as_str(), keys.as_str()));
    let options = TuiOptions {
        // The configuration was checked before.
        keymap: Keymap::configured(bindings).unwrap_or_default(),
        themes: themes(context).with_overrides(config.theme.clone()),
        theme: ThemeName::parse(&config.ui.theme).unwrap_or_default(),
        offline: context.flags.offline,
        mouse: config.ui.mouse,
        views: config.views.clone(),
        week_start: config.ui.week_start,
        groups: config.ui.group,
        demo: false,
        open_page: |page| browser::open(page).map_err(|error| error.to_string()),
        edit_text,
    };
    let exit = runtime::run(context.activate(config.profile, config.paths), &options)?;
    exit.notices.iter().for_each(output::notice);
    if exit.unsent > 0 {
        output::notice(unsent(exit.unsent, exit.logged_out));
    }
    Ok(())
}

/// `2 changes wait; they are sent when tudone is next online`.
fn unsent(count: u64, logged_out: bool) -> String {
    let (wait, are_sent) = match count {
        1 => ("waits", "it is sent"),
        _ => ("wait", "they are sent"),
    };
    let when = if logged_out {
        "after the next `tudone login`"
    } else {
        "when tudone is next online"
    };
    let count = count_of_changes(usize::try_from(count).unwrap_or(usize::MAX));
    format!("{count} {wait}; {are_sent} {when}")
}

/// Returns whether the terminal can only print lines.
pub(crate) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Opens a text in the user's editor.
pub(crate) fn edit_text(text: &str) -> Result<String, String> {
    let name = format!("{}-{:08x}", std::process::id(), fastrand::u32(..));
    let draft = editor::Draft::new(text, &name);
    draft
        .and_then(|draft| draft.edit())
        .map_err(|error| error.to_string())
}

/// The themes in the colours and symbols that the environment allows.
pub(crate) fn themes(context: &CommandContext) -> Themes {
    let set = |name| std::env::var(name).ok();
    let depth = if context.paint().is_on() {
        ColorDepth::detect(set("COLORTERM").as_deref(), set("TERM").as_deref())
    } else {
        ColorDepth::None
    };
    let symbols = Symbols::for_locale(
        set("LC_ALL").as_deref(),
        set("LC_CTYPE").as_deref(),
        set("LANG").as_deref(),
    );
    Themes::new(depth, symbols)
}
