"""Which client asks (RFC 6749 section 2.3): `client_secret_basic`, `client_secret_post`, or a public client's bare id.

Rule: an unknown client, a wrong secret and a missing one get the same answer. They do not take the same time: only a wrong
secret of a client that exists is hashed. That a client exists is no secret, and a hash for whoever invents an id would
be a hash for everybody.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from runtime.issuer.issuer import Issuer
from runtime.issuer.oauth_errors import InvalidClient, InvalidRequest
from runtime.issuer.parameters import Parameters
from runtime.issuer.records import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a client says of itself. A public client has the secret ""."""

    client_id: str
    secret: str = field(repr=False)


async def authenticate(issuer: Issuer, parameters: Parameters) -> Client:
    """The client that sent this.

    `InvalidClient` when it does not prove to be one, `InvalidRequest` when it tries in two ways, `TooManyAttempts` when it
    was wrong too often.
    """
    is_basic = parameters.authorization is not None
    presented = [
        (client, credentials.secret)
        for credentials in _presented(parameters)
        if (client := await issuer.store.clients.get(credentials.client_id)) is not None
    ]
    # All that costs nothing comes first: a secret that is right in its second reading is hashed once, not every time.
    for client, secret in presented:
        if (client.is_public and not secret) or issuer.secrets.remembers(secret, client.secret_hash):
            return client
    for client, secret in presented:
        if secret and not client.is_public and await _matches(issuer, client, secret, parameters.ip):
            return client
    raise InvalidClient(challenge=is_basic)


async def _matches(issuer: Issuer, client: Client, secret: str, ip: str) -> bool:
    """Whether this is the client's secret. Costs a hash, so who was wrong too often is not asked any more."""
    async with issuer.client_attempts.attempt(client.client_id, ip):
        matches = await issuer.secrets.verify(secret, client.secret_hash, ip)
        await issuer.client_attempts.count(client.client_id, ip, failed=not matches)
    return matches


def _presented(parameters: Parameters) -> list[Credentials]:
    client_id, secret = parameters.text("client_id"), parameters.text("client_secret")
    if parameters.authorization is None:
        if not client_id:
            raise InvalidClient("Client authentication is missing: send client_id and client_secret, or HTTP Basic.")
        return [Credentials(client_id=client_id, secret=secret)]
    if secret:
        raise InvalidRequest("The client authenticates twice: in the Authorization header and by client_secret.")
    presented = _basic(parameters.authorization)
    if client_id and all(credentials.client_id != client_id for credentials in presented):
        raise InvalidRequest("The parameter client_id names another client than the Authorization header.")
    return presented


def _basic(header: str) -> list[Credentials]:
    """The id and the secret of a Basic header: as RFC 6749 section 2.3.1 encodes them, and as they stand.

    authlib and requests do not percent-encode them, openid-client and simple-oauth2 do (contract 2).
    """
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        decoded = ""
    client_id, colon, secret = decoded.partition(":")
    if not colon or not client_id:
        raise InvalidClient("The Authorization header is not 'Basic' with a client's id and secret.", challenge=True)
    forms = [(_percent_decoded(client_id), _percent_decoded(secret)), (client_id, secret)]
    return [Credentials(client_id=name, secret=value) for name, value in dict.fromkeys(forms)]


def _percent_decoded(text: str) -> str:
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        return text
