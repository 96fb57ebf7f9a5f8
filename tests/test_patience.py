"""Who waits how long for a storage that nodes share."""

from __future__ import annotations

import asyncio
import logging

import pytest

from runtime import patience
from runtime.errors import Unavailable
from runtime.patience import Patience


@pytest.fixture
def now() -> list[float]:
    """A clock that the test moves."""
    return [100.0]


@pytest.fixture
def of_a_test(now: list[float], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Patience:
    caplog.set_level(logging.INFO, "hookd.storage")
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 60.0)
    return Patience("it is lost", "it is found", lambda: now[0])


def is_over(of_a_test: Patience) -> bool:
    """As it is now: it changes from one line to the next."""
    return of_a_test.is_over


async def answers() -> str:
    return "an answer"


async def breaks() -> str:
    raise Unavailable("The storage is not available.", debug="broken")


async def never() -> str:
    await asyncio.get_running_loop().create_future()
    raise AssertionError


async def test_an_answer_is_passed_on(of_a_test: Patience, caplog: pytest.LogCaptureFixture):
    """And nothing is said of it."""
    assert await of_a_test.wait(answers()) == "an answer"
    assert not is_over(of_a_test)
    assert caplog.text == ""


async def test_what_is_late_is_away(of_a_test: Patience, caplog, monkeypatch):
    """As what breaks is."""
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.01)
    with pytest.raises(Unavailable):
        await of_a_test.wait(never())
    assert is_over(of_a_test)
    assert caplog.messages == ["it is lost: no answer in 0.01 s"]


async def test_it_is_not_asked_for_a_while(of_a_test: Patience, now: list[float], caplog):
    """The log says it once, however often it is tried in vain, and once more when it is back."""
    for _ in range(3):
        assert not is_over(of_a_test)
        with pytest.raises(Unavailable):
            await of_a_test.wait(breaks())
        assert is_over(of_a_test)
        now[0] += 0.99
        assert is_over(of_a_test)
        now[0] += 0.01
    assert await of_a_test.wait(answers()) == "an answer"
    assert not is_over(of_a_test)
    assert caplog.messages == ["it is lost: broken", "it is found"]
    of_a_test.end(Unavailable("The storage is not available.", debug="again"))
    assert is_over(of_a_test)
    assert caplog.messages[2:] == ["it is lost: again"]


async def test_one_finds_out_for_all(of_a_test: Patience, now: list[float]):
    """Meanwhile it is over for the others; what was asked before says nothing of now."""
    doors = [asyncio.get_running_loop().create_future() for _ in range(2)]
    before = asyncio.create_task(of_a_test.wait(doors[0]))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await of_a_test.wait(breaks())
    doors[0].set_result("of before")
    assert await before == "of before"
    assert is_over(of_a_test)
    now[0] += 1
    assert not is_over(of_a_test)
    finding = asyncio.create_task(of_a_test.wait(doors[1]))
    await asyncio.sleep(0)
    assert is_over(of_a_test)
    doors[1].set_result("of now")
    assert await finding == "of now"
    assert not is_over(of_a_test)
