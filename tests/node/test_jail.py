"""The walls, each alone and both together, against a program that knows every system call: nothing of the list succeeds."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from runtime.node import jail
from runtime.node.jail import LANDLOCK, NAMESPACES, WALLS, NoWall, Plan
from runtime.node.processes import Processes, open_processes

PROBE = Path(__file__).with_name("probing.py")
# One that others than its owner may start, too.
PYTHON = Path(shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable).resolve()
LIBRARY = subprocess.check_output([PYTHON, "-c", "import os; print(os.path.dirname(os.__file__))"], text=True).strip()
FOLDERS = [folder for folder in [LIBRARY, "/lib", "/lib64", "/usr/lib"] if Path(folder).is_dir()]
SOMEBODY = 61_234
JAILERS = {
    "confine": ["__init__", "calls", "filters", "kernel"],
    "node": ["__init__", "groups", "jail", "jailer", "syscalls"],
}
EACH = [[NAMESPACES], [LANDLOCK], [NAMESPACES, LANDLOCK]]


def plan(*command: str, walls: list[str]) -> Plan:
    """What runs this command with Python's files, and nothing else."""
    return Plan(
        command=[str(PYTHON), "-I", "-S", *command],
        files=[str(PYTHON)],
        folders=FOLDERS,
        walls=walls,
        limits={"CORE": 1, "FSIZE": 0, "NOFILE": 64, "CPU": 20},
    )


@pytest.fixture
def outside(tmp_path: Path) -> dict[str, Any]:
    """What there is to be reached outside."""
    secret = tmp_path / "master.key"
    secret.write_text("sesame")
    secret.chmod(0o644)
    tmp_path.chmod(0o755)
    return {"host": os.getpid(), "secret": str(secret), "source": jail.__file__}


@pytest.mark.parametrize("walls", EACH, ids="+".join)
async def test_no_attempt_to_get_out_succeeds(outside: dict[str, Any], walls: list[str]):
    """Whichever wall stands: no process, no signal, no file, no socket, no kernel call that the program does not need."""
    await probe(await open_processes(plan("-c", PROBE.read_text(), walls=walls)), outside, walls)


@pytest.mark.parametrize("walls", EACH, ids="+".join)
async def test_a_service_that_is_not_root_has_the_same_walls(outside: dict[str, Any], walls: list[str]):
    """They are of a user namespace of its own."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    with tempfile.TemporaryDirectory() as place, theirs:
        processes = Processes(jailer_of_somebody(place, walls, theirs), ours)
        await processes.begin()
        await probe(processes, outside, walls)


async def test_who_has_less_himself_gives_no_more():
    """A unit of systemd may say that its processes leave no cores at all; who is not root can not raise that."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    less = "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))"
    with tempfile.TemporaryDirectory() as place, theirs:
        processes = Processes(jailer_of_somebody(place, [LANDLOCK], theirs, less), ours)
        await processes.begin()
        process = await processes.spawn()
        limits = Path(f"/proc/{process.pid}/limits").read_text()  # noqa: ASYNC240 - a file of the kernel's
        await processes.close()

    assert re.search(r"Max core file size +0 +0 ", limits)


def jailer_of_somebody(
    place: str, walls: list[str], control: socket.socket, before: str = ""
) -> subprocess.Popen[bytes]:
    """As `open_processes` starts it, by a user who is not root and may read this place."""
    for room, names in JAILERS.items():
        folder = Path(place, "runtime", room)
        folder.mkdir(parents=True)
        for name in names:
            shutil.copy(Path(jail.__file__).parents[1] / room / f"{name}.py", folder)
    subprocess.run(["chmod", "-R", "a+rX", place], check=True)
    program = f"{before}\nimport sys; sys.path.insert(0, {place!r}); from runtime.node.jailer import main; main()"
    wanted = orjson.dumps(asdict(plan("-c", PROBE.read_text(), walls=walls))).decode()
    user: dict[str, Any] = {"user": SOMEBODY, "group": SOMEBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    command = [str(PYTHON), "-I", "-S", "-c", program, wanted]
    started: subprocess.Popen[bytes] = subprocess.Popen(command, stdin=control.fileno(), env={}, cwd="/", **user)
    return started


async def probe(processes: Processes, outside: dict[str, Any], walls: list[str]) -> None:
    """Start the program that tries everything; then end them all."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"\0hookd-test-{os.getpid()}")
    listener.listen()
    try:
        assert list(processes.walls) == walls
        process = await processes.spawn()
        told = {**outside, "jailer": processes._jailer.pid, "walls": walls, "abstract": listener.getsockname().decode()}
        process.channel.allow(1 << 20)
        process.channel.send(json.dumps(told).encode())
        said = json.loads(await process.channel.receive(20) or b"{}")
        process.kill()
        await process.death()
    finally:
        listener.close()
        await processes.close()

    assert [name for name, result in said["attempts"].items() if result == "ok"] == []
    assert said["uid"] != 0
    assert said["host"] == ("localhost" if NAMESPACES in walls else socket.gethostname())
    assert said["open"] == []
    assert said["core"] == [1, 1]
    assert said["environment"].keys() <= {"LC_CTYPE"}
    assert Path(outside["secret"]).read_text() == "sesame"  # noqa: ASYNC240 - a file of six bytes


async def test_a_machine_without_walls_says_what_is_missing():
    """In words, and nothing was started."""
    with pytest.raises(NoWall, match="none of the walls is wanted"):
        await open_processes(plan("-c", "", walls=[]))


async def test_a_wall_that_can_not_be_built_is_named(tmp_path: Path):
    """Here for a file that is not there."""
    broken = plan("-c", "", walls=[NAMESPACES])
    broken.files.append(str(tmp_path / "missing"))
    with pytest.raises(NoWall, match=r"no namespaces: .*No such file"):
        await open_processes(broken)


def test_both_walls_are_built_where_both_can_be():
    """A hole in one is not a hole in the jail."""
    assert set(WALLS) == {NAMESPACES, LANDLOCK}
