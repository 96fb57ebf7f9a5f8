"""hookd.d.ts, with the real TypeScript compiler: good sources pass, wrong ones fail where they are wrong."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from runtime.cli.project import Project
from runtime.cli.starters import source_of, starter_files
from runtime.model import Answer
from runtime.sandbox.pool import open_sandbox
from runtime.settings import LimitSettings, SandboxSettings
from runtime.triggers import TRIGGERS
from tests.installed import NODE
from tests.types.conftest import MODULES, NARROW, STYLES, TYPES, Check, complaints

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
    "a blob as a body": (CREDENTIALS, "async () => {\n  await fetch('https://example.com', { body: new Blob(['a']) });\n}", 2, "TS2322"),
    "no way out of the process": (CREDENTIALS, HOOK % "process.exit();", 2, "TS2339"),
    "an encoding that there is not": (CREDENTIALS, HOOK % "Buffer.from('a', 'utf7');", 2, "TS2769"),
    "no files": (CREDENTIALS, HOOK % "require('fs');", 2, "TS2307"),
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


def test_a_project_folder_knows_the_globals(compiler: Path, tmp_path: Path):
    """One of `hookd init --typescript`, by its own tsconfig.json."""
    for name, text in starter_files(Project(folder=tmp_path, name="a", trigger="credentials-exchange", main="hook.ts")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    shutil.copy(HERE / "good/globals.ts", tmp_path / "hook.ts")

    assert complaints(compiler, tmp_path, "--project", ".", "--pretty", "false") == []


GUEST = """// PreUserRegistrationError and SendPhoneMessageError are there for who names them
module.exports = (declared, modules, cb) => {
  const samples = { Request: new Request('https://a.example'), Response: Response.json(1), Buffer: Buffer.from([1]) };
  for (const name of Object.keys(declared)) if (name.endsWith('Error')) samples[name] = new (eval(name))('a');
  const chain = (of) => of && of !== Object.prototype ? [...Object.getOwnPropertyNames(of), ...chain(Object.getPrototypeOf(of))] : [];
  const absent = [], undeclared = {};
  for (const [name, { kind, own, members }] of Object.entries(declared)) {
    const value = eval(name);
    const made = samples[name] ?? value.prototype;
    if (typeof value !== kind) absent.push(name);
    if (name === 'exports' || name === 'global') continue;
    absent.push(...own.filter((one) => !(one in value)).map((one) => `${name}.${one}`));
    absent.push(...members.filter((one) => !(one in made)).map((one) => `${name}#${one}`));
    undeclared[name] = [
      ...(kind === 'object' ? chain(value) : Object.getOwnPropertyNames(value).filter((one) => one !== 'name')).filter((one) => !own.includes(one)),
      ...(members.length ? chain(made).filter((one) => !members.includes(one)) : []),
    ];
  }
  const unknown = modules.filter((name) => { try { require(name); } catch { return true; } });
  cb(null, [absent, unknown, Object.getOwnPropertyNames(globalThis), undeclared]);
};"""
BEYOND = {"AsyncDisposableStack", "DisposableStack", "Float16Array", "InternalError", "Iterator", "SuppressedError"}
"""Globals of the engine that are newer than ES2023, or nobody's but its own."""
WHOLE = {"AbortController", "AbortSignal", "Blob", "Crypto", "CryptoKey", "EventTarget", "File", "Headers", "Response", "SubtleCrypto",
         "TextDecoder", "TextEncoder", "URL", "URLSearchParams", "console", "crypto", "module", "performance"}  # fmt: skip
"""Of these the file has all; of others what hooks have a use for."""


async def test_the_globals_are_those_of_the_guest(compiler: Path, engine_cache: Path):
    """What the files declare is there, of the kind that they say, with its members; and what is there is declared."""
    declared = declarations_of(compiler)
    languages_own = set(declared.pop(""))
    modules = re.findall(r"^declare module '(.+)';", MODULES.read_text(), re.MULTILINE)
    sandbox = await open_sandbox(SandboxSettings(cache_directory=str(engine_cache), threads=1))
    program = sandbox.load(await sandbox.make_image(GUEST))
    run = await sandbox.run(program, orjson.dumps([declared, modules]), LimitSettings().limits())
    await sandbox.close()

    assert isinstance(run.outcome, Answer), run.outcome
    answer: Any = run.outcome.value
    absent, unknown, names, undeclared = answer
    kept_from = {
        "constructor",
        "length",
        "prototype",
        "id",
        "paths",
        "filename",
        "loaded",
        "children",
        "parent",
        "path",
    }
    assert (absent, unknown) == ([], [])
    assert set(names) - declared.keys() - languages_own == BEYOND
    assert {name: more for name in WHOLE if (more := set(undeclared[name]) - kept_from)} == {}
    assert {*library_modules(), *(f"node:{name}" for name in library_modules())} == set(modules)


def declarations_of(compiler: Path) -> dict[str, Any]:
    """As globals.mjs says."""
    command = [NODE, HERE / "globals.mjs", compiler.parents[1], TYPES]
    return dict(orjson.loads(subprocess.run(command, capture_output=True, check=True).stdout))


def library_modules() -> tuple[str, ...]:
    """Those of Node's modules that the guest is built with."""
    spec = importlib.util.spec_from_file_location("guest_library", TYPES.parents[1] / "guest/library.py")
    assert spec is not None
    assert spec.loader is not None
    library = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(library)
    return tuple(library.PUBLIC)
