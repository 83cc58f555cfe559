use std::error::Error;

use reqwest::Url;
use secrecy::SecretString;

use super::{Admin, ApiError, printable};

type Tested = Result<(), Box<dyn Error>>;

#[test]
fn a_message_with_an_address_is_not_shown() {
    let hostile = "could not connect to postgres://hasura:hunter2@db/todos";
    assert!(!printable(hostile).contains("hunter2"));
    assert!(!printable("host=db password=hunter2").contains("hunter2"));
    assert_eq!(printable("relation exists"), "relation exists");
}

#[test]
fn an_error_shows_neither_the_admin_secret_nor_control_characters() -> Tested {
    let secret = SecretString::from("pass phrase");
    let admin = Admin::new(Url::parse("http://127.0.0.1:9/")?, secret)?;
    let error: ApiError = serde_json::from_str(
        r#"{"code": "\u001b[2Jbad", "error": "rejected `pass phrase`\u001b[0m"}"#,
    )?;

    let shown = admin.refused("run SQL", &error).to_string();

    assert!(shown.contains("rejected `***`"), "{shown}");
    assert!(!shown.contains(['\u{1b}', '\n']), "{shown}");
    Ok(())
}
