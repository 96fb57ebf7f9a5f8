from __future__ import annotations

import base64
import json

import pytest

from runtime.errors import InvalidQuery
from runtime.manifest import make_version
from runtime.model import WEBTASK, Hook
from runtime.webtask.metadata import with_claims
from runtime.webtask.tokens import WebtaskTokens

KEY = bytes(32)
URL = "http://host/api/run/acme/task"
HOOK = Hook(
    tenant="acme",
    id="an-id",
    name="task",
    trigger=WEBTASK,
    enabled=False,
    version=make_version(WEBTASK, "secret code", {}),
    created_at=5.5,
    updated_at=6.0,
    meta=with_claims({"a": "secret meta"}, {"mb": 1, "pctx": {"a": "secret parameter"}}),
)


def parts(token: str) -> list[dict[str, object]]:
    """Header and claims, without a library of ours."""
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


def test_what_sandboxjs_reads():
    """No `typ`, or it takes another mode; `jtn`, `ten` and `url`; nothing that is not shown elsewhere."""
    header, claims = parts(WebtaskTokens(KEY).issue(HOOK, URL))

    assert header == {"alg": "HS256"}
    assert claims == {
        "jti": "an-id",
        "iat": 5,
        "ca": [],
        "ten": "acme",
        "jtn": "task",
        "dd": 0,
        "dr": 1,
        "mb": 1,
        "url": URL,
    }


def test_a_token_names_its_webtask():
    """The same one each time."""
    tokens = WebtaskTokens(KEY)

    assert tokens.read(tokens.issue(HOOK, URL)) == ("acme", "task")
    assert tokens.issue(HOOK, URL) == tokens.issue(HOOK, URL)


def test_tokens_of_an_older_key_are_read():
    """Until it is known no more; new ones are of the first."""
    older, newer = WebtaskTokens(bytes(32)), WebtaskTokens(b"x" * 32, bytes(32))

    assert newer.read(older.issue(HOOK, URL)) == ("acme", "task")
    assert newer.issue(HOOK, URL) == WebtaskTokens(b"x" * 32).issue(HOOK, URL)


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "e30.e30.", WebtaskTokens(b"x" * 32).issue(HOOK, URL)])
def test_what_we_did_not_sign_names_none(token):
    """Another key's, an unsigned one, anything."""
    with pytest.raises(InvalidQuery, match="It is not a webtask's token"):
        WebtaskTokens(KEY).read(token)
