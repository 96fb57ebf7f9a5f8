"""Every call of the runtime's APIs that may change something has a line in the audit log, and no line has a secret."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from runtime.http.routes import Public
from runtime.web.app import web_routes
from runtime.web.dashboard.app import dashboard_routes
from tests.web.conftest import opened, settings_in
from tests.web.test_tenants import BODIES

WITHOUT = {"/api/v1/triggers/{trigger}/execute", "/api/run/{container}/{name}", "/api/run/{container}/{name}/{rest:.*}"}
"""What runs hooks: each run has a record of its own."""


async def test_every_change_has_a_line(tmp_path: Path, engine_cache: Path, caplog: pytest.LogCaptureFixture):
    """Walks the route table, the dashboard's login too: whatever becomes of the call, its line names route, tenant and status."""
    caplog.set_level(logging.INFO, "hookd.audit")
    async with opened(settings_in(tmp_path, engine_cache), dashboard=True) as api:
        variables = {
            "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "number": "1",
            "container": "acme",
            "name": "a-task",
            "trigger": "x",
        }
        for route in [*web_routes(api.runtime), *dashboard_routes(api.runtime)]:
            if route.method in ("GET", "HEAD", "OPTIONS") or isinstance(route.access, Public) or route.path in WITHOUT:
                assert not route.is_audited
                continue
            caplog.clear()
            body: Any = BODIES.get((route.method, route.path), {"token": api.bearer} if "login" in route.path else None)
            answer = await api.call(route.method, route.path.format_map(variables), body)
            lines = [record.__dict__["fields"] for record in caplog.records if record.name == "hookd.audit"]
            assert [(line["route"], line["status"]) for line in lines] == [(route.path, answer.status)]
            assert str(api.bearer) not in str(lines)


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
    lines = [record.__dict__["fields"] for record in caplog.records if record.name == "hookd.audit"]

    assert len(lines) == 7
    assert "hunter2" not in str(lines)
    assert lines[0]["made"] == hook["id"]
    assert [line.get("sent") for line in lines[1:4]] == [["KEY"], ["enabled", "script"], ["KEY"]]
    assert lines[2]["enabled"] is False
