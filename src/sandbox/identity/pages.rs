//! The pages a person sees: plain HTML that needs no script, works with a
//! keyboard and a screen reader, and says what happened.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// A page with its HTTP status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    status: StatusCode,
    html: String,
}

/// No script, no image, no frame, and forms that send to this server only.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

impl IntoResponse for Page {
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
:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif; }
body { max-width: 34rem; margin: 2rem auto; padding: 0 1rem; }
.banner { border: 2px solid; padding: .3rem .6rem; font-weight: bold; }
.code { font: bold 2rem/1.5 ui-monospace, monospace; letter-spacing: .15em; }
label { display: block; font-weight: bold; margin-top: 1rem; }
input { font: inherit; padding: .4rem; width: 100%; box-sizing: border-box; }
button { font: inherit; padding: .5rem 1.2rem; margin: 1rem .5rem 0 0; }
:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
.error { border-left: .4rem solid; padding-left: .6rem; }
";

fn page(status: StatusCode, title: &str, body: &str) -> Page {
    let title = escaped(title);
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} – tudone sandbox</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <p class=\"banner\" role=\"note\">Development only: this is no real login.</p>\n\
         <main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    );
    Page { status, html }
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

fn code_form(typed: &str) -> String {
    format!(
        "<form method=\"get\" action=\"/activate\">\n\
         <label for=\"user_code\">Code shown on your device</label>\n\
         <input id=\"user_code\" name=\"user_code\" value=\"{}\" required autofocus \
         autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" \
         aria-describedby=\"user_code_hint\">\n\
         <p id=\"user_code_hint\">Eight letters. Capitals and the hyphen do not matter.</p>\n\
         <button type=\"submit\">Continue</button>\n</form>",
        escaped(typed)
    )
}

/// Asks which device is meant.
pub(super) fn ask_code() -> Page {
    page(StatusCode::OK, "Connect a device", &code_form(""))
}

/// Shows the code and asks whether it is the one on the device.
pub(super) fn confirm(code: &str, scope: &str) -> Page {
    page(
        StatusCode::OK,
        "Is this your code?",
        &confirmation(code, scope, "", None),
    )
}

/// The same again, because the address is none.
pub(super) fn bad_email(code: &str, scope: &str, email: &str) -> Page {
    page(
        StatusCode::UNPROCESSABLE_ENTITY,
        "Enter an e-mail address",
        &confirmation(
            code,
            scope,
            email,
            Some("To connect, enter an e-mail address such as ada@example.test."),
        ),
    )
}

fn confirmation(code: &str, scope: &str, email: &str, error: Option<&str>) -> String {
    let (code, scope, email) = (escaped(code), escaped(scope), escaped(email));
    let alert = error.map_or_else(String::new, |text| {
        format!(
            "<p class=\"error\" role=\"alert\" id=\"email_error\">{}</p>\n",
            escaped(text)
        )
    });
    let wrong = if error.is_some() {
        " aria-invalid=\"true\" aria-describedby=\"email_error\""
    } else {
        ""
    };
    format!(
        "{alert}<p>Compare this code with the one on your device:</p>\n\
         <p class=\"code\">{code}</p>\n\
         <p>Connect only if they are the same and you started this login yourself. \
         Whoever shows you the code can then see and change your todos.</p>\n\
         <p>The device asks for: {scope}</p>\n\
         <form method=\"post\" action=\"/activate\">\n\
         <input type=\"hidden\" name=\"user_code\" value=\"{code}\">\n\
         <label for=\"email\">Your e-mail address (any will do here)</label>\n\
         <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"email\" autofocus \
         value=\"{email}\"{wrong}>\n\
         <button type=\"submit\" name=\"action\" value=\"approve\">\
         The codes match: connect</button>\n\
         <button type=\"submit\" name=\"action\" value=\"deny\" formnovalidate>\
         Do not connect</button>\n</form>"
    )
}

/// Done.
pub(super) fn approved(code: &str, email: &str) -> Page {
    let body = format!(
        "<p>The device with the code <strong>{}</strong> is now logged in as <strong>{}</strong>. \
         You can close this page and go back to it.</p>",
        escaped(code),
        escaped(email)
    );
    page(StatusCode::OK, "Device connected", &body)
}

/// The person said no.
pub(super) fn denied(code: &str) -> Page {
    let body = format!(
        "<p>The device with the code <strong>{}</strong> was not connected. \
         You can close this page.</p>",
        escaped(code)
    );
    page(StatusCode::OK, "Not connected", &body)
}

/// The Action said no.
pub(super) fn action_denied(reason: &str) -> Page {
    let body = format!(
        "<p class=\"error\">{}</p>\n<p>The device was not connected.</p>",
        escaped(reason)
    );
    page(StatusCode::FORBIDDEN, "Activation denied", &body)
}

/// Nobody handed out that code.
pub(super) fn unknown(typed: &str) -> Page {
    let body = format!(
        "<p class=\"error\" role=\"alert\">There is no such code. Compare it with your device.</p>\n{}",
        code_form(typed)
    );
    page(StatusCode::NOT_FOUND, "Unknown code", &body)
}

/// Too late.
pub(super) fn expired() -> Page {
    page(
        StatusCode::GONE,
        "Code expired",
        "<p>This code is too old, nothing was connected. \
         Start the login on your device again: it will show a new code.</p>",
    )
}

/// Somebody answered that code before.
pub(super) fn answered() -> Page {
    page(
        StatusCode::GONE,
        "Code already used",
        "<p>This code was answered before and cannot be used again. \
         If your device is not connected, start its login again.</p>",
    )
}

/// Neither yes nor no.
pub(super) fn bad_action() -> Page {
    page(
        StatusCode::UNPROCESSABLE_ENTITY,
        "Nothing was done",
        "<p>The form must say <code>action=approve</code> or <code>action=deny</code>.</p>",
    )
}

/// No form came.
pub(super) fn bad_form(reason: &str) -> Page {
    let body = format!("<p>{}</p>", escaped(reason));
    page(StatusCode::BAD_REQUEST, "Nothing was done", &body)
}

/// The books cannot be written.
pub(super) fn broken() -> Page {
    page(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong",
        "<p>The sandbox cannot write its directory.</p>",
    )
}

/// There is no other login than the device's.
pub(super) fn no_browser_login() -> Page {
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
