//! Logging in.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an action that means nothing on this screen does nothing"
)]

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::link::Link;
use crate::app::login::{Login, LoginId, LoginNews, Stage, left};
use crate::app::model::{Model, Screen};
use crate::app::stamp::Stamp;
use crate::auth::device::PollEvent;
use crate::domain::account::Identity;

/// Opens the login screen, and asks for a code unless somebody is logged in.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let works = matches!(
        model.link,
        Link::Connecting | Link::Syncing | Link::Online | Link::Offline { .. }
    );
    match model.who.as_ref().filter(|_| works) {
        Some(who) => {
            let name = called(who);
            let mut login = Login::new(model.next_login());
            login.stage = Stage::LoggedIn { name };
            model.screen = Screen::Login(login);
            Vec::new()
        }
        None => start(model),
    }
}

fn called(who: &Identity) -> String {
    let name = who.email.as_ref().or(who.name.as_ref());
    name.unwrap_or(&who.sub).clone()
}

/// Asks for a code.
fn start(model: &mut Model) -> Vec<Effect> {
    if model.offline {
        model.alert("started with --offline: logging in needs the network");
        return Vec::new();
    }
    let id = model.next_login();
    model.screen = Screen::Login(Login::new(id));
    vec![Effect::StartLogin(id)]
}

/// A key of the login screen.
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
            login.remark = Some("not opened from here: open the page yourself".to_owned());
            Vec::new()
        }
        Action::CopyCode => {
            let code = prompt.user_code.clone();
            login.remark = Some("code handed to the terminal's clipboard".to_owned());
            vec![Effect::Copy(code)]
        }
        Action::ToggleQr => {
            login.qr = !login.qr;
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// A second has passed.
pub(super) fn ticked(model: &mut Model, stamp: Stamp) -> Vec<Effect> {
    if let Screen::Login(login) = &mut model.screen {
        login.count_down(stamp.now);
        model.touch();
    }
    Vec::new()
}

/// The browser could not be opened.
pub(super) fn browser_failed(model: &mut Model, reason: String) -> Vec<Effect> {
    if let Screen::Login(login) = &mut model.screen {
        login.remark = Some(reason);
        model.touch();
    }
    Vec::new()
}

/// Takes what is told of a login. News of one that is not on the screen are
/// stale.
pub(super) fn news(model: &mut Model, id: LoginId, news: LoginNews, stamp: Stamp) -> Vec<Effect> {
    let login = match &mut model.screen {
        Screen::Login(login) if login.id == id => login,
        _ => return Vec::new(),
    };
    let stage = match news {
        LoginNews::Unlocking => Stage::Unlocking,
        LoginNews::Code { prompt, openable } => Stage::Code {
            seconds_left: left(&prompt, stamp.now),
            prompt,
            openable,
            trouble: None,
        },
        LoginNews::Progress(progress) => return waited(model, progress),
        LoginNews::Verifying => Stage::Verifying,
        LoginNews::Failed { message, help } => Stage::Failed { message, help },
        LoginNews::Done {
            account,
            identity,
            warning,
        } => {
            model.touch();
            model.leave();
            let name = called(&identity);
            match warning {
                Some(warning) => model.alert(format!("logged in as {name}, but {warning}")),
                None => model.say(format!("logged in as {name}")),
            }
            model.who = Some(identity);
            model.link = Link::Connecting;
            return vec![Effect::Open(account)];
        }
    };
    login.stage = stage;
    model.touch();
    Vec::new()
}

fn waited(model: &mut Model, progress: PollEvent) -> Vec<Effect> {
    if let Screen::Login(Login {
        stage: Stage::Code { trouble, .. },
        ..
    }) = &mut model.screen
    {
        let told = match progress {
            PollEvent::Pending { .. } | PollEvent::SlowDown { .. } => None,
            PollEvent::Failed { message, .. } => Some(message),
        };
        if *trouble != told {
            *trouble = told;
            model.touch();
        }
    }
    Vec::new()
}
