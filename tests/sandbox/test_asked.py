"""What a guest asks for is what HTTP and the storage can be told, or nonsense."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.sandbox import asked
from runtime.sandbox.asked import Cancel, Fetch, Nonsense, StorageGet, StorageSet

FETCH: dict[str, Any] = {
    "method": "POST",
    "url": "https://api.example.com/a?b=c",
    "headers": [["content-type", "text/plain"], ["x-empty", ""]],
    "body": "aGk=",
    "redirect": "follow",
}


def fetch(**changes: Any) -> dict[str, Any]:
    return {"id": 1, "kind": "fetch", "detail": {**FETCH, **changes}}


def test_what_an_honest_guest_asks_for():
    """Bodies are bytes; what was cancelled is named."""
    told = [
        fetch(),
        {"id": 2, "kind": "storage_get", "detail": {}},
        {"id": 3, "kind": "storage_set", "detail": {"data": "1", "etag": "x"}},
        {"id": 1, "kind": "cancel"},
    ]

    assert asked.asked(told) == (
        Fetch(
            id=1,
            method="POST",
            url="https://api.example.com/a?b=c",
            headers=(("content-type", "text/plain"), ("x-empty", "")),
            body=b"hi",
            redirect="follow",
        ),
        StorageGet(id=2),
        StorageSet(id=3, data="1", etag="x"),
        Cancel(id=1),
    )
    [plain] = asked.asked([fetch(body=None)])
    assert isinstance(plain, Fetch)
    assert plain.body is None


@pytest.mark.parametrize(
    "operations",
    [
        None,
        {},
        [None],
        [[]],
        [{}],
        [{"id": 1}],
        [{"id": "1", "kind": "storage_get", "detail": {}}],
        [{"id": True, "kind": "storage_get", "detail": {}}],
        [{"id": 0, "kind": "storage_get", "detail": {}}],
        [{"id": 1 << 32, "kind": "storage_get", "detail": {}}],
        [{"id": 1, "kind": "storage_get"}],
        [{"id": 1, "kind": "storage_get", "detail": []}],
        [{"id": 1, "kind": ["fetch"], "detail": {}}],
        [{"id": 1, "kind": "spawn", "detail": {}}],
        [{"id": 1, "kind": "cancel"}] * 2001,
        [fetch(method="")],
        [fetch(method="GET /\r\nX: y")],
        [fetch(method=None)],
        [fetch(url="http://a/ b")],
        [fetch(url="http://a/\r\nHost: b")],
        [fetch(url="http://\u2460\u2461\u2466.0.0.1/")],
        [fetch(url=["http://a/"])],
        [fetch(redirect="always")],
        [fetch(redirect=None)],
        [fetch(headers={})],
        [fetch(headers=None)],
        [fetch(headers=[["a"]])],
        [fetch(headers=[["a", "b", "c"]])],
        [fetch(headers=["ab"])],
        [fetch(headers=[["a b", "c"]])],
        [fetch(headers=[["", "c"]])],
        [fetch(headers=[["a\r\nb", "c"]])],
        [fetch(headers=[["a", "b\r\nHost: c"]])],
        [fetch(headers=[["a", "b\nc"]])],
        [fetch(headers=[["a", "b\0"]])],
        [fetch(headers=[["a", "\u2028"]])],
        [fetch(headers=[["a", " b"]])],
        [fetch(headers=[["a", 1]])],
        [fetch(body=1)],
        [fetch(body="a")],
        [fetch(body="aGk=\n")],
        [fetch(body="\u00e9\u00e9\u00e9\u00e9")],
        [{"id": 1, "kind": "storage_set", "detail": {}}],
        [{"id": 1, "kind": "storage_set", "detail": {"data": {}}}],
        [{"id": 1, "kind": "storage_set", "detail": {"data": "1", "etag": 1}}],
        [{"id": 1, "kind": "storage_set", "detail": {"data": "1", "etag": "x\n"}}],
    ],
    ids=lambda operations: repr(operations)[:60],
)
def test_what_no_honest_guest_asks_for(operations: object):
    """Every field is checked: nothing that ends a line, no endless list, no other kind."""
    with pytest.raises(Nonsense):
        asked.asked(operations)


@pytest.mark.parametrize(
    ("changed", "is_too_long"),
    [
        ({"method": "G" * 32, "headers": [["a" * 300, "b"]] * 100}, False),
        ({"url": "http://a/" + "x" * 16_375}, False),
        ({"headers": [["a", "b" * 65_535]]}, False),
        ({"method": "G" * 33}, True),
        ({"url": "http://a/" + "x" * 16_376}, True),
        ({"headers": [["a", "b"]] * 101}, True),
        ({"headers": [["a", "b" * 65_536]]}, True),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_what_any_hook_may_ask_for_is_no_nonsense(changed: dict[str, Any], is_too_long: bool):
    """However long: that is an error that the hook may catch."""
    (asked_for,) = asked.asked([fetch(**changed)])
    assert isinstance(asked_for, asked.Fetch)
    assert asked_for.is_too_long == is_too_long
