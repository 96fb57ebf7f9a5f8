"""Writes execution records behind the answers' back.

Rule: `record` costs about a microsecond, whatever the disk does. One task writes what has gathered, in batches; when it can
not keep up, records are dropped and counted, of those tenants that have most (`backlog`), never the answers delayed. While the
storage is away, they wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from runtime.errors import Unavailable
from runtime.logs.backlog import Backlog
from runtime.logs.base import Retention
from runtime.model import DroppedClaim, Execution, Failure
from runtime.storage.base import Storage

EXECUTIONS = logging.getLogger("hookd.executions")
"""One line per execution, at info."""

DROPPED_KEPT: Final = 100
"""Dropped claims that a record names at most. A hook can make thousands, each of which takes many times its own size."""

_LOG = logging.getLogger("hookd.recorder")
_DAY = 86_400
_AGAIN_SECONDS: Final = 0.5


class StorageRecorder:
    """The `Recorder` of a running service. `start` before the first record, `close` before the storage.

    `keep` says how long records are kept. `dropped` counts records that found no room among `queue_bytes`, or that the storage
    refused until `close`. At most `batch` are written together: a commit of many keeps the core from the event loop for long.
    Records wait `interval` for others to be written with; `hurry` while other processes follow. `tell` are called with each record
    as it arrives (tail, metrics, traces). Times are seconds.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        keep: Retention,
        tell: Sequence[Callable[[Execution], None]] = (),
        queue_bytes: int = 33_554_432,
        batch: int = 150,
        interval: float = 0.2,
        hurry: float = 0.02,
        prune_interval: float = 300.0,
    ) -> None:
        self.dropped = 0
        self.refusal = ""
        """Why the storage takes no records now, "" where it takes them, as far as it was asked."""
        self._storage = storage
        self._keep = keep
        self._tell = tell
        self._batch = batch
        self._interval = interval
        self._hurry = hurry
        self._peers = storage.peers
        # Since when records wait: those that are being written, and the rest.
        self._since_writing = self._since = 0.0
        self._prune_interval = prune_interval
        self._waiting = Backlog(queue_bytes)
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._writing = False
        self._flushing: list[tuple[str, int, asyncio.Future[None]]] = []
        self._stopping = asyncio.Event()
        self._closing = False
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    @property
    def waiting(self) -> int:
        """Records that are to be written."""
        return self._waiting.count

    def record(self, execution: Execution) -> None:
        """Take one record. Returns at once and never raises."""
        if len(execution.dropped) > DROPPED_KEPT:
            execution = _shortened(execution)
        try:
            for tell in self._tell:
                tell(execution)
        except Exception:  # noqa: BLE001 - record never raises
            _LOG.exception("the tail, the metrics or the traces failed")
        if self._closing:
            self.dropped += 1
            return
        waiting = self._waiting
        lost = waiting.add(execution)
        if lost:
            self.dropped += lost
        if waiting.count == 1:
            self._some.set()
            self._wait_since(time.monotonic())
        if waiting.count >= self._batch:
            self._enough.set()

    async def flush(self, tenant: str) -> None:
        """Return when all that happened to this tenant until now, in whatever process, has been written, or is lost.

        For who reads the records.
        """
        others = asyncio.ensure_future(self._peers.settled()) if self._peers.are_there else None
        await self._flush(tenant)
        if others is not None:
            await others

    async def _flush(self, tenant: str) -> None:
        newest = self._waiting.added
        if (self._writing or self._waiting.waits(tenant, newest)) and not self._closing:
            written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._flushing.append((tenant, newest, written))
            self._enough.set()
            await written

    def start(self) -> None:
        """Begin to write. Call it on the event loop that `record` will be called on."""
        loop = asyncio.get_running_loop()
        self._tasks = (
            loop.create_task(self._write_for_ever(), name="recorder"),
            loop.create_task(self._prune_for_ever(), name="recorder-prune"),
        )

    async def close(self) -> None:
        """Write what has been taken, then stop. Idempotent."""
        self._closing = True
        self._stopping.set()
        self._some.set()
        self._enough.set()
        if self._tasks:
            writer, pruner = self._tasks
            pruner.cancel()
            await asyncio.gather(writer, pruner, return_exceptions=True)
            self._tasks = ()

    async def _write_for_ever(self) -> None:
        while self._waiting.count or not self._closing:
            await self._some.wait()
            await self._wait_for_more()
            batch = self._take()
            self._writing = True
            await self._write(batch)
            self._writing = False
            self._since_writing = 0.0
            self._wait_since(self._since)
            self._tell_flushed()

    async def _wait_for_more(self) -> None:
        """For others to write the records with, in steps: it may be a hurry any time."""
        until = time.monotonic() + self._interval
        step = self._hurry if self._peers.are_there else self._interval
        while (seconds := until - time.monotonic()) > 0:
            is_hurry = self._peers.follow
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), min(seconds, step))
            if is_hurry or self._enough.is_set():
                break

    def _wait_since(self, since: float) -> None:
        self._since = since
        self._peers.records_wait(self._since_writing or since)

    def _take(self) -> Sequence[Execution]:
        batch = self._waiting.take(self._batch)
        self._since_writing = self._since
        if not self._waiting.count:
            self._since = 0.0
        if not self._closing:
            if not self._waiting.count:
                self._some.clear()
            if self._waiting.count < self._batch and not self._flushing:
                self._enough.clear()
        return batch

    def _tell_flushed(self) -> None:
        flushing, self._flushing = self._flushing, []
        for tenant, newest, written in flushing:
            if self._waiting.waits(tenant, newest):
                self._flushing.append((tenant, newest, written))
            elif not written.done():
                written.set_result(None)

    async def _write(self, batch: Sequence[Execution]) -> None:
        if not batch:
            return
        await self._store(batch)
        self.refusal = ""
        if EXECUTIONS.isEnabledFor(logging.INFO):
            # In a thread: standard error may be a pipe that nobody reads fast enough.
            await asyncio.to_thread(_log_lines, batch)

    async def _store(self, batch: Sequence[Execution]) -> None:
        """Once the storage takes it, however long that takes: meanwhile others wait, as many as there is room for."""
        has_told = False
        while True:
            is_last = self._closing
            try:
                await self._storage.append_executions(batch)
            except Exception as error:  # noqa: BLE001 - the task lives as long as the service
                if is_last or not isinstance(error, Unavailable):
                    self.dropped += len(batch)
                    _LOG.error(
                        "%d execution records are lost: %s",
                        len(batch),
                        error,
                        exc_info=not isinstance(error, Unavailable),
                    )
                    return
                if not has_told:
                    _LOG.warning("execution records wait for the storage: %s", error.debug or error)
                has_told, self.refusal = True, error.message
            else:
                return
            self._let_readers_go()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _AGAIN_SECONDS)

    def _let_readers_go(self) -> None:
        """Who reads does not wait for ever for what can not be written."""
        flushing, self._flushing = self._flushing, []
        for _, _, written in flushing:
            if not written.done():
                written.set_result(None)

    async def _prune_for_ever(self) -> None:
        keep = self._keep
        while True:
            try:
                removed = await self._storage.prune_executions(
                    older_than=time.time() - keep.days * _DAY, most=keep.most, most_bytes=keep.most_bytes
                )
                _LOG.debug("removed %d old execution records", removed)
            except Exception as error:  # noqa: BLE001 - likewise
                _LOG.error("old execution records stay: %s", error, exc_info=not isinstance(error, Unavailable))
            await asyncio.sleep(self._prune_interval)


def _shortened(execution: Execution) -> Execution:
    """The same with the first dropped claims only, and in place of the last one how many more there were."""
    kept, more = execution.dropped[: DROPPED_KEPT - 1], execution.dropped[DROPPED_KEPT - 1 :]
    rest = DroppedClaim(name=f"({len(more)} more)", token=more[0].token, reason="not_recorded")
    return replace(execution, dropped=(*kept, rest))


def _log_lines(batch: Sequence[Execution]) -> None:
    for execution in batch:
        EXECUTIONS.info("execution", extra={"fields": log_fields(execution)})


def log_fields(execution: Execution) -> dict[str, object]:
    """What the process's log says of an execution.

    Neither the hook's messages nor its console: they are the tenant's, may hold what the hook knows, and are in the record.
    """
    failure = execution.failure
    fields: dict[str, object] = {
        "execution": execution.id,
        "request": execution.request_id,
        "trace": execution.trace_id,
        "tenant": execution.tenant,
        "trigger": execution.trigger,
        "hook": execution.hook_name,
        "version": execution.version_id[:12],
        "client": execution.client_id,
        "decision": execution.decision,
        "error": execution.error,
        "failure": failure.code if isinstance(failure, Failure) else "",
        "dropped": len(execution.dropped),
        "operations": len(execution.operations),
        "duration_ms": round(execution.duration_ms, 3),
        "cpu_ms": round(execution.cpu_ms, 3),
        "memory_bytes": execution.memory_bytes,
    }
    return {name: value for name, value in fields.items() if value != ""}
