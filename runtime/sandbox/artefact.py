"""What the guest's build left in `guest/artifact/`, and whether it fits this hookd: looked at before any of it runs.

The host calls it by addresses, sizes and the order of arguments. One that was built from other sources fails nowhere: it ends
the process, or does something else. `make` builds it anew; a `git pull` alone does not, nor does a folder of another version.
Its manifest has the SHA-256 of every source and of all that was made, so nobody has to think of raising a number.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from runtime.errors import SettingsError

GUEST: Final = resources.files("runtime.guest")
ARTIFACT: Final = GUEST / "artifact"

HOST: Final = ("abi.py", "asked.py", "calls.c", "wasm.py")
"""The host's side of the wall. It is in every installation; the guest's own sources are not."""

_REMEDY: Final = "run `make guest` (or `python runtime/guest/build.py`) where its sources are; else install hookd again"


def _hash_of(file: Traversable) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


# As this process has them: what a later pull leaves on the disk is another's.
_HERE: Final = {name: _hash_of(resources.files("runtime.sandbox") / name) for name in HOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """The modules, and the addresses in their memory. `made_of` is a digest of both modules."""

    wasm: bytes
    library: bytes
    made_of: bytes
    in_address: int
    low_end: int
    names: Any


def read_guest(artifact: Traversable = ARTIFACT) -> Guest:
    """The guest's modules, whole, of one build, and made for what this process has of the host. `SettingsError`."""
    manifest = _manifest(artifact)
    _require(manifest["sources"], _HERE)
    guest, library = (_whole(artifact, manifest, name) for name in ("guest.wasm", "library.wasm"))
    digests = (manifest["artefacts"][name] for name in ("guest.wasm", "library.wasm"))
    return Guest(
        wasm=guest,
        library=library,
        made_of=hashlib.sha256("".join(digests).encode()).digest(),
        in_address=manifest["in_address"],
        low_end=manifest["low_end"],
        names=manifest["names"],
    )


def native_library(artifact: Traversable = ARTIFACT) -> Path:
    """Where the native library for this system is: whole, and built from what is there of the sources. `SettingsError`."""
    manifest, name = _manifest(artifact), library_name()
    if name not in manifest["artefacts"]:
        raise SettingsError(f"hookd does not run on this system: there is no {name}.")
    _require(manifest["sources"], _HERE)
    _require(manifest["sources"], {n: _hash_of(GUEST / n) for n in manifest["sources"] if (GUEST / n).is_file()})
    _whole(artifact, manifest, name)
    return Path(str(artifact / name))


def library_name() -> str:
    """The native library's file for this system."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    return f"calls-{sys.platform}-{machine}"


def _manifest(artifact: Traversable) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((artifact / "manifest.json").read_bytes())
        dict(manifest["artefacts"]), dict(manifest["sources"])
    except FileNotFoundError:
        raise SettingsError(f"The guest is not built: {_REMEDY}.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise SettingsError(f"The guest's manifest.json can not be read: {_REMEDY}.") from None
    return manifest


def _require(built_from: Mapping[str, str], there: Mapping[str, str]) -> None:
    for name, digest in there.items():
        if built_from.get(name) != digest:
            raise SettingsError(f"The guest was built from other sources than these, {name} among them: {_REMEDY}.")


def _whole(artifact: Traversable, manifest: dict[str, Any], name: str) -> bytes:
    try:
        content = (artifact / name).read_bytes()
    except OSError as error:
        raise SettingsError(f"The guest's {name} can not be read ({error.strerror}): {_REMEDY}.") from None
    if hashlib.sha256(content).hexdigest() != manifest["artefacts"].get(name):
        raise SettingsError(f"The guest's {name} is damaged, or of another build than its manifest: {_REMEDY}.")
    return content
