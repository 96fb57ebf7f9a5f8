from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from runtime.errors import Unavailable
from runtime.sqlite.writer import MOST_TOGETHER, Done, Writer

Work = Callable[["Book"], object]


class Book:
    """A database of one list. Its commits wait for `gate`."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        self.commits: list[int] = []
        self.gate = threading.Event()
        self.began = threading.Event()
        self.closed = False

    def commit(self, works: Sequence[Work]) -> Sequence[Done]:
        """Run them all; one that raises has its error."""
        self.began.set()
        self.gate.wait()
        self.commits.append(len(works))
        return [self._attempt(work) for work in works]

    def _attempt(self, work: Work) -> Done:
        try:
            return Done(work(self))
        except ValueError as error:
            return Done(error=error)

    def close(self) -> None:
        """The end."""
        self.closed = True


def write(line: int) -> Work:
    """Add a line; the answer is how many there are."""

    def work(book: Book) -> int:
        if line < 0:
            raise ValueError(line)
        book.lines.append(line)
        return len(book.lines)

    return work


@pytest.fixture
async def book() -> Book:
    return Book()


@pytest.fixture
async def writer(book: Book) -> AsyncIterator[Writer[Book]]:
    """A writer whose first commit, of the line 0, has begun."""
    writer: Writer[Book] = Writer(book.commit, book.close)
    first = asyncio.ensure_future(writer.run(write(0)))
    await asyncio.to_thread(book.began.wait)
    yield writer
    book.gate.set()
    writer.stop()
    await asyncio.to_thread(writer.join)
    assert await first == 1


async def begun(calls: Sequence[asyncio.Future[object]]) -> None:
    """Every call has run as far as it can."""
    await asyncio.sleep(0)
    assert not any(call.done() for call in calls)


async def test_what_queues_during_a_commit_is_committed_together(book, writer):
    """In the order in which it came, each with its own answer."""
    calls = [asyncio.ensure_future(writer.run(write(line))) for line in range(1, 100)]
    await begun(calls)
    book.gate.set()

    assert await asyncio.gather(*calls) == list(range(2, 101))
    assert book.commits == [1, 99]
    assert book.lines == list(range(100))


async def test_no_commit_grows_without_bound(book, writer):
    """The first of a thousand does not wait for the last."""
    calls = [asyncio.ensure_future(writer.run(write(line))) for line in range(1, 2 * MOST_TOGETHER + 2)]
    await begun(calls)
    book.gate.set()
    await asyncio.gather(*calls)

    assert book.commits == [1, MOST_TOGETHER, MOST_TOGETHER, 1]


async def test_an_error_is_its_own_caller_s(book, writer):
    """Those beside it are answered as if it had not been there."""
    calls = [asyncio.ensure_future(writer.run(write(line))) for line in (1, -1, 2)]
    await begun(calls)
    book.gate.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(answer) for answer in answers] == [int, ValueError, int]
    assert book.lines == [0, 1, 2]


async def test_a_cancelled_caller_s_write_is_done(book, writer):
    """And the others' answers do not mind."""
    left, stays = (asyncio.ensure_future(writer.run(write(line))) for line in (1, 2))
    await begun([left, stays])
    left.cancel()
    book.gate.set()

    assert await stays == 3
    assert left.cancelled()
    assert book.lines == [0, 1, 2]


async def test_stop_finishes_what_was_taken(book, writer):
    """Later calls are `Unavailable`; the database is closed after the last write; stopping again is no error."""
    calls = [asyncio.ensure_future(writer.run(write(line))) for line in (1, 2)]
    await begun(calls)
    writer.stop()
    writer.stop()
    with pytest.raises(Unavailable):
        await writer.run(write(3))
    book.gate.set()

    assert await asyncio.gather(*calls) == [2, 3]
    await asyncio.to_thread(writer.join)
    assert book.closed is True
    assert book.lines == [0, 1, 2]


def test_a_loop_that_is_gone_does_not_stop_the_writer():
    """What was taken is written although nobody can be told."""
    book = Book()

    async def leave() -> Writer[Book]:
        writer: Writer[Book] = Writer(book.commit, book.close)
        call = asyncio.ensure_future(writer.run(write(8)))
        await asyncio.sleep(0)
        call.cancel()
        return writer

    writer = asyncio.run(leave())
    book.gate.set()
    writer.stop()
    writer.join()

    assert book.lines == [8]
    assert book.closed is True
