"""Whether `hookd serve` is fit to start here with its configuration: looked at without a change, before anything is opened."""

from __future__ import annotations

import asyncio
import os

from runtime.configuration import without_password
from runtime.errors import SettingsError
from runtime.master_keys import master_keys, where_keys_are
from runtime.network.client import trusted_by
from runtime.node.delegation import step_aside
from runtime.proof import require_opened
from runtime.proxies import proxies_of
from runtime.sandbox.engine import require_guest
from runtime.settings import Settings, StorageSettings, trust_fault
from runtime.storage.opening import choose_storage
from runtime.storage.sealing import Sealer


def require_production(settings: Settings) -> None:
    """`SettingsError` where the configuration leaves to chance what `hookd serve` must be told, or breaks a rule of its."""
    proxies_of(settings.server.trusted_proxies)
    if not (settings.storage.master_key or settings.storage.master_key_file):
        raise SettingsError(
            "A master key is missing: it seals the hooks' secrets. Make one with `hookd keys new --file FILE` and name the file "
            "in [storage] as master_key_file, or put what `hookd keys new` prints into HOOKD_STORAGE_MASTER_KEY."
        )
    if not settings.auth.trusted:
        raise SettingsError(
            "Nobody could call this runtime: there is no [[auth.trusted]] in the configuration. Add one for your token server, "
            "with its issuer, its audience and its jwks_url (RS256, ES256) or a shared secret (HS256); config.example.toml shows how."
        )
    for index, row in enumerate(settings.auth.trusted):
        fault = trust_fault(row)
        if fault:
            raise SettingsError(f"No token of 'auth.trusted[{index}]' could be verified: {fault}.")


def require_named(settings: Settings) -> None:
    """`SettingsError` where what the configuration names, a master key, a password or certificates, or the guest is not there, or not whole.

    Also where the master key is not that of the storage. One that can not be read is none of its business: it may be away, and come
    back.
    """
    require_guest()
    choose_storage(settings.storage)
    trusted_by(settings.network.ca_file)
    asyncio.run(look_at_key(settings.storage))


async def look_at_key(settings: StorageSettings) -> None:
    """`SettingsError` where the master key is not there, or not whole, or not that of the storage, as far as that can be read."""
    sealer = Sealer(*master_keys(settings).all)
    try:
        looked = await choose_storage(settings).look()
    except SettingsError:
        return
    if looked is not None:
        require_opened(looked.sealed, sealer, where_keys_are(settings, os.environ), without_password(settings.url))


def before_workers(settings: Settings) -> None:
    """What a process must do that starts several runtimes with these settings, before the first. `SettingsError` where none could start."""
    require_guest()
    if settings.node.enabled:
        step_aside()
