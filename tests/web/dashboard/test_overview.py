from __future__ import annotations

from runtime.settings import Settings
from runtime.triggers import TRIGGERS
from runtime.web.dashboard.overview import settings_body
from tests.web.conftest import REQUEST, SEED, hook_of, token

HOOKS = "/api/v2/hooks"


async def test_all_hooks_with_what_a_list_shows_of_them(browser):
    """Version, engine, policy, the names of secrets, and how the last execution went; no script."""
    await browser.log_in()
    fails = hook_of("throw new Error('no')")
    _, first, _ = await browser.call(
        "POST", HOOKS, {"name": "first", "script": SEED, "triggerId": "credentials-exchange", "enabled": True}
    )
    _, second, _ = await browser.call(
        "POST", HOOKS, {"name": "second", "script": SEED, "triggerId": "password-exchange"}
    )
    await browser.call("PATCH", f"{HOOKS}/{first['id']}", {"script": fails})
    await browser.call("POST", f"{HOOKS}/{first['id']}/secrets", {"KEY": "very secret"})
    bearer = {"Authorization": f"Bearer {token()}"}
    _, decision, _ = await browser.call(
        "POST", "/api/v1/triggers/credentials-exchange/execute", REQUEST, headers=bearer
    )

    status, body, _ = await browser.call("GET", "/dashboard/hooks.json")

    one, other = body["hooks"]
    assert status == 200
    assert (one["id"], one["version"], one["engine"], one["secrets"]) == (first["id"], 2, "wasm", ["KEY"])
    assert one["policy"] == {"clients": [], "audiences": [], "order": None, "on_error": "deny"}
    assert {**one["last"], "at": ""} == {
        "id": decision["execution"]["id"],
        "at": "",
        "decision": "deny",
        "failed": True,
    }
    assert (other["id"], other["triggerId"], other["enabled"], other["last"]) == (
        second["id"],
        "password-exchange",
        False,
        None,
    )
    assert "very secret" not in str(body)
    assert "script" not in one


async def test_who_may_not_read_the_log_is_shown_nothing_of_it(browser):
    """The list is there, the last executions are not; and a tenant sees its own hooks only."""
    await browser.log_in()
    body = {"name": "first", "script": SEED, "triggerId": "credentials-exchange", "enabled": True}
    await browser.call("POST", HOOKS, body)
    bearer = {"Authorization": f"Bearer {token()}"}
    await browser.call("POST", "/api/v1/triggers/credentials-exchange/execute", REQUEST, headers=bearer)

    await browser.log_in(token(scope="read:hooks"))
    assert (await browser.call("GET", "/dashboard/hooks.json"))[1]["hooks"][0]["last"] is None
    await browser.log_in(token(tenant="other"))
    assert (await browser.call("GET", "/dashboard/hooks.json"))[1] == {"hooks": []}
    await browser.log_in(token(scope="read:logs"))
    assert (await browser.call("GET", "/dashboard/hooks.json"))[0] == 403


async def test_the_settings_in_force_are_shown(browser):
    """Those that somebody who writes hooks wants to know, and none that is secret, an address or a path; to any session."""
    await browser.log_in(token(scope="read:logs"))

    status, body, _ = await browser.call("GET", "/dashboard/settings.json")

    assert status == 200
    assert body["limits"]["cpu_ms"] == 100
    assert body["engines"] == ["wasm"]
    assert {"limits", "retention", "modules", "network", "version", "engines", "engine"} == body.keys()


def test_no_setting_that_is_a_text_is_shown():
    """A text may be a key, a folder or an address: of these only the engine's name and the version are shown."""

    def texts(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for inner in value.values() for text in texts(inner)]
        if isinstance(value, list):
            return [text for inner in value for text in texts(inner)]
        return [value] if isinstance(value, str) else []

    shown = settings_body(Settings())

    assert set(texts(shown)) == {"wasm", shown["version"]}


async def test_a_request_of_each_extensibility_point(browser):
    """What a test run takes where it is given none: the editor begins with it."""
    await browser.log_in()
    status, samples, _ = await browser.call("GET", "/dashboard/samples.json")

    assert status == 200
    assert list(samples) == list(TRIGGERS)
    assert samples["credentials-exchange"]["scope"] == ["read:orders"]
