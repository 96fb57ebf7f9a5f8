"""Calls into the guest in the model's terms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.sandbox import guest
from runtime.sandbox.base import SourceRejected
from runtime.sandbox.engine import Engine
from runtime.sandbox.invocation import Invocation, Stopped, time_of
from runtime.sandbox.wrapping import wrapped
from tests.sandbox.conftest import LIMITS


@pytest.fixture
def engine(engine_cache: Path) -> Iterator[Engine]:
    engine = Engine(engine_cache, concurrency=1)
    yield engine
    engine.close()


@pytest.fixture
def invocation(engine: Engine) -> Iterator[Invocation]:
    invocation = Invocation(engine)
    yield invocation
    invocation.close()


def test_no_two_requests_have_the_same_entropy():
    """Each request brings its own, unless the caller gives it."""
    first, second = (guest.request(LIMITS, payload=b"[]") for _ in range(2))
    assert first[8:40] != second[8:40]
    assert guest.request(LIMITS, payload=b"[]", seed=b"s" * 32)[8:40] == b"s" * 32


def test_a_source_is_loaded_and_asked(engine: Engine, invocation: Invocation):
    """The way of a deployment and a first request, on one guest."""
    loaded = guest.load(engine, invocation, wrapped("module.exports = (a, cb) => cb(null, a + 1)"), LIMITS)
    reply = guest.ask(
        engine, invocation, engine.invoke, guest.request(LIMITS, payload=b"[1]"), LIMITS, pages=0, time=time_of(150)
    )
    assert (loaded.kind, reply.kind, reply.value) == ("loaded", "answer", 2)


def test_a_source_that_throws_is_rejected(engine: Engine, invocation: Invocation):
    """With its place."""
    with pytest.raises(SourceRejected) as rejected:
        guest.load(engine, invocation, wrapped("\n throw new Error('no')"), LIMITS)
    assert (rejected.value.message, rejected.value.line) == ("Error: no", 2)


def test_a_reply_of_another_call_is_not_believed(
    engine: Engine, invocation: Invocation, monkeypatch: pytest.MonkeyPatch
):
    """A guest that answers `loaded` to a request, or an answer to `load`, is broken."""
    for export, said in (
        (engine.invoke, b'{"outcome":"loaded","console":[]}'),
        (engine.load, b'{"outcome":"answer","console":[]}'),
    ):
        monkeypatch.setattr(Invocation, "call", lambda *_, said=said, **__: said)
        with pytest.raises(Stopped) as stopped:
            guest.ask(engine, invocation, export, b"", LIMITS, pages=0, time=time_of(6))
        assert stopped.value.code == "sandbox_crashed"
