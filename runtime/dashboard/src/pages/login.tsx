// Logging in: with an API token, or, where the server has a token server to send people to, with a name there.
import { KeyRound, LogIn } from "lucide";
import { useState } from "preact/hooks";
import { ApiError, auth, hasEnded, NOT_ENDED } from "../api.ts";
import { moment } from "../format.ts";
import { useLoad } from "../load.ts";
import { navigate, path, query } from "../router.ts";
import { Button, Code, CodeBlock, Field, Icon, Mark, Notice } from "../ui/index.ts";

/** The server's own page, which sends the browser to the token server. */
const OIDC = "/dashboard/login/oidc";

/** What the way back from there may say, as `?error=`: `runtime/web/dashboard/oidc.py` has the same words. */
const ERRORS = new Map([
  ["access_denied", "The token server refused the login, or you canceled it."],
  ["insufficient_scope", "You are logged in, but may do nothing here: your account needs scopes such as read:hooks and read:logs."],
  ["login_expired", "This login was begun too long ago, or in another window. Begin anew."],
  ["login_refused", "The login did not succeed. hookd's log has the reason."],
  ["token_refused", "hookd does not trust the token that came back: its log has the reason, [[auth.trusted]] says whom it trusts."],
  ["token_too_long", "The token that came back is too long for a session: ask for fewer scopes."],
  ["too_many_attempts", "Too many logins failed: try again in a minute."],
  ["unavailable", "The token server can not be reached: try again later, or use an API token."],
]);

export function Login() {
  const ways = useLoad(auth.ways, []);
  document.title = "Log in · hookd";
  return (
    <main class="login" id="main">
      <div class="login-box">
        <div class="login-brand">
          <Mark size={36} />
          <h1 tabIndex={-1}>Log in to hookd</h1>
          <p class="muted">The hooks that decide what goes into your tokens.</p>
        </div>
        <div class="card login-card">
          <Refused />
          {ways.data.value?.oidc && <Elsewhere />}
          <TokenForm />
        </div>
        <Help />
      </div>
    </main>
  );
}

function TokenForm() {
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!token.trim()) return setWrong("Paste a token first.");
    setBusy(true);
    try {
      await auth.login(token.trim());
      if (path.peek() === "/login") navigate("/hooks", { replace: true });
    } catch (error) {
      setWrong(explain(error as Error));
      setBusy(false);
    }
  };
  return (
    <form class="login-form" onSubmit={submit} novalidate>
      <Field label="API token" wrong={wrong}>
        {(ids) => (
          <div class="with-icon">
            <Icon of={KeyRound} size={15} />
            <input
              {...ids}
              class="input mono"
              type="password"
              name="token"
              placeholder="eyJ…"
              autocomplete="off"
              spellcheck={false}
              autofocus
              value={token}
              onInput={(event) => {
                setToken(event.currentTarget.value);
                setWrong("");
              }}
            />
          </div>
        )}
      </Field>
      <Button kind="primary" type="submit" busy={busy}>
        Log in
      </Button>
    </form>
  );
}

function explain(error: Error): string {
  if (error instanceof ApiError && error.code === "insufficient_scope") {
    return "The token is good, but opens nothing here: it needs scopes such as read:hooks and read:logs.";
  }
  return error.message;
}

function Refused() {
  const error = query.value.get("error");
  if (error === null) return hasEnded.value ? <Notice>Your session has ended. Log in, and you are back where you were.</Notice> : null;
  if (error === NOT_ENDED) return <NotEnded until={query.value.get("until") ?? ""} />;
  return <Notice tone="bad">{ERRORS.get(error) ?? ERRORS.get("login_refused")}</Notice>;
}

/** `until`: when the session's token ends. */
function NotEnded({ until }: { until: string }) {
  const longest = Number.isNaN(Date.parse(until)) ? "as long as its token" : `until ${moment(until)}`;
  return (
    <Notice tone="warn">
      You are logged out in this browser. But the storage is not available: until it is, a copy of the session's cookie may still be good, at the longest{" "}
      {longest}.
    </Notice>
  );
}

function Elsewhere() {
  return (
    <>
      <a class="button primary" href={OIDC}>
        <Icon of={LogIn} size={15} />
        Log in with your account
      </a>
      <div class="or">or</div>
    </>
  );
}

function Help() {
  return (
    <details class="login-help">
      <summary>Where do I find a token?</summary>
      <div class="login-help-body">
        <p>
          <Code>hookd dev</Code> writes one into its folder:
        </p>
        <CodeBlock text={"source .hookd/demo.env && echo $API_TOKEN"} label="Show the demo's token" copy />
        <p>Elsewhere, your token server issues it, or whoever has the shared secret does:</p>
        <CodeBlock text={"hookd token --config config.toml --tenant TENANT \\\n  --scope 'read:hooks update:hooks read:logs'"} label="Make a token" copy />
      </div>
    </details>
  );
}
