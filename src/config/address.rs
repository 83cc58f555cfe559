//! URLs of servers: `https`, or plain `http` on loopback addresses.

use reqwest::Url;

use crate::http::is_loopback;

/// Parses the URL of a server.
///
/// # Errors
///
/// The problem, as the rest of a sentence that begins with the setting's name.
pub fn parse_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not a URL ({error})"))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err("has no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or password".to_owned());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(
            "must begin with https:// (plain http is accepted for loopback addresses only)"
                .to_owned(),
        ),
        other => Err(format!("must begin with https://, not {other}://")),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_url;

    #[test]
    fn plain_http_is_accepted_for_loopback_only() {
        for good in [
            "https://hasura.example/v1/graphql",
            "http://127.0.0.1:8080/v1/graphql",
            "http://localhost:1/",
            "http://[::1]:3/",
        ] {
            assert!(parse_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://hasura.example/v1/graphql",
            "http://127.0.0.1.example/",
            "ftp://hasura.example/",
            "https://me:secret@hasura.example/",
            "hasura.example",
            "",
        ] {
            assert!(parse_url(bad).is_err(), "{bad}");
        }
    }
}
