//! Logging in.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an action that means nothing on this screen does nothing"
)]

use crate::app::action::Action;
use crate::app::connection::ConnectionState;
use crate::app::effect::Effect;
use crate::app::login::{Login, LoginEvent, LoginId, Stage, left};
use crate::app::model::Model;
use crate::app::screen::Screen;
use crate::app::stamp::Stamp;
use crate::app::update::account;
use crate::auth::device::PollEvent;
use crate::domain::account::Identity;

/// Opens the login screen, and requests a code unless the user is logged in.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let works = matches!(
        model.connection,
        ConnectionState::Connecting
            | ConnectionState::Syncing
            | ConnectionState::Online
            | ConnectionState::Offline { .. }
    );
    match model.who.as_ref().filter(|_| works) {
        Some(who) => {
            let name = display_name(who);
            let mut login = Login::new(model.next_login());
            login.stage = Stage::LoggedIn { name };
            model.screen = Screen::Login(login);
            Vec::new()
        }
        None => start(model),
    }
}

fn display_name(who: &Identity) -> String {
    let name = who.email.as_ref().or(who.name.as_ref());
    name.unwrap_or(&who.sub).clone()
}

/// Requests a code.
fn start(model: &mut Model) -> Vec<Effect> {
    if model.offline {
        model.alert("started with --offline: logging in needs the network");
        return Vec::new();
    }
    let id = model.next_login();
    model.screen = Screen::Login(Login::new(id));
    vec![Effect::StartLogin(id)]
}

/// Carries out an action of the login screen.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Screen::Login(login) = &mut model.screen else {
        return Vec::new();
    };
    login.remark = None;
    let id = login.id;
    match action {
        Action::Cancel => {
            model.leave();
            return vec![Effect::CancelLogin(id)];
        }
        Action::Retry => {
            let mut effects = vec![Effect::CancelLogin(id)];
            effects.extend(start(model));
            return effects;
        }
        _ => {}
    }
    let Stage::Code {
        prompt, openable, ..
    } = &login.stage
    else {
        return Vec::new();
    };
    match action {
        Action::OpenBrowser if *openable => {
            let page = prompt.page().to_owned();
            login.remark = Some("asked your browser to open the page".to_owned());
            vec![Effect::OpenBrowser(page)]
        }
        Action::OpenBrowser => {
            login.remark = Some("cannot open it from here: open the page yourself".to_owned());
            Vec::new()
        }
        Action::CopyCode => {
            let code = prompt.user_code.clone();
            login.remark = Some("code copied to the terminal's clipboard".to_owned());
            vec![Effect::Copy(code)]
        }
        Action::CopyLink => {
            let page = prompt.page().to_owned();
            login.remark = Some("link copied to the terminal's clipboard".to_owned());
            vec![Effect::Copy(page)]
        }
        Action::ToggleQr => {
            login.qr = !login.qr;
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Updates the countdown.
pub(super) fn ticked(model: &mut Model, stamp: Stamp) -> Vec<Effect> {
    if let Screen::Login(login) = &mut model.screen {
        login.count_down(stamp.now);
        model.touch();
    }
    Vec::new()
}

/// Reports that the browser could not be opened.
pub(super) fn browser_failed(model: &mut Model, reason: String) -> Vec<Effect> {
    if let Screen::Login(login) = &mut model.screen {
        login.remark = Some(reason);
        model.touch();
    }
    Vec::new()
}

/// Handles an event of a login; one of a login that is not on the screen is stale.
pub(super) fn event(
    model: &mut Model,
    id: LoginId,
    event: LoginEvent,
    stamp: Stamp,
) -> Vec<Effect> {
    let login = match &mut model.screen {
        Screen::Login(login) if login.id == id => login,
        _ => return Vec::new(),
    };
    let stage = match event {
        LoginEvent::Unlocking => Stage::Unlocking,
        LoginEvent::Code { prompt, openable } => Stage::Code {
            seconds_left: left(&prompt, stamp.now),
            prompt,
            openable,
            poll_error: None,
        },
        LoginEvent::Progress(progress) => return waited(model, progress),
        LoginEvent::Verifying => Stage::Verifying,
        LoginEvent::Failed { message, help } => Stage::Failed { message, help },
        LoginEvent::Done {
            account,
            identity,
            warning,
        } => {
            model.touch();
            let before = model.who.as_ref();
            let left = before
                .is_some_and(|who| who.sub != identity.sub)
                .then(|| account::leave(model));
            model.leave();
            let name = display_name(&identity);
            match warning {
                Some(warning) => model.alert(format!("logged in as {name}, but {warning}")),
                None => model.say(format!("logged in as {name}")),
            }
            model.who = Some(identity);
            model.connection = ConnectionState::Connecting;
            return vec![Effect::Open { account, left }];
        }
    };
    login.stage = stage;
    model.touch();
    Vec::new()
}

fn waited(model: &mut Model, progress: PollEvent) -> Vec<Effect> {
    if let Screen::Login(Login {
        stage: Stage::Code { poll_error, .. },
        ..
    }) = &mut model.screen
    {
        let error = match progress {
            PollEvent::Pending { .. } | PollEvent::SlowDown { .. } => None,
            PollEvent::Failed { message, .. } => Some(message),
        };
        if *poll_error != error {
            *poll_error = error;
            model.touch();
        }
    }
    Vec::new()
}
