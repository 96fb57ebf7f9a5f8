"""hookd.d.ts, with the real TypeScript compiler: good sources pass, wrong ones fail where they are wrong."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import orjson
import pytest

from runtime.cli.starters import source_of
from runtime.model import Answer
from runtime.sandbox.pool import open_sandbox
from runtime.settings import LimitSettings, SandboxSettings
from runtime.triggers import TRIGGERS
from tests.types.conftest import NARROW, STYLES, TYPES, Check

HERE = Path(__file__).parent
HOOKS = sorted((HERE.parents[1] / "hooks").glob("*/hook.js"))

# A source of one kind of hook, and what the compiler says of it: the line, and the code of its error.
CREDENTIALS, PASSWORD, SIGN_UP = "CredentialsExchange", "PasswordExchange", "PreUserRegistration"
ACTION, LOGIN = "OnExecuteCredentialsExchange", "OnExecutePostLogin"
HOOK = "(client, scope, audience, context, cb) => {\n  %s\n}"
WRONG = {
    # a hook's answer
    "a claim without a namespace": (CREDENTIALS, HOOK % "cb(null, { scope, plan: 'gold' });", 2, "TS2353"),
    "a claim of a telephone": (CREDENTIALS, HOOK % "cb(null, { 'tel:plan': 'gold' });", 2, "TS2353"),
    "a scope that is text": (CREDENTIALS, HOOK % "cb(null, { scope: 'read write' });", 2, "TS2322"),
    "an answer in place of the error": (CREDENTIALS, HOOK % "cb({ scope });", 2, "TS2353"),
    "a number for an error": (CREDENTIALS, HOOK % "cb(403);", 2, "TS2345"),
    "an answer too many": (CREDENTIALS, HOOK % "cb(null, {}, 1);", 2, "TS2554"),
    "a returned scope that is text": (CREDENTIALS, "async (client) => ({ scope: client.id })", 1, "TS2322"),
    "a token that is none": (PASSWORD, "(u, c, s, a, x, cb) =>\n  cb(null, { access_token: {} })", 2, "TS2353"),
    "an ID token's claim without a namespace": (PASSWORD, "(u, c, s, a, x, cb) =>\n  cb(null, { idToken: { a: 1 } })", 2, "TS2353"),
    "a user's field that can not be set": (SIGN_UP, "(user, context, cb) =>\n  cb(null, { user: { email: 'a' } })", 2, "TS2353"),
    # what it is called with
    "a client's field": (CREDENTIALS, HOOK % "console.log(client.client_id);", 2, "TS2339"),
    "text as a function": (CREDENTIALS, HOOK % "audience();", 2, "TS2349"),
    "a secret is text": (CREDENTIALS, HOOK % "context.secrets.KEY.push(1);", 2, "TS2339"),
    "a kind of message that there is not": ("SendPhoneMessage", "(to, text, context) => {\n  if (context.message_type === 'fax') return;\n}", 2, "TS2367"),
    "a message's user has an id of its own name": ("SendPhoneMessage", "(to, text, { user }) => {\n  user.id;\n}", 2, "TS2339"),
    # globals
    "an error class that there is not": (CREDENTIALS, HOOK % "cb(new AccessDeniedError('no'));", 2, "TS2304"),
    "no DOM": (CREDENTIALS, HOOK % "window.alert(1);", 2, "TS2304"),
    "no fetch": (CREDENTIALS, "async () => {\n  await fetch('https://example.com');\n}", 2, "TS2304"),
    "no process": (CREDENTIALS, HOOK % "process.exit();", 2, "TS2580"),
    "no Buffer": (CREDENTIALS, HOOK % "Buffer.from('a');", 2, "TS2580"),
    "no console.table": (CREDENTIALS, HOOK % "console.table([]);", 2, "TS2339"),
    "no module of npm": (CREDENTIALS, HOOK % "require('lodash');", 2, "TS2307"),
    # Actions
    "a code that there is not": (ACTION, "async (event, api) => {\n  api.access.deny('access_denied', 'no');\n}", 2, "TS2345"),
    "a reason in place of the code": (ACTION, "async (event, api) => {\n  api.access.deny('go away');\n}", 2, "TS2345"),
    "a method that there is not": (ACTION, "async (event, api) => {\n  api.accessToken.setClaim('https://a/b', 1);\n}", 2, "TS2339"),
    "a room that hookd has not": (LOGIN, "async (event, api) => {\n  api.multifactor.enable('any');\n}", 2, "TS2339"),
    "an Action's claim without a namespace": (ACTION, "async (event, api) => {\n  api.accessToken.setCustomClaim('plan', 1);\n}", 2, "TS2345"),
    "no ID token at this point": (ACTION, "async (event, api) => {\n  api.idToken.setCustomClaim('https://a/b', 1);\n}", 2, "TS2339"),
    "no user at this point": (ACTION, "async (event) => {\n  event.user;\n}", 2, "TS2339"),
    "a cache of numbers": (ACTION, "async (event, api) => {\n  api.cache.set('a', 1);\n}", 2, "TS2345"),
    "a cache's unknown option": (ACTION, "async (event, api) => {\n  api.cache.set('a', 'b', { seconds: 1 });\n}", 2, "TS2353"),
    "nothing to be denied": ("OnExecutePostChangePassword", "async (event, api) => {\n  api.access.deny('no');\n}", 2, "TS2339"),
}  # fmt: skip


@pytest.mark.parametrize("options", [NARROW, ()], ids=["alone", "with the DOM's types"])
def test_good_sources_pass(check: Check, folder: Path, options: tuple[str, ...]):
    """Both styles of all six extensibility points, in JavaScript and in TypeScript; also where an editor adds the DOM."""
    for source in (HERE / "good").iterdir():
        shutil.copy(source, folder)
    for trigger in TRIGGERS:  # and what `hookd init` begins with
        (folder / f"starter-{trigger}.js").write_text(source_of(trigger, is_typescript=False))
        (folder / f"starter-{trigger}.ts").write_text(source_of(trigger, is_typescript=True))

    assert check(*options) == []


def test_the_examples_pass(check: Check, folder: Path):
    """Each hook of hooks/ with the comment that names its type, where it has none itself."""
    for source in HOOKS:
        text = source.read_text()
        if "import('./hookd')" not in text:
            case = orjson.loads(next((source.parent / "cases").glob("*.json")).read_bytes())
            comment = f"/** @type {{import('./hookd').{STYLES[case['trigger']]}}} */"
            text = text.replace("module.exports =", f"{comment} module.exports =")
        (folder / f"{source.parent.name}.js").write_text(text)

    assert len(HOOKS) >= 6
    assert check(*NARROW) == []


def test_wrong_sources_fail_where_they_are_wrong(check: Check, folder: Path):
    """With the line and the code of the error; each of them with one."""
    for number, (kind, source, _, _) in enumerate(WRONG.values()):
        export = "exports.on" if kind.startswith("On") else "module.exports"
        text = f"/** @type {{import('./hookd').{kind}}} */ {export} = {source};"
        (folder / f"{number:02}.js").write_text(text)
    expected = {name: [(line, code)] for name, (_, _, line, code) in WRONG.items()}
    said = check(*NARROW)
    found = {
        name: [(line, code) for file, line, code in said if file == f"{number:02}.js"]
        for number, name in enumerate(WRONG)
    }

    assert expected == found


def test_every_extensibility_point_has_both_styles():
    """As the table of triggers has them, with the parameters in their order."""
    text = TYPES.read_text()
    found = {
        name: re.findall(rf"/\*\*(?: |\n \* ){trigger}: .*?\*/\nexport type {name} = \((.*?)\) =>", text, re.DOTALL)
        for trigger, name in STYLES.items()
    }
    parameters = {name: re.findall(r"(?:^|, )\s*(\w+): ", part, re.MULTILINE) for name, (part,) in found.items()}
    actions = re.findall(r"^export type (OnExecute\w+) =", text, re.MULTILINE)

    assert parameters == {STYLES[name]: [*trigger.parameters, "cb"] for name, trigger in TRIGGERS.items()}
    assert len(actions) == len(TRIGGERS)
    assert [name for name in actions if f"o{name[1:]}?: {name};" not in text] == []


GLOBALS = """// PreUserRegistrationError and SendPhoneMessageError are there for who names them
module.exports = (names, cb) => cb(null, [names.map((name) => eval(`typeof ${name}`)), Object.keys(console)]);"""


async def test_the_globals_are_those_of_the_guest(engine_cache: Path):
    """What the file declares is there, of the kind it says; the console's methods are all that it has."""
    text = TYPES.read_text()
    declared = {name: kind for kind, name in re.findall(r"^  (var|function|class) (\w+)", text, re.MULTILINE)}
    console = re.findall(
        r"^    (\w+)\(", text[text.index("interface Console") : text.index("var console")], re.MULTILINE
    )
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), threads=1))
    program = sandbox.load(await sandbox.make_image(GLOBALS))
    run = await sandbox.run(program, orjson.dumps([list(declared)]), LimitSettings().limits())
    await sandbox.close()

    kinds = ["object" if kind == "var" else "function" for kind in declared.values()]
    assert run.outcome == Answer([kinds, console])
