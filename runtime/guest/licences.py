"""Builds `artifact/licences.txt`: the licences of what others wrote and the guest has in it, as they themselves say them.

Where a package has a file for it, that is taken; QuickJS-ng's source distribution and Node's library have none, but say it at
the head of their sources. What comes without either does not go out: the build stops.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

NAME = "licences.txt"
# Zig's own library has the hashes, the curves and the compiler's runtime; of its C library for wasi, MIT is chosen of three.
OF_ZIG = (
    "LICENSE",
    "lib/libc/wasi/LICENSE",
    "lib/libc/wasi/LICENSE-MIT",
    "lib/libc/wasi/libc-top-half/musl/COPYRIGHT",
    "lib/libc/wasi/libc-bottom-half/cloudlibc/LICENSE",
)
RULE = "=" * 80
_COMMENT = re.compile(r"/\*.*?\*/|(?:^[ \t]*//[^\n]*\n)+", re.DOTALL | re.MULTILINE)
_MARK = re.compile(r"^[ \t]*(?:/\*+|\*+/|\*|//)?[ ]?|[ \t]*\*+/$", re.MULTILINE)
_FILE = re.compile(r"package/(licen[cs]e|copying|notice)[^/]*", re.IGNORECASE)


def source_hashes() -> dict[str, str]:
    """What the artefact depends on beside those whose licences they are."""
    return {Path(__file__).name: hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}


def build(engine: Path, node: dict[str, str], packages: dict[str, tarfile.TarFile]) -> str:
    """The file: of the engine's folder, of Node's modules, of packages of npm, and of the compiler's libraries."""
    parts = [
        ("QuickJS-ng", of_sources(file.read_text() for file in sorted(engine.glob("*.[ch]")))),
        ("Node's library", of_sources(node.values())),
        *((name, of_package(archive)) for name, archive in packages.items()),
        ("The libraries of Zig", of_zig()),
    ]
    if missing := [name for name, text in parts if not text]:
        raise SystemExit(f"these are in the guest, and come without a licence: {missing}")
    head = "What others wrote and hookd's guest has in it, with the licences under which it may."
    return "\n\n".join([head, *(f"{RULE}\n{name}\n{RULE}\n\n{text}" for name, text in parts)]) + "\n"


def of_sources(texts: Iterable[str]) -> str:
    """Each comment that tells of a copyright, once."""
    return f"\n\n{'-' * 40}\n\n".join(dict.fromkeys(notice for text in texts for notice in notices(text)))


def notices(text: str) -> Iterator[str]:
    """The comments of a source that tell of a copyright, without their marks."""
    for comment in _COMMENT.findall(text):
        if "copyright" in comment.lower():
            yield _MARK.sub("", comment).strip()


def of_package(archive: tarfile.TarFile) -> str:
    """The files at a package's top that say it."""
    files = (archive.extractfile(name) for name in sorted(archive.getnames()) if _FILE.fullmatch(name))
    return "\n\n".join(file.read().decode("utf-8-sig").strip() for file in files if file)


def of_zig() -> str:
    """Of what is linked in by PyPI's `ziglang`."""
    found = find_spec("ziglang")
    assert found is not None
    assert found.origin is not None
    return "\n\n".join((Path(found.origin).parent / name).read_text().strip() for name in OF_ZIG)
