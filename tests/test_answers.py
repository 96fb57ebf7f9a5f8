"""The answers that workers share: real processes with the same memory."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator

import pytest

from runtime import answers
from runtime.answers import Answers, Claim
from runtime.memory import nameless_file
from tests.other_process import Other, key_of

A, B = key_of("a"), key_of("b")
MINE, RUNNING = str(Claim.MINE), str(Claim.RUNNING)


@pytest.fixture
def file() -> Iterator[int]:
    made = nameless_file("hookd-test")
    yield made
    os.close(made)


@pytest.fixture
def mine(file: int) -> Answers:
    return Answers(file)


@pytest.fixture
def other(file: int, mine: Answers) -> Iterator[Other]:
    with Other(file) as process:
        yield process


def test_what_one_gives_all_have(mine: Answers, other: Other):
    """Whoever made it; what is not there is made by who asks first."""
    assert mine.claim(A) is Claim.MINE
    assert other.say("claim", "a") == RUNNING
    mine.keep(A, b"first")
    assert other.say("claim", "a") == str(b"first")
    assert other.say("claim", "b") == MINE
    other.say("keep", "b", "second")
    assert (mine.claim(A), mine.claim(B)) == (b"first", b"second")


def test_what_is_released_another_makes(mine: Answers, other: Other):
    """Only by who claimed it. Who claims again what it claimed gets it again."""
    assert other.say("claim", "a") == MINE
    mine.release(A)
    assert mine.claim(A) is Claim.RUNNING
    assert other.say("claim", "a") == MINE
    other.say("release", "a")
    assert mine.claim(A) is Claim.MINE
    mine.release(B)


def test_what_a_killed_process_was_making_another_makes(mine: Answers, file: int):
    """At once: the kernel knows that it is gone. What it gave stays."""
    with Other(file) as other:
        other.say("claim", "a")
        other.say("claim", "b")
        other.say("keep", "b", "given")
        assert mine.claim(A) is Claim.RUNNING
        other.kill()
        assert (mine.claim(A), mine.claim(B)) == (Claim.MINE, b"given")
    with Other(file) as other:
        assert other.say("claim", "a") == RUNNING


def test_who_is_stopped_with_the_lock_holds_nobody_up(file: int):
    """The others do without for a second; then they look again."""
    now = [100.0]
    mine = Answers(file, clock=lambda: now[0])
    with Other(file) as other:
        other.say("hold", "answers")
        assert mine.claim(A) is Claim.MINE
        mine.keep(A, b"x")
        mine.release(A)
        other.kill()
        assert mine.claim(A) is Claim.MINE
        mine.keep(A, b"lost")
        now[0] += 1
        assert mine.claim(A) is Claim.MINE
        mine.keep(A, b"kept")
        assert mine.claim(A) == b"kept"


def test_what_is_half_written_is_nothing(mine: Answers, other: Other):
    """As a process leaves it that is killed at the wrong moment."""
    other.say("half", "a", "an-answer")
    assert mine.claim(A) is Claim.MINE
    mine.keep(A, b"whole")
    assert other.say("claim", "a") == str(b"whole")


@pytest.mark.parametrize(("later", "found"), [(59.9, b"x"), (60.0, Claim.MINE)])
def test_an_answer_is_kept_for_a_minute(later: float, found: object):
    """From when it was given."""
    now = [1000.0]
    mine = Answers(nameless_file("hookd-test"), clock=lambda: now[0])
    mine.claim(A)
    mine.keep(A, b"x")
    now[0] += later
    assert mine.claim(A) == found


def test_a_claim_that_nobody_took_back_is_void_in_the_end(file: int):
    """For its process could not."""
    now = [1000.0]
    mine = Answers(file, clock=lambda: now[0])
    with Other(file) as other:
        other.say("claim", "a")
        now[0] = time.monotonic() + answers.LEASE_SECONDS - 50
        assert mine.claim(A) is Claim.RUNNING
        now[0] += 100
        assert mine.claim(A) is Claim.MINE


def test_the_oldest_gives_way():
    """Where there is no room for more; what is larger than all the room is not kept."""
    mine = Answers(nameless_file("hookd-test"), room=1000, buckets=64)
    for number in range(10):
        mine.keep(key_of(f"{number}"), b"x" * 300)
    found = [number for number in range(10) if isinstance(mine.claim(key_of(f"{number}")), bytes)]
    assert found == [7, 8, 9]
    mine.keep(A, b"x" * 1000)
    assert mine.claim(A) is Claim.MINE
    mine.keep(A, b"x" * 900)
    assert mine.claim(A) == b"x" * 900
    assert mine.claim(key_of("9")) is Claim.MINE


def test_long_ones_leave_room_for_short_ones():
    """Half of it in a minute, for all processes together; then they are not kept, and a short one stays as long as ever."""
    now, file = [1000.0], nameless_file("hookd-test")
    room = 16 * answers.SHORT
    one, other = (Answers(file, room=room, clock=lambda: now[0]) for _ in range(2))
    one.keep(A, b"short")
    long = bytes(2 * answers.SHORT)
    for number in range(5):
        (one, other)[number % 2].keep(key_of(f"{number}"), long)
    found = [number for number in range(5) if isinstance(one.claim(key_of(f"{number}")), bytes)]
    assert found == [0, 1, 2, 3]
    now[0] += answers.SECONDS / 4
    for number in range(4, 9):
        one.keep(key_of(f"{number}"), long)
    assert isinstance(other.claim(key_of("4")), bytes)
    assert other.claim(key_of("5")) is Claim.MINE
    one.keep(B, bytes(answers.SHORT))
    assert one.claim(A) == b"short"
    assert one.claim(B) == bytes(answers.SHORT)


def test_what_runs_keeps_its_place():
    """Among too many that fall together: an answer gives way to it, the oldest first; where all run, one more is not noted."""
    now = [1000.0]
    mine = Answers(nameless_file("hookd-test"), buckets=1, clock=lambda: now[0])
    keys = [key_of(f"{number}") for number in range(9)]
    for key in keys[:8]:
        now[0] += 1
        mine.keep(key, b"kept")
    assert mine.claim(keys[8]) is Claim.MINE
    assert [mine.claim(key) for key in keys[1:8]] == [b"kept"] * 7
    for key in keys[:7]:
        assert mine.claim(key) is Claim.MINE
    assert mine.claim(keys[7]) is Claim.MINE
    mine.keep(keys[7], b"for nobody")
    assert mine.claim(keys[7]) is Claim.MINE
    mine.release(keys[0])
    mine.keep(keys[7], b"kept")
    assert mine.claim(keys[7]) == b"kept"


def test_no_answer_is_another_s():
    """Whatever gives way to what."""
    draw = random.Random(1)
    mine = Answers(nameless_file("hookd-test"), room=5000, buckets=16)
    given: dict[bytes, bytes] = {}
    found = 0
    for _ in range(20_000):
        key = key_of(f"{draw.randrange(200)}")
        answer = mine.claim(key)
        if isinstance(answer, bytes):
            assert answer == given[key]
            found += 1
        elif draw.random() < 0.1:
            mine.release(key)
        else:
            given[key] = key + draw.randbytes(draw.randrange(400))
            mine.keep(key, given[key])
    assert found > 500
