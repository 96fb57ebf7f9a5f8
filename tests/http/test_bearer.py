from __future__ import annotations

import asyncio
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.utils import base64url_encode

from runtime.errors import InsufficientScope, SettingsError, Unauthenticated, Unavailable
from runtime.http.bearer import Authenticator, NoToken, challenge, require_scope
from runtime.http.json import json_response
from runtime.http.routes import Call, Route, Scopes
from runtime.settings import TrustedIssuer
from tests.http.conftest import JwksServer, rsa_key

NO_TENANT = (
    "The token's claim 'ten' is not a tenant's name: "
    "1 to 128 letters, digits, dots, underscores and hyphens, a letter or digit first."
)
SECRET = "a shared secret of more than 32 characters"
HS256 = TrustedIssuer(issuer="urn:a", audience="urn:hookd", algorithm="HS256", secret=SECRET)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


def claims(**more: Any) -> dict[str, Any]:
    """Good ones, with some changed; None leaves one out."""
    now = int(time.time())
    own = {"iss": "urn:a", "aud": "urn:hookd", "exp": now + 60, "ten": "acme", "sub": "me", "scope": "a b", **more}
    return {name: value for name, value in own.items() if value is not None}


def bearer(secret: Any = SECRET, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **more: Any) -> str:
    return "Bearer " + jwt.encode(claims(**more), secret, algorithm=algorithm, headers=headers)


async def refusal(authenticator: Authenticator, header: str | None) -> str:
    """Why the header is refused."""
    with pytest.raises(Unauthenticated) as caught:
        await authenticator.identify(header)
    assert authenticator.recall(header) is None
    return caught.value.message


async def test_a_good_token_names_tenant_and_scopes():
    """HS256, with the tenant in `ten` and the scopes in `scope`."""
    caller = await Authenticator([HS256]).identify(bearer())
    assert (caller.tenant, set(caller.scopes)) == ("acme", {"a", "b"})


@pytest.mark.parametrize("scope", ["a\u2003b", "a\tb", "a\nb", "a\x1fb", "a\xa0b"])
async def test_only_spaces_divide_scopes(scope):
    """Any other white space is a part of a name that nobody has (RFC 6749 section 3.3)."""
    assert (await Authenticator([HS256]).identify(bearer(scope=scope))).scopes == {scope}
    assert (await Authenticator([HS256]).identify(bearer(scope=f"  c  {scope} "))).scopes == {"c", scope}


async def test_permissions_count_as_scopes():
    """Auth0 puts `permissions`, an array, beside or in place of `scope`."""
    authenticator = Authenticator([HS256])
    assert (await authenticator.identify(bearer(permissions=["c", 1]))).scopes == {"a", "b", "c"}
    assert (await authenticator.identify(bearer(scope=None, permissions=["c"]))).scopes == {"c"}
    assert (await authenticator.identify(bearer(scope=["a"]))).scopes == set()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"iss": "urn:b"}, "The token's issuer is not trusted here."),
        ({"iss": None}, "The token has no issuer (iss)."),
        ({"aud": "urn:other"}, "The token is for another audience."),
        ({"aud": ["urn:other"]}, "The token is for another audience."),
        ({"aud": None}, "The token has no claim 'aud'."),
        ({"exp": None}, "The token has no claim 'exp'."),
        ({"exp": 1}, "The token has expired."),
        ({"nbf": 9_999_999_999}, "The token is not valid yet (nbf, iat)."),
        ({"iat": 9_999_999_999}, "The token is not valid yet (nbf, iat)."),
        ({"iat": "today"}, "The token's iat is not a number."),
        ({"exp": "never"}, "Invalid token."),
        ({"exp": float("inf")}, "Invalid token."),
        ({"exp": 10**400}, "Invalid token."),
        ({"exp": "99999999999"}, "The token's exp is not a number."),
        ({"nbf": "1"}, "The token's nbf is not a number."),
        ({"iat": "1"}, "The token's iat is not a number."),
        ({"nbf": True}, "The token's nbf is not a number."),
        ({"iat": False}, "The token's iat is not a number."),
        ({"ten": None}, "The token names no tenant: "),
        ({"ten": ""}, NO_TENANT),
        ({"ten": 7}, NO_TENANT),
        ({"ten": "../acme"}, NO_TENANT),
        ({"ten": "a" * 129}, NO_TENANT),
    ],
)
async def test_a_token_that_breaks_a_rule_is_refused(change, message):
    """The message names the rule."""
    assert (await refusal(Authenticator([HS256]), bearer(**change))).startswith(message)


async def test_an_audience_among_several_is_enough():
    """`aud` may be an array (RFC 7519 section 4.1.3)."""
    assert (await Authenticator([HS256]).identify(bearer(aud=["urn:x", "urn:hookd"]))).tenant == "acme"


async def test_the_leeway_forgives_a_clock_difference():
    """Five seconds by default, on both ends; no more."""
    authenticator, now = Authenticator([HS256], leeway=5), int(time.time())
    assert (await authenticator.identify(bearer(exp=now - 2))).tenant == "acme"
    assert (await authenticator.identify(bearer(nbf=now + 3, iat=now + 3))).tenant == "acme"
    assert await refusal(authenticator, bearer(exp=now - 7)) == "The token has expired."
    assert await refusal(authenticator, bearer(nbf=now + 30)) == "The token is not valid yet (nbf, iat)."


async def test_a_wrong_signature_is_refused():
    """Another secret, a changed payload, and none at all."""
    authenticator = Authenticator([HS256])
    wrong = "Invalid signature received for JSON Web Token validation."
    assert await refusal(authenticator, bearer("another secret of more than 32 characters")) == wrong
    head, _, signature = bearer().split(".")
    payload = bearer(ten="globex").split(".")[1]
    assert await refusal(authenticator, f"{head}.{payload}.{signature}") == wrong
    assert await refusal(authenticator, f"{head}.{payload}.") == wrong


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
async def test_the_algorithm_is_pinned(algorithm):
    """What the token says of its algorithm is believed only where the configuration says the same."""
    key = None if algorithm == "none" else SECRET * 2
    assert await refusal(Authenticator([HS256]), bearer(key, algorithm)) == (
        "The token is signed with an algorithm that is not accepted from its issuer."
    )


def signed(header: dict[str, Any] | bytes, payload: dict[str, Any] | bytes) -> str:
    """With our secret, whatever it says: what a library would not make."""
    parts = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload))
    text = b".".join(base64url_encode(part) for part in parts)
    return f"Bearer {text.decode()}.{base64url_encode(hmac.digest(SECRET.encode(), text, 'sha256')).decode()}"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "NONE"},
        {"alg": "None"},
        {"alg": "hs256"},
        {"alg": ["HS256"]},
        {"alg": None},
        {},
        {"alg": "HS256", "crit": ["exp2"], "exp2": 1},
        {"alg": "HS256", "crit": ["b64"], "b64": False},
        {"alg": "HS256", "crit": []},
        {"alg": "HS256", "b64": False},
        {"alg": "HS256", "typ": "dpop+jwt"},
        {"alg": "HS256", "typ": "logout+jwt"},
        {"alg": "HS256", "typ": 7},
        {"alg": "HS256", "kid": 7},
        {"alg": "HS256", "kid": ["a"]},
        b"[]",
        b'"HS256"',
        b'{"alg":"HS256","alg":"none"}',
    ],
)
async def test_a_header_that_asks_for_anything_else_is_refused(header):
    """Well signed though it is: extensions that we do not know (RFC 7515 section 4.1.11), and tokens for other purposes."""
    await refusal(Authenticator([HS256]), signed(header, claims()))


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "application/AT+jwt", "", None])
async def test_what_an_access_token_may_call_itself(typ):
    """RFC 9068 section 4; most token servers say JWT, or nothing."""
    assert (await Authenticator([HS256]).identify(signed({"alg": "HS256", "typ": typ}, claims()))).tenant == "acme"


async def test_no_header_brings_a_key_of_its_own(jwks: JwksServer):
    """`jku`, `x5u`, `jwk` and a `kid` that is a path are neither fetched nor read: keys come from the configured address only."""
    own, theirs = rsa_key(0), rsa_key(1)
    jwks.publish(own, "k1")
    entry = TrustedIssuer(issuer="urn:a", audience="urn:hookd", algorithm="RS256", jwks_url=jwks.url)
    authenticator = Authenticator([entry])
    public = jwt.algorithms.RSAAlgorithm.to_jwk(theirs.public_key(), as_dict=True)
    for more in (
        {"jwk": public},
        {"jku": jwks.url.replace("jwks", "theirs")},
        {"x5u": jwks.url, "x5c": ["MIIB"]},
        {"kid": "../../../../dev/null"},
        {"kid": "k1' OR '1'='1"},
    ):
        await refusal(authenticator, bearer(theirs, "RS256", headers={"kid": "k1", **more}))
    assert (
        await authenticator.identify(bearer(own, "RS256", headers={"kid": "k1", "jku": "http://127.0.0.1:1/"}))
    ).tenant
    await authenticator.close()


@pytest.mark.parametrize(
    "change",
    [lambda text: f"{text}.x", lambda text: f"{text}.{text}", lambda text: text.replace("Bearer ", "Bearer .")],
    ids=["four parts", "two signatures", "an empty part"],
)
async def test_a_token_has_one_signature(change):
    """Three parts, no more: a JWS in another form is none (RFC 7519 section 3)."""
    await refusal(Authenticator([HS256]), change(bearer().replace("Bearer ", "", 0)))


@pytest.mark.parametrize("payload", [b"[1]", b"7", b"", b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", b'{"exp": NaN}'])
async def test_a_payload_that_is_no_set_of_claims_is_refused(payload):
    """However well signed, and however deep."""
    await refusal(Authenticator([HS256]), signed({"alg": "HS256"}, payload))


async def test_an_enormous_token_is_not_looked_at():
    """A header has a limit of its own (`app`); a token that comes another way has this one."""
    message = await refusal(Authenticator([HS256]), bearer(x="x" * 20_000))
    assert message == "The token is longer than 16,384 characters."


async def test_a_public_key_is_no_shared_secret(jwks: JwksServer):
    """The confusion attack: a token signed by HS256 with the issuer's public RSA key as the secret."""
    key = rsa_key()
    jwks.publish(key, "k1")
    entry = TrustedIssuer(issuer="urn:a", audience="urn:hookd", algorithm="RS256", jwks_url=jwks.url)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head, payload, _ = jwt.encode(claims(), SECRET, algorithm="HS256", headers={"kid": "k1"}).split(".")
    signature = base64url_encode(
        jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(f"{head}.{payload}".encode(), public)
    ).decode()
    authenticator = Authenticator([entry])
    message = await refusal(authenticator, f"Bearer {head}.{payload}.{signature}")
    assert message == "The token is signed with an algorithm that is not accepted from its issuer."
    both = Authenticator([entry, HS256])
    assert "Invalid signature" in await refusal(both, f"Bearer {head}.{payload}.{signature}")
    await both.close()
    await authenticator.close()


async def test_an_issuer_may_have_a_tenant_of_its_own():
    """Then `ten` may be absent, and may not say another."""
    authenticator = Authenticator(
        [TrustedIssuer(issuer="urn:a", audience="urn:hookd", algorithm="HS256", secret=SECRET, tenant="acme")]
    )
    assert (await authenticator.identify(bearer(ten=None))).tenant == "acme"
    assert (await authenticator.identify(bearer())).tenant == "acme"
    assert "another tenant" in await refusal(authenticator, bearer(ten="globex"))


async def test_one_issuer_may_have_several_entries():
    """The entry whose secret and audience fit decides the tenant; with none, the first one's fault is told."""
    other = "another secret of more than 32 characters"
    authenticator = Authenticator(
        [
            TrustedIssuer(issuer="urn:a", audience="urn:hookd", algorithm="HS256", secret=SECRET, tenant="one"),
            TrustedIssuer(issuer="urn:a", audience="urn:hookd", algorithm="HS256", secret=other, tenant="two"),
        ]
    )
    assert (await authenticator.identify(bearer(ten=None))).tenant == "one"
    assert (await authenticator.identify(bearer(other, ten=None))).tenant == "two"
    assert "Invalid signature" in await refusal(authenticator, bearer("x" * 40, ten=None))


@pytest.mark.parametrize("dead_first", [True, False])
async def test_an_entry_whose_keys_can_not_be_had_leaves_the_issuers_others(jwks: JwksServer, dead_first):
    """Whom another entry accepts gets in; of all others it is not known whether they may."""
    jwks.publish(rsa_key(), "k1")
    dead, live = (
        TrustedIssuer(issuer="urn:a", audience="urn:hookd", algorithm="RS256", jwks_url=url, tenant=tenant)
        for url, tenant in ((f"{jwks.url}.none", "one"), (jwks.url, "two"))
    )
    authenticator = Authenticator([dead, live] if dead_first else [live, dead])
    kid = {"kid": "k1"}
    assert (await authenticator.identify(bearer(rsa_key(), "RS256", kid, ten=None))).tenant == "two"
    with pytest.raises(Unavailable):
        await authenticator.identify(bearer(rsa_key(1), "RS256", kid, ten=None))
    await authenticator.close()


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "bearer: x", "Bearer ä"])
async def test_no_bearer_token_is_told_apart(header):
    """Its challenge has no error code (RFC 6750 section 3.1)."""
    with pytest.raises(NoToken) as caught:
        await Authenticator([HS256]).identify(header)
    assert challenge(caught.value, ()) == 'Bearer realm="hookd"'


async def test_the_scheme_has_any_case():
    """RFC 9110 section 11.1."""
    assert (await Authenticator([HS256]).identify(bearer().replace("Bearer", "bEARER"))).tenant == "acme"


@settings(deadline=None)
@given(TEXT, TEXT, TEXT)
async def test_any_text_is_refused_in_good_order(head, payload, signature):
    """No token, whatever its bytes, raises anything but Unauthenticated; its challenge is a valid header."""
    encode = base64url_encode
    token = ".".join(encode(part.encode()).decode() for part in (head, payload, signature))
    with pytest.raises(Unauthenticated) as caught:
        await Authenticator([HS256]).identify(f"Bearer {token}")
    assert (challenge(caught.value, ()) or "").isprintable()


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["aud", "exp", "nbf", "iat", "ten", "sub", "scope", "permissions", "jti"]),
        st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | TEXT | st.lists(TEXT, max_size=2),
    )
)
async def test_signed_nonsense_is_refused_in_good_order(nonsense):
    """Claims of any type, well signed: a caller or Unauthenticated, nothing else."""
    header = "Bearer " + jwt.api_jws.encode(json.dumps({**claims(), **nonsense}).encode(), SECRET, algorithm="HS256")
    try:
        caller = await Authenticator([HS256]).identify(header)
    except Unauthenticated:
        return
    assert caller.tenant
    assert all(isinstance(scope, str) for scope in caller.scopes)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"issuer": ""}, "needs an issuer and an audience"),
        ({"audience": ""}, "needs an issuer and an audience"),
        ({"secret": "short"}, "at least 32 characters"),
        ({"jwks_url": "https://a/jwks"}, "HS256 takes a secret"),
        ({"algorithm": "RS256"}, "RS256 takes a jwks_url"),
        ({"algorithm": "ES256", "secret": "", "jwks_url": "file:///etc/passwd"}, "ES256 needs a jwks_url"),
        ({"tenant": "a/b"}, "the tenant must be"),
    ],
)
def test_an_entry_that_could_not_be_right_stops_the_start(change, message):
    """A wrong configuration is told at once, not by every caller's 401; the secret is not in the message."""
    row = {"issuer": "urn:a", "audience": "urn:hookd", "algorithm": "HS256", "secret": SECRET, **change}
    with pytest.raises(SettingsError, match=message) as caught:
        Authenticator([TrustedIssuer(**row)])
    assert row["secret"] == "" or row["secret"] not in str(caught.value)


async def test_scopes_are_required_over_http(served, client):
    """403 names what is missing, in the body as in the challenge (RFC 6750 section 3.1); any one of several is enough."""

    async def who(call: Call):
        return json_response([call.caller.tenant, sorted(call.caller.scopes)])

    url = await served(
        Route(method="GET", path="/one", handler=who, access=Scopes("c")),
        Route(method="GET", path="/any", handler=who, access=Scopes("c", "b")),
        authenticator=Authenticator([HS256]),
    )
    async with client.get(f"{url}/one", headers={"Authorization": bearer()}) as answer:
        assert answer.status == 403
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="hookd", error="insufficient_scope", scope="c"'
        assert (await answer.json())["message"] == "Insufficient scope; expected any of: c."
    async with client.get(f"{url}/any", headers={"Authorization": bearer()}) as answer:
        assert await answer.json() == ["acme", ["a", "b"]]
    async with client.get(f"{url}/any", headers={"Authorization": bearer(exp=1)}) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == (
            'Bearer realm="hookd", error="invalid_token", error_description="The token has expired."'
        )


async def test_many_at_once_are_verified_alike():
    """The same token from many requests at once gives the same caller to each."""
    authenticator, header = Authenticator([HS256]), bearer()
    callers = await asyncio.gather(*(authenticator.identify(header) for _ in range(20)))
    assert set(callers) == {callers[0]}
    with pytest.raises(InsufficientScope):
        require_scope(callers[0], ("c",))
