"""What responses may take of the memory."""

from __future__ import annotations

import pytest

from runtime.network.failing import NetworkError
from runtime.network.room import Room


def test_one_tenant_has_half():
    """Whatever it asks for, others have theirs; all is given back with the block, also where there was no room."""
    room = Room(100)

    with room.held("acme") as first, room.held("acme") as second, room.held("other") as third:
        first(30)
        second(20)
        with pytest.raises(NetworkError) as full:
            first(1)
        third(49)
        with pytest.raises(NetworkError):
            third(1)

    assert full.value.code == "ENOBUFS"
    with room.held("acme") as again:
        again(50)
