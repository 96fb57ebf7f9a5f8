"""What the editor says of scripts: its compiler, as it is built, in Node."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.dashboard.conftest import DASHBOARD
from tests.installed import NODE

HERE = Path(__file__).parent
HOOKS = DASHBOARD.parents[1] / "hooks"
TOKEN, LOGIN, SIGN_UP = "credentials-exchange", "password-exchange", "pre-user-registration"
URL = 'plan: a claim\'s name is a URL, such as "https://example.com/plan". Others are dropped.'

Said: TypeAlias = tuple[str, list[tuple[str, str, str]]]

GOOD = [
    (TOKEN, "var token = {}; module.exports = (a, scope, c, d, cb) => { token.scope = scope; cb(null, token); };"),
    (TOKEN, "module.exports = async () => { throw new InvalidScopeError('no'); };"),
    (TOKEN, "const ms = require('ms'), { createHash } = require('crypto'); module.exports = (a, b, c, d, cb) => cb();"),
    (
        TOKEN,
        "import ms from 'ms'; export default async (client, scope) => ({ scope, 'https://a.example/b': ms('1h') });",
    ),
    (
        TOKEN,
        "module.exports = async () => ({ 'https://a.example/b': (await (await fetch('https://a.example')).json()).c });",
    ),
    (TOKEN, "/** @param {any} client */ module.exports = async (client) => ({ plan: client.anything });"),
    (TOKEN, "module.exports = () => ({ 'https://a.example/b': Buffer.from('a').toString('hex') + process.env.A });"),
    (
        LOGIN,
        "exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim('https://a.example/b', 1); };",
    ),
]

WRONG = [
    ((TOKEN, "module.exports = (a, scope, c, d, cb) => cb(null, { scope, plan: 1 });"), URL, "plan"),
    ((TOKEN, "module.exports = async (client, scope) => { return { scope, plan: 1 }; };"), URL, "plan"),
    ((TOKEN, "module.exports = async function (client, scope) { return { scope, plan: 1 }; };"), URL, "plan"),
    ((TOKEN, "function hook(a, scope, c, d, cb) { cb(null, { plan: 1 }); }\nmodule.exports = hook;"), URL, "plan"),
    ((TOKEN, "export default async (client, scope) => ({ scope, plan: client.id as string });"), URL, "plan"),
    ((LOGIN, "module.exports = (u, c, s, a, d, cb) => cb(null, { idToken: { plan: 1 } });"), URL, "plan"),
    (
        (LOGIN, "exports.onExecutePostLogin = async (event, api) => { api.accessToken.setCustomClaim('plan', 1); };"),
        URL,
        "'plan'",
    ),
    (
        (LOGIN, "export const onExecutePostLogin = async (event, api) => { event.usr; };"),
        "Property 'usr' does not exist on type 'PostLoginEvent'. Did you mean 'user'?",
        "usr",
    ),
    (
        (SIGN_UP, "module.exports = (user, context, cb) => cb(new PreUserRegistrationError('a', user.mail));"),
        "Property 'mail' does not exist on type 'NewUser'. Did you mean 'email'?",
        "mail",
    ),
]


BROKEN = [
    ("module.exports = (client, {", "JavaScript"),
    ("function (", "JavaScript"),
    ("interface A { b: string }\nexport default function (a: A, {", "TypeScript"),
]


def trigger_of(hook: Path) -> str:
    """The extensibility point, as a case names it."""
    return str(json.loads(next((hook / "cases").iterdir()).read_text())["trigger"])


EXAMPLES = [(trigger_of(hook), (hook / "hook.js").read_text()) for hook in sorted(HOOKS.iterdir()) if hook.is_dir()]


@pytest.fixture(scope="module")
def said(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Said]:
    """What is wrong with each of the scripts, all of them looked at in one process: it takes seconds to start."""
    worker = tmp_path_factory.mktemp("compiler") / "service.worker.js"
    (built,) = artifact.glob("service.worker-*.js.gz")
    worker.write_bytes(gzip.decompress(built.read_bytes()))
    # One extensibility point after the other, for each has a compiler of its own.
    scripts = sorted([*EXAMPLES, *GOOD, *(one for one, _, _ in WRONG), *((TOKEN, one) for one, _ in BROKEN)])
    command = [NODE, HERE / "compiler.mjs", worker]
    done = subprocess.run(command, input=json.dumps(scripts), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    answers = [(language, [tuple(one) for one in found]) for language, found in json.loads(done.stdout)]
    return dict(zip(scripts, answers, strict=True))


def test_what_is_right_is_let_be(said):
    """All examples, hooks and Actions in both languages, with and without modules."""
    assert [(script, said[script][1]) for script in (*EXAMPLES, *GOOD) if said[script][1]] == []


def test_mistakes_are_told_where_they_are(said):
    """Though nobody wrote a type: what a hook is called with, and what it may answer, is known by its extensibility point."""
    assert [[("warning", message, text)] for _, message, text in WRONG] == [said[script][1] for script, _, _ in WRONG]


def test_what_does_not_load_is_an_error(said):
    """Of the language that it is meant to be in; types are not looked at then."""
    answers = [said[TOKEN, script] for script, _ in BROKEN]

    assert [language for _, language in BROKEN] == [language for language, _ in answers]
    assert [{"error"}] * len(BROKEN) == [{severity for severity, _, _ in found} for _, found in answers]
