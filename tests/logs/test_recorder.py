from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.errors import Unavailable
from runtime.logs.base import RECORD_BYTES, Retention
from runtime.logs.recorder import EXECUTIONS, StorageRecorder, log_fields
from runtime.model import ConsoleLine, DroppedClaim, Execution, Failure
from runtime.storage.base import ExecutionFilter
from runtime.storage.sqlite import SqliteStorage, open_sqlite
from runtime.ulid import Ulids
from tests.waiting import until

ULIDS = Ulids()


def execution(**more) -> Execution:
    """A record as dispatch makes one."""
    at = more.pop("at", time.time())
    return Execution(
        **{
            "id": ULIDS.new(at),
            "tenant": "demo",
            "trigger": "credentials-exchange",
            "hook_id": "h",
            "hook_name": "hook",
            "version_id": "f" * 64,
            "client_id": "c",
            "at": at,
            "decision": "allow",
            "duration_ms": 1.0,
            "cpu_ms": 0.5,
            "memory_bytes": 1,
            **more,
        }
    )


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    """A real one."""
    storage = await open_sqlite(tmp_path / "hookd.db")
    yield storage
    await storage.close()


async def recorded(storage: SqliteStorage) -> list[str]:
    """The ids that the storage has, newest first."""
    found = await storage.list_executions("demo", ExecutionFilter(), limit=10_000)
    return [row.id for row in found]


KEEP = Retention(days=10, most=100_000, most_bytes=1 << 30)


def recorder_of(storage: SqliteStorage, **more) -> StorageRecorder:
    """A recorder that keeps everything."""
    return StorageRecorder(storage, **{"keep": KEEP, **more})


async def test_records_reach_the_storage_by_themselves(storage):
    """Nobody has to close or flush: a record is there soon after it was made."""
    recorder = recorder_of(storage, interval=0.01)
    recorder.start()
    row = execution()
    recorder.record(row)
    async with asyncio.timeout(10):
        while await recorded(storage) != [row.id]:
            await asyncio.sleep(0.01)
    await recorder.close()

    assert recorder.dropped == 0


async def test_flush_returns_when_what_was_taken_is_stored(storage):
    """Who lists records right after an answer finds its record, though the writer would wait for more."""
    recorder = recorder_of(storage, batch=7, interval=3600)
    recorder.start()
    await recorder.flush("demo")
    for _ in range(3):
        rows = [execution() for _ in range(10)]
        for row in rows:
            recorder.record(row)
        await asyncio.gather(recorder.flush("demo"), recorder.flush("demo"))
        assert (await recorded(storage))[:10] == [row.id for row in reversed(rows)]
    await recorder.close()
    await recorder.flush("demo")


async def test_flush_waits_for_what_is_being_written(storage):
    """Also when nothing waits any more: the record that is looked for may be in the batch that is not durable yet."""
    append, began, go = storage.append_executions, asyncio.Event(), asyncio.Event()

    async def slowly(batch):
        began.set()
        await go.wait()
        await append(batch)

    storage.append_executions = slowly
    recorder = recorder_of(storage, interval=0.001)
    recorder.start()
    row = execution()
    recorder.record(row)
    await began.wait()
    flushing = asyncio.ensure_future(recorder.flush("demo"))
    await asyncio.sleep(0)
    assert not flushing.done()
    go.set()
    await flushing
    assert await recorded(storage) == [row.id]
    await recorder.close()


async def test_flush_does_not_wait_for_another_tenant_s_flood(storage):
    """The tenants are written in turn: who has one record has it in the storage with the first batch."""
    recorder = recorder_of(storage, batch=10, interval=3600)
    recorder.start()
    for _ in range(500):
        recorder.record(execution(tenant="flood"))
    row = execution()
    recorder.record(row)
    await recorder.flush("demo")

    assert await recorded(storage) == [row.id]
    assert len(await storage.list_executions("flood", ExecutionFilter(), limit=1000)) < 100
    await recorder.close()
    assert len(await storage.list_executions("flood", ExecutionFilter(), limit=1000)) == 500
    assert recorder.dropped == 0


async def test_flush_returns_when_the_storage_refuses(storage, monkeypatch):
    """A reader does not wait for ever for what can not be written."""

    async def refuse(_):
        raise Unavailable("full")

    monkeypatch.setattr(storage, "append_executions", refuse)
    recorder = recorder_of(storage, interval=3600)
    recorder.start()
    recorder.record(execution())
    await recorder.flush("demo")
    await recorder.close()

    assert recorder.dropped == 1


async def test_close_writes_what_was_taken(storage):
    """A service that stops loses no record, however many wait."""
    recorder = recorder_of(storage, batch=7)
    recorder.start()
    rows = [execution() for _ in range(100)]
    for row in rows:
        recorder.record(row)
    await recorder.close()
    await recorder.close()

    assert await recorded(storage) == [row.id for row in reversed(rows)]
    assert recorder.dropped == 0


async def test_a_full_queue_drops_the_oldest_and_counts(storage):
    """Answers never wait for the disk: what finds no room is counted, and the tenant that makes it full pays."""
    recorder = recorder_of(storage, queue_bytes=4 * RECORD_BYTES)
    recorder.start()
    quiet = execution()
    flood = [execution(tenant="flood") for _ in range(9)]
    for row in (quiet, *flood):
        recorder.record(row)
    await recorder.close()

    assert await recorded(storage) == [quiet.id]
    assert await storage.list_executions("flood", ExecutionFilter(), limit=9) == flood[:-4:-1]
    assert recorder.dropped == 6


async def test_a_record_names_a_hundred_dropped_claims(storage):
    """A hook can make thousands in few bytes; the last one says how many more there were, to the listeners as well."""
    seen: list[Execution] = []
    recorder = recorder_of(storage, tell=[seen.append])
    recorder.start()
    claims = [DroppedClaim(name=f"{number}", token="access_token", reason="no_namespace") for number in range(5000)]
    recorder.record(execution(dropped=tuple(claims[:100])))
    recorder.record(execution(dropped=tuple(claims)))
    await recorder.close()
    rest = DroppedClaim(name="(4901 more)", token="access_token", reason="not_recorded")

    found = await storage.list_executions("demo", ExecutionFilter(), limit=9)
    assert [row.dropped for row in found] == [(*claims[:99], rest), tuple(claims[:100])]
    assert seen == found[::-1]


async def test_records_wait_for_a_storage_that_is_away(storage, caplog):
    """Those that it refused and those that came meanwhile are written when it is back; what it refuses to the end is lost."""
    recorder = recorder_of(storage, interval=0.001)
    append = storage.append_executions
    refused = asyncio.Event()

    async def refuse(batch):
        refused.set()
        raise Unavailable("The disk is full.")

    storage.append_executions = refuse
    recorder.start()
    rows = [execution(), execution()]
    recorder.record(rows[0])
    await asyncio.wait_for(refused.wait(), 10)
    recorder.record(rows[1])
    await until(lambda: recorder.refusal == "The disk is full.")
    storage.append_executions = append
    async with asyncio.timeout(10):
        while await recorded(storage) != [rows[1].id, rows[0].id]:
            await asyncio.sleep(0.01)
    await until(lambda: not recorder.refusal)
    assert recorder.dropped == 0
    assert "execution records wait for the storage: The disk is full." in caplog.text

    storage.append_executions = refuse
    recorder.record(execution())
    await recorder.close()
    assert recorder.dropped == 1
    assert "1 execution records are lost: The disk is full." in caplog.text


async def test_a_storage_that_breaks_loses_records_not_the_service(storage, caplog):
    """A batch that can never be written is counted and logged; the next one is written."""
    recorder = recorder_of(storage, interval=0.001)
    append = storage.append_executions

    async def breaks(batch):
        storage.append_executions = append
        raise ValueError("no")

    storage.append_executions = breaks
    recorder.start()
    recorder.record(execution())
    await until(lambda: recorder.dropped)
    row = execution()
    recorder.record(row)
    await recorder.close()

    assert await recorded(storage) == [row.id]
    assert "1 execution records are lost: no" in caplog.text


async def test_old_records_are_removed_at_the_start(storage):
    """Records from before so many days go; younger ones stay."""
    old, young = execution(at=time.time() - 3 * 86_400), execution()
    await storage.append_executions([old, young])
    recorder = recorder_of(storage, keep=replace(KEEP, days=2))
    recorder.start()
    async with asyncio.timeout(10):
        while await recorded(storage) != [young.id]:
            await asyncio.sleep(0.01)
    await recorder.close()


async def test_the_tail_sees_each_record_and_can_not_break_anything(storage):
    """A listener that raises costs a log line, no record."""
    seen = []

    def publish(row: Execution) -> None:
        seen.append(row.id)
        raise RuntimeError("listener")

    recorder = recorder_of(storage, tell=[publish])
    recorder.start()
    row = execution()
    recorder.record(row)
    await recorder.close()

    assert seen == await recorded(storage) == [row.id]


async def test_a_line_per_execution_goes_to_the_log(storage, caplog):
    """What happened, without what the hook said: its messages and its console belong to the tenant."""
    caplog.set_level(logging.INFO, EXECUTIONS.name)
    recorder = recorder_of(storage)
    recorder.start()
    failure = Failure(code="threw", message="the password is hunter2", stack="hunter2")
    line = ConsoleLine(level="info", text="hunter2")
    recorder.record(execution(decision="deny", error="server_error", failure=failure, console=(line,)))
    await recorder.close()
    fields = [record.fields for record in caplog.records if record.name == EXECUTIONS.name]

    assert [(row["decision"], row["failure"], row["tenant"]) for row in fields] == [("deny", "threw", "demo")]
    assert "hunter2" not in repr(fields)


def test_fields_leave_out_what_is_not_there():
    """An allowed execution has no error to log."""
    assert "error" not in log_fields(execution())
