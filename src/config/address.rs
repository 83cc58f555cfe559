//! Addresses of servers: `https`, or plain `http` on this machine.

use reqwest::Url;

use crate::http::is_loopback;

/// Reads the address of a server.
///
/// # Errors
///
/// What is wrong with it, as the rest of a sentence that began with its name.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is no address ({error})"))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err("names no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password".to_owned());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("must begin with https:// (plain http is for this machine only)".to_owned()),
        other => Err(format!("must begin with https://, not {other}://")),
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in [
            "https://hasura.example/v1/graphql",
            "http://127.0.0.1:8080/v1/graphql",
            "http://localhost:1/",
            "http://[::1]:3/",
        ] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "http://hasura.example/v1/graphql",
            "http://127.0.0.1.example/",
            "ftp://hasura.example/",
            "https://me:secret@hasura.example/",
            "hasura.example",
            "",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
