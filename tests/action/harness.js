// Runs the Action as Auth0 does: reads one case as JSON from standard input, prints what the
// Action did and what it sent. The server of the case answers like Hasura, late or not at all.

const http = require("node:http");
const fs = require("node:fs");

const scenario = JSON.parse(fs.readFileSync(0, "utf8"));
const seen = { claims: {}, denied: [], requests: [], limits: [], logs: [] };

// The Action's own limit, recorded and cut short: no test waits for seconds.
const timeout = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (ms) => {
  seen.limits.push(ms);
  return timeout(scenario.server === "slow" ? 50 : ms);
};
console.log = (text) => seen.logs.push(text);

const api = {
  accessToken: { setCustomClaim: (name, value) => (seen.claims[name] = value) },
  access: { deny: (reason) => seen.denied.push(reason) },
};

const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    const { method, url, headers } = request;
    seen.requests.push({ method, url, headers, body: JSON.parse(body) });
    switch (scenario.server) {
      case "slow":
        return;
      case "cut":
        return request.socket.destroy();
      case "redirect":
        response.writeHead(307, { location: `http://127.0.0.1:${server.address().port}/other` });
        return response.end();
      default:
        response.writeHead(scenario.status ?? 200, { "content-type": "application/json" });
        response.end(scenario.answer);
    }
  });
});

server.listen(0, "127.0.0.1", async () => {
  const { port } = server.address();
  const base = scenario.server === "down" ? "http://127.0.0.1:1" : `http://127.0.0.1:${port}`;
  scenario.event.secrets.HASURA_URL = `${base}/v1/graphql`;
  try {
    await require(scenario.action).onExecutePostLogin(scenario.event, api);
  } catch (error) {
    seen.thrown = String(error);
  }
  process.stdout.write(JSON.stringify(seen));
  process.exit(0);
});
