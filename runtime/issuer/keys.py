"""Signing keys: RS256 signatures, the JWKS, and rotation.

There are always a current key and a next one. The next one is in the JWKS before it signs anything, so whoever caches
the JWKS knows it in time. Rotation makes it current; the old one stays in the JWKS, without its private half, until no
token that it signed can be valid any more. Other processes may rotate the same store: the ring looks again every `RELOAD_SECONDS`.
Where the store has none any more, because its Redis has lost everything, it is given those that the ring knows: tokens that are
out stay good, and processes that start meanwhile sign with the same.

Private halves are kept sealed (`sealing`), and opened to sign: a ring knows that of one key.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import jwt
import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from runtime.errors import Conflict, NotFound, SettingsError, Unavailable
from runtime.http.openid import base64url
from runtime.issuer.records import Jwk, SigningKey
from runtime.issuer.sealing import KeySealer, MasterKeys, settle
from runtime.issuer.store import SigningKeys
from runtime.storage.sealing import Unsealable

RELOAD_SECONDS = 10.0
LONGEST_TOKEN_LIFETIME = 2_592_000
"""No token outlives this, in seconds; the bound of `[[issuer.resource_servers]] token_lifetime`."""
CERTIFICATE_LIFETIME = timedelta(days=5_000)
"""Of the certificates around the keys; Auth0's live as long. Rotation does not wait for their end."""
GRACE_SECONDS = 300
"""How much longer a previous key is kept: for processes that had not reloaded yet, and for clocks that differ."""


class KeyRing:
    """The keys of one store, ready to sign. Make it with `open_keys`."""

    def __init__(
        self, store: SigningKeys, keys: Sequence[SigningKey], clock: Callable[[], float], sealer: KeySealer
    ) -> None:
        self.revoked: Callable[[], None] = lambda: None
        """Called after a key was revoked: whoever in this process remembers tokens forgets them."""
        self._store = store
        self._clock = clock
        self._sealer = sealer
        self._use(keys)
        self._signer = self._opened(self._keys[0])

    @property
    def kid(self) -> str:
        """The id of the key that signs now."""
        return self._keys[0].kid

    @property
    def is_sealed(self) -> bool:
        """Whether there is a master key, so that private halves are kept sealed."""
        return self._sealer.has_key

    async def sign(self, claims: Mapping[str, object]) -> str:
        """A JWT of these claims, signed by the current key (RFC 7515, RS256, with `kid` and `typ` JWT). `Unavailable`."""
        await self._reload()
        if self._signer.kid != self.kid:
            self._signer = self._opened(self._keys[0])
        return self._signer.sign(claims)

    async def jwks(self) -> dict[str, list[dict[str, Jwk]]]:
        """The public keys (RFC 7517 section 5): the current one, the next one, and the previous ones."""
        await self._reload()
        return {"keys": [dict(key.jwk) for key in self._keys]}

    async def list(self) -> list[SigningKey]:
        """All keys: current, next, then the previous ones, newest first."""
        await self._reload()
        return list(self._keys)

    async def rotate(self) -> SigningKey:
        """Make the next key current, the current one previous, and a new next one. Returns the new current key.

        `Unavailable`, and all is as it was, where the next key can not be opened, or a new one not be sealed.
        """
        fresh = await _generate("next", self._clock())

        def edit(keys: list[SigningKey]) -> list[SigningKey]:
            known = self._unless_lost(keys)
            self._opened(next(key for key in known if key.state == "next"))  # it is to sign, and so must open here
            return rotated(known, self._sealer.settled(fresh), self._clock())

        with _unavailable():
            self._sealer.renew()
            self._use(await settle(self._store, self._sealer, await self._store.change(edit)))
        return self._keys[0]

    async def revoke(self, kid: str) -> SigningKey:
        """Take a previous key out of the JWKS at once.

        Who keeps our keys learns it when it asks again: services in this process by `revoked`, at once; a hookd
        elsewhere within two minutes (`http.jwks`, `http.bearer`).
        """
        revoked = next((key for key in await self._store.all() if key.kid == kid), None)
        if revoked is None:
            raise NotFound("The signing key does not exist.")
        if revoked.state != "previous":
            raise Conflict(f"The {revoked.state} signing key can not be revoked: rotate first.")
        self._use(await self._store.change(lambda keys: [key for key in keys if key.kid != kid]))
        self.revoked()
        return revoked

    async def _reload(self) -> None:
        if self._clock() - self._loaded_at >= RELOAD_SECONDS:
            keys = await self._store.all()
            self._use(keys or await self._store.change(self._unless_lost))

    def _unless_lost(self, keys: Sequence[SigningKey]) -> Sequence[SigningKey]:
        return keys or self._keys

    def _use(self, keys: Sequence[SigningKey]) -> None:
        now = self._clock()
        order = {"current": 0, "next": 1, "previous": 2}
        kept = [key for key in keys if key.gone_at is None or key.gone_at > now]
        self._keys = sorted(kept, key=lambda key: (order[key.state], -key.since))
        self._loaded_at = now

    def _opened(self, key: SigningKey) -> _Signer:
        with _unavailable():
            return _Signer(key.kid, self._sealer.open(key))


class _Signer:
    """One private key, ready to sign."""

    def __init__(self, kid: str, pem: str) -> None:
        self.kid = kid
        # Checking the numbers again costs as much as a hundred signatures; the key is ours, from our own file.
        private = load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
        self._private = cast(rsa.RSAPrivateKey, private)

    def sign(self, claims: Mapping[str, object]) -> str:
        return jwt.encode(dict(claims), self._private, "RS256", headers={"kid": self.kid})


async def open_keys(store: SigningKeys, clock: Callable[[], float], master: MasterKeys = tuple) -> KeyRing:
    """The key ring of a store; its first two keys are made here, and what is not sealed under the newest master key is.

    `SettingsError` where the keys that are there can not be opened: none is made in their place.
    """
    sealer = KeySealer(master)
    keys = await store.all()
    if not keys:
        fresh = [sealer.settled(await _generate(state, clock())) for state in ("current", "next")]
        # Another process may have started at the same moment: whoever writes first decides.
        keys = await store.change(lambda present: present or fresh)
    sealer.require(keys)
    return KeyRing(store, await settle(store, sealer, keys), clock, sealer)


def rotated(keys: Sequence[SigningKey], fresh: SigningKey, now: float) -> list[SigningKey]:
    """The keys after a rotation at `now`. Previous keys whose time is over are dropped. Pure."""
    gone_at = now + LONGEST_TOKEN_LIFETIME + GRACE_SECONDS
    kept = [key for key in keys if key.gone_at is None or key.gone_at > now]
    return [_after(key, now, gone_at) for key in kept] + [fresh]


@contextmanager
def _unavailable() -> Iterator[None]:
    """A private half that does not open while the server runs: what is wrong is for the operator's log."""
    try:
        yield
    except (Unsealable, SettingsError) as error:
        reason = error.debug if isinstance(error, Unsealable) else str(error)
        raise Unavailable("The signing keys can not be used. Try again later.", debug=reason) from None


def thumbprint(jwk: Mapping[str, Jwk]) -> str:
    """The RFC 7638 thumbprint of an RSA public key: base64url of SHA-256, without padding."""
    required = {name: jwk[name] for name in ("e", "kty", "n")}
    return base64url(hashlib.sha256(orjson.dumps(required, option=orjson.OPT_SORT_KEYS)).digest())


def _after(key: SigningKey, now: float, gone_at: float) -> SigningKey:
    match key.state:
        case "current":
            return replace(key, state="previous", private_pem="", since=now, gone_at=gone_at)
        case "next":
            return replace(key, state="current", since=now)
        case _:
            return key


async def _generate(state: str, now: float) -> SigningKey:
    private = await asyncio.to_thread(rsa.generate_private_key, public_exponent=65537, key_size=2048)
    numbers = private.public_key().public_numbers()
    public = {"kty": "RSA", "n": _base64url_number(numbers.n), "e": _base64url_number(numbers.e)}
    kid = thumbprint(public)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    certificate = _certificate(private, now)
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    x5t = base64url(certificate.fingerprint(hashes.SHA1()))  # noqa: S303 - what RFC 7517 section 4.8 prescribes
    jwk: dict[str, Jwk] = {**public, "alg": "RS256", "use": "sig", "kid": kid, "x5t": x5t, "x5c": [der]}
    return SigningKey(kid=kid, state=state, jwk=jwk, private_pem=pem, since=now)


def _certificate(private: rsa.RSAPrivateKey, now: float) -> x509.Certificate:
    """The key in a certificate of its own, for clients that read `x5c` (RFC 7517 section 4.7); it proves nothing."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hookd")])
    start = datetime.fromtimestamp(now, UTC)
    return (
        x509.CertificateBuilder(subject_name=name, issuer_name=name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + CERTIFICATE_LIFETIME)
        .sign(private, hashes.SHA256())
    )


def _base64url_number(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))
