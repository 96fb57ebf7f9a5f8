"""A small service under a supervisor. Arguments: a folder, a port, how many workers; `--check` at the end asks whether it is fit.

It answers each line: `who`: number, process id and whether it is a successor; `die`: ends at once; `spin`: computes for ever, and lets nobody else have its thread; `wait`: answers when it is told to stop; `long`: answers when there
is a file `go`. Other files in the folder: `workers` and `port` stand in place of the arguments, `unfit` makes the check fail, `end` has the seconds that workers are given to stop, `hang` those that they may stand still, `start` those that they may take to be ready, `steady` those after which they were fit, `trial` those that a check may take, `stuck` lets workers never be ready, `broken` lets workers end at their start, with its text as the code.
`configuration` is read by the check, and by who was not checked: `unreadable` ends either with 2; `who` tells it. While there is a `gate`, a pipe, the check waits there after that for somebody to write; then `then` takes the place of `configuration`. `late` has the number of a signal that comes at the last moment before the service starts anew.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
from functools import partial
from pathlib import Path
from typing import NoReturn

from runtime.workers.supervisor import Supervisor
from runtime.workers.trial import hand_on, tried
from runtime.workers.worker import Worker


def misbehave(asked: str, writer: asyncio.StreamWriter) -> None:
    if asked == "die":
        os._exit(3)
    if asked == "spin":
        writer.write(b"spinning\n")
        while True:
            pass


async def serve(worker: Worker, folder: Path, configuration: str) -> None:
    stop = worker.stop_asked()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readline()).decode().strip()
        misbehave(asked, writer)
        if asked in ("wait", "long"):
            writer.write(b"waiting\n")
            await writer.drain()
        if asked == "wait":
            await stop.wait()
        while asked == "long" and not (folder / "go").exists():
            await asyncio.sleep(0.01)
        who = {"number": worker.number, "pid": os.getpid(), "parent": os.getppid(), "successor": worker.is_successor}
        writer.write(json.dumps(who | {"configuration": configuration}).encode())
        writer.close()
        await writer.wait_closed()

    servers = [await asyncio.start_server(answer, sock=one) for one in worker.sockets]
    worker.is_ready()
    await stop.wait()
    # A server of asyncio's that is closed drops a connection that it has accepted and not begun with.
    for one in worker.sockets:
        asyncio.get_running_loop().remove_reader(one)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for server in servers:
        server.close()
    while len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(0.01)


def text_of(path: Path, default: str) -> str:
    return path.read_text() if path.exists() else default


def configured(folder: Path) -> str:
    """What it is to start with."""
    handed_on = tried(os.environ)
    configuration = text_of(folder / "configuration", "") if handed_on is None else handed_on.decode()
    return sys.exit(2) if configuration == "unreadable" else configuration


def check(folder: Path, configuration: str) -> NoReturn:
    is_unfit = (folder / "unfit").exists()
    if (folder / "gate").exists():
        (folder / "gate").read_text()
    if (folder / "then").exists():
        (folder / "then").replace(folder / "configuration")
    hand_on(configuration.encode(), os.environ)
    sys.exit(is_unfit)


def late(folder: Path, record: logging.LogRecord) -> bool:
    """All records are logged."""
    if record.msg == "the service starts anew" and (folder / "late").exists():
        number = int((folder / "late").read_text())
        (folder / "late").unlink()
        os.kill(os.getpid(), number)
    return True


def main() -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    folder = Path(sys.argv[1])
    configuration = configured(folder)
    if sys.argv[-1] == "--check":
        check(folder, configuration)
    logging.getLogger("hookd.supervisor").addFilter(partial(late, folder))
    command = [sys.executable, *sys.orig_argv[1:]]
    workers, port = text_of(folder / "workers", sys.argv[3]), text_of(folder / "port", sys.argv[2])
    worker = Supervisor(
        host="127.0.0.1",
        port=int(port),
        workers=int(workers),
        announce=lambda port: print(port, flush=True),  # noqa: T201 - the test reads it
        trial=[*command, "--check"],
        again=command,
        end_seconds=float(text_of(folder / "end", "60")),
        hang_seconds=float(text_of(folder / "hang", "60")),
        start_seconds=float(text_of(folder / "start", "60")),
        steady_seconds=float(text_of(folder / "steady", "10")),
        trial_seconds=float(text_of(folder / "trial", "60")),
    ).run(os.environ)
    broken = folder / "broken"
    if broken.exists():
        sys.exit(int(broken.read_text()))
    if (folder / "stuck").exists():
        threading.Event().wait()
    asyncio.run(serve(worker, folder, configuration))


if __name__ == "__main__":
    main()
