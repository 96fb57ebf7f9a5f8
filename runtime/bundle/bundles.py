"""A bundle: the modules of a hook, joined, and what is known of them. Pure. Kept with the version that requires it."""

from __future__ import annotations

import hashlib
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from runtime.bundle.base import Module
from runtime.sandbox.base import Modules

_MOST: Final = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """`missing` are names that some of the modules require, can not do without, and that none of them is; `lock` is npm's text."""

    script: Modules
    modules: tuple[Module, ...]
    missing: tuple[str, ...]
    lock: str

    def pack(self) -> tuple[str, bytes]:
        """What it is called, by its content, and the bytes to keep."""
        content = {
            "code": self.script.code,
            "builtins": self.script.builtins,
            "places": b64encode(self.script.places).decode(),
            "modules": [[one.name, one.version, one.bytes, one.builtins, one.missing] for one in self.modules],
            "missing": self.missing,
            "lock": self.lock,
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        return hashlib.sha256(text).hexdigest(), zlib.compress(text, 6)


def unpack(packed: bytes, name: str = "") -> Bundle:
    """A bundle from its bytes. `ValueError` when they are none, or not those of this name."""
    opened = zlib.decompressobj()
    try:
        text = opened.decompress(packed, _MOST)
        if name and hashlib.sha256(text).hexdigest() != name:
            raise ValueError("not this bundle")
        content = json.loads(text)
        return Bundle(
            script=Modules(
                code=content["code"], builtins=tuple(content["builtins"]), places=b64decode(content["places"])
            ),
            modules=tuple(_module(*row) for row in content["modules"]),
            missing=tuple(content["missing"]),
            lock=content["lock"],
        )
    except (zlib.error, KeyError, TypeError) as error:
        raise ValueError("not a bundle") from error


def _module(name: str, version: str, size: int, builtins: Sequence[str] = (), missing: Sequence[str] = ()) -> Module:
    # Bundles of earlier releases do not have the last two.
    return Module(name=name, version=version, bytes=size, builtins=tuple(builtins), missing=tuple(missing))
