"""Leaves a demo as it was found, for whoever comes after: no test depends on what another one made there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.end_to_end.processes import call


@contextmanager
def hooks_as_found(url: str, token: str) -> Iterator[None]:
    """What was made in the block is deleted after it; what was enabled before it is enabled again."""
    before = hooks_at(url, token)
    yield
    for hook in hooks_at(url, token).keys() - before.keys():
        assert call("DELETE", f"{url}/api/v2/hooks/{hook}", token=token).status == 204
    for hook, was in before.items():
        answer = call("PATCH", f"{url}/api/v2/hooks/{hook}", json_body={"enabled": was["enabled"]}, token=token)
        assert answer.status == 200, answer.body


def hooks_at(url: str, token: str) -> dict[str, dict[str, Any]]:
    """The hooks of the token's tenant, by id."""
    return {hook["id"]: hook for hook in call("GET", f"{url}/api/v2/hooks?per_page=100", token=token).body}
