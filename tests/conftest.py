"""What all tests share: a runtime with everything real, and the rule that CI skips nothing."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runtime.settings import Settings, parse

if TYPE_CHECKING:
    from runtime.bootstrap import Runtime
    from runtime.model import Execution
    from tests.requesting import Door


@pytest.fixture(scope="session")
def engine_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled guest code, shared by all tests of a run: compiling takes a second."""
    return tmp_path_factory.mktemp("engine-cache")


@pytest.fixture
def settings(tmp_path: Path, engine_cache: Path) -> Settings:
    """Settings of a runtime that nobody else uses."""
    return parse(
        {
            "server": {"port": 0},
            "storage": {
                "url": f"sqlite:///{tmp_path}/hookd.db",
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
