"""An account of tudone with many todos: logged in to a sandbox, synced once, the sandbox stopped."""
import json, os, subprocess, urllib.request

SECONDS = 240  # for one command


def cached(binary, texts, folder):
    """Makes an account whose server holds `texts`, in `folder`. Returns its environment."""
    env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    env |= {"HOME": folder, "TERM": "xterm-256color", "TZ": "UTC", "TUDONE_CREDENTIAL_STORE": "file"}
    env |= {"TUDONE_CONFIG_DIR": f"{folder}/config", "TUDONE_DATA_DIR": f"{folder}/data"}
    sandbox = subprocess.Popen([binary, "sandbox", "--json", "--interval", "0"], env=env, stdout=subprocess.PIPE, text=True)
    try:
        at = json.loads(sandbox.stdout.readline())
        for name in ("issuer", "client_id", "audience", "endpoint"):
            env[f"TUDONE_{name.upper()}"] = at[name]
        log_in(binary, env, at)
        sub = json.loads(run(binary, env, "whoami", "--json"))["sub"]
        fill(at["control"], sub, texts)
        run(binary, env, "sync", "--full", "--wait", "120s")
        shown = json.loads(run(binary, env, "status", "--json"))
        assert shown["open"] + shown["done"] + shown.get("waiting", 0) == len(texts), shown
    finally:
        sandbox.terminate()
        sandbox.wait()
    return env


def log_in(binary, env, at):
    device = subprocess.Popen([binary, "login", "--device-code", "--json"], env=env, stdout=subprocess.PIPE, text=True)
    code = json.loads(device.stdout.readline())["user_code"]
    form = f"user_code={code}&email=ann%40example.test&action=approve".encode()
    urllib.request.urlopen(at["activate"], form)
    assert device.wait(60) == 0


def fill(control, sub, texts):
    users = [{"id": 1, "auth0_id": sub, "email": "ann@example.test"}]
    key = "00000000-0000-7000-8000-{:012x}".format
    todos = [{"id": n, "user_id": 1, "text": text, "client_id": key(n)} for n, text in enumerate(texts, 1)]
    body = json.dumps({"fixture": {"users": users, "todos": todos}}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{control}/reset", body, {"Content-Type": "application/json"}))


def run(binary, env, *words):
    return subprocess.run([binary, *words], env=env, check=True, stdout=subprocess.PIPE, text=True, timeout=SECONDS).stdout
