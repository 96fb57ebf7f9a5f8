"""What hooks answer, by hookd over HTTP and by the vendor's own code: the same, word for word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.web.conftest import REQUEST, Api, api, hook_of, settings
from tests.webtask.conftest import node

__all__ = ["api", "settings"]

USER = {"user": {"email": "a"}, "context": {"connection": {}}}
EXCHANGE = [
    "cb(null, { scope })",
    "cb()",
    "cb(null)",
    "cb(undefined, undefined)",
    "cb(null, null)",
    "cb(null, 0)",
    "cb(null, '')",
    "cb(null, [undefined, () => 1])",
    "cb(null, { date: new Date(0), toJSON: undefined, nan: NaN })",
    "cb('', { a: 1 })",
    "cb(0, { a: 1 })",
    "cb(false)",
    "cb(new Error('no'))",
    "cb(new Error(''))",
    "cb(new Error())",
    "cb(new TypeError('no'))",
    "cb(new ServerError('no'))",
    "cb(new InvalidScopeError('no'))",
    "cb(new InvalidRequestError('no'))",
    "cb(new ExtensibilityUserError('no'))",
    "cb(Object.assign(new Error('no'), { code: 1, statusCode: 403, detail: { a: [1, null] } }))",
    "const e = new Error('no'); e.name = 'Mine'; cb(e)",
    "class Mine extends Error {} cb(new Mine('no'))",
    "cb('text')",
    "cb(7)",
    "cb({ message: 'm', name: 'N', x: 1 })",
    "const a = {}; a.a = a; cb(null, a)",
    "cb(null, 1n)",
    "cb(null, { toJSON() { throw new Error('x'); } })",
    "Promise.resolve().then(() => cb(null, { later: 1 }))",
    "throw new TypeError('boom')",
]
REGISTRATION = ["cb()", "cb(null, null)", "cb(null, '')", "cb(null, 'x')", "cb(null, { user: {} })"]
REGISTRATION += ["cb(new PreUserRegistrationError('a', 'b'))", "cb(new PreUserRegistrationError('a'))"]
BROKEN = ["throw new RangeError('at load')", "module.exports = 1", "nothing.at.all", "(", "throw 1"]


def error(**data: Any) -> tuple[int, Any]:
    """An envelope."""
    return 200, {"status": "error", "data": data}


NOT_COMPILED = "Unable to compile the extensibility code as javascript"
DIFFERENT = {
    # There always is a message.
    hook_of("cb(new Error())"): error(stack="Error", message=""),
    # In words of our own.
    "module.exports = 1": (500, "TypeError: module.exports is not a function."),
    "(": error(stack=f"SyntaxError: {NOT_COMPILED}", message=NOT_COMPILED, error_description="Unexpected end of input"),
    # The vendor's code crashes where what is thrown is no error.
    "throw 1": error(stack=f"Error: {NOT_COMPILED}", message=NOT_COMPILED, error_description="1"),
}
COMPILERS = {"credentials-exchange": "client-credentials-exchange"}


def plain(answer: dict[str, Any]) -> Any:
    """Without what engines say in words of their own: all of a stack but its first line, errors that the engine throws."""
    if "crashed" in answer:
        return 500, answer["crashed"]
    if answer["status"] == 500:
        return 500, answer["body"]["details"]
    body = dict(answer["body"])
    if body["status"] == "error":
        body["data"] = dict(body["data"], stack=body["data"]["stack"].split("\n")[0])
    return answer["status"], body


async def ours(api: Api, script: str, trigger: str, body: Any, number: int) -> dict[str, Any]:
    """What hookd answers."""
    name = f"hook-{number}"
    await api.create(script, trigger, name=name, enabled=False)
    async with api.client.post(f"{api.url}/api/run/acme/{name}", json=body, headers=api.headers) as answer:
        return {"status": answer.status, "body": await answer.json()}


async def test_the_vendors_code_answers_the_same(api: Api, package: Path):
    """Values that are no JSON, errors of all kinds, code that does not load; `DIFFERENT` says where we differ, and how."""
    cases = [("credentials-exchange", hook_of(body), REQUEST) for body in EXCHANGE]
    cases += [("pre-user-registration", hook_of(body, "user, context, cb"), USER) for body in REGISTRATION]
    cases += [("credentials-exchange", script, REQUEST) for script in BROKEN]
    asked = [
        {"compiler": COMPILERS.get(trigger, trigger), "script": script, "body": body} for trigger, script, body in cases
    ]

    vendors = await node(package, "test/vendor.js", stdin=asked)

    differing = {}
    for number, ((trigger, script, body), theirs) in enumerate(zip(cases, vendors, strict=True)):
        mine = plain(await ours(api, script, trigger, body, number))
        if mine != plain(theirs):
            differing[script] = mine
    assert differing == DIFFERENT
