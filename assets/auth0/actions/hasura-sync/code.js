// Auth0 Action for the trigger post-login (v3), runtime Node 22, no dependencies.
//
// Makes sure that the user has a row in Hasura's `users` and puts the row's id into the access
// token, in one request. It runs at every login and at every refresh, and only for the API named
// in API_AUDIENCE. Where Hasura gives no row, the login is denied: a token without the claim
// would be refused by Hasura anyway.
//
// Secrets:
//   HASURA_URL           the GraphQL endpoint, https://…/v1/graphql
//   HASURA_ADMIN_SECRET  Hasura's admin secret
//   API_AUDIENCE         the identifier of the API in Auth0

const CLAIMS = "https://hasura.io/jwt/claims";
const ROLE = "user";

// The whole trigger may take 20 s, other Actions included.
const TIME_LIMIT_MS = 8000;

// Shown to the user, so it names no internals.
const DENIED = "The todo list is not available right now. Try again in a minute.";

// Hasura returns no row on a conflict unless it updates at least one column.
const ENSURE_USER = `
  mutation EnsureUser($auth0_id: String!, $email: String, $update: [users_update_column!]!) {
    insert_users_one(
      object: { auth0_id: $auth0_id, email: $email }
      on_conflict: { constraint: users_auth0_id_key, update_columns: $update }
    ) {
      id
    }
  }
`;

async function ensureUser(user, secrets) {
  const email = user.email ?? null;
  const response = await fetch(secrets.HASURA_URL, {
    method: "POST",
    // A redirect would carry the admin secret to another host.
    redirect: "error",
    signal: AbortSignal.timeout(TIME_LIMIT_MS),
    headers: {
      "content-type": "application/json",
      "x-hasura-admin-secret": secrets.HASURA_ADMIN_SECRET,
    },
    body: JSON.stringify({
      query: ENSURE_USER,
      operationName: "EnsureUser",
      variables: {
        auth0_id: user.user_id,
        email,
        // Without an address the known one is kept.
        update: [email === null ? "auth0_id" : "email"],
      },
    }),
  });
  const answer = await response.json();
  const id = answer.data?.insert_users_one?.id;
  if (Number.isSafeInteger(id) || (typeof id === "string" && id !== "")) {
    // Hasura refuses a session variable that is not a string.
    return String(id);
  }
  throw new Error(answer.errors?.[0]?.extensions?.code ?? `HTTP status ${response.status}`);
}

exports.onExecutePostLogin = async (event, api) => {
  const audience = event.secrets.API_AUDIENCE;
  if (!audience || event.resource_server?.identifier !== audience) {
    return;
  }
  try {
    const id = await ensureUser(event.user, event.secrets);
    api.accessToken.setCustomClaim(CLAIMS, {
      "x-hasura-default-role": ROLE,
      "x-hasura-allowed-roles": [ROLE],
      "x-hasura-user-id": id,
      "x-auth0-user-id": event.user.user_id,
    });
  } catch (error) {
    console.log(`hasura-sync: no row for the user: ${error.name}: ${error.message}`.slice(0, 256));
    api.access.deny(DENIED);
  }
};
