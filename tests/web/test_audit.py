"""Every call of the runtime's management APIs has a line in the audit log, and no line has a secret."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from runtime.http.routes import Public
from runtime.web.app import web_routes
from runtime.web.dashboard.app import dashboard_routes
from tests.web.conftest import Api, opened, settings_in, token
from tests.web.test_tenants import BODIES, STREAMS

WITHOUT = {"/api/v1/triggers/{trigger}/execute", "/api/run/{container}/{name}", "/api/run/{container}/{name}/{rest:.*}"}
"""What runs hooks: each run has a record of its own."""

WITHOUT |= {"/dashboard/session", "/dashboard/logout"}
"""The one tells who asks who that is, the other has a line where a session ends: tests/web/dashboard/test_login.py."""

READS = {("POST", "/api/env/node/modules"), ("POST", "/api/v1/hooks/{id}/test")}
"""What is asked by a body, and changes nothing."""

VARIABLES = {"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "number": "1", "container": "acme", "name": "a-task", "trigger": "x"}


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What each line of the audit log has, in order."""
    return [record.__dict__["fields"] for record in caplog.records if record.name == "hookd.audit"]


async def begin(api: Api, path: str) -> int:
    """The status of an answer that goes on and on; its head is there, and nothing more was waited for."""
    async with api.client.get(api.url + path, headers=api.headers) as answer:
        return answer.status


async def test_every_call_has_a_line(tmp_path: Path, engine_cache: Path, caplog: pytest.LogCaptureFixture):
    """Walks the route table, the dashboard's too: whatever becomes of the call, its line has all of it."""
    caplog.set_level(logging.INFO, "hookd.audit")
    async with opened(settings_in(tmp_path, engine_cache), dashboard=True) as api:
        for route in [*web_routes(api.runtime), *dashboard_routes(api.runtime)]:
            if isinstance(route.access, Public) or route.path in WITHOUT:
                assert not route.action
                continue
            caplog.clear()
            path = route.path.format_map(VARIABLES)
            body: Any = BODIES.get((route.method, route.path), {"token": api.bearer} if "login" in route.path else None)
            is_stream = route.path in STREAMS
            status = await begin(api, path) if is_stream else (await api.call(route.method, path, body)).status
            lines = lines_of(caplog)
            action = "read" if route.method == "GET" or (route.method, route.path) in READS else "change"
            assert [(line["action"], line["route"], line["status"]) for line in lines] == [(action, route.path, status)]
            # Of a login that a page of nobody's sent, nobody is known.
            assert lines[0].get("tenant") == (None if "login" in route.path else "acme")
            assert str(api.bearer) not in str(lines)
        caplog.clear()

    assert not lines_of(caplog), "a tail that ends has had its line"


async def test_who_is_shown_secrets_and_code_is_told(
    tmp_path: Path, engine_cache: Path, caplog: pytest.LogCaptureFixture
):
    """Which webtask, and what of it; also when it is refused. None of it is in the line."""
    caplog.set_level(logging.INFO, "hookd.audit")
    async with opened(settings_in(tmp_path, engine_cache)) as api:
        path, task = "/api/webtask/acme/a-task", {"code": "// hunter2", "secrets": {"KEY": "hunter2"}}
        minted = (await api.call("PUT", path, task)).body["token"]
        caplog.clear()
        shown = await api.call("GET", path, decrypt="1", fetch_code="1")
        assert (shown.body["secrets"], shown.body["code"]) == ({"KEY": "hunter2"}, "// hunter2")
        await api.call("GET", path, decrypt="0")
        await api.call("GET", "/api/tokens/inspect", token=minted, decrypt="1")
        await api.with_token(token(scope="read:hooks", sub="eve")).call("GET", path, decrypt="1")
    lines = lines_of(caplog)

    assert [line.get("sent") for line in lines] == [["decrypt", "fetch_code"], None, ["name", "decrypt"], ["decrypt"]]
    assert [line.get("name", line.get("hook")) for line in lines] == ["a-task"] * 4
    assert [line["status"] for line in lines] == [200, 200, 200, 403]
    assert lines[3]["subject"] == "eve"
    assert "hunter2" not in str(lines)
    assert minted not in str(lines)


async def test_a_tail_s_line_has_no_token(tmp_path: Path, engine_cache: Path, caplog: pytest.LogCaptureFixture):
    """wt-cli gives it in the address. Who is refused a tail is told as such."""
    caplog.set_level(logging.INFO, "hookd.audit")
    async with opened(settings_in(tmp_path, engine_cache)) as api:
        path, nobody = "/api/logs/tenant/acme", api.with_token(None)
        assert await begin(nobody, f"{path}?key={api.bearer}") == 200
        assert await begin(nobody, path) == 401
    lines = lines_of(caplog)

    assert [(line["action"], line["status"], line.get("tenant")) for line in lines] == [
        ("read", 200, "acme"),
        ("read", 401, None),
    ]
    assert str(api.bearer) not in str(lines)


async def test_who_can_not_be_written_is_told(tmp_path: Path, engine_cache: Path, caplog: pytest.LogCaptureFixture):
    """Half a surrogate pair is JSON, and nothing that UTF-8 has: such a subject would break the line that names it."""
    caplog.set_level(logging.INFO, "hookd.audit")
    async with opened(settings_in(tmp_path, engine_cache)) as api:
        assert (await api.with_token(token(sub="eve\ud800", jti="\udc00")).call("GET", "/api/v2/hooks")).status == 200
    (line,) = lines_of(caplog)

    assert (line["subject"], line["token"]) == ("eve\\ud800", "\\udc00")


async def test_no_line_has_a_secret(tmp_path: Path, engine_cache: Path, caplog: pytest.LogCaptureFixture):
    """Names of secrets, yes; values, scripts, data and tokens, no: in whatever call they come."""
    caplog.set_level(logging.INFO, "hookd.audit")
    async with opened(settings_in(tmp_path, engine_cache)) as api:
        hook = await api.create("module.exports = cb => cb(); // hunter2")
        path = f"/api/v2/hooks/{hook['id']}"
        await api.call("POST", f"{path}/secrets", {"KEY": "hunter2"})
        await api.call("PATCH", path, {"enabled": False, "script": "// hunter2"})
        await api.call("DELETE", f"{path}/secrets", ["KEY"])
        task = {"code": "// hunter2", "secrets": {"KEY": "hunter2"}, "meta": {"m": "hunter2"}}
        await api.call("PUT", "/api/webtask/acme/a-task", task)
        await api.call("PUT", "/api/webtask/acme/a-task/data", {"data": '"hunter2"'})
        await api.call("POST", f"/api/v1/hooks/{hook['id']}/test", {"script": "// hunter2"})
        await api.call("GET", f"/api/v2/hooks/{hook['id']}", fields="hunter2")
        await api.call("GET", "/api/v2/hooks", hunter2="1")
    lines = lines_of(caplog)

    assert len(lines) == 9
    assert "hunter2" not in str(lines)
    assert lines[0]["made"] == hook["id"]
    assert [line.get("sent") for line in lines[1:4]] == [["KEY"], ["enabled", "script"], ["KEY"]]
    assert lines[2]["enabled"] is False
