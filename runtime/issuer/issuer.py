"""The token server as a whole: opened from its settings, closed at the end of the block.

`app.issuer_routes` turns it into HTTP. It knows the runtime by its address only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from runtime.errors import SettingsError
from runtime.issuer.attempts import Attempts
from runtime.issuer.decisions import Decisions, OwnToken
from runtime.issuer.keys import KeyRing, open_keys
from runtime.issuer.opening import name_of, open_store
from runtime.issuer.passwords import DEFAULT_COST, HashCost, Passwords, VerifiedSecrets
from runtime.issuer.records import new_form_key
from runtime.issuer.sealing import MasterKeys
from runtime.issuer.seeds import sow
from runtime.issuer.store import IssuerStore
from runtime.issuer.system import management_audience
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.settings import TrustedIssuer

log = logging.getLogger("hookd.issuer")

LONGEST_TIMEOUT: Final = 3600
EVERYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not listened on


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """A token server that is open.

    `url` is its address without a slash at the end, `clock` gives seconds since the epoch. `passwords` are the users',
    `secrets` the clients'; the attempts are who was wrong about them, and how often.
    """

    settings: IssuerSettings
    url: str
    store: IssuerStore
    keys: KeyRing
    passwords: Passwords
    secrets: VerifiedSecrets
    form_key: bytes = field(repr=False)
    user_attempts: Attempts
    client_attempts: Attempts
    decisions: Decisions
    clock: Callable[[], float]

    @property
    def name(self) -> str:
        """The `iss` of its tokens: the address with a slash (contract 0)."""
        return self.url + "/"

    @property
    def tenant(self) -> str:
        """The one tenant that it issues for."""
        return self.settings.tenant


@asynccontextmanager
async def open_issuer(
    settings: IssuerSettings,
    *,
    master: MasterKeys = tuple,
    clock: Callable[[], float] = time.time,
    cost: HashCost = DEFAULT_COST,
) -> AsyncIterator[Issuer]:
    """The token server of these settings, its seeds sown. `SettingsError` names the setting that is wrong.

    `master` gives the keys that seal its signing keys. Without one these are kept as they are, and the log says so.
    """
    url = issuer_url(settings)
    _check_runtime(settings)
    async with AsyncExitStack() as stack:
        store = await open_store(settings)
        stack.push_async_callback(store.close)
        keys = await open_keys(store.signing_keys, clock, master)
        if not keys.is_sealed:
            log.warning(
                "whoever reads %s can sign tokens: name a master key in [storage] master_key_file, and its signing keys are sealed",
                name_of(settings),
            )
        passwords, of_clients = Passwords(cost), Passwords(cost, threads=1)
        stack.callback(passwords.close)
        stack.callback(of_clients.close)
        await sow(settings, url, store, passwords, clock())
        token = OwnToken(settings, url + "/", keys, clock)
        decisions = await stack.enter_async_context(Decisions(settings, token))
        yield Issuer(
            settings=settings,
            url=url,
            store=store,
            keys=keys,
            passwords=passwords,
            secrets=VerifiedSecrets(of_clients),
            form_key=await store.form_key(new_form_key()),
            user_attempts=Attempts(clock, store.user_failures),
            client_attempts=Attempts(clock, store.client_failures),
            decisions=decisions,
            clock=clock,
        )


def issuer_url(settings: IssuerSettings) -> str:
    """The token server's address as clients see it, without a slash at the end. `SettingsError` when it is none."""
    if not settings.url and settings.port == 0:
        raise SettingsError("'issuer.url' must be given when 'issuer.port' is 0: the tokens name it.")
    url = settings.url or f"http://{_authority(settings.host, settings.port)}"
    _check_address("issuer.url", url)
    return url.rstrip("/")


def own_trust(settings: IssuerSettings, jwks_url: str) -> tuple[TrustedIssuer, ...]:
    """The `[[auth.trusted]]` entries with which a service believes this token server's own tokens.

    One for the tokens that it signs for the runtime, one for those of its management API. `jwks_url` is where that
    service finds the JWKS: the public address, or a nearer one.
    """
    url = issuer_url(settings)
    return tuple(
        TrustedIssuer(issuer=url + "/", audience=audience, algorithm="RS256", jwks_url=jwks_url, tenant=settings.tenant)
        for audience in (settings.runtime_audience, management_audience(url))
    )


def local_jwks_url(host: str, port: int) -> str:
    """The JWKS of a token server that listens here, for a service on the same machine."""
    return f"http://{_authority('127.0.0.1' if host in EVERYWHERE else host, port)}/.well-known/jwks.json"


def _check_runtime(settings: IssuerSettings) -> None:
    _check_address("issuer.runtime_url", settings.runtime_url)
    if not 0 < settings.runtime_timeout < LONGEST_TIMEOUT:
        raise SettingsError(f"'issuer.runtime_timeout' must be more than 0 and less than {LONGEST_TIMEOUT} seconds.")


def _check_address(name: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(f"'{name}' must be an http or https address without query or fragment, not {url!r}.")


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
