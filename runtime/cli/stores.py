"""What `hookd doctor` says of where things are kept: the runtime's storage, and the token server's database. Nothing is changed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runtime.cli.check import BAD, GOOD, LOOK, Check
from runtime.configuration import without_password
from runtime.diagnosis import (
    look_at_storage,
    look_at_token_server,
    nearest,
    warnings_of_storage,
    warnings_of_token_server,
)
from runtime.errors import Advice, SettingsError
from runtime.moves import Looked
from runtime.settings import Settings

_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Store:
    """One of the two. `migrate` is the command that moves it."""

    name: str
    url: str
    setting: str
    migrate: str
    look: Callable[[Settings], Looked | None]
    warnings: Callable[[Settings], list[Advice]]

    @property
    def file(self) -> Path | None:
        """SQLite's; None for a Redis."""
        return Path(self.url.removeprefix(_SQLITE)) if self.url.startswith(_SQLITE) else None


def look_at_stores(settings: Settings) -> Iterator[Check]:
    """A line for each that is there, or that the configuration names."""
    url = without_password(settings.storage.url)
    storage = _Store(
        name="storage",
        url=url,
        setting="[storage] url",
        migrate="hookd migrate",
        look=look_at_storage,
        warnings=warnings_of_storage,
    )
    yield from _looks(settings, storage)
    yield from _token_server(settings)


def _token_server(settings: Settings) -> Iterator[Check]:
    url = without_password(settings.issuer.database)
    url = url if "://" in url else f"{_SQLITE}{url}"
    store = _Store(
        name="token server",
        url=url,
        setting="[issuer] database",
        migrate="hookd migrate --issuer",
        look=look_at_token_server,
        warnings=warnings_of_token_server,
    )
    if settings.issuer != Settings().issuer:
        yield from _looks(settings, store)
    elif store.file is not None and os.path.lexists(store.file):
        check = _look(settings, store)
        # Of `hookd dev`, or of somebody who is not asked for.
        state = LOOK if check.state == BAD else check.state
        yield Check(check.name, state, check.found, check.remedy)


def _looks(settings: Settings, store: _Store) -> Iterator[Check]:
    """What is there, and what would not stay there."""
    check = _look(settings, store)
    yield check
    if check.state == BAD:
        return
    with suppress(SettingsError):
        for found, remedy in store.warnings(settings):
            yield Check(store.name, LOOK, f"{store.url}: {found}", remedy)


def _look(settings: Settings, store: _Store) -> Check:
    try:
        found = store.look(settings)
    except SettingsError as error:
        return _unusable(store, str(error).rstrip("."))
    name, url = store.name, store.url
    if store.file is not None and not os.access(there := nearest(store.file), os.W_OK):
        return Check(name, BAD, f"{url}: {there} can not be written to", "Let the service's user write there.")
    if found is None:
        return Check(name, GOOD, f"{url}, made at the first start")
    return _whole(store, found) if found.unfinished is None else _unfinished(store, found.unfinished)


def _whole(store: _Store, found: Looked) -> Check:
    name, url = store.name, store.url
    if found.is_unused:
        return Check(
            name,
            LOOK,
            f"{url} is empty: no token server was ever started with it",
            f"Fine before the first start. Else a move into it did not come to its end: {store.migrate} again.",
        )
    if found.has < found.will:
        return Check(
            name, LOOK, f"{url} has schema {found.has}", f"The next start makes {found.will} of it: keep a copy before."
        )
    return Check(name, GOOD, f"{url}, schema {found.has}")


def _unfinished(store: _Store, source: str) -> Check:
    again = f"{store.migrate} --config FILE --from {shlex.quote(source)} --to {shlex.quote(_name_of(store))}"
    return Check(
        store.name,
        BAD,
        f"{store.url} is unfinished: what is moved into it from {source} is not all there",
        f"Where nothing moves it any more, go on: {again}; or empty it with --discard.",
    )


def _name_of(store: _Store) -> str:
    return store.url if store.file is None else f"{_SQLITE}{store.file.absolute()}"


def _unusable(store: _Store, found: str) -> Check:
    return Check(store.name, BAD, found, _remedy(store, found))


def _remedy(store: _Store, found: str) -> str:
    if store.file is None or "can not be used" not in found or "Choose another" in found:
        return ""  # it says what to do
    if "locked" in found:
        return f"Another process has it to itself. Look again when `{store.migrate}` has ended."
    if store.file.exists() and not os.access(store.file, os.R_OK):
        return f"Look as the service's user, or let this one read {store.file}."
    return f"Name another file in {store.setting}, or put a whole copy of it in its place."
