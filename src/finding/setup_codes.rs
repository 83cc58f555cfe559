//! The codes of a setup that failed. They belong to no check: `doctor` needs no secret, and
//! these are about what only an administrator may see.

use super::FindingCode;

const fn hasura(code: &'static str, meaning: &'static str) -> FindingCode {
    let check = "setup hasura";
    FindingCode {
        code,
        check,
        meaning,
    }
}

const fn auth0(code: &'static str, meaning: &'static str) -> FindingCode {
    let check = "setup auth0";
    FindingCode {
        code,
        check,
        meaning,
    }
}

/// Every cause.
pub static SETUP_CODES: &[FindingCode] = &[
    hasura(
        "unreachable",
        "No answer from Hasura, or a server error of it or of a proxy in front of it: network, \
         DNS, or the server is down.",
    ),
    hasura(
        "hasura-redirect",
        "The address redirects. The admin secret does not follow: use the address that it \
         redirects to.",
    ),
    hasura(
        "not-hasura",
        "Something answers at the address, but not Hasura: often the address of a page, or a \
         path that a proxy sends elsewhere.",
    ),
    hasura(
        "hasura-api-disabled",
        "Hasura answers 404 to its admin API: HASURA_GRAPHQL_ENABLED_APIS leaves it out. It needs \
         `metadata` and `graphql` during the setup; clients need `graphql` only.",
    ),
    hasura(
        "admin-secret-wrong",
        "Hasura refused the admin secret. It is the value of HASURA_GRAPHQL_ADMIN_SECRET on the \
         server; line ends around it do not matter.",
    ),
    hasura(
        "hasura-open",
        "Hasura has no admin secret, so everyone on the network is its administrator. Set \
         HASURA_GRAPHQL_ADMIN_SECRET first.",
    ),
    hasura(
        "hasura-source",
        "The source does not exist, or is no PostgreSQL database. `--source NAME` names another \
         one than `default`.",
    ),
    hasura(
        "hasura-renamed",
        "Hasura gives `users`, `todos` or their columns other names in GraphQL. tudone, like the \
         tutorial, uses the names of tables and columns.",
    ),
    hasura(
        "tables-incompatible",
        "Tables with these names exist and cannot be upgraded in place: a column of another type, \
         a view instead of a table, one `auth0_id` with several users. Nothing was changed.",
    ),
    hasura(
        "sql-failed",
        "PostgreSQL refused a statement; the message has its code (SQLSTATE). Each migration is \
         one transaction, so it did nothing.",
    ),
    hasura(
        "refused",
        "Hasura refused a request of the setup for a reason of its own, which the message repeats.",
    ),
    hasura(
        "metadata-inconsistent",
        "With the new metadata something would not fit the database. It was put back, unless the \
         message says otherwise. Hasura's console lists what does not fit.",
    ),
    hasura(
        "metadata-conflict",
        "The metadata was changed elsewhere during each attempt to replace it. Those changes were \
         not overwritten.",
    ),
    hasura(
        "unverified",
        "Everything was applied, but the check afterwards, as the role `user`, found something \
         different. `--dry-run` shows what.",
    ),
    hasura(
        "invalid-response",
        "Hasura answered with something else than its API promises: a version outside 2.13 to \
         2.48, or a proxy that changes answers.",
    ),
    auth0(
        "auth0-domain",
        "This is not the domain of a tenant. It stands under Applications > your application > \
         Domain, such as TENANT.eu.auth0.com.",
    ),
    auth0(
        "auth0-unreachable",
        "No answer from the tenant: network, proxy, DNS, or a wrong domain.",
    ),
    auth0(
        "auth0-token",
        "The tenant does not accept the token for its Management API. It lives for a day and is \
         for one tenant: Applications > APIs > Auth0 Management API > API Explorer.",
    ),
    auth0(
        "auth0-scope",
        "The token lacks a scope, which the message names. The API Explorer's token has all of \
         them.",
    ),
    auth0(
        "auth0-rate-limit",
        "The tenant is rate limiting requests. Applied steps stay; run the command again in a \
         minute.",
    ),
    auth0("auth0-server", "The tenant reports an error of its own."),
    auth0(
        "auth0-refused",
        "The tenant refused a request; the message repeats its reason. Its log (Monitoring > \
         Logs) says more.",
    ),
    auth0(
        "auth0-malformed",
        "The answer is not one of the Management API: a proxy, or a domain that is not a tenant's.",
    ),
    auth0(
        "auth0-not-deployed",
        "The Action was saved but not deployed in time. Deploy it under Actions > Library.",
    ),
    auth0(
        "auth0-ambiguous",
        "Several native applications have the name; `--client-id` chooses one.",
    ),
    auth0(
        "auth0-secrets",
        "The Action needs Hasura's endpoint and admin secret, and has none yet.",
    ),
];
