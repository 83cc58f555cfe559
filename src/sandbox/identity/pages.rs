//! The pages a user sees: plain HTML that needs no script, works with a
//! keyboard and a screen reader, and says what happened.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// A page with its HTTP status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HtmlPage {
    status: StatusCode,
    html: String,
}

/// No script, no image, no frame, and forms that send to this server only.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

impl IntoResponse for HtmlPage {
    fn into_response(self) -> Response {
        let mut response = (self.status, Html(self.html)).into_response();
        let headers = response.headers_mut();
        let fixed = [
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

const STYLE: &str = "
:root {
  color-scheme: light dark;
  --paper: light-dark(#f3f4f8, #13151b);
  --card: light-dark(#ffffff, #1d2028);
  --line: light-dark(#8a90a3, #777e93);
  --ink: light-dark(#1b1e29, #eceef5);
  --accent: light-dark(#2447c6, #a9bdff);
  --on-accent: light-dark(#ffffff, #10173a);
  --wrong: light-dark(#b3261e, #ffb4ab);
  --loud: light-dark(#ffe08a, #5a4300);
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere;
}
header { background: var(--loud); padding: .5rem 1rem; text-align: center; font-weight: 600; }
header p { margin: 0; }
main {
  max-width: 36rem; margin: 6vh auto; padding: clamp(1.25rem, 6vw, 2.5rem);
  background: var(--card); border-radius: .75rem; box-shadow: 0 .25rem 2rem #0002;
}
h1 { margin: 0 0 1rem; font-size: 1.6rem; line-height: 1.25; }
.code {
  margin: 1rem 0; padding: .5rem; border: 1px dashed var(--line); border-radius: .5rem;
  font: 700 1.75rem/1.5 ui-monospace, monospace; letter-spacing: .12em; text-align: center;
}
label { display: block; margin-top: 1.5rem; font-weight: 600; }
.hint { margin: .25rem 0 0; font-size: .9375rem; }
input {
  width: 100%; margin-top: .25rem; padding: .6rem .75rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
}
input[aria-invalid] { border: 2px solid var(--wrong); }
button {
  margin: 1.25rem .5rem 0 0; padding: .6rem 1.25rem; font: inherit; font-weight: 600;
  color: var(--ink); background: none; border: 1px solid var(--line); border-radius: .5rem;
}
button.chief { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.error { padding-left: .75rem; border-left: .3rem solid; color: var(--wrong); font-weight: 600; }
";

fn page(status: StatusCode, title: &str, body: &str) -> HtmlPage {
    let title = escaped(title);
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} – tudone sandbox</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header><p>Development only: this is not a real login.</p></header>\n\
         <main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    );
    HtmlPage { status, html }
}

/// Renders the end of a login; `html` is inside a paragraph that screen readers announce.
fn ending(status: StatusCode, title: &str, html: &str) -> HtmlPage {
    page(status, title, &format!("<p role=\"status\">{html}</p>"))
}

/// `text` as it must stand in HTML, in attributes too.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other if other.is_control() => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

/// What is wrong with the field `name`: the paragraph that says so, and the
/// attributes that tie the field to it and put the cursor there.
fn complaint(name: &str, error: Option<&str>) -> (String, String) {
    let Some(error) = error else {
        return Default::default();
    };
    let paragraph = format!(
        "<p class=\"error\" role=\"alert\" id=\"{name}_error\">{}</p>\n",
        escaped(error)
    );
    let attributes =
        format!(" aria-invalid=\"true\" aria-describedby=\"{name}_error {name}_hint\" autofocus");
    (paragraph, attributes)
}

fn code_form(typed: &str, error: Option<&str>) -> String {
    let (alert, mut state) = complaint("user_code", error);
    if error.is_none() {
        " aria-describedby=\"user_code_hint\" autofocus".clone_into(&mut state);
    }
    format!(
        "{alert}<form method=\"get\" action=\"/activate\" novalidate>\n\
         <label for=\"user_code\">Code shown on your device</label>\n\
         <p class=\"hint\" id=\"user_code_hint\">\
         Eight letters. Capitals and the hyphen do not matter.</p>\n\
         <input id=\"user_code\" name=\"user_code\" value=\"{}\" required autocomplete=\"off\" \
         autocapitalize=\"characters\" spellcheck=\"false\"{state}>\n\
         <button class=\"chief\">Continue</button>\n</form>",
        escaped(typed)
    )
}

/// Asks which device is meant.
pub(super) fn ask_code() -> HtmlPage {
    page(StatusCode::OK, "Connect a device", &code_form("", None))
}

/// Renders the form again because no code was typed.
pub(super) fn no_code() -> HtmlPage {
    let form = code_form("", Some("Enter the code that your device shows."));
    page(StatusCode::UNPROCESSABLE_ENTITY, "No code entered", &form)
}

/// Renders the form again because the code is unknown.
pub(super) fn unknown(typed: &str) -> HtmlPage {
    let error = "Unknown code. Compare it with your device.";
    let form = code_form(typed, Some(error));
    page(StatusCode::NOT_FOUND, "Unknown code", &form)
}

/// Shows the code and asks whether it is the one on the device. No field has
/// the focus: the code comes first, for eyes and ears.
pub(super) fn confirm(code: &str, scope: &str) -> HtmlPage {
    let form = confirmation(code, scope, "", None);
    page(StatusCode::OK, "Is this your code?", &form)
}

/// Renders the form again because the address is invalid.
pub(super) fn bad_email(code: &str, scope: &str, email: &str) -> HtmlPage {
    let error = "To connect, enter an e-mail address such as ada@example.test.";
    page(
        StatusCode::UNPROCESSABLE_ENTITY,
        "Enter an e-mail address",
        &confirmation(code, scope, email, Some(error)),
    )
}

fn confirmation(code: &str, scope: &str, email: &str, error: Option<&str>) -> String {
    let (code, scope, email) = (escaped(code), escaped(scope), escaped(email));
    let (alert, mut state) = complaint("email", error);
    if error.is_none() {
        " aria-describedby=\"email_hint\"".clone_into(&mut state);
    }
    format!(
        "{alert}<p>Compare this code with the one on your device:</p>\n\
         <p class=\"code\">{code}</p>\n\
         <p>Connect only if they are the same and you started this login yourself. \
         Anyone who shows you a code can then see and change your todos.</p>\n\
         <p>The device requests: {scope}</p>\n\
         <form method=\"post\" action=\"/activate\" novalidate>\n\
         <input type=\"hidden\" name=\"user_code\" value=\"{code}\">\n\
         <label for=\"email\">Your e-mail address</label>\n\
         <p class=\"hint\" id=\"email_hint\">Any will do here; no mail is sent.</p>\n\
         <input id=\"email\" name=\"email\" type=\"email\" required autocomplete=\"email\" \
         value=\"{email}\"{state}>\n\
         <button class=\"chief\" name=\"action\" value=\"approve\">\
         The codes match: connect</button>\n\
         <button name=\"action\" value=\"deny\">Do not connect</button>\n</form>"
    )
}

/// Done.
pub(super) fn approved(code: &str, email: &str) -> HtmlPage {
    let text = format!(
        "The device with the code <strong>{}</strong> is now logged in as <strong>{}</strong>. \
         You can close this page and go back to it.",
        escaped(code),
        escaped(email)
    );
    ending(StatusCode::OK, "Device connected", &text)
}

/// Renders the page after a denial.
pub(super) fn denied(code: &str) -> HtmlPage {
    let text = format!(
        "The device with the code <strong>{}</strong> was not connected. \
         You can close this page.",
        escaped(code)
    );
    ending(StatusCode::OK, "Not connected", &text)
}

/// The Action said no.
pub(super) fn action_denied(reason: &str) -> HtmlPage {
    let text = format!("{} The device was not connected.", escaped(reason));
    ending(StatusCode::FORBIDDEN, "Activation denied", &text)
}

/// Too late.
pub(super) fn expired() -> HtmlPage {
    ending(
        StatusCode::GONE,
        "Code expired",
        "This code has expired; nothing was connected. \
         Start the login on your device again: it will show a new code.",
    )
}

/// Renders the page of a code that was answered before.
pub(super) fn answered() -> HtmlPage {
    ending(
        StatusCode::GONE,
        "Code already used",
        "This code was answered before and cannot be used again. \
         If your device is not connected, start its login again.",
    )
}

/// Neither yes nor no.
pub(super) fn bad_action() -> HtmlPage {
    ending(
        StatusCode::UNPROCESSABLE_ENTITY,
        "Nothing was done",
        "The form must say <code>action=approve</code> or <code>action=deny</code>.",
    )
}

/// No form came.
pub(super) fn bad_form(reason: &str) -> HtmlPage {
    ending(
        StatusCode::BAD_REQUEST,
        "Nothing was done",
        &escaped(reason),
    )
}

/// The books cannot be written.
pub(super) fn broken() -> HtmlPage {
    ending(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong",
        "The sandbox cannot write its directory.",
    )
}

/// There is no other login than the device's.
pub(super) fn no_browser_login() -> HtmlPage {
    page(
        StatusCode::BAD_REQUEST,
        "Device login only",
        "<p>This provider logs in devices: open <a href=\"/activate\">the activation page</a>.</p>",
    )
}

#[cfg(test)]
mod tests {
    use super::{bad_email, escaped, unknown};

    #[test]
    fn what_was_typed_comes_back_harmless() {
        let hostile = "\"><script>alert('x')</script>&\u{1b}";
        for html in [unknown(hostile).html, bad_email("C", "s", hostile).html] {
            assert!(!html.contains("<script>"), "{html}");
            assert!(!html.contains('\u{1b}'), "{html}");
            assert!(html.contains(&escaped(hostile)), "{html}");
        }
    }
}
