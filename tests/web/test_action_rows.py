"""Actions in a row with hooks, and in test runs, over HTTP."""

from __future__ import annotations

from tests.web.conftest import Api, hook_of

HOOKS = "/api/v1/hooks"
SEES = """exports.onExecuteCredentialsExchange = async (event, api) => {
  api.accessToken.setCustomClaim('https://a/asked', event.transaction.requested_scopes);
  api.accessToken.setCustomClaim('https://a/left', event.accessToken);
  api.accessToken.addScope('three');
};"""
COUNTS = """exports.onExecuteCredentialsExchange = async (event, api) => {
  const count = Number(api.cache.get('count')?.value ?? 0) + 1;
  api.cache.set('count', String(count));
  api.accessToken.setCustomClaim('https://a/count', count);
};"""


async def in_row(api: Api, name: str, script: str, order: int) -> str:
    """The id of a hook that is enabled beside others."""
    hook = str((await api.create(script, name=name, enabled=False))["id"])
    await api.call("PATCH", f"{HOOKS}/{hook}/policy", {"order": order})
    await api.call("PATCH", f"/api/v2/hooks/{hook}", {"enabled": True})
    return hook


async def test_an_action_sees_what_hooks_left_and_what_was_asked_first(api: Api):
    """In `event.accessToken` and `event.transaction.requested_scopes`."""
    await in_row(api, "one", hook_of("cb(null, { scope: ['one'], 'https://a/1': 1 })"), 1)
    await in_row(api, "two", hook_of("cb(null, { scope: [...scope, 'two'] })"), 2)
    await in_row(api, "three", SEES, 3)

    decision = await api.execute()

    assert decision["scope"] == ["one", "two", "three"]
    assert decision["claims"] == {
        "https://a/1": 1,
        "https://a/asked": ["read:orders"],
        "https://a/left": {"customClaims": {"https://a/1": 1}, "scope": ["one", "two"]},
    }


async def test_a_test_run_leaves_the_cache_as_it_is(api: Api):
    """It sees what is there, and what it changes is lost: nothing of it reaches issuance."""
    hook = (await api.create(COUNTS))["id"]

    async def tested() -> object:
        answer = await api.call("POST", f"{HOOKS}/{hook}/test", {})
        return answer.body["claims"]["https://a/count"]

    async def issued() -> object:
        return (await api.execute())["claims"]["https://a/count"]

    assert [await tested(), await tested(), await issued(), await tested(), await issued()] == [1, 1, 1, 2, 2]
