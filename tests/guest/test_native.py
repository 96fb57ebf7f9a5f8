"""The libraries of calls.c: one for each system, which need nothing of it."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runtime.sandbox.artefact import ARTIFACT, library_name
from tests.guest.test_build import build

native: Any = build.beside("native")

# e_machine of ELF, cputype of Mach-O
PROCESSORS = {
    "calls-linux-x86_64": 62,
    "calls-linux-aarch64": 183,
    "calls-darwin-x86_64": 0x01000007,
    "calls-darwin-aarch64": 0x0100000C,
}


@pytest.mark.parametrize(("name", "processor"), PROCESSORS.items())
def test_each_library_is_of_its_system(name: str, processor: int):
    """Wherever the package was built, it fits them all."""
    head = (ARTIFACT / name).read_bytes()[:20]
    if "linux" in name:
        assert head[:4] == b"\x7fELF"
        assert struct.unpack_from("<H", head, 18) == (processor,)
    else:
        assert struct.unpack_from("<II", head) == (0xFEEDFACF, processor)


def test_there_is_one_for_each_system():
    """And this system is one of them."""
    assert native.TARGETS.keys() == PROCESSORS.keys()
    assert library_name() in native.TARGETS


def test_they_are_made_anew_byte_for_byte(tmp_path: Path):
    """What is shipped is what the source says."""

    def zig(*arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "ziglang", *arguments], check=True)

    native.build(zig, tmp_path)

    assert {name: (tmp_path / name).read_bytes() for name in native.TARGETS} == {
        name: (ARTIFACT / name).read_bytes() for name in native.TARGETS
    }


@pytest.mark.parametrize("name", [name for name in PROCESSORS if "linux" in name])
def test_no_library_needs_another(name: str):
    """No libc: musl's systems and glibc's have the same file. A needed library or an undefined symbol would be in .dynsym."""
    assert undefined_symbols((ARTIFACT / name).read_bytes()) == []


def undefined_symbols(elf: bytes) -> list[str]:
    """Names in a 64-bit ELF's dynamic symbols that are defined nowhere in it."""
    table, size, count = struct.unpack_from("<Q", elf, 40)[0], *struct.unpack_from("<HH", elf, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", elf, table + size * number) for number in range(count)]
    symbols = next(section for section in sections if section[1] == 11)
    names = sections[symbols[6]]
    undefined = []
    for at in range(symbols[4] + symbols[9], symbols[4] + symbols[5], symbols[9]):
        name, _, _, section = struct.unpack_from("<IBBH", elf, at)
        if section == 0:
            start = names[4] + name
            undefined.append(elf[start : elf.index(b"\0", start)].decode())
    return undefined
