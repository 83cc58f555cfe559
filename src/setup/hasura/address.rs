//! Parsing of a server's address.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

use crate::config::parse_url;

/// Why an address is invalid: the rest of a sentence that begins with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

/// The address of a Hasura server, parsed from its GraphQL endpoint, its console's
/// address or its base address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HasuraAddress {
    base: Url,
}

/// Paths of Hasura, which are removed from an address.
const KNOWN: [&str; 6] = [
    "v1/graphql",
    "v1alpha1/graphql",
    "v1beta1/relay",
    "v1/metadata",
    "v2/query",
    "healthz",
];

impl HasuraAddress {
    /// The server's address; its path ends with `/`.
    #[must_use]
    pub const fn base(&self) -> &Url {
        &self.base
    }

    /// The GraphQL endpoint.
    #[must_use]
    pub fn endpoint(&self) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}v1/graphql", self.base.path()));
        url
    }
}

impl FromStr for HasuraAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let mut base = parse_url(text.trim()).map_err(AddressError)?;
        base.set_query(None);
        base.set_fragment(None);
        let path = base.path().trim_matches('/').to_owned();
        let known = KNOWN.iter().find_map(|known| path.strip_suffix(known));
        let console = path.find("console").filter(|at| {
            let before = path
                .get(..*at)
                .is_some_and(|it| it.is_empty() || it.ends_with('/'));
            before
                && path
                    .get(at + 7..)
                    .is_some_and(|it| it.is_empty() || it.starts_with('/'))
        });
        let rest = match (known, console) {
            (Some(rest), _) => rest,
            (None, Some(at)) => path.get(..at).unwrap_or_default(),
            (None, None) => &path,
        };
        let rest = rest.trim_matches('/');
        base.set_path(&if rest.is_empty() {
            "/".to_owned()
        } else {
            format!("/{rest}/")
        });
        Ok(Self { base })
    }
}

impl fmt::Display for HasuraAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_server_is_its_address() -> Result<(), AddressError> {
        for (written, base) in [
            ("https://h.example", "https://h.example/"),
            ("https://h.example/v1/graphql", "https://h.example/"),
            ("https://h.example/v1/graphql/", "https://h.example/"),
            (
                "https://h.example/console/data/sql?x=1#y",
                "https://h.example/",
            ),
            (
                "https://h.example/api/hasura",
                "https://h.example/api/hasura/",
            ),
            ("https://h.example/api/v1/graphql", "https://h.example/api/"),
            ("http://localhost:8080", "http://localhost:8080/"),
        ] {
            let address: HasuraAddress = written.parse()?;
            assert_eq!(address.base().as_str(), base, "{written}");
        }
        let address: HasuraAddress = "https://h.example/api".parse()?;
        assert_eq!(
            address.endpoint().as_str(),
            "https://h.example/api/v1/graphql"
        );
        Ok(())
    }

    #[test]
    fn the_secret_goes_over_tls_only() {
        assert!("http://h.example".parse::<HasuraAddress>().is_err());
        assert!(
            "https://admin:secret@h.example"
                .parse::<HasuraAddress>()
                .is_err()
        );
    }
}
