from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import Unauthenticated, Unavailable
from runtime.http import jwks as jwks_module
from runtime.http.bearer import REMEMBERED_SECONDS, Authenticator
from runtime.http.jwks import MAX_BYTES, KeySet
from runtime.settings import TrustedIssuer
from tests.http.conftest import JwksServer, public_row, rsa_key


@pytest.fixture
async def keys(jwks: JwksServer):
    key_set = KeySet(jwks.url, "RS256")
    yield key_set
    await key_set.close()


_PAIRS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "RS256": lambda: (rsa_key(0), rsa_key(1)),
    "ES256": lambda: (ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())),
}


def bearer(key: Any, algorithm: str, key_id: str | None) -> str:
    now = int(time.time())
    claims = {"iss": "urn:a", "aud": "urn:hookd", "exp": now + 60, "ten": "acme", "jti": str(time.monotonic_ns())}
    headers = {} if key_id is None else {"kid": key_id}
    return "Bearer " + jwt.encode(claims, key, algorithm=algorithm, headers=headers)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_tokens_are_verified_by_the_published_key(jwks, algorithm):
    """RS256 and ES256; a token by another key with the same id is refused."""
    good, evil = _PAIRS[algorithm]()
    jwks.publish(good, "k1")
    entry = TrustedIssuer(issuer="urn:a", audience="urn:hookd", algorithm=algorithm, jwks_url=jwks.url)
    authenticator = Authenticator([entry])
    assert (await authenticator.identify(bearer(good, algorithm, "k1"))).tenant == "acme"
    assert (await authenticator.identify(bearer(good, algorithm, None))).tenant == "acme"
    with pytest.raises(Unauthenticated, match="Invalid signature"):
        await authenticator.identify(bearer(evil, algorithm, "k1"))
    with pytest.raises(Unauthenticated, match="does not publish"):
        await authenticator.identify(bearer(evil, algorithm, "k2"))
    assert jwks.asked == 1
    await authenticator.close()


async def test_nothing_is_fetched_before_a_token_needs_it(jwks, keys):
    """The issuer may start after us, or be us."""
    assert jwks.asked == 0
    jwks.publish(rsa_key(), "k1")
    assert await keys.get("k1") is not None


async def test_many_at_once_fetch_once(jwks, keys):
    """A burst of first requests asks the issuer once."""
    jwks.publish(rsa_key(), "k1")
    found = await asyncio.gather(*(keys.get("k1") for _ in range(50)))
    assert all(found)
    assert jwks.asked == 1


async def test_unknown_ids_can_not_make_us_fetch_again_and_again(jwks, keys, monkeypatch):
    """A flood of made-up key ids is one fetch in `AGAIN_SECONDS`; a rotated key is found at the next."""
    jwks.publish(rsa_key(), "k1")
    assert await keys.get("k1") is not None
    for number in range(100):
        assert await keys.get(f"made-up-{number}") is None
    assert jwks.asked == 1
    jwks.publish(rsa_key(1), "k2")
    assert await keys.get("k2") is None
    monkeypatch.setattr(jwks_module, "AGAIN_SECONDS", 0.0)
    assert await keys.get("k2") is not None
    assert jwks.asked == 2


async def test_a_withdrawn_key_stops_working(jwks, keys, monkeypatch):
    """When the issuer was not asked for `OLD_SECONDS`, the next caller waits until it is."""
    jwks.publish(rsa_key(), "k1")
    assert await keys.get("k1") is not None
    jwks.keys.clear()
    assert await keys.get("k1") is not None
    monkeypatch.setattr(jwks_module, "OLD_SECONDS", 0.0)
    monkeypatch.setattr(jwks_module, "AGAIN_SECONDS", 0.0)
    assert await keys.get("k1") is None


async def test_a_known_key_is_had_at_once_while_keys_are_fetched(jwks, keys, monkeypatch):
    """After `AGAIN_SECONDS` keys are fetched in the background, once; then what they say counts."""
    jwks.publish(rsa_key(), "k1")
    assert await keys.get("k1") is not None
    jwks.answers.clear()
    jwks.reached.clear()
    jwks.keys.clear()
    monkeypatch.setattr(jwks_module, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(jwks_module, "FETCH_SECONDS", 600.0)
    async with asyncio.timeout(60):
        for _ in range(10):
            assert await keys.get("k1") is not None
        await jwks.reached.wait()
    assert jwks.asked == 2
    jwks.answers.set()
    assert await keys.get("unknown: waits for the fetch under way") is None
    assert await keys.get("k1") is None


async def test_an_issuer_that_hangs_holds_up_nobody_for_long(jwks, keys, monkeypatch):
    """One caller waits in `OLD_SECONDS`; while the issuer was asked lately, in vain, known keys are had at once."""
    jwks.publish(rsa_key(), "k1")
    assert await keys.get("k1") is not None
    jwks.answers.clear()
    monkeypatch.setattr(jwks_module, "FETCH_SECONDS", 0.05)
    await keys.close()
    keys.forget()
    assert await keys.get("k1") is not None
    asked = jwks.asked  # one or two: its time may be up before the issuer has heard of it
    monkeypatch.setattr(jwks_module, "FETCH_SECONDS", 600.0)
    monkeypatch.setattr(jwks_module, "RETRY_SECONDS", 0.0)
    await keys.close()
    jwks.reached.clear()
    async with asyncio.timeout(60):
        assert await keys.get("k1") is not None
        await jwks.reached.wait()
        assert await keys.get("k1") is not None
    assert jwks.asked > asked


async def test_known_keys_outlive_the_issuers_absence(jwks, keys, monkeypatch):
    """When the issuer can not be reached, the keys that we have still serve; and it is asked again when it is back."""
    jwks.publish(rsa_key(), "k1")
    assert await keys.get("k1") is not None
    jwks.status = 500
    for name in ("OLD_SECONDS", "AGAIN_SECONDS", "RETRY_SECONDS"):
        monkeypatch.setattr(jwks_module, name, 0.0)
    assert await keys.get("k1") is not None
    jwks.status = 200
    jwks.publish(rsa_key(1), "k2")
    assert await keys.get("k2") is not None


async def test_known_keys_do_not_serve_for_ever(jwks, keys, monkeypatch):
    """After `KEPT_SECONDS` without a fetch that succeeds they are gone: 503, until the issuer is back."""
    jwks.publish(rsa_key(), "k1")
    assert await keys.get("k1") is not None
    jwks.status = 500
    monkeypatch.setattr(jwks_module, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(jwks_module, "RETRY_SECONDS", 0.0)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await keys.get("k1")
    jwks.status = 200
    monkeypatch.setattr(jwks_module, "KEPT_SECONDS", 3600.0)
    assert await keys.get("k1") is not None


async def test_keys_are_fetched_anew_after_forgetting(jwks, keys):
    """A revoked key stops working at once; a fetch that was under way before counts no more, and who waits for it waits on."""
    jwks.publish(rsa_key(), "k1")
    jwks.answers.clear()
    early = asyncio.ensure_future(keys.get("k1"))
    async with asyncio.timeout(60):
        await jwks.reached.wait()
        jwks.keys.clear()
        jwks.publish(rsa_key(1), "k2")
        keys.forget()
        jwks.answers.set()
        assert await keys.get("k2") is not None
        assert await keys.get("k1") is None
        assert await early is None
    assert jwks.asked == 2


async def test_a_revoked_key_lets_nobody_in_after_forgetting(jwks):
    """Neither by the keys that are kept nor by the tokens that are remembered."""
    jwks.publish(rsa_key(), "k1")
    entry = TrustedIssuer(issuer="urn:a", audience="urn:hookd", algorithm="RS256", jwks_url=jwks.url)
    authenticator, header = Authenticator([entry]), bearer(rsa_key(), "RS256", "k1")
    await authenticator.identify(header)
    jwks.keys.clear()
    assert authenticator.recall(header) is not None
    authenticator.forget()
    assert authenticator.recall(header) is None
    with pytest.raises(Unauthenticated, match="does not publish"):
        await authenticator.identify(header)
    await authenticator.close()


async def test_what_was_being_verified_when_forgetting_is_not_remembered(jwks):
    """It is let in by the key of before once, and asked again the next time."""
    jwks.publish(rsa_key(), "k1")
    entry = TrustedIssuer(issuer="urn:a", audience="urn:hookd", algorithm="RS256", jwks_url=jwks.url)
    authenticator, header = Authenticator([entry]), bearer(rsa_key(), "RS256", "k1")
    jwks.answers.clear()
    early = asyncio.ensure_future(authenticator.identify(header))
    async with asyncio.timeout(60):
        await jwks.reached.wait()
        authenticator.forget()
        jwks.answers.set()
        await early
    assert authenticator.recall(header) is None
    await authenticator.close()


def test_a_withdrawn_key_works_for_two_minutes_at_most():
    """What the docstrings and the operator's handbook promise."""
    assert jwks_module.OLD_SECONDS + REMEMBERED_SECONDS <= 120
    assert jwks_module.AGAIN_SECONDS <= jwks_module.OLD_SECONDS


@pytest.mark.parametrize(
    "status, headers, body",
    [
        (500, {}, None),
        (302, {"Location": "/jwks.json"}, None),
        (200, {}, b"not json"),
        (200, {}, b"[]"),
        (200, {}, b'{"keys": {}}'),
        (200, {}, b'{"keys": ["' + b"x" * MAX_BYTES + b'"]}'),
    ],
    ids=["error", "redirect", "text", "array", "object", "oversize"],
)
async def test_what_is_no_key_set_is_not_used(jwks, keys, status, headers, body):
    """No keys at all: 503, for the token may be good. A redirect is not followed, an endless document not read."""
    jwks.publish(rsa_key(), "k1")
    jwks.status, jwks.headers, jwks.body = status, headers, body
    with pytest.raises(Unavailable):
        await keys.get("k1")
    assert jwks.asked == 1
    with pytest.raises(Unavailable):
        await keys.get("k1")
    assert jwks.asked == 1


async def test_an_issuer_that_is_not_there_is_a_503():
    """Nobody listens; the token may be good all the same."""
    keys = KeySet("http://127.0.0.1:9/jwks.json", "RS256")
    with pytest.raises(Unavailable):
        await keys.get("k1")
    await keys.close()
    await keys.close()


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"alg": "RS512"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kid": 7},
        {"n": "!!"},
        {"d": "AQAB"},
        {"key_ops": ["encrypt"]},
        {"key_ops": []},
        {"key_ops": "verify"},
    ],
    ids=str,
)
async def test_a_key_that_does_not_fit_is_passed_over(jwks, keys, change):
    """For encryption or not for verifying, for another algorithm, symmetric, broken, or private: not used; the good one beside it is."""
    jwks.publish(rsa_key(), "odd", **change)
    jwks.publish(rsa_key(1), "good")
    assert await keys.get("odd") is None
    assert await keys.get("good") is not None


async def test_a_key_that_says_that_it_verifies_is_used(jwks, keys):
    """Other operations beside it do no harm."""
    jwks.publish(rsa_key(), "k1", key_ops=["wrapKey", "verify"])
    assert await keys.get("k1") is not None


async def test_short_keys_are_passed_over(jwks, keys):
    """RSA keys have 2048 bits at least (RFC 7518 section 3.3)."""
    jwks.publish(rsa_key(0, 1024), "short")
    assert await keys.get("short") is None


async def test_without_an_id_the_only_key_counts(jwks, keys, monkeypatch):
    """With two keys nobody guesses."""
    jwks.publish(rsa_key(), None)
    assert await keys.get(None) is not None
    jwks.publish(rsa_key(1), "k2")
    monkeypatch.setattr(jwks_module, "AGAIN_SECONDS", 0.0)
    assert await keys.get("k2") is not None
    assert await keys.get(None) is None


async def test_a_curve_of_another_size_is_passed_over(jwks):
    """ES256 is P-256 and nothing else (RFC 7518 section 3.4)."""
    jwks.publish(ec.generate_private_key(ec.SECP384R1()), "p384")
    keys = KeySet(jwks.url, "ES256")
    assert await keys.get("p384") is None
    await keys.close()


async def test_at_most_a_hundred_keys_are_read(jwks, keys):
    """A key set of thousands costs no more than one of a hundred."""
    jwks.publish(rsa_key(), "k1")
    jwks.body = orjson.dumps({"keys": [{}] * 100 + list(jwks.keys.values())})
    assert await keys.get("k1") is None


_ROWS: dict[str, Callable[[], dict[str, Any]]] = {
    "RS256": lambda: public_row(rsa_key()),
    "ES256": lambda: public_row(ec.generate_private_key(ec.SECP256R1())),
}
VALUES: st.SearchStrategy[Any] = st.sampled_from([None, True, 7, -1.5, "", "!!", "AQAB", "A" * 43, "\xe4", [], {}])
ODD = st.dictionaries(st.sampled_from(["n", "e", "x", "y", "kid", "use", "alg", "key_ops", "x5c"]), VALUES, max_size=4)


@settings(deadline=None)
@given(ODD, st.sampled_from([("RS256", {"kty": "RSA"}), ("ES256", {"kty": "EC", "crv": "P-256"})]))
def test_a_broken_key_never_takes_the_others_with_it(odd, kind):
    """Whatever one row holds, the good one beside it is found."""
    algorithm, kty = kind
    row = _ROWS[algorithm]()
    rows = [{**row, "kid": "odd", **kty, **odd}, 7, None, [], {}, {**row, "kid": "good"}]
    found = jwks_module._usable(orjson.dumps({"keys": rows}), algorithm)
    assert "good" in found
