"""TypeScript over HTTP: uploaded, shown, enabled, run, tested and rolled back as it was written."""

from __future__ import annotations

from tests.web.conftest import Api, hook_of

FIRST = """interface Client { id: string; name: string; metadata?: Record<string, string> }
type Callback = (error: Error | null, token?: { scope?: string[]; [claim: `https://${string}`]: unknown }) => void;

module.exports = function (client: Client, scope: string[], audience: string, context: any, cb: Callback): void {
  if (audience === 'https://deny') {
    cb(new InvalidScopeError('not for ' + client.id)); // line 6
    return;
  }
  cb(null, { scope, 'https://a/word': client.metadata!['plan'] ?? 'one' });
};
declare class InvalidScopeError extends Error {}
"""
SECOND = (
    "export default async (client: { id: string }, scope: string[]) => ({ scope, 'https://a/word': `two` as const });\n"
)


async def word(api: Api) -> object:
    """What the enabled hook says now."""
    return (await api.execute())["claims"].get("https://a/word")


async def test_it_is_stored_as_it_was_written_and_runs(api: Api):
    """No warning, no other script in the answer, the version's source in the types it was uploaded with."""
    hook = await api.create(FIRST)

    assert hook["script"] == FIRST
    assert (await api.call("GET", f"/api/v2/hooks/{hook['id']}")).body["script"] == FIRST
    assert (await api.call("GET", f"/api/v1/hooks/{hook['id']}/versions/1")).body["script"] == FIRST
    assert await word(api) == "one"


async def test_a_denial_names_the_line_of_the_source(api: Api):
    """The stack that its developer reads is of the TypeScript."""
    await api.create(FIRST)
    decision = await api.execute(audience="https://deny")

    assert (decision["decision"], decision["error"]) == ("deny", "invalid_scope")
    assert "hook.js:6:" in decision["hook_error"]["stack"]


async def test_what_does_not_load_can_not_be_enabled_and_says_where(api: Api):
    """The line and the column of the source with its types."""
    broken = FIRST.replace("'one' });", "'one' };")
    body = {"name": "a-hook", "script": broken, "triggerId": "credentials-exchange", "enabled": True}
    refused = await api.call("POST", "/api/v2/hooks", body)
    stored = await api.call("POST", "/api/v2/hooks", body | {"enabled": False})

    assert refused.status == 400
    assert refused.body["message"].endswith('Unexpected token, expected "," (line 9, column 74).')
    assert (stored.status, stored.body["script"]) == (201, broken)
    assert stored.headers["X-Hook-Warning"].endswith("(line 9, column 74).")


async def test_versions_of_both_languages(api: Api):
    """From JavaScript to TypeScript, its diff, a draft tested, and back."""
    hook = await api.create(hook_of("cb(null, { 'https://a/word': 'zero' });"))
    for script in (FIRST, SECOND):
        assert (await api.call("PATCH", f"/api/v2/hooks/{hook['id']}", {"script": script})).status == 200
    path = f"/api/v1/hooks/{hook['id']}"

    assert await word(api) == "two"
    assert (
        "+export default async (client: { id: string }"
        in (await api.call("GET", f"{path}/versions/2/diff")).body["script"]
    )
    tested = await api.call("POST", f"{path}/test", {"script": SECOND.replace("two", "draft")})
    assert tested.body["claims"] == {"https://a/word": "draft"}
    rolled = await api.call("POST", f"{path}/rollback", {"version": 2})
    assert (rolled.status, rolled.body["script"]) == (200, FIRST)
    assert await word(api) == "one"


async def test_a_draft_that_is_neither_language_says_why(api: Api):
    """As issuance would: the hook's source can not be loaded."""
    hook = await api.create(FIRST)
    tested = await api.call("POST", f"/api/v1/hooks/{hook['id']}/test", {"script": "let a: string = ;"})

    assert tested.body["hook_error"]["code"] == "source_rejected"
    assert "Unexpected token ';'" in tested.body["hook_error"]["message"]
