"""Builds the guest: QuickJS-ng's published source and our C and JavaScript in, `artifact/` out.

    guest.wasm      the engine, its memory as it is after `boot`: JavaScript's own objects, our prelude. Imports nothing
    library.wasm    another memory for it, which has Node's library, too (library.py)
    typescript.js   TypeScript to JavaScript, to be run in the sandbox (typescript.py)
    licences.txt    the licences of what of others is in these (licences.py)
    calls-*         the host's calls into wasmtime, for each system (native.py)
    manifest.json   what they were made from, and the addresses that the host must know

Needs no system compiler: PyPI's `ziglang` compiles, PyPI's `quickjs-ng` source distribution, pinned by hash, is the
engine, `wasmtime` runs `boot` once. Nothing is done when the manifest says that the artefact fits its sources.
Run: python runtime/guest/build.py [--force]
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
import tarfile
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

GUEST = Path(__file__).resolve().parent
ARTIFACT = GUEST / "artifact"
QUICKJS = "quickjs-ng==0.17.0.2"
QUICKJS_SHA256 = "43d2e48272208721a7aaea8e3f02d4b9318f12ef20cc4f5421b59d9a470706ef"
UNITS = (
    "engine.c",
    "libregexp.c",
    "libunicode.c",
    "dtoa.c",
    "guest.c",
    "outcome.c",
    "buffer.c",
    "bytes.c",
    "heap.c",
    "operations.c",
    "base64.c",
    "utf8.c",
    "random.c",
    "crypto.c",
    "crypto_keys.c",
    "crypto.zig",
    "crypto_fast.zig",
    "wasi.c",
)
INSPECT = (
    "builtins",
    "lists",
    "text",
    "primitives",
    "view",
    "values",
    "kinds",
    "names",
    "properties",
    "elements",
    "bases",
    "errors",
    "layout",
    "format",
)
HOST = ("abi.py", "asked.py", "wasm.py")  # the other side; runtime/sandbox/artefact.py compares them when it starts
PRELUDE = (*(f"inspect/{name}.js" for name in INSPECT), "prelude.js")  # in this order
COMPILE = ("-target", "wasm32-wasi", "-O3", "-DNDEBUG", "-D_GNU_SOURCE", "-mbulk-memory", "-fno-sanitize=undefined")
ZIG = {
    "crypto.zig": ("-target", "wasm32-wasi", "-OReleaseSmall", "-fstrip"),
    "crypto_fast.zig": ("-target", "wasm32-wasi", "-OReleaseFast", "-fstrip"),
}
OWN_WARNINGS = ("-Wall", "-Wextra", "-Werror")
LINK = ("-mexec-model=reactor", "-Wl,--strip-all")  # zig puts the stack first by itself
PAGE = 65536
HIGH_PAGES = 256  # more than the library takes
BOOT_STACK = 65536  # what boot needs of the stack; below it lies its request


def beside(name: str) -> ModuleType:
    """Another file of this folder: the guest is no package."""
    spec = importlib.util.spec_from_file_location(f"guest_{name}", GUEST / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


library, licences, patches = beside("library"), beside("licences"), beside("patches")


def main() -> None:
    """Build what is not up to date."""
    sources = source_hashes()
    if "--force" not in sys.argv and up_to_date(sources):
        return
    started = time.monotonic()
    sys.path.insert(0, str(GUEST.parents[1]))
    ARTIFACT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        engine = fetch_engine(Path(scratch))
        patch(engine)
        whole = compile_guest(engine, Path(scratch)).read_bytes()
        typescript = beside("typescript")
        (ARTIFACT / "typescript.js").write_text(typescript.build(Path(scratch)))
        packages = {typescript.SUCRASE: typescript.package(Path(scratch)), **library.archives()}
        (ARTIFACT / licences.NAME).write_text(licences.build(engine, library.theirs(), packages))
    beside("native").build(zig, ARTIFACT)
    from runtime.sandbox.wasm import only_memory, snapshot  # noqa: PLC0415 - after the path is set

    (ARTIFACT / "guest.wasm").write_bytes(snapshot(whole, boot(whole), abi("MAX_PAGES")))
    memory, found = boot_library(whole)
    (ARTIFACT / "library.wasm").write_bytes(only_memory(memory, abi("MAX_PAGES")))
    manifest = {"sources": sources, "artefacts": artefact_hashes(), **found}
    (ARTIFACT / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    print(f"built the guest in {time.monotonic() - started:.0f} s", file=sys.stderr)


def source_hashes() -> dict[str, str]:
    """Everything the artefact depends on: our sources, the engine's, the compiler's version."""
    files = [
        Path(__file__),
        GUEST / "patches.py",
        *sorted((GUEST / "src").iterdir()),
        *(GUEST / "js" / name for name in PRELUDE),
    ]
    hashes: dict[str, str] = {file.relative_to(GUEST).as_posix(): sha256(file) for file in files}
    hashes |= {name: sha256(GUEST.parent / "sandbox" / name) for name in HOST}
    for part in (beside("typescript"), beside("native"), library, licences):
        hashes.update(part.source_hashes())
    return hashes | {QUICKJS: QUICKJS_SHA256, "ziglang": version("ziglang")}


def artefact_hashes() -> dict[str, str]:
    """SHA-256 of what was built."""
    return {
        name: sha256(ARTIFACT / name)
        for name in ("guest.wasm", "library.wasm", "typescript.js", licences.NAME, *beside("native").TARGETS)
    }


def up_to_date(sources: dict[str, str]) -> bool:
    """Whether the artefact was made from exactly these sources and is whole."""
    try:
        manifest = json.loads((ARTIFACT / "manifest.json").read_text())
        return bool(manifest["sources"] == sources and manifest["artefacts"] == artefact_hashes())
    except (OSError, ValueError, KeyError):
        return False


def sha256(file: Path) -> str:
    """Of a file's bytes, in hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def fetch_engine(scratch: Path) -> Path:
    """The folder with the engine's C source. pip checks the hash; the user's pip configuration says where from."""
    wanted = scratch / "engine.txt"
    wanted.write_text(f"{QUICKJS} --hash=sha256:{QUICKJS_SHA256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes"]
    subprocess.run([*pip, "-r", str(wanted), "-d", str(scratch)], check=True)
    with tarfile.open(next(scratch.glob("*.tar.gz"))) as archive:
        # As Debian 12's Python 3.11.2 can do it too, which has no filters: there the hash alone holds the content.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(scratch)  # noqa: S202 - pinned by its hash
    return next(scratch.glob("*/upstream-quickjs"))


def patch(engine: Path) -> None:
    """Apply `patches.PATCHES`; one that does not fit as often as it should is an error."""
    file = engine / "quickjs.c"
    text = file.read_text()
    for why, old, new, times in patches.PATCHES:
        if text.count(old) != times:
            raise SystemExit(f"the patch ({why}) fits {text.count(old)} times, not {times}: {old}")
        text = text.replace(old, new)
    file.write_text(text)


def compile_guest(engine: Path, scratch: Path) -> Path:
    """The linked module, before boot."""

    def compile_unit(name: str) -> str:
        own = (GUEST / "src" / name).exists()
        source = (GUEST / "src" if own else engine) / name
        target = scratch / f"{name}.o"
        if source.suffix == ".zig":
            zig("build-obj", *ZIG[name], "--cache-dir", str(scratch / "zig"), str(source), f"-femit-bin={target}")
            return str(target)
        warnings = OWN_WARNINGS if own and name != "engine.c" else ("-w",)
        zig(
            "cc", *COMPILE, *warnings, "-I", str(engine), "-I", str(GUEST / "src"), "-c", str(source), "-o", str(target)
        )
        return str(target)

    with ThreadPoolExecutor(2) as two:
        objects = list(two.map(compile_unit, UNITS))
    whole = scratch / "whole.wasm"
    limits = (f"-Wl,-z,stack-size={abi('STACK_SIZE')}", f"-Wl,--max-memory={abi('MAX_PAGES') * PAGE}")
    zig("cc", *COMPILE, *LINK, *limits, *objects, "-o", str(whole))
    return whole


def zig(*arguments: str) -> None:
    """Run PyPI's zig."""
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], check=True)


def abi(name: str) -> int:
    """A constant of abi.h."""
    for line in (GUEST / "src" / "abi.h").read_text().splitlines():
        if line.startswith(f"#define {name} "):
            return int(line.split()[2])
    raise SystemExit(f"abi.h does not define {name}")


def boot(whole: bytes) -> bytes:
    """Run `boot` with the prelude. Returns the memory afterwards, its stack emptied."""
    guest = booted(whole)
    guest.call("plain")
    return guest.at_rest(len(guest.memory()))


def booted(whole: bytes) -> Guest:
    """The prelude has been evaluated, and neither `plain` nor `library` was called yet."""
    guest = Guest(whole)
    if failed := guest.call("boot", guest.write_low(bytecode(whole, prelude()))):
        raise SystemExit(f"boot failed at step {failed}")
    return guest


def boot_library(whole: bytes) -> tuple[bytes, dict[str, Any]]:
    """The same with the library. Returns that memory, the addresses in it, and the names that the library makes known."""
    guest = booted(whole)
    guest.call("library_room")
    if failed := guest.call("library", guest.write_high(bytecode(whole, library.script()), above=HIGH_PAGES)):
        raise SystemExit(f"the library does not run: {guest.text(failed).decode()}")
    arenas = guest.call("arenas")
    memory = guest.at_rest(arenas & 0xFFFFFFFF)
    names = json.loads(guest.text(guest.call("library_names")))["value"]
    return memory, {"in_address": guest.call("in_address"), "low_end": arenas >> 32, "names": names}


def bytecode(whole: bytes, source: str) -> bytes:
    """Of one script, without names and lines."""
    compiler = Guest(whole)
    code = compiler.text(compiler.call("compile", compiler.write_high(source.encode())))
    if code.startswith(b"{"):
        raise SystemExit(f"a script of the guest does not compile: {code.decode()}")
    return code


def prelude() -> str:
    """One script: the files of inspect/ share one strict function; prelude.js comes last, for its value is the script's."""
    *inspect, last = ((GUEST / "js" / name).read_text() for name in PRELUDE)
    return "\n".join(["(function () {\n'use strict';", *inspect, "})();", last])


class Guest:
    """An instance of the whole module."""

    def __init__(self, whole: bytes) -> None:
        import wasmtime  # noqa: PLC0415 - asking what is up to date takes no wasmtime

        engine = wasmtime.Engine()
        self._store = wasmtime.Store(engine)
        self._exports = wasmtime.Instance(self._store, wasmtime.Module(engine, whole), []).exports(self._store)
        memory = self._exports["memory"]
        assert isinstance(memory, wasmtime.Memory)
        self._memory = memory
        self.call("_initialize")

    def call(self, name: str, *arguments: int) -> int:
        """One export; an unsigned 64-bit result, 0 for none."""
        return int(self._exports[name](self._store, *arguments) or 0) & 0xFFFFFFFFFFFFFFFF  # type: ignore[operator]

    def write_low(self, payload: bytes) -> int:
        """Put a request where the stack does not reach, before the heap is made; returns its address."""
        request = frame(payload)
        if len(request) > abi("STACK_SIZE") - BOOT_STACK:
            raise SystemExit(f"the prelude is too large: {len(payload)} bytes")
        self._memory.write(self._store, request, PAGE // 16)
        return PAGE // 16

    def write_high(self, payload: bytes, *, above: int = 0) -> int:
        """Put a request at the end of the memory, above so many new pages; returns its address."""
        request = frame(payload)
        address = self.call("reserve", len(request), self._memory.size(self._store) + above)
        self._memory.write(self._store, request, address)
        return address

    def at_rest(self, size: int) -> bytes:
        """So much of its memory, the stack emptied."""
        return bytes(abi("STACK_SIZE")) + self.memory()[abi("STACK_SIZE") : size]

    def text(self, place: int) -> bytes:
        """What an export has answered."""
        return self.memory()[place >> 32 :][: place & 0xFFFFFFFF]

    def memory(self) -> bytes:
        """A copy of its whole memory."""
        return bytes(self._memory.read(self._store, 0, self._memory.data_len(self._store)))


def frame(payload: bytes) -> bytes:
    """A request of the build's."""
    from runtime.sandbox import abi as wall  # noqa: PLC0415 - after the path is set

    return wall.frame(now_ms=0.0, seed=bytes(32), limits=wall.BOOT_LIMITS, image=b"", payload=payload)


if __name__ == "__main__":
    main()
