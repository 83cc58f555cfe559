//! Every code of a finding, in one table: the check it belongs to and what it means.
//!
//! Codes are interface: they are added, never renamed.

/// A code and its explanation.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: &'static str,
    /// The check that reports it.
    pub check: &'static str,
    /// What it means and where it is put right.
    pub meaning: &'static str,
}

/// The checks, in the order in which one causes the next.
pub static CHECKS: [(&str, &str); 26] = [
    (
        "config",
        "The configuration names an issuer, an application, an audience and an endpoint.",
    ),
    (
        "credential-store",
        "The credential store takes, returns and deletes an entry.",
    ),
    (
        "issuer",
        "The issuer's discovery document is there, names the issuer exactly as configured \
                and no other host.",
    ),
    (
        "keys",
        "The issuer publishes the keys that sign its tokens.",
    ),
    (
        "clock",
        "This machine's clock and the issuer's agree to the minute.",
    ),
    (
        "application",
        "The issuer knows the application and allows it the device flow. A code is \
                     asked for and dropped; nothing needs to be approved. Auth0's shared keys for \
                     social connections (Google, GitHub …) do not work in the device flow: give \
                     the connection keys of its own under Authentication > Social.",
    ),
    (
        "audience",
        "The audience is the identifier of an API of your own.",
    ),
    ("login", "A login is stored and the issuer still renews it."),
    (
        "refresh-token",
        "The login has a refresh token, so it outlives its access token.",
    ),
    (
        "token",
        "The access token is a JWT of this issuer for this audience.",
    ),
    (
        "signature",
        "The access token's signature is verified here against the issuer's keys. If \
                   Hasura then refuses it, Hasura's JWT secret is wrong, not the token.",
    ),
    (
        "claims",
        "The access token holds the claims that Hasura reads, in the form it reads them.",
    ),
    ("endpoint", "A GraphQL server answers at the endpoint."),
    (
        "anonymous",
        "The endpoint shows no todos to a request without a token.",
    ),
    (
        "backend-clock",
        "Hasura's clock and the issuer's agree to the minute.",
    ),
    ("accepted", "Hasura takes the access token."),
    (
        "jwt-audience",
        "Hasura's JWT secret names the audience. Without it any token of the tenant \
                      that carries the claims opens the todos. Told by the ID token, which has \
                      another audience.",
    ),
    ("select", "The role may read todos."),
    ("user", "Hasura has a row for the user of this login."),
    ("insert", "The role may add todos."),
    ("update", "The role may change todos."),
    ("delete", "The role may delete todos."),
    ("rows", "The role reads the user's own rows only."),
    (
        "introspection",
        "The role may read its schema, so one request tells what it may do.",
    ),
    (
        "backend",
        "The backend has the change feed: sync costs what changed, and an add is stored \
                 exactly once.",
    ),
    (
        "live",
        "A live subscription opens, so changes of other devices show at once.",
    ),
];

const fn code(code: &'static str, check: &'static str, meaning: &'static str) -> Code {
    Code {
        code,
        check,
        meaning,
    }
}

/// Every cause, in the order of the checks.
pub static CODES: &[Code] = &[
    code(
        "config",
        "config",
        "The configuration is missing or has an error; the message names the line.",
    ),
    code(
        "credential-store",
        "credential-store",
        "The store that `credential_store` names does not \
        work here: no keyring over SSH or in a container, a locked keyring, a file that others may \
        read, a helper program that fails. Choose another one in the configuration.",
    ),
    code(
        "memory-store",
        "credential-store",
        "A login kept in memory is lost with the command; the \
        memory store is for the demo and tests.",
    ),
    code(
        "issuer-unreachable",
        "issuer",
        "No answer from the issuer: network, proxy, DNS, or a wrong \
        domain in `issuer`.",
    ),
    code(
        "issuer-insecure",
        "issuer",
        "`issuer` must begin with https:// (plain http is accepted for \
        loopback addresses only).",
    ),
    code(
        "issuer-not-found",
        "issuer",
        "There is no discovery document at the issuer: `issuer` is not \
        the tenant's domain. Auth0: Applications > your application > Domain.",
    ),
    code(
        "issuer-mismatch",
        "issuer",
        "The issuer calls itself something else than `issuer` in the \
        configuration, often by the slash at the end. Tokens name it byte for byte.",
    ),
    code(
        "issuer-foreign-endpoint",
        "issuer",
        "The discovery document sends tokens to another host. \
        tudone sends none there.",
    ),
    code(
        "tls",
        "issuer",
        "TLS cannot be set up: no CA certificates, or the server's certificate is \
        not trusted. SSL_CERT_FILE names a file of certificates to trust.",
    ),
    code(
        "keys-missing",
        "keys",
        "The issuer publishes no keys, so nobody can verify its tokens.",
    ),
    code(
        "keys-unreachable",
        "keys",
        "The issuer's key set cannot be fetched.",
    ),
    code(
        "token-clock",
        "clock",
        "This machine's clock and the issuer's differ by more than a minute. \
        Tokens then begin or end at the wrong time. Set the clock (`timedatectl set-ntp true`).",
    ),
    code(
        "client-unknown",
        "application",
        "The issuer knows no application with this `client_id`.",
    ),
    code(
        "grant-not-allowed",
        "application",
        "The application may not use the device flow: it must be \
        of type Native with authentication method None and the grant Device Code (Auth0: Applications \
        > your application > Advanced Settings > Grant Types).",
    ),
    code(
        "no-device-flow",
        "application",
        "The issuer has no device authorization endpoint.",
    ),
    code(
        "issuer-refused",
        "application",
        "The issuer refused for a reason of its own; the message \
        repeats it. Auth0's log (Monitoring > Logs) says more.",
    ),
    code(
        "issuer-malformed",
        "application",
        "The issuer's answer is not one of OAuth.",
    ),
    code(
        "audience-unknown",
        "audience",
        "No API at the issuer has this identifier. Auth0: \
        Applications > APIs. It is compared byte for byte.",
    ),
    code(
        "audience-management-api",
        "audience",
        "The audience is Auth0's own Management API. Its \
        tokens carry no claims for Hasura and open your tenant. Create an API of your own.",
    ),
    code(
        "logged-out",
        "login",
        "No login is stored. The checks that need a token are left out.",
    ),
    code(
        "login-ended",
        "login",
        "The issuer no longer renews the login: it expired, was revoked, or \
        its refresh token was used twice.",
    ),
    code(
        "other-account",
        "login",
        "The profile was logged in as another user meanwhile.",
    ),
    code(
        "access-token-ended",
        "login",
        "TUDONE_ACCESS_TOKEN has expired or was refused.",
    ),
    code(
        "access-token-opaque",
        "login",
        "TUDONE_ACCESS_TOKEN is not a JWT that names a user.",
    ),
    code(
        "denied",
        "login",
        "The issuer denied the login. From a post-login Action: Hasura did not \
        answer it, the admin secret in the Action is wrong, or `users` has no unique `auth0_id`.",
    ),
    code(
        "refresh-not-allowed",
        "refresh-token",
        "The application lacks the grant Refresh Token.",
    ),
    code(
        "no-refresh-token",
        "refresh-token",
        "The issuer gave no refresh token. Three switches: the \
        API's Allow Offline Access, the application's grant Refresh Token, and the scope \
        offline_access. Switch them on and log in again.",
    ),
    code(
        "token-no-audience",
        "token",
        "The issuer gave an opaque token, as it does without an \
        audience: Hasura reports `Expected 3 parts`.",
    ),
    code(
        "token-encrypted",
        "token",
        "The API has JSON Web Encryption switched on; Hasura cannot read \
        its tokens.",
    ),
    code(
        "token-other-audience",
        "token",
        "The token is for another API than the configured one.",
    ),
    code(
        "token-other-issuer",
        "token",
        "The token names another issuer than the configured one. \
        Custom domains are issuers of their own.",
    ),
    code(
        "token-algorithm",
        "token",
        "The API signs with a shared secret (HS256). Hasura verifies with \
        the issuer's public keys: set the API's Signing Algorithm to RS256.",
    ),
    code(
        "token-expired",
        "token",
        "The token has expired by this machine's clock.",
    ),
    code(
        "token-signature",
        "signature",
        "No key that the issuer publishes verifies the token.",
    ),
    code(
        "token-no-claim",
        "claims",
        "The token lacks the claim https://hasura.io/jwt/claims: the \
        post-login Action is not deployed, not bound to the Login flow, sets the claim on the ID \
        token, or is written for another audience. Rules have not run since 18 November 2026.",
    ),
    code(
        "token-claim-shape",
        "claims",
        "A part of the claim has the wrong type: roles are a list of \
        strings, the user's id is a string that holds the integer id of its row in `users`.",
    ),
    code(
        "token-claim-incomplete",
        "claims",
        "A part of the claim is missing.",
    ),
    code(
        "token-role",
        "claims",
        "The default role is not among the allowed roles.",
    ),
    code(
        "endpoint-unreachable",
        "endpoint",
        "No answer from the endpoint: network, proxy, DNS, or \
        the server is down.",
    ),
    code(
        "endpoint-path",
        "endpoint",
        "Something answers, but not GraphQL. Hasura's endpoint ends \
        with /v1/graphql; a proxy in front may need a rule for it.",
    ),
    code(
        "endpoint-broken",
        "endpoint",
        "The server, or a proxy in front of it, reports an error of \
        its own. Look at its log.",
    ),
    code(
        "endpoint-open",
        "anonymous",
        "Todos are readable without a token: Hasura runs without \
        HASURA_GRAPHQL_ADMIN_SECRET, or HASURA_GRAPHQL_UNAUTHORIZED_ROLE may select them.",
    ),
    code(
        "backend-clock",
        "backend-clock",
        "Hasura's clock and the issuer's differ by more than a \
        minute, so new tokens are refused as from the future or as expired. Set the clock of \
        Hasura's machine, or add \"allowed_skew\" to its JWT secret.",
    ),
    code(
        "jwt-secret",
        "accepted",
        "The token is good, verified here, and Hasura refuses it: its \
        HASURA_GRAPHQL_JWT_SECRET is missing or names another issuer (the slash counts), another \
        audience, another key or another claims namespace. doctor prints the whole line.",
    ),
    code(
        "jwt-secret-open",
        "jwt-audience",
        "Hasura's JWT secret names no audience, so any token of \
        the tenant with the claims is accepted. Add \"audience\".",
    ),
    code(
        "backend-refused",
        "select",
        "Hasura took the token but refused to read todos: there is no \
        table `todos`, or the role has no select permission on it.",
    ),
    code(
        "no-user",
        "user",
        "Hasura has no row in `users` for this login. The Action makes it at the \
        next login or refresh.",
    ),
    code(
        "role-no-insert",
        "insert",
        "The role has no insert permission on `todos`; the tutorial grants \
        select only. `tudone setup hasura` adds it.",
    ),
    code(
        "role-no-update",
        "update",
        "The role has no update permission on `todos`.",
    ),
    code(
        "role-no-delete",
        "delete",
        "The role has no delete permission on `todos`.",
    ),
    code(
        "rows-unfiltered",
        "rows",
        "The role reads rows of other users: the select permission needs \
        the filter {\"user_id\": {\"_eq\": \"X-Hasura-User-Id\"}}.",
    ),
    code(
        "introspection-off",
        "introspection",
        "The role may not read its schema, so what it may do \
        is found by trying. Hasura: remove the role from the disabled list \
        (`set_graphql_schema_introspection_options`).",
    ),
    code(
        "bare",
        "backend",
        "Only the tutorial's tables are there. Adding cannot be guaranteed exactly \
        once, every sync reads all todos, and of a repeating todo at most one successor comes from \
        one device. `tudone setup hasura` upgrades in place and loses no row.",
    ),
    code(
        "live-blocked",
        "live",
        "No websocket opens at the endpoint: a proxy in front of Hasura must \
        pass `Upgrade`. Until then changes are looked for every 30 s.",
    ),
    code("live-refused", "live", "Hasura refuses the subscription."),
];

/// The entry of `code`.
#[must_use]
pub fn find(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{CHECKS, CODES};

    #[test]
    fn every_code_is_there_once_and_belongs_to_a_check() {
        let mut seen = BTreeSet::new();
        for entry in CODES {
            assert!(seen.insert(entry.code), "{} twice", entry.code);
            let known = CHECKS.iter().any(|(check, _)| *check == entry.check);
            assert!(known, "{}: no check `{}`", entry.code, entry.check);
        }
    }

    #[test]
    fn codes_stand_in_the_order_of_their_checks() {
        let place = |check: &str| CHECKS.iter().position(|(known, _)| *known == check);
        let order: Vec<_> = CODES.iter().map(|entry| place(entry.check)).collect();
        assert!(order.is_sorted(), "{order:?}");
    }
}
