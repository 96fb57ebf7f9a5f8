"""Keys of every kind as PEM, made by `cryptography` when they are first asked for: none is in the repository."""

from __future__ import annotations

import datetime as dt
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.guest.comparing import in_node

PrivateKey = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | x25519.X25519PrivateKey
)

PASSPHRASE = "passphrase"
# `cryptography` makes none with parameters.
_PSS = """const { privateKey } = require('crypto').generateKeyPairSync('rsa-pss', {
  modulusLength: 2048, hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256', saltLength: 32 });
console.log(JSON.stringify(privateKey.export({ type: 'pkcs8', format: 'pem' })));"""


def _private(
    key: PrivateKey, form: PrivateFormat = PrivateFormat.PKCS8, how: KeySerializationEncryption | None = None
) -> str:
    return key.private_bytes(Encoding.PEM, form, how or NoEncryption()).decode()


def public(key: PrivateKey) -> str:
    """SubjectPublicKeyInfo."""
    return _spki(key.public_key())


def _spki(key: CertificatePublicKeyTypes) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@cache
def only_for_node() -> dict[str, str]:
    """Keys that the guest can not compute with: an RSA key of 4,104 bits, which nobody can sign with, and other curves."""
    kinds: dict[str, PrivateKey] = {
        "p521": ec.generate_private_key(ec.SECP521R1()),
        "brainpool": ec.generate_private_key(ec.BrainpoolP256R1()),
        "ed448": ed448.Ed448PrivateKey.generate(),
    }
    return {
        **{name: _private(key) for name, key in kinds.items()},
        **{f"{name}Public": public(key) for name, key in kinds.items()},
        "widePublic": _spki(rsa.RSAPublicNumbers(65537, (1 << 4103) + 1).public_key()),
    }


def _certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tenant.example")])
    begin = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 5, begin, begin.replace(year=2044))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@cache
def pem() -> dict[str, str]:
    """Name to PEM. `x`, `xPublic`: private and public; the same key as PKCS#1 or SEC1, in a certificate, behind a passphrase."""
    one, other, small = (rsa.generate_private_key(65537, bits) for bits in (2048, 2048, 1024))
    curves: list[ec.EllipticCurve] = [ec.SECP256R1(), ec.SECP384R1(), ec.SECP256K1()]
    p256, p384, k256 = (ec.generate_private_key(curve) for curve in curves)
    kinds: dict[str, PrivateKey] = {
        "rsa": one,
        "other": other,
        "small": small,
        "ec": p256,
        "p384": p384,
        "k256": k256,
        "ed": ed25519.Ed25519PrivateKey.generate(),
        "x": x25519.X25519PrivateKey.generate(),
    }
    return {
        **only_for_node(),
        **{name: _private(key) for name, key in kinds.items()},
        **{f"{name}Public": public(key) for name, key in kinds.items()},
        "rsaPkcs1": _private(other, PrivateFormat.TraditionalOpenSSL),
        "ecSec1": _private(p256, PrivateFormat.TraditionalOpenSSL),
        "certificate": _certificate(one),
        "encrypted": _private(p256, how=BestAvailableEncryption(PASSPHRASE.encode())),
        "legacy": _private(one, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(PASSPHRASE.encode())),
        "pss": in_node(_PSS),
    }
