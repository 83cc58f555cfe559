//! The table of finding codes: the check of each and its meaning.
//!
//! Codes are interface: they are added, never renamed.

use super::setup_codes::SETUP_CODES;

/// A code and its explanation.
#[derive(Debug, PartialEq, Eq)]
pub struct FindingCode {
    /// The code.
    pub code: &'static str,
    /// The check that reports it.
    pub check: &'static str,
    /// The explanation of the cause and its correction.
    pub meaning: &'static str,
}

const fn code(code: &'static str, check: &'static str, meaning: &'static str) -> FindingCode {
    FindingCode {
        code,
        check,
        meaning,
    }
}

/// All codes, in the order of their checks.
pub static CODES: &[FindingCode] = &[
    code(
        "config",
        "config",
        "The configuration is missing or has an error; the message names the line.",
    ),
    code(
        "credential-store",
        "credential-store",
        "The store that `credential_store` names does not \
        work here: no keyring over SSH or in a container, a locked keyring, a file that other users may \
        read, a helper program that fails. Choose another one in the configuration.",
    ),
    code(
        "memory-store",
        "credential-store",
        "A login stored in memory ends with the command; the \
        memory store is for the demo and tests.",
    ),
    code(
        "issuer-unreachable",
        "issuer",
        "The issuer does not answer: network, proxy, DNS, or a wrong \
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
        "The discovery document names another issuer than `issuer` in the \
        configuration, often by the trailing slash. Tokens contain it byte for byte.",
    ),
    code(
        "issuer-foreign-endpoint",
        "issuer",
        "The discovery document has an endpoint on another host. \
        tudone sends no token there.",
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
        "The issuer publishes no keys, so its tokens cannot be verified.",
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
        Tokens then seem expired or not valid yet. Correct the clock (`timedatectl set-ntp true`).",
    ),
    code(
        "client-unknown",
        "application",
        "The issuer knows no application with this `client_id`.",
    ),
    code(
        "grant-not-allowed",
        "application",
        "The application is not allowed to use the device flow: it must be \
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
        "The issuer refused with another OAuth error, which the message \
        contains. Auth0's log (Monitoring > Logs) has details.",
    ),
    code(
        "issuer-malformed",
        "application",
        "The issuer's answer is not a valid OAuth response.",
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
        tokens have no claims for Hasura, and give access to your tenant. Create your own API.",
    ),
    code(
        "logged-out",
        "login",
        "No login is stored. The checks that need a token are skipped.",
    ),
    code(
        "login-ended",
        "login",
        "The issuer no longer accepts the refresh token: it expired, was revoked, \
        or was used twice.",
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
        "TUDONE_ACCESS_TOKEN is not a JWT with a user (`sub`).",
    ),
    code(
        "access-token-invalid",
        "login",
        "TUDONE_ACCESS_TOKEN is not a token alone.",
    ),
    code("code-expired", "login", "The code expired or was used."),
    code(
        "approval-lost",
        "login",
        "The login was approved, but the answer with its tokens was lost.",
    ),
    code("timed-out", "login", "The login was not approved in time."),
    code("lock", "login", "The lock file of the login is unusable."),
    code("lock-busy", "login", "Another tudone holds the lock file."),
    code("interrupted", "login", "tudone ended before the answer."),
    code(
        "denied",
        "login",
        "The issuer denied the login. If a post-login Action did: Hasura did \
        not answer it, the admin secret in the Action is wrong, or `users` has no unique `auth0_id`.",
    ),
    code(
        "refresh-not-allowed",
        "refresh-token",
        "The application lacks the grant Refresh Token.",
    ),
    code(
        "no-refresh-token",
        "refresh-token",
        "The issuer sent no refresh token. Enable Allow \
        Offline Access for the API, the grant Refresh Token for the application, and the scope \
        offline_access; then log in again.",
    ),
    code(
        "token-no-audience",
        "token",
        "The issuer sent an opaque token, as it does without an \
        audience: Hasura reports `Expected 3 parts`.",
    ),
    code(
        "token-encrypted",
        "token",
        "JSON Web Encryption is enabled for the API; Hasura cannot read \
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
        A custom domain is an issuer of its own.",
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
        "None of the issuer's published keys verifies the token.",
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
        strings, the user's id is a string with the integer id of its row in `users`.",
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
        "The endpoint does not answer: network, proxy, DNS, or \
        the server is down.",
    ),
    code(
        "endpoint-path",
        "endpoint",
        "The endpoint answers, but not with GraphQL. Hasura's endpoint ends \
        with /v1/graphql; a proxy in front may need a rule for it.",
    ),
    code(
        "endpoint-broken",
        "endpoint",
        "The server, or a proxy in front of it, returns an error. \
        Read its log.",
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
        minute, so new tokens are rejected as issued in the future or expired. Correct the clock of \
        Hasura's machine, or add \"allowed_skew\" to its JWT secret.",
    ),
    code(
        "jwt-secret",
        "accepted",
        "The token is valid, verified here, and Hasura rejects it: its \
        HASURA_GRAPHQL_JWT_SECRET is missing or has another issuer (the slash counts), audience, \
        key or claims namespace. `tudone doctor` prints the correct line.",
    ),
    code(
        "jwt-secret-open",
        "jwt-audience",
        "Hasura's JWT secret contains no audience, so any token of \
        the tenant with the claims is accepted. Add \"audience\".",
    ),
    code(
        "backend-refused",
        "select",
        "Hasura accepted the token but not the query of todos: there is no \
        table `todos`, or the role has no select permission on it.",
    ),
    code(
        "no-user",
        "user",
        "Hasura has no row in `users` for this login. The Action creates it at the \
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
        "The role may not read its schema, so tudone tests \
        its permissions with empty requests. Hasura: remove the role from the disabled list \
        (`set_graphql_schema_introspection_options`).",
    ),
    code(
        "bare",
        "backend",
        "The backend has only the tutorial's tables. An add cannot be guaranteed exactly \
        once, every sync reads all todos, and a repeating todo gets at most one successor per \
        device. `tudone setup hasura` upgrades in place and loses no row.",
    ),
    code(
        "live-blocked",
        "live",
        "The endpoint does not open a websocket: a proxy in front of Hasura must \
        pass `Upgrade`. Until then tudone polls every 30 s.",
    ),
    code("live-refused", "live", "Hasura rejects the subscription."),
];

/// Finds the entry of `code`, of a check or of a setup.
#[must_use]
pub fn find(code: &str) -> Option<&'static FindingCode> {
    let mut all = CODES.iter().chain(SETUP_CODES);
    all.find(|known| known.code == code)
}

#[cfg(test)]
mod tests;
