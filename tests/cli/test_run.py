"""`hookd run`: what one request comes to, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime.triggers import sample

pytestmark = pytest.mark.usefixtures("compiled")
POINT = "credentials-exchange"


def write(folder: Path, script: str, name: str = "hook.js") -> str:
    (folder / name).write_text(script)
    return name


def shown(text: str) -> dict[str, str]:
    """The rows by their first word; what a row goes on with is of the row."""
    rows: dict[str, str] = {}
    title = ""
    for line in text.splitlines():
        title = line[:9].strip() or title
        rows[title] = f"{rows[title]}\n{line[10:]}" if title in rows else line[10:].strip()
    return rows


def test_a_run_is_shown(hookd, tmp_path):
    """Decision, scopes, claims, what was dropped and why, console; and the time that only a run has."""
    script = """module.exports = async (client, scope) => {
      console.warn('plan', client.metadata.plan);
      return { scope, plan: 1, 'https://example.com/plan': [client.metadata.plan] };
    };"""
    done = hookd("run", write(tmp_path, script), "--trigger", POINT)
    rows = shown(done.stdout)

    assert (done.returncode, done.stderr) == (0, "")
    assert rows["Took"].endswith(" KiB of memory")
    assert {title: text for title, text in rows.items() if title != "Took"} == {
        "Hook": "hook",
        "Trigger": POINT,
        "Engine": "wasm",
        "Request": f"the sample of {POINT}",
        "Decision": "allow",
        "Scope": "read:orders",
        "Claims": 'https://example.com/plan  ["gold"]',
        "Dropped": "plan  A custom claim must be named by an http or https URL.",
        "Console": "warn   plan gold",
    }


def test_a_run_is_the_document_of_the_servers_test_run(hookd, tmp_path):
    """One JSON document, nothing else."""
    script = "module.exports = (client, scope, audience, context, cb) => cb(null, { scope });"
    (tmp_path / "request.json").write_text(json.dumps({"client": {"id": "c"}, "scope": ["x"], "audience": "a"}))
    document = hookd("run", write(tmp_path, script), "request.json", "--trigger", POINT, "--json").json

    assert {name: value for name, value in document.items() if name != "run"} == {
        "request": {"client": {"id": "c"}, "scope": ["x"], "audience": "a"},
        "decision": "allow",
        "scope": ["x"],
        "claims": {},
        "dropped": [],
    }
    assert set(document["run"]) == {"version", "duration_ms", "cpu_ms", "memory_bytes", "console", "operations"}


@pytest.mark.parametrize(
    "script, code, decision, error",
    [
        (
            "module.exports = (c, s, a, x, cb) => cb(new Error('not you'));",
            0,
            "deny  access_denied: not you",
            "denied  The hook called cb(error).",
        ),
        (
            "module.exports = async () => {\n  null.x;\n};",
            1,
            "deny  server_error: The hook failed: threw.",
            "    at <anonymous> (hook.js:2:3)",
        ),
        (
            "module.exports = async () => { let = ; };",
            1,
            "deny  server_error: The hook failed: source_rejected.",
            "SyntaxError: ",
        ),
        (
            "module.exports = async () => { for (;;); };",
            1,
            "deny  server_error: The hook failed: cpu_limit.",
            "cpu_limit  The hook used all of its CPU time.",
        ),
    ],
    ids=["denies", "throws", "does not load", "loops"],
)
def test_a_denial_is_an_answer_and_a_broken_hook_is_not(hookd, tmp_path, script, code, decision, error):
    """The exit code tells them apart; the error has its place in the source."""
    done = hookd("run", write(tmp_path, script), "--trigger", POINT, HOOKD_LIMITS_CPU_MS="20")
    rows = shown(done.stdout)

    assert (done.returncode, rows["Decision"]) == (code, decision)
    assert error in rows["Error"]


def test_a_project_has_its_secrets_and_hides_them(hookd, at_terminal, tmp_path):
    """From secrets.env, from a file, or asked for at a terminal; which is missing is said."""
    hookd("init", "mine", "--template", "signed-claim-with-secret")
    missing = hookd("run", "mine")
    (tmp_path / "mine/secrets.env").write_text("PEPPER=correct horse\n")
    given = hookd("run", "cases/with-secret.json", folder=tmp_path / "mine")
    (tmp_path / "other.env").write_text("PEPPER=another\n")
    (tmp_path / "mine/hook.js").write_text(
        "module.exports = async (c, s, a, { secrets }) => ({ 'https://a/n': secrets.PEPPER.length });"
    )
    filed = hookd("run", "mine", "--env-file", "other.env")
    typed = at_terminal("run", "mine", "--secret", "PEPPER", answer=("Value", "typed\n"))

    assert missing.stderr.startswith("Without a value here: PEPPER. Put PEPPER=... into secrets.env beside hookd.toml")
    assert shown(given.stdout)["Console"] == "info   pepper is [secret]"
    assert (given.stderr, shown(filed.stdout)["Claims"]) == ("", "https://a/n  7")
    assert "Value: \n" in typed.stdout
    assert ("https://a/n  5" in typed.stdout, "typed" in typed.stdout) == (True, False)


def test_typescript_and_the_other_points_are_run_too(hookd, tmp_path):
    """A user who registers: what goes into the user."""
    script = "interface U { email: string }\nexport default async (user: U) => ({ user: { app_metadata: { plan: user.email } } });"
    rows = shown(hookd("run", write(tmp_path, script, "hook.ts"), "--trigger", "pre-user-registration").stdout)

    assert rows["User"] == 'app_metadata  {"plan": "ada@example.com"}'


def test_the_node_engine_runs_it_where_it_is_asked_for(hookd, tmp_path):
    """By the option, or by the project's hookd.toml; with what only V8 has."""
    hookd("init", "mine")
    (tmp_path / "mine/hook.js").write_text("module.exports = async () => ({ 'https://a/b': typeof WebAssembly });")
    (tmp_path / "mine/hookd.toml").write_text('engine = "node"\n' + (tmp_path / "mine/hookd.toml").read_text())
    node = shown(hookd("run", "mine").stdout)
    wasm = shown(hookd("run", "mine", "--engine", "wasm").stdout)

    assert (node["Engine"], node["Claims"]) == ("node", 'https://a/b  "object"')
    assert (wasm["Engine"], wasm["Claims"]) == ("wasm", 'https://a/b  "undefined"')


def test_an_installed_command_takes_a_request_from_the_standard_input(installed, tmp_path):
    """As a process of its own."""
    write(tmp_path, "module.exports = async (client) => ({ 'https://a/id': client.id });")
    request = json.dumps({**sample(POINT), "client": {"id": "from-stdin"}})
    done = installed("run", "hook.js", "-", "--trigger", POINT, "--json", stdin=request)

    assert done.json["claims"] == {"https://a/id": "from-stdin"}


@pytest.mark.parametrize(
    "arguments, stderr",
    [
        (("absent",), "There is no file and no folder absent: name a hook, such as hook.js, or its folder."),
        (("hook.js", "--trigger", POINT, "wrong.json"), "In the request: 'client' must be an object, not array."),
        (("modules.js", "--trigger", POINT), "The version 'file:..' of the module 'a' is none of a registry"),
        (
            ("hook.js", "--trigger", POINT, "--secret", "x=not-to-be-seen"),
            "A value on the command line is seen by others",
        ),
        (
            ("hook.js", "--trigger", POINT, "-", "--secret", "x"),
            "The standard input has the request, and no value of x.",
        ),
        (
            ("hook.js", "--trigger", POINT, "--config", "absent.toml"),
            "There is no file absent.toml; config.example.toml",
        ),
    ],
)
def test_what_is_wrong_is_said(hookd, tmp_path, arguments, stderr):
    """One sentence, and what to do; never a secret's value."""
    write(tmp_path, "module.exports = async () => ({});")
    write(tmp_path, "require('a@file:../x');", "modules.js")
    (tmp_path / "wrong.json").write_text('{"client": [], "audience": "a"}')
    done = hookd("run", *arguments, stdin='{"client": {}}')

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"hookd: {stderr}")
    assert "not-to-be-seen" not in done.stderr
