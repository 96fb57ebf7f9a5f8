"""`hookd doctor`: settings that a service would not start with, or that do not do what they seem to."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from runtime.cli.check import Check
from runtime.cli.checks import look_at_machine
from runtime.master_keys import new_master_key
from runtime.proof import new_proof
from runtime.settings import StorageSettings
from runtime.sources import load_settings
from runtime.storage.opening import choose_storage
from runtime.storage.sealing import Sealer
from tests.storage.conftest import Nouns

Look: TypeAlias = Callable[[str], dict[str, Check]]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """What is found of a configuration, by name."""
    monkeypatch.chdir(tmp_path)

    def look(text: str) -> dict[str, Check]:
        (tmp_path / "config.toml").write_text(text)
        return {check.name: check for check in look_at_machine(load_settings(tmp_path / "config.toml", {}))}

    return look


@pytest.mark.parametrize("where", ["sqlite", "redis"])
@pytest.mark.parametrize("known", ["the proof", "a secret"])
def test_a_master_key_of_another_storage(look, where, known, request, tmp_path, prefix):
    """What the service would say, without a change; an older storage's secrets tell as much. All keys count, those that follow too."""
    url = f"sqlite:///{tmp_path}/hookd.db" if where == "sqlite" else request.getfixturevalue("redis_server").url
    own = base64.b64encode(bytes(range(32))).decode()

    async def make() -> None:
        storage = await choose_storage(StorageSettings(url=url, prefix=prefix)).open()
        sealer = Sealer(bytes(range(32)))
        if known == "the proof":
            await storage.replace_proof(None, new_proof(sealer))
        else:
            hook = Nouns().hook()
            await storage.create_hook(hook, secrets=sealer.seal_secrets(hook.tenant, hook.id, {"A": "hunter2"}))
        await storage.close()

    def found(keys: str) -> tuple[str, str]:
        check = look(f"[storage]\nurl = '{url}'\nprefix = '{prefix}'\nmaster_key = '{keys}'")["master key"]
        return check.state, check.found

    asyncio.run(make())
    other = new_master_key()
    state, text = found(other)
    assert (state, text.partition(":")[0]) == (
        "bad",
        "The master key in [storage] master_key is not that of the storage " + url.partition(":")[0],
    )
    assert [key for key in (other, own) if key in text] == []
    assert found(own) == found(f"{other},{own}") == ("good", "in the configuration")
