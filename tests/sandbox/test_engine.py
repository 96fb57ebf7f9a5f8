"""The engine: what the guest can reach, what is kept on disk."""

from __future__ import annotations

import gc
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import wasmtime

from runtime.errors import SettingsError
from runtime.sandbox import wasm
from runtime.sandbox.engine import EXPORTS, Engine
from runtime.sandbox.invocation import Invocation
from tests.sandbox.artefacts import write_manifest


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A guest that compiles in no time, with the exports that the engine looks for."""
    folder = tmp_path_factory.mktemp("small")
    exports = "".join(f'(export "{name}" (func 0))' for name in EXPORTS if name != "memory")
    text = f'(module (memory (export "memory") 1 2048) (func) {exports})'
    (folder / "guest.wasm").write_bytes(wasmtime.wat2wasm(text))
    (folder / "library.wasm").write_bytes(wasm.only_memory(bytes(wasm.PAGE), 2048))
    write_manifest(folder, in_address=0, low_end=65536, names=[])
    return folder


@pytest.fixture
def engine(engine_cache: Path) -> Iterator[Engine]:
    engine = Engine(engine_cache, concurrency=2)
    yield engine
    engine.close()


def test_the_guest_imports_nothing(engine: Engine):
    """Whatever a hook does to the guest, there is nothing outside of it that it could call."""
    assert engine.imports() == []


def test_compiled_code_is_kept_and_taken_again(cache: Path, small: Path):
    """The second start compiles nothing."""
    Engine(cache, concurrency=2, artifact=small).close()
    written = {file: file.stat().st_mtime_ns for file in cache.iterdir()}
    Engine(cache, concurrency=2, artifact=small).close()
    assert written == {file: file.stat().st_mtime_ns for file in cache.iterdir()}
    assert len(written) == 3, "the module, its code alone, and the library"
    assert {file.stat().st_mode & 0o777 for file in written} == {0o600}


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_compiled_code_that_others_can_write_is_not_believed(cache: Path, small: Path, mode: int):
    """It is native code: whoever writes it runs in this process. It is compiled anew and replaced."""
    Engine(cache, concurrency=2, artifact=small).close()
    file, *_ = cache.iterdir()
    file.chmod(mode)
    file.write_bytes(b"\x7fELF, or so")
    Engine(cache, concurrency=2, artifact=small).close()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_size > 5_000


def test_compiled_code_in_a_folder_of_everybody_is_not_believed(cache: Path, small: Path):
    """Who can write the folder can replace the file."""
    Engine(cache, concurrency=2, artifact=small).close()
    file, *_ = cache.iterdir()
    written = file.stat().st_ino
    cache.chmod(0o777)
    Engine(cache, concurrency=2, artifact=small).close()
    assert written != file.stat().st_ino


@pytest.mark.parametrize("damage", ["cut short", "one bit"])
def test_damaged_compiled_code_is_compiled_again(cache: Path, small: Path, damage: str, caplog):
    """It costs a second, not the service, and never runs: in native code wasmtime would not notice a bit."""
    Engine(cache, concurrency=2, artifact=small).close()
    file, *_ = cache.iterdir()
    whole = file.read_bytes()
    code = bytearray(whole)
    code[len(code) // 2] ^= 1
    file.write_bytes(code if damage == "one bit" else whole[:100])
    Engine(cache, concurrency=2, artifact=small).close()
    assert file.stat().st_size == len(whole)
    assert caplog.messages == [f"{file} is damaged, and is compiled again"]


def test_half_of_compiled_code_is_not_kept(cache: Path, small: Path):
    """A disk that takes no more gets back what it took."""
    script = f"""
import resource
from pathlib import Path
from runtime.sandbox.engine import Engine
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
Engine(Path({str(cache)!r}), concurrency=2, artifact=Path({str(small)!r})).close()
"""
    subprocess.run([sys.executable, "-c", script], timeout=60, check=True)
    assert list(cache.iterdir()) == []


def test_a_cache_that_can_not_be_written_is_no_error(tmp_path: Path, small: Path):
    """A read-only disk: the engine opens, a second slower."""
    blocked = tmp_path / "file"
    blocked.touch()
    Engine(blocked / "cache", concurrency=2, artifact=small).close()


def test_a_missing_guest_says_what_to_do(tmp_path: Path):
    """For who runs from a checkout without having built."""
    with pytest.raises(SettingsError, match="make guest"):
        Engine(tmp_path, concurrency=1, artifact=tmp_path)


def test_closing_twice_is_closing_once(engine_cache: Path):
    """Idempotent, as every close."""
    engine = Engine(engine_cache, concurrency=1)
    engine.close()
    engine.close()


def test_the_process_ends_with_an_engine_open(engine_cache: Path):
    """No thread of ours keeps a process alive that forgot to close."""
    script = f"""
from pathlib import Path
from runtime.sandbox.engine import EXPORTS, Engine
from runtime.sandbox.invocation import Invocation
from tests.sandbox.artefacts import write_manifest
Engine(Path({str(engine_cache)!r}), concurrency=1)
print("done")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_nothing_is_dropped_that_raw_pointers_refer_to(engine_cache: Path):
    """The C API is called with addresses: what they point at must live as long as the engine does."""
    engine = Engine(engine_cache, concurrency=2)
    gc.collect()
    invocations = [Invocation(engine) for _ in range(3)]
    gc.collect()
    first, *others = (invocation.memory() for invocation in invocations)
    for invocation in invocations:
        invocation.close()
    engine.close()

    assert others == [first, first]


@pytest.mark.parametrize("kilobytes", [1024, 8192])
def test_recursion_ends_cleanly_whatever_the_stack_of_the_process(engine_cache: Path, kilobytes: int):
    """Guest code runs on the caller's stack: where the main thread's is too small for it, it runs on threads only.
    A native overflow would end the process.
    """
    script = f"""
import asyncio, resource
from runtime.sandbox.pool import open_sandbox
from runtime.settings import LimitSettings, SandboxSettings
SOURCE = "module.exports = (cb) => {{ const a = []; let f = () => [1].map(() => f()); a.sort.call([1, 2], f); }};"
NATIVE = "module.exports = (cb) => {{ let a = []; for (let i = 0; i < 1e5; i++) a = [a]; cb(null, JSON.stringify(a)); }};"
async def main():
    sandbox = await open_sandbox(SandboxSettings(cache_directory={str(engine_cache)!r}, threads=1))
    print(sandbox._inline)
    for source in (SOURCE, NATIVE):
        for slow in (False, True):
            program = sandbox.load(await sandbox.make_image(source))
            program.slow = slow
            print((await sandbox.run(program, b"[]", LimitSettings(cpu_ms=1000).limits())).outcome.code)
    await sandbox.close()
asyncio.run(main())
"""
    limit = f"ulimit -Ss {kilobytes} && exec {shlex.quote(sys.executable)} -c {shlex.quote(script)}"
    done = subprocess.run(["sh", "-c", limit], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.split() == [str(kilobytes == 8192)] + ["stack_limit"] * 4
