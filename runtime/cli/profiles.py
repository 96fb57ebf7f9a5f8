"""Which server a command talks to, and as whom: profiles in a private file, options, variables, the demo of this folder.

Rule: an address and a token come from the same place, or both are said by the caller: a token never goes to a server that
it was not given for.

    current = "default"
    [profiles."default"]
    url = "https://hooks.example.com"
    token = "eyJ..."
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import click

from runtime.cli.env_files import read_values
from runtime.cli.failures import WrongUsage
from runtime.cli.writing import write_private
from runtime.errors import SettingsError

DEMO = "demo"
DEFAULT = "default"
URL, TOKEN, PROFILE = "HOOKD_URL", "HOOKD_TOKEN", "HOOKD_PROFILE"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A server and a token for it. `source` is the file that both stand in, "" for what was said on the way."""

    name: str
    url: str
    token: str = field(repr=False)
    source: str = ""

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine."""
        return self.host in _LOOPBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """What the file has. `current` is the name of one of them, or ""."""

    current: str = ""
    known: Mapping[str, Profile] = field(default_factory=dict)

    def with_profile(self, profile: Profile) -> Profiles:
        """With this one, which is the current one from now on."""
        return Profiles(current=profile.name, known={**self.known, profile.name: profile})

    def without(self, name: str) -> Profiles:
        """Without that one."""
        known = {other: profile for other, profile in self.known.items() if other != name}
        return Profiles(current="" if self.current == name else self.current, known=known)


def profiles_file() -> Path:
    """Where the profiles of this user are."""
    return Path(click.get_app_dir("hookd")) / "profiles.toml"


def read_profiles(file: Path) -> Profiles:
    """What the file has; nothing where there is none. `WrongUsage` for one that can not be read."""
    try:
        document = tomllib.loads(file.read_text("utf-8"))
        known = {
            name: Profile(name=name, url=str(row["url"]), token=str(row.get("token", "")), source=str(file))
            for name, row in document.get("profiles", {}).items()
        }
        current = str(document.get("current", ""))
    except FileNotFoundError:
        return Profiles()
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not what hookd writes"
        raise WrongUsage(f"{file} can not be read ({reason}). Move it away, and log in again: hookd login.") from None
    return Profiles(current=current if current in known else "", known=known)


def write_profiles(file: Path, profiles: Profiles) -> None:
    """Write the file, for this user's eyes only. `WrongUsage` says why it can not be."""
    lines = [f"current = {_string(profiles.current)}"]
    for name, profile in profiles.known.items():
        lines += ["", f"[profiles.{_string(name)}]", f"url = {_string(profile.url)}"]
        lines += [f"token = {_string(profile.token)}"] if profile.token else []
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, "\n".join([*lines, ""]))
    except OSError as error:
        raise WrongUsage(f"{file} can not be written ({error.strerror}): see to its folder.") from None


def choose(*, profile: str | None, url: str | None, token: str | None, environ: Mapping[str, str]) -> Profile:
    """The server to talk to, by the options, else the variables, else the current profile, else the demo of this folder."""
    url, token = url or environ.get(URL), token or environ.get(TOKEN)
    token = checked_token(token) if token else None
    name = profile or (environ.get(PROFILE) if not url else None)
    if url:
        url = checked_url(url)
        return _said(url, token, name)
    found = _named(name) if name else _usual()
    if found is None and token:
        raise WrongUsage(f"A token, but for which server? Give --url, or set {URL}.")
    if found is None:
        raise WrongUsage(
            "No server is known here. Start one with `hookd dev`, or log in to yours: hookd login --url URL."
        )
    if token:
        found = replace(found, token=token, source="")
    if not found.token:
        others = [row.name for row in every_profile(profiles_file()).known.values() if row.token]
        other = f" Or talk to another server: hookd profile use {others[0]}." if others else ""
        raise WrongUsage(f"The profile {found.name} has no token. Log in: hookd login --profile {found.name}.{other}")
    return found


def checked_url(url: str) -> str:
    """The address without a slash at its end. `WrongUsage` for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not _is_host(parts.hostname) or not _has_sane_port(parts):
        raise WrongUsage(f"{url!r} is no address of a server: it looks like https://hooks.example.com.")
    if parts.username is not None or parts.query or parts.fragment:
        raise WrongUsage("A server's address has no user, query or fragment; the token is an option of its own.")
    return url.rstrip("/")


def checked_token(token: str) -> str:
    """The token, without what is around it. `WrongUsage` for what can be none: no message has it."""
    token = token.strip()
    if not token.isascii() or not token.isprintable() or len(token.split()) != 1:
        raise WrongUsage("That is no token: it is one word. Give it on the standard input, or let it be asked for.")
    return token


def every_profile(file: Path) -> Profiles:
    """The file's profiles, and the demo of this folder."""
    profiles, demo = read_profiles(file), find_demo(Path.cwd())
    if demo is None or DEMO in profiles.known:
        return profiles
    return Profiles(current=profiles.current or DEMO, known={**profiles.known, DEMO: demo})


def find_demo(folder: Path) -> Profile | None:
    """The `hookd dev` that keeps its data in this folder or one above.

    Whoever unpacks or clones a folder must not find their scripts sent elsewhere by a file in it: only a file of this user's
    own, and only a server of this machine.
    """
    for above in (folder, *folder.parents):
        file = above / ".hookd" / "demo.env"
        if file.is_file() and file.stat().st_uid == os.getuid():
            values = _values(file)
            demo = Profile(
                name=DEMO, url=values.get("BASE_URL", ""), token=values.get("API_TOKEN", ""), source=str(file)
            )
            return demo if demo.is_local and demo.token else None
    return None


def _said(url: str, token: str | None, name: str | None) -> Profile:
    """A server whose address was given: with the token that was given too, or with that of a profile of the same address."""
    profiles = every_profile(profiles_file())
    fitting = [row for row in profiles.known.values() if row.url == url and row.token and name in (None, row.name)]
    if token:
        return Profile(name=fitting[0].name if fitting else "", url=url, token=token)
    if not fitting:
        raise WrongUsage(f"There is no token for {url}. Log in: hookd login --url {url}, or set {TOKEN}.")
    return fitting[0]


def _named(name: str) -> Profile:
    known = every_profile(profiles_file()).known
    if name not in known:
        there = f"There are: {', '.join(known)}. " if known else ""
        raise WrongUsage(f"There is no profile {name!r}. {there}Make it: hookd login --profile {name} --url URL.")
    return known[name]


def _usual() -> Profile | None:
    profiles = every_profile(profiles_file())
    return profiles.known.get(profiles.current)


def _values(file: Path) -> Mapping[str, str]:
    try:
        return read_values(file)
    except SettingsError:
        return {}


def _is_host(name: str | None) -> bool:
    if not name or not name.isprintable() or set(name) & set(' \\<>"{}|^`%'):
        return False
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _has_sane_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _string(text: str) -> str:
    """A TOML basic string: JSON's escapes are all TOML's too."""
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
