from __future__ import annotations

import pytest

from tests.web.conftest import REQUEST, Api, hook_of, token

SUMMARY = "/api/v1/logs/summary"
HOOK = hook_of(
    "if (client.id === 'bad') cb(new Error('no')); else if (client.id === 'worse') throw new Error('x'); else cb(null, {});"
)


async def test_what_a_while_had_in_common(api: Api):
    """In all and step by step: how many, how many were denied and how many broke, and how long they took."""
    await api.create(HOOK)
    for client_id in ("a", "a", "bad", "worse"):
        await api.execute(client={**REQUEST["client"], "id": client_id})

    found = (await api.call("GET", SUMMARY, steps="3")).body

    assert (found["executions"], found["denied"], found["failed"]) == (4, 2, 1)
    assert found["outcomes"] == {"answer": 2, "refusal": 1, "threw": 1}
    assert 0 < found["duration_ms"]["p50"] <= found["duration_ms"]["p99"] < 60_000
    assert found["step_seconds"] == 1200
    assert [step["executions"] for step in found["steps"]] == [0, 0, 4]
    assert found["steps"][0] == {
        "at": found["since"],
        "executions": 0,
        "denied": 0,
        "failed": 0,
        "duration_ms": {"p50": None, "p90": None, "p99": None},
    }
    assert (await api.call("GET", SUMMARY, client="bad")).body["outcomes"] == {"refusal": 1}
    assert (await api.call("GET", SUMMARY, until=found["since"])).body["executions"] == 0


async def test_a_time_that_ends_before_it_begins_has_nothing(api: Api):
    """As in the list."""
    at = {"since": "2026-11-21T07:00:00Z", "until": "2026-11-21T07:00:00Z"}
    found = (await api.call("GET", SUMMARY, **at)).body
    assert (found["executions"], found["step_seconds"], found["steps"]) == (0, 0, [])


async def test_a_tenant_counts_its_own(api: Api):
    """Only those, and only with the scope of the log."""
    await api.create(HOOK)
    await api.execute()

    assert (await api.with_token(token("globex")).call("GET", SUMMARY)).body["executions"] == 0
    assert (await api.with_token(token(scope="read:hooks")).call("GET", SUMMARY)).status == 403


@pytest.mark.parametrize(
    "query",
    [
        {"steps": "0"},
        {"steps": "501"},
        {"until": "now"},
        {"before": "x"},
    ],
)
async def test_a_wrong_query_is_a_400(api: Api, query: dict[str, str]):
    """It names the parameter."""
    answer = await api.call("GET", SUMMARY, **query)
    assert (answer.status, answer.body["errorCode"]) == (400, "invalid_query_string")
