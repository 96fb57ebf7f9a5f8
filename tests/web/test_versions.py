"""Versions, their diffs, rollback and the test run, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.ulid import Ulids
from tests.web.conftest import REQUEST, USER, Answer, Api, hook_of, token

HOOKS = "/api/v1/hooks"
ABSENT = f"{HOOKS}/{Ulids().new(0)}"


def says(word: str) -> str:
    """A hook that puts this word into the token."""
    return hook_of(f"cb(null, {{'https://a/word': '{word}'}})")


async def deploy(api: Api, hook: dict[str, Any], **change: Any) -> dict[str, Any]:
    answer = await api.call("PATCH", f"/api/v2/hooks/{hook['id']}", change)
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


async def ask(api: Api, method: str, path: str, body: Any) -> Answer:
    """A call whose path may have one query parameter in it."""
    path, _, query = path.partition("?")
    return await api.call(method, path, body, **(dict([query.split("=")]) if query else {}))


async def word(api: Api) -> object:
    """What the enabled hook says now."""
    return (await api.execute())["claims"].get("https://a/word")


async def test_every_deploy_is_a_version(api: Api):
    """Newest first. A change of the name is none; the same source again is one, with the id that it had."""
    hook = await api.create(says("one"))
    await deploy(api, hook, name="renamed")
    await deploy(api, hook, script=says("two"))
    await deploy(api, hook, script=says("two"))
    await deploy(api, hook, script=says("one"))

    answer = await api.call("GET", f"{HOOKS}/{hook['id']}/versions")

    rows = answer.body["versions"]
    assert [row["number"] for row in rows] == [3, 2, 1]
    assert rows[0]["id"] == rows[2]["id"] != rows[1]["id"]
    assert rows[0]["at"] >= rows[2]["at"]
    assert (await api.execute())["execution"]["version"] == rows[0]["id"]


async def test_a_version_is_read_by_its_number(api: Api):
    """Source and dependencies as they were deployed."""
    hook = await api.create(says("one"), dependencies={"lodash": "4.17.21"})
    await deploy(api, hook, script=says("two"), dependencies={})

    first, second = [(await api.call("GET", f"{HOOKS}/{hook['id']}/versions/{number}")).body for number in (1, 2)]

    assert (first["script"], first["dependencies"]) == (says("one"), {"lodash": "4.17.21"})
    assert (second["number"], second["script"], second["dependencies"]) == (2, says("two"), {})


async def test_a_diff_is_from_one_version_to_another_or_to_the_newest(api: Api):
    """A unified diff of the script, and the dependencies by name."""
    hook = await api.create("// a\n" + says("one"), dependencies={"lodash": "4.17.20", "uuid": "9.0.0"})
    await deploy(api, hook, script="// b\n" + says("one"), dependencies={"lodash": "4.17.21"})
    await deploy(api, hook, script="// c\n" + says("one"))
    path = f"{HOOKS}/{hook['id']}/versions"

    assert (await api.call("GET", f"{path}/1/diff", to="2")).body == {
        "from": 1,
        "to": 2,
        "script": f"--- version 1\n+++ version 2\n@@ -1,2 +1,2 @@\n-// a\n+// b\n {says('one')}\n",
        "dependencies": {
            "added": {},
            "removed": {"uuid": "9.0.0"},
            "changed": {"lodash": {"from": "4.17.20", "to": "4.17.21"}},
        },
    }
    newest = (await api.call("GET", f"{path}/2/diff")).body
    assert newest["to"] == 3
    assert "+// c" in newest["script"]
    assert (await api.call("GET", f"{path}/3/diff")).body["script"] == ""


async def test_a_rollback_is_a_deploy_of_what_was(api: Api):
    """In force for the next request, with a number of its own; and back again."""
    hook = await api.create(says("one"))
    await deploy(api, hook, script=says("two"))
    assert await word(api) == "two"

    answer = await api.call("POST", f"{HOOKS}/{hook['id']}/rollback", {"version": 1})

    assert (answer.status, answer.body["script"], answer.body["enabled"]) == (200, says("one"), True)
    assert await word(api) == "one"
    rows = (await api.call("GET", f"{HOOKS}/{hook['id']}/versions")).body["versions"]
    assert [row["number"] for row in rows] == [3, 2, 1]
    await api.call("POST", f"{HOOKS}/{hook['id']}/rollback", {"version": 2})
    assert await word(api) == "two"


async def test_an_enabled_hook_is_not_rolled_back_to_what_does_not_load(api: Api):
    """The rule of every deploy; a disabled one is, with the warning."""
    hook = await api.create("not javascript", enabled=False)
    await deploy(api, hook, script=says("two"))
    back = f"{HOOKS}/{hook['id']}/rollback", {"version": 1}

    disabled = await api.call("POST", *back)
    assert disabled.status == 200
    assert "does not load" in disabled.headers["X-Hook-Warning"]
    await deploy(api, hook, script=says("two"), enabled=True)
    refused = await api.call("POST", *back)

    assert (refused.status, refused.body["errorCode"]) == (400, "invalid_body")
    assert await word(api) == "two"


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("GET", "versions/9", None, "The hook has no version 9, or no longer has it."),
        ("GET", "versions/1/diff?to=9", None, "The hook has no version 9, or no longer has it."),
        ("POST", "rollback", {"version": 9}, "The hook has no version 9, or no longer has it."),
        ("POST", "test", {"version": 9}, "The hook has no version 9, or no longer has it."),
    ],
)
async def test_a_version_that_is_not_there_is_a_404(api: Api, method, path, body, message):
    """With its number; a hook that is not there is one too, before that."""
    hook = await api.create(says("one"))
    answer = await ask(api, method, f"{HOOKS}/{hook['id']}/{path}", body)
    assert (answer.status, answer.body["message"]) == (404, message)
    absent = await ask(api, method, f"{ABSENT}/{path}", body)
    assert (absent.status, absent.body["errorCode"]) == (404, "HookDoesNotExist")


@pytest.mark.parametrize(
    ("method", "path", "body", "names"),
    [
        ("GET", "versions/0", None, ["number", "0"]),
        ("GET", "versions/x", None, ["number", "x"]),
        ("GET", "versions/1/diff?to=0", None, ["to", "less than minimum 1"]),
        ("GET", "versions?page=1", None, ["page", "known are: none"]),
        ("POST", "rollback", {}, ["version", "Missing"]),
        ("POST", "rollback", {"version": "1"}, ["version", "integer", "string"]),
        ("POST", "rollback", {"version": True}, ["version", "integer", "boolean"]),
        ("POST", "rollback", {"version": 0}, ["version", "not between 1"]),
        ("POST", "rollback", [], ["object", "array"]),
        ("POST", "test", {"version": 1, "script": "x"}, ["Only one of version and script"]),
        ("POST", "test", {"request": 1}, ["request", "object", "integer"]),
        ("POST", "test", {"request": {"client": 1}}, ["client", "object", "number"]),
        ("POST", "test", {"script": ""}, ["script", "too short"]),
        ("POST", "test", {"enabled": True}, ["enabled", "not allowed"]),
    ],
)
async def test_bad_input_is_a_400_that_names_it(api: Api, method, path, body, names):
    """Field, rule and what was given. The list has no pages: there are fifty versions at most."""
    hook = await api.create(says("one"))
    answer = await ask(api, method, f"{HOOKS}/{hook['id']}/{path}", body)
    assert answer.status == 400, answer.body
    for name in names:
        assert name in answer.body["message"]


async def test_another_tenants_hook_is_not_there(api: Api):
    """For none of the routes."""
    hook = await api.create(says("one"))
    other = api.with_token(token("other"))
    for method, path, body in (
        ("GET", "versions", None),
        ("GET", "versions/1", None),
        ("GET", "versions/1/diff", None),
        ("POST", "rollback", {"version": 1}),
        ("POST", "test", {}),
    ):
        answer = await other.call(method, f"{HOOKS}/{hook['id']}/{path}", body)
        assert (answer.status, answer.body["errorCode"]) == (404, "HookDoesNotExist")


async def test_a_test_run_answers_what_issuance_would(api: Api):
    """The same request, hook and secrets: the same decision, less the run's own figures."""
    body = """
      console.log('plan', client.metadata.plan, context.webtask.secrets.KEY);
      cb(null, {scope: scope.concat('extra'), sub: 'x', 'https://a/ip': context.ip});"""
    hook = await api.create(hook_of(body))
    await api.call("POST", f"/api/v2/hooks/{hook['id']}/secrets", {"KEY": "hunter22"})

    tested = await api.call("POST", f"{HOOKS}/{hook['id']}/test", {"request": REQUEST})

    decision = await api.execute()
    del decision["execution"]
    run = tested.body.pop("run")
    assert tested.body == {"request": REQUEST, **decision}
    assert [line["text"] for line in run["console"]] == ["plan undefined [secret]"]
    assert run["memory_bytes"] > 0


async def test_a_test_run_is_not_recorded_and_enables_nothing(api: Api):
    """Nor does it change what the next token request runs."""
    hook = await api.create(says("one"), enabled=False)

    tested = await api.call("POST", f"{HOOKS}/{hook['id']}/test", {})

    assert tested.body["claims"] == {"https://a/word": "one"}
    assert (await api.execute())["execution"] is None
    assert (await api.call("GET", "/api/v1/logs")).body["executions"] == []


async def test_a_draft_and_an_old_version_can_be_tested(api: Api):
    """Without being deployed."""
    hook = await api.create(says("one"))
    await deploy(api, hook, script=says("two"))
    path = f"{HOOKS}/{hook['id']}/test"

    words = [
        (await api.call("POST", path, body)).body["claims"]["https://a/word"]
        for body in ({}, {"version": 1}, {"script": says("draft")})
    ]

    assert words == ["two", "one", "draft"]
    assert await word(api) == "two"
    assert len((await api.call("GET", f"{HOOKS}/{hook['id']}/versions")).body["versions"]) == 2


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("syntax error", "source_rejected"),
        (hook_of("throw new Error('x')"), "threw"),
        (hook_of("for(;;);"), "cpu_limit"),
    ],
)
async def test_a_draft_that_breaks_says_how(api: Api, script, code):
    """An answer with the fault, as at issuance."""
    hook = await api.create(says("one"))
    tested = await api.call("POST", f"{HOOKS}/{hook['id']}/test", {"script": script})
    assert (tested.status, tested.body["decision"], tested.body["hook_error"]["code"]) == (200, "deny", code)


@pytest.mark.parametrize(
    ("script", "place"),
    [
        ("let a;\nlet a;", "hook.js:2:"),
        ("module.exports = function () {\n", "hook.js:2:"),
        ("const a: number = 1;\n\nexport default function (a: string, {", "hook.js:3:"),
    ],
)
async def test_a_draft_that_does_not_load_says_where(api: Api, script, place):
    """Whoever found it, the engine, the end of the source or TypeScript's reader: the stack has the line."""
    hook = await api.create(says("one"))
    tested = await api.call("POST", f"{HOOKS}/{hook['id']}/test", {"script": script})

    assert tested.body["hook_error"]["code"] == "source_rejected"
    assert place in tested.body["hook_error"]["stack"]


async def test_the_sample_fits_its_extensibility_point(api: Api):
    """With a user where there is one, shown in the answer, the same each time."""
    script = hook_of("cb(null, {'https://a/user': user.id})", "user, client, scope, audience, context, cb")
    hook = await api.create(script, "password-exchange")
    path = f"{HOOKS}/{hook['id']}/test"

    tested, again = await api.call("POST", path, {}), await api.call("POST", path, {})
    own = await api.call("POST", path, {"request": {**REQUEST, "user": USER}})

    assert tested.body["claims"] == {"https://a/user": tested.body["request"]["user"]["id"]}
    assert again.body["request"] == tested.body["request"]
    assert own.body["claims"] == {"https://a/user": USER["id"]}


async def test_the_scopes_are_those_of_the_hooks(api: Api):
    """Reading reads; what runs the hook with its secrets takes who may change it."""
    hook = await api.create(says("one"))
    reader = api.with_token(token(scope="read:hooks"))
    assert (await reader.call("GET", f"{HOOKS}/{hook['id']}/versions")).status == 200
    for path, body in (("rollback", {"version": 1}), ("test", {})):
        assert (await reader.call("POST", f"{HOOKS}/{hook['id']}/{path}", body)).status == 403
