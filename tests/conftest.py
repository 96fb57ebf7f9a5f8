"""What all tests share: a runtime with everything real, and the rule that CI skips nothing."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.settings import Settings, parse
from tests import accepting

if TYPE_CHECKING:
    from runtime.bootstrap import Runtime
    from runtime.model import Execution
    from tests.redis_servers import RedisServer
    from tests.registry import Registry
    from tests.requesting import Door

# Hundreds of processes load the same three hundred modules: whoever wants no bytecode in a folder can run `make clean` after.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell without job control starts what it leaves behind (`make test &`) deaf to Ctrl-C, and with it all that this starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# No program that a test starts and waits for is waited for without end: it ends before faulthandler_timeout ends all.
_RUN = subprocess.run
subprocess.run = lambda *command, **more: _RUN(*command, **{**more, "timeout": more.get("timeout") or 240})


accepting.closed_with_their_server()

_PREFIXES = count()

LONGEST = (
    "dashboard/test_browser.py",
    "end_to_end/test_rotating.py",
    "end_to_end/test_workers.py",
    "packages/test_packages.py",
    "bench/test_sections.py",
    "webtask/test_wt_cli.py",
    "end_to_end/test_redis_faults.py",
    "packages/test_in_hooks.py",
    "workers/test_supervisor.py",
    "end_to_end/test_faults.py",
    "end_to_end/test_redis.py",
    "soak/test_soak.py",
    "end_to_end/test_dev.py",
)
"""Files that begin first, half a minute and more each: `make test` gives a file to one process, and at the end none waits for another."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, all others as they were."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


def pytest_collection_finish() -> None:
    """Twelve thousand tests are there to the end: the garbage collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def engine_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine's cache, shared by all tests of a process; the engine's code is there, compiled by this run or one before."""
    from tests.installed import engine_code  # noqa: PLC0415 - tests of single rooms need no engine

    folder = tmp_path_factory.mktemp("engine-cache")
    engine_code(folder)
    return folder


@pytest.fixture(scope="session")
def module_cache(engine_cache: Path) -> Path:
    """The same, and esbuild is there, which joins npm modules."""
    from tests.installed import esbuild  # noqa: PLC0415 - likewise

    esbuild(engine_cache)
    return engine_cache


@pytest.fixture(scope="session")
def made_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as the first start makes it, with nothing in it."""
    from runtime.storage.sqlite import open_sqlite  # noqa: PLC0415 - likewise

    async def make(path: Path) -> None:
        await (await open_sqlite(path)).close()

    path = tmp_path_factory.mktemp("made") / "hookd.db"
    asyncio.run(make(path))
    return path


@pytest.fixture
def runtime_database(tmp_path: Path, made_database: Path) -> Path:
    """One of the test's own, copied: to make it, the disk is waited for ten times."""
    return Path(shutil.copy2(made_database, tmp_path))


@pytest.fixture
def settings(runtime_database: Path, engine_cache: Path) -> Settings:
    """Settings of a runtime that nobody else uses."""
    return parse(
        {
            "server": {"port": 0},
            "storage": {
                "url": f"sqlite:///{runtime_database}",
                "master_key": b64encode(bytes(range(32))).decode(),
            },
            "sandbox": {"cache_directory": str(engine_cache)},
        },
        {},
    )


@pytest.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """A runtime with SQLite and the wasm sandbox."""
    from runtime.bootstrap import open_runtime  # noqa: PLC0415 - tests of single rooms need no engine

    async with open_runtime(settings) as runtime:
        yield runtime


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One for all tests of a process: each has a prefix of its own."""
    from tests.redis_servers import RedisServer  # noqa: PLC0415 - likewise

    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def prefix() -> str:
    """Of keys in a Redis, that no other test has."""
    return f"test-{next(_PREFIXES)}"


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    """A registry of npm modules on this machine."""
    from tests.registry import open_registry  # noqa: PLC0415 - likewise

    async with open_registry() as registry:
        yield registry


@pytest.fixture
def records(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[Execution]:
    """What the recorder was given."""
    from tests.requesting import records_of  # noqa: PLC0415 - likewise

    return records_of(runtime, monkeypatch)


@pytest.fixture
def door(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Door]:
    """`door("get_secrets")`: a door before this call."""
    from tests.requesting import door_before  # noqa: PLC0415 - likewise

    return lambda name: door_before(runtime, name, monkeypatch)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """With CI=true a test that would be skipped fails: a machine without node must not look like a passing one."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} would be skipped, and CI skips nothing: {call.excinfo.value}"
    # A log line may hold half of a character, and the processes of a run tell each other UTF-8.
    report.sections = [(title, text.encode("utf-8", "backslashreplace").decode()) for title, text in report.sections]
    return report
