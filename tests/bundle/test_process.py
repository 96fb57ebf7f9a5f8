"""Another process: bounded, and gone with all that it started."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from runtime.bundle import process
from runtime.bundle.base import ModulesUnavailable
from runtime.bundle.process import (
    Ended,
    Node,
    TookTooLong,
    TookTooMuch,
    configured_with,
    environment,
    find_node,
    run,
    scratch,
)
from runtime.bundle.trees import size_of
from tests.node.waiting import is_there
from tests.waiting import until

FORKS = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); open('child', 'w').write(str(p.pid))"


async def python(code: str, folder: Path, **named):
    return await run([sys.executable, "-c", code], folder=folder, environ={}, **{"seconds": 60, **named})


async def test_it_says_how_it_ended(tmp_path):
    """Code, output, errors."""
    ended = await python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", tmp_path)

    assert ended == Ended(3, "out\n", "err\n")


async def test_nothing_of_it_survives(tmp_path):
    """Neither when it ends, nor when it is stopped."""
    await python(FORKS, tmp_path)
    ended = int((tmp_path / "child").read_text())
    with pytest.raises(TookTooLong):
        await python(FORKS + "; p.wait()", tmp_path, seconds=2)
    stopped = int((tmp_path / "child").read_text())

    await until(lambda: not (is_there(ended) or is_there(stopped)))


async def test_who_leaves_takes_it_along(tmp_path):
    """A caller that is cancelled leaves nothing that runs."""
    running = asyncio.create_task(python(FORKS + "; p.wait()", tmp_path))
    await until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    child = int((tmp_path / "child").read_text())

    await until(lambda: not is_there(child))


async def test_it_writes_so_much_at_most(tmp_path):
    """The folder is looked at while it writes."""
    code = "n = 0\nwhile True: open(str(n), 'wb').write(b'x' * 65536) if n < 1000 else None; n += 1"

    with pytest.raises(TookTooMuch):
        await python(code, tmp_path, is_too_much=lambda: size_of(tmp_path, 1 << 20) > 1 << 20)


async def test_it_has_limits_of_its_own(tmp_path):
    """Those of the system, for memory, CPU time and files."""
    ended = await python(
        "import resource as r; print(r.getrlimit(r.RLIMIT_CORE)[1], r.getrlimit(r.RLIMIT_DATA)[1] >> 20)", tmp_path
    )

    assert ended.output == "1 2048\n"


def test_it_sees_no_variable_of_ours():
    """Only what npm is configured with; and finds no program but Node."""
    environ = {
        "HOME": "/h",
        "HOOKD_STORAGE_MASTER_KEY": "k",
        "NPM_CONFIG_REGISTRY": "r",
        "https_proxy": "p",
        "PATH": "/bin",
    }
    seen = environment(environ, Node(node=Path("/n/bin/node"), npm=Path("/n/npm")))

    assert seen.keys() == {"HOME", "NPM_CONFIG_REGISTRY", "https_proxy", "PATH", "GOMEMLIMIT", "NO_UPDATE_NOTIFIER"}
    assert seen["PATH"] == "/n/bin"


def test_it_may_read_what_npm_is_configured_with(tmp_path):
    """Files that variables or the user's own configuration name; no folder of the user's."""
    (tmp_path / ".npmrc").write_text("registry=https://r/\n//r/:_authToken=x\ncafile=${HOME}/ca.pem\n")
    environ = {
        "HOME": str(tmp_path),
        "NODE_EXTRA_CA_CERTS": "/more.pem",
        "npm_config_userconfig": "/npmrc",
        "OTHER": "/x",
    }
    found = set(configured_with(environ, find_node()))

    assert found == {Path("/more.pem"), Path("/npmrc"), tmp_path / ".npmrc", tmp_path / "ca.pem"}
    assert set(configured_with({}, find_node())) == {Path("/nonexistent/.npmrc")}


async def test_a_folder_goes_with_its_block(tmp_path):
    """Whatever is in it."""
    async with scratch(tmp_path / "new") as folder:
        (folder / "a").write_text("x")

    assert list((tmp_path / "new").iterdir()) == []


async def test_what_a_killed_process_left_goes(tmp_path):
    """When the next needs a folder, and long after anybody could have used it; what else lies there stays."""
    for name in ("tmp-old", "tmp-new", "kept"):
        (tmp_path / name / "a").mkdir(parents=True)
    for name in ("tmp-old", "kept"):
        os.utime(tmp_path / name, (1, 1))

    async with scratch(tmp_path):
        pass

    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "tmp-new"]


def test_without_node_the_answer_says_so(monkeypatch):
    """hookd runs without it; who needs it reads what to install."""
    monkeypatch.setattr(process, "find_spec", lambda _: None)

    with pytest.raises(ModulesUnavailable, match="hookd\\[node\\]"):
        find_node()
