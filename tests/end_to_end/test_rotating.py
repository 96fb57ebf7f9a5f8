"""`hookd keys rotate`, on a service that answers token requests meanwhile."""

from __future__ import annotations

import asyncio
import base64
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from runtime.master_keys import read_keys, write_master_key
from runtime.storage.sealing import Sealer
from tests.end_to_end.serving import CONFIG, Service, serving

READING = "module.exports = (c, s, a, context, cb) => cb(null, { 'https://a/n': Number(context.webtask.secrets.N) });"
INLINE = next(line for line in CONFIG.splitlines() if line.startswith("master_key"))


async def rotate(config: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runtime.cli", "keys", "rotate", "--config", str(config), *more]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return await asyncio.to_thread(
        subprocess.run, command, cwd=config.parent, env=environ, capture_output=True, text=True
    )


def sealed(config: Path) -> list[tuple[str, bytes]]:
    """What is stored, and where it belongs."""
    with sqlite3.connect(config.parent / ".hookd/hookd.db") as database:
        rows = database.execute(
            "SELECT tenant, id, secrets.name, sealed FROM secrets JOIN hooks ON hook = number"
        ).fetchall()
    database.close()
    return [("/".join(place), value) for *place, value in rows]


async def changing(service: Service, secrets: str, until: asyncio.Task[Any]) -> int:
    """Write the secret again and again, and see that it is in force; the last value."""
    number = 1
    while not until.done():
        number += 1
        await service.call("PATCH", secrets, {"N": str(number)}, 201)
        assert await service.execute() == number
        await service.until_asked(20)
    return number


async def test_no_token_request_fails_while_the_key_is_rotated(tmp_path: Path, module_cache: Path):
    """In one call: new key known, new key seals, all sealed anew, old key gone; requests that need a secret go on, and secrets are written."""
    config, keys = tmp_path / "config.toml", tmp_path / "master.key"
    write_master_key(keys)
    text = CONFIG.replace(INLINE, f"master_key_file = '{keys}'")
    config.write_text(text.replace("workers = 2", "workers = 1"))  # old and new ones are there together, all the same
    (old,) = read_keys(keys).all
    async with serving(config, module_cache, keep=False) as service:
        hook = await service.deploy(READING)
        secrets = hook + "/secrets"
        await service.call("POST", secrets, {"N": "1"}, 201)
        before = service.workers
        async with service.under_load(1):
            await service.until_asked()
            rotating = asyncio.create_task(rotate(config, "--pid", str(service.process._process.pid)))
            number = await changing(service, secrets, rotating)
            done = rotating.result()
            await service.until_asked()
        assert (done.returncode, done.stderr.count("started anew")) == (0, 3), done.stderr
        assert service.lost == []
        assert not before & service.workers
        (new,) = read_keys(keys).all
        assert new != old
        assert [base64.b64decode(line) for line in keys.with_name("master.key.old").read_text().split()] == [old]
        assert [Sealer(new).open(*row) for row in sealed(config)] == [str(number)]
        assert await service.execute() == number
        shown = done.stdout + done.stderr + service.process.log
        assert not [key for key in (old, new) if base64.b64encode(key).decode() in shown]
