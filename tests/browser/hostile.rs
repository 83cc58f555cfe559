//! Users and sites who mean harm.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use super::driver::{Browser, Key};
use crate::support::{Checked, Machine, Sandbox};

#[test]
fn markup_typed_into_the_fields_is_shown_as_text() -> Checked {
    let Some(browser) = Browser::open()? else {
        return Ok(());
    };
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let code = machine.json(&["login", "--start", "--json"])?;
    let markup = "\"><h1>Owned</h1><script>alert(1)</script><img src=x onerror=alert(1)>";
    browser.visit(sandbox.address("activate"))?;
    browser.type_text(markup)?;
    browser.press(Key::Enter)?;
    let page = browser.shows("Unknown code")?;
    assert_eq!(
        page.only("textbox").map(|it| it.value.as_str()),
        Some(markup)
    );
    assert_eq!(browser.count("script, img")?, 0);

    let email = format!(
        "<img/src=x/onerror=alert(1)>{}@example.test",
        "&lt;".repeat(50)
    );
    browser.visit(
        code["verification_uri_complete"]
            .as_str()
            .ok_or("no address")?,
    )?;
    browser.shows("Is this your code?")?;
    browser.press(Key::Tab)?;
    browser.type_text(&email)?;
    browser.press(Key::Enter)?;
    let page = browser.shows("Device connected")?;
    assert!(page.text().contains(&email), "{page:?}");
    assert_eq!(browser.count("script, img")?, 0);
    assert!(browser.overflow(320)? < 0.5, "scrolls sideways");
    Ok(())
}

#[test]
fn another_site_can_neither_frame_the_page_nor_answer_for_the_person() -> Checked {
    let Some(browser) = Browser::open()? else {
        return Ok(());
    };
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let code = machine.json(&["login", "--start", "--json"])?;
    let activate = sandbox.address("activate");
    let complete = code["verification_uri_complete"]
        .as_str()
        .ok_or("no address")?;

    browser.visit(&site(format!(
        "<h1>Trap</h1><iframe src=\"{activate}\"></iframe>"
    ))?)?;
    browser.shows("Trap")?;
    browser.enter_frame()?;
    assert_eq!(
        browser.count("form")?,
        0,
        "the page is inside another site's"
    );

    browser.visit(&site(format!(
        "<h1>Win a prize</h1><form method=\"post\" action=\"{activate}\">\
         <input type=\"hidden\" name=\"user_code\" value=\"{}\">\
         <input type=\"hidden\" name=\"email\" value=\"mallory@example.test\">\
         <button name=\"action\" value=\"approve\">Here</button></form>",
        code["user_code"].as_str().ok_or("no code")?,
    ))?)?;
    browser.shows("Win a prize")?;
    browser.press(Key::Tab)?;
    browser.press(Key::Enter)?;
    browser.says("rejects requests from other sites' pages")?;
    browser.visit(complete)?;
    browser.shows("Is this your code?")?;
    Ok(())
}

/// The address of a site that has only this page, for as long as the test runs.
fn site(body: String) -> Checked<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let body = body.clone();
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
                     Connection: close\r\n\r\n{body}"
                );
            });
        }
    });
    Ok(address)
}
