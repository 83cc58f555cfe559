//! The table of checks.

/// The checks and their descriptions, causes before consequences.
pub static CHECKS: [(&str, &str); 26] = [
    (
        "config",
        "The configuration names an issuer, an application, an audience and an endpoint.",
    ),
    (
        "credential-store",
        "The credential store stores, returns and deletes an entry.",
    ),
    (
        "issuer",
        "The issuer's discovery document exists and contains the issuer exactly as \
         configured and no other host.",
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
        "The issuer knows the application and allows it to use the device flow. A code is requested and \
         discarded; nothing needs to be approved. Auth0's shared keys for social connections \
         (Google, GitHub …) do not work in the device flow: set your own keys under \
         Authentication > Social.",
    ),
    (
        "audience",
        "The audience is the identifier of your own API.",
    ),
    (
        "login",
        "A login is stored and the issuer still accepts its refresh token.",
    ),
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
        "The access token's signature is verified here against the issuer's keys. If Hasura \
         then rejects it, Hasura's JWT secret is wrong, not the token.",
    ),
    (
        "claims",
        "The access token has the claims that Hasura reads, in the form that it expects.",
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
    ("accepted", "Hasura accepts the access token."),
    (
        "jwt-audience",
        "Hasura's JWT secret contains the audience. Without it, any token of the tenant with \
         the claims is accepted. Tested with the ID token, which has another audience.",
    ),
    ("select", "The role may read todos."),
    ("user", "Hasura has a row for the user of this login."),
    ("insert", "The role may add todos."),
    ("update", "The role may change todos."),
    ("delete", "The role may delete todos."),
    ("rows", "The role reads the user's own rows only."),
    (
        "introspection",
        "The role may read its schema, so one request returns its permissions.",
    ),
    (
        "backend",
        "The backend has the change feed: sync transfers only changes, and an add is stored \
         exactly once.",
    ),
    (
        "live",
        "A live subscription opens, so changes from other devices appear immediately.",
    ),
];
