"""Which sockets rest while nobody serves there. tests/workers/test_anew.py has what that is for."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from runtime.workers.listening import again, bind, close_all
from runtime.workers.place import Place, rest_late

NOW = 100.0


@pytest.fixture
def places() -> Iterator[list[Place]]:
    """Three, where nobody is."""
    first = bind("127.0.0.1", 0)
    rows = [first, *(again("127.0.0.1", first[0].getsockname()[1]) for _ in range(2))]
    yield [Place(number=number, sockets=row) for number, row in enumerate(rows)]
    close_all(rows)


def listening(places: list[Place]) -> list[int]:
    """Where one may connect."""
    return [
        place.number
        for place in places
        if all(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) for one in place.sockets)
    ]


def test_where_somebody_is_or_comes_at_once_nobody_rests(places: list[Place]):
    """A process that starts, one that makes way, and one that is due."""
    places[0].pid, places[0].due = 1, NOW + 1
    places[1].old, places[1].due = 2, NOW + 1
    places[2].due = NOW
    assert not rest_late(places, NOW, first_alone=False)
    assert listening(places) == [0, 1, 2]


def test_where_nobody_comes_for_a_while_it_does(places: list[Place]):
    """All others go on; told again, nothing changes."""
    places[1].due = NOW + 1
    for _ in range(2):
        assert not rest_late(places, NOW, first_alone=False)
        assert listening(places) == [0, 2]
    places[0].due = places[2].due = NOW + 1
    assert rest_late(places, NOW, first_alone=False)
    assert listening(places) == []


def test_who_waits_for_the_first_is_as_late(places: list[Place]):
    """Unless the old one is still there."""
    places[0].due, places[1].old = NOW + 1, 2
    assert not rest_late(places, NOW, first_alone=True)
    assert listening(places) == [1]


def test_who_serves_is_the_new_one_when_it_is_ready():
    """Until then the one that makes way, if there is one."""
    place = Place(number=0, sockets=[])
    assert (place.serving, place.is_taken) == (0, False)
    place.pid = 1
    assert (place.serving, place.is_taken) == (0, True)
    place.old = 2
    assert place.serving == 2
    place.is_ready = True
    assert place.serving == 1
