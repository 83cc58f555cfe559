//! The activation page: shows the code, approves or denies it.

use super::device::ClosedCode;
use super::pages::HtmlPage;
use super::user::User;
use super::{IdentityProvider, pages};

/// The error description after a denial, as Auth0 words it.
const CANCELLED: &str = "User cancelled the confirmation prompt.";

impl IdentityProvider {
    /// `GET /activate`: asks for the code, or shows the one given. Changes
    /// nothing.
    pub(super) fn activation_page(&self, typed: Option<&str>) -> HtmlPage {
        let Some(typed) = typed else {
            return pages::ask_code();
        };
        if typed.trim().is_empty() {
            return pages::no_code();
        }
        let books = self.books();
        match books.devices.open(typed, self.now_ms()) {
            Ok(code) => {
                let asked = books.devices.asked(typed);
                pages::confirm(&code, asked.map_or("", |asked| &asked.scope))
            }
            Err(closed) => closed_page(closed, typed),
        }
    }

    /// `POST /activate` with `user_code`, `email` and `action`: what the
    /// page's form sends, and what a script may send at once.
    pub(super) fn settle(&self, form: &[(String, String)]) -> HtmlPage {
        let text = |wanted: &str| {
            let mut named = form.iter().filter(|(name, _)| name == wanted);
            named.next().map_or("", |(_, value)| value.as_str())
        };
        let typed = text("user_code");
        let mut books = self.books();
        let code = match books.devices.open(typed, self.now_ms()) {
            Ok(code) => code,
            Err(closed) => return closed_page(closed, typed),
        };
        match text("action") {
            "deny" => {
                books.devices.refuse(&code, CANCELLED);
                pages::denied(&code)
            }
            "approve" => {
                let asked = books.devices.asked(&code);
                let scope = asked.map_or_else(String::new, |asked| asked.scope.clone());
                let Some(person) = User::from_email(text("email")) else {
                    return pages::bad_email(&code, &scope, text("email"));
                };
                if let Err(reason) = self.action(&person) {
                    books.devices.refuse(&code, &reason);
                    return pages::action_denied(&reason);
                }
                let page = pages::approved(&code, &person.email);
                books.devices.approve(&code, &person.sub);
                books.logins.users.insert(person.sub.clone(), person);
                match self.keep(&books) {
                    Ok(()) => page,
                    Err(_) => pages::broken(),
                }
            }
            _ => pages::bad_action(),
        }
    }
}

fn closed_page(closed: ClosedCode, typed: &str) -> HtmlPage {
    match closed {
        ClosedCode::Answered => pages::answered(),
        ClosedCode::Expired => pages::expired(),
        ClosedCode::Unknown => pages::unknown(typed),
    }
}
