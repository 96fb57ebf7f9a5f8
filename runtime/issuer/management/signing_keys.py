"""`/api/v2/keys/signing`: the keys that sign tokens, by Auth0's paths. Private halves never leave the store."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from runtime.errors import NotFound
from runtime.http.json import json_response
from runtime.http.routes import Call, Handler, Route, Scopes
from runtime.issuer.issuer import Issuer
from runtime.issuer.management.collection import Document, of_tenant
from runtime.issuer.records import SigningKey

PATH = "/api/v2/keys/signing"


def signing_key_routes(issuer: Issuer) -> list[Route]:
    """List, read, rotate, revoke."""

    async def every(_call: Call) -> web.StreamResponse:
        return json_response([_document(key) for key in await issuer.keys.list()])

    async def one(call: Call) -> web.StreamResponse:
        for key in await issuer.keys.list():
            if key.kid == call.path("kid"):
                return json_response(_document(key))
        raise NotFound("The signing key does not exist.")

    async def rotate(_call: Call) -> web.StreamResponse:
        return json_response(_document(await issuer.keys.rotate()), 201)

    async def revoke(call: Call) -> web.StreamResponse:
        key = await issuer.keys.revoke(call.path("kid"))
        return json_response(_document(key) | {"revoked": True})

    def route(method: str, path: str, verb: str, handler: Handler) -> Route:
        return Route(
            method=method, path=path, handler=of_tenant(issuer, handler), access=Scopes(f"{verb}:signing_keys")
        )

    return [
        route("GET", PATH, "read", every),
        route("GET", f"{PATH}/{{kid}}", "read", one),
        route("POST", f"{PATH}/rotate", "create", rotate),
        route("PUT", f"{PATH}/{{kid}}/revoke", "update", revoke),
    ]


def _document(key: SigningKey) -> Document:
    """Auth0's signing key. Fingerprint and thumbprint are the certificate's SHA-1, in hex."""
    certificate = x509.load_der_x509_certificate(b64decode(key.jwk["x5c"][0]))
    digest = certificate.fingerprint(hashes.SHA1())  # noqa: S303 - what Auth0 shows
    return {
        "kid": key.kid,
        "cert": certificate.public_bytes(Encoding.PEM).decode(),
        "fingerprint": digest.hex(":").upper(),
        "thumbprint": digest.hex().upper(),
        "current": key.state == "current",
        "next": key.state == "next",
        "previous": key.state == "previous",
        f"{key.state}_since": datetime.fromtimestamp(key.since, UTC).isoformat(timespec="seconds"),
        "revoked": False,
    }
