from __future__ import annotations

from typing import Any

import pytest

from runtime.errors import InvalidBody
from runtime.model import Secrets
from runtime.webtask.upload import Upload, parse_claims, parse_webtask

CODE = "module.exports = cb => cb(null, 1);"
CLAIMS: dict[str, Any] = {"ten": "acme", "jtn": "a.b_c~!$+=:@-9", "code": CODE}


def test_claims_as_the_command_line_sends_them():
    """`wt create` with everything (contract 3)."""
    sent = {**CLAIMS, "dd": 0, "dr": 1, "mb": 1, "pb": 0, "ectx": {"A": "1"}, "pctx": {"b": "2"}, "meta": {"c": "3"}}

    assert parse_claims(sent) == Upload(
        name="a.b_c~!$+=:@-9",
        container="acme",
        script=CODE,
        secrets=Secrets({"A": "1"}),
        meta={"c": "3"},
        claims={"mb": 1, "pctx": {"b": "2"}},
    )


def test_claims_replace_all_but_the_code():
    """Without secrets, metadata and parameters the webtask has none; a body of the name alone changes nothing."""
    replaced = parse_claims(CLAIMS)
    assert (replaced.secrets, replaced.meta, replaced.claims) == (Secrets(), {}, {})
    assert parse_claims({"jtn": "x"}) == Upload(name="x", claims={})
    assert parse_claims({"jtn": "x"}).only_names


def test_inspected_claims_can_be_sent_back():
    """The address that an inspection answers leaves the code; what tells of the token is not read."""
    inspected = {"jtn": "x", "ten": "acme", "ca": [], "iat": 1, "jti": "1", "dd": 0, "dr": 1, "meta": {"a": "b"}}
    for url in ("https://h:1/api/run/acme/x", "http://other/prefix/api/run/acme/x?a=b"):
        assert parse_claims(inspected | {"url": url}).script is None


def test_a_webtask_leaves_what_is_absent():
    """PUT: contract-full 6.1."""
    assert parse_webtask("x", "acme", {}) == Upload(name="x", container="acme")
    assert parse_webtask("x", "acme", {"secrets": {}, "meta": {}}).secrets == Secrets()
    assert parse_webtask("x", "acme", {"host": None, "code": CODE}).script == CODE


PROPERTY = "Payload validation error: '{}' on property {} ("


@pytest.mark.parametrize(
    "claims, rule, name",
    [
        ({"jtn": "a b"}, "String does not match pattern ^[-a-zA-Z0-9._~!$+=:@]{1,128}$: a b", "jtn"),
        ({"jtn": "x" * 129}, f"String does not match pattern ^[-a-zA-Z0-9._~!$+=:@]{{1,128}}$: {'x' * 100}", "jtn"),
        ({"jtn": 1}, "Expected type string but found type integer", "jtn"),
        ({"ten": None}, "Expected type string but found type null", "ten"),
        ({"code": ""}, "String is too short (0 chars), minimum 1", "code"),
        ({"code": "x" * 102_401}, "String is too long (102401 bytes), maximum 102400", "code"),
        ({"ectx": []}, "Expected type object but found type array", "ectx"),
        ({"ectx": {"A": 1}}, "Expected type string but found type integer, in A", "ectx"),
        ({"ectx": {"": "1"}}, "A secret's name must have 1 to 128 characters, not 0, in ", "ectx"),
        ({"ectx": {f"K{i}": "" for i in range(21)}}, "Too many properties defined (21), maximum 20", "ectx"),
        ({"meta": {f"K{i}": "" for i in range(51)}}, "Too many properties defined (51), maximum 50", "meta"),
        ({"meta": {"a": "x" * 4097}}, "String is too long (4097 chars), maximum 4096, in a", "meta"),
        ({"meta": {"hookd-claims": "{}"}}, "hookd-claims is not for clients to set", "meta"),
        ({"pctx": "a=b"}, "Expected type object but found type string", "pctx"),
        ({"pb": "1"}, "Expected type integer but found type string", "pb"),
        ({"mb": 3}, "Value is not 0, 1 or 2", "mb"),
        ({"exp": 1}, "hookd does not let webtasks expire or wait", "exp"),
        ({"lts": 1}, "hookd does not limit how often a webtask runs", "lts"),
        ({"host": "h"}, "hookd does not serve webtasks under hosts of their own", "host"),
        ({"url": "http://["}, "It is not a URL", "url"),
    ],
)
def test_refused_claims(claims, rule, name):
    """Property and rule; a secret's value is in no message."""
    with pytest.raises(InvalidBody) as refused:
        parse_claims({**CLAIMS, **claims})

    assert refused.value.message.startswith(PROPERTY.format(rule, name))


@pytest.mark.parametrize("url", ["https://example.com/code.js", "/api/run/other/x", "file:///api/run/acme/", "\ud800"])
def test_code_from_elsewhere_is_refused(url):
    """hookd fetches nothing; the command line can (--capture)."""
    with pytest.raises(InvalidBody, match=r"hookd does not fetch code|not valid Unicode"):
        parse_webtask("x", "acme", {"url": url})


def test_bodies_that_are_none():
    """Unknown members, missing names, two codes."""
    with pytest.raises(InvalidBody, match="Additional properties not allowed: name"):
        parse_claims({**CLAIMS, "name": "x"})
    with pytest.raises(InvalidBody, match="Missing required property: jtn"):
        parse_claims({"code": CODE})
    with pytest.raises(InvalidBody, match="Only one of code and url"):
        parse_webtask("x", "acme", {"code": CODE, "url": "http://h/api/run/acme/x"})
