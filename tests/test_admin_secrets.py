"""The secrets half of runtime/admin.py."""

from __future__ import annotations

import logging

import pytest

from runtime.admin import Admin
from runtime.bootstrap import Runtime
from runtime.errors import HookdError, InvalidBody, NotFound
from runtime.manifest import VALUE_NOT_SHOWN
from runtime.storage.base import Storage
from runtime.storage.sealing import Sealer

KEY = bytes(range(32))
"""The master key of the fixture `settings`."""


@pytest.fixture
def admin(runtime: Runtime) -> Admin:
    return runtime.admin


@pytest.fixture
def storage(runtime: Runtime) -> Storage:
    return runtime.storage


async def created(admin: Admin) -> str:
    """The id of a new hook."""
    body = {"name": "a hook", "script": "module.exports = () => ({});", "triggerId": "credentials-exchange"}
    return (await admin.create_hook("acme", body)).hook.id


async def test_secrets_are_sealed_and_only_their_names_come_back(admin, storage):
    """In storage each is sealed for its tenant, hook and name."""
    hook_id = await created(admin)

    await admin.add_secrets("acme", hook_id, {"B": "hunter2", "A": ""})

    assert await admin.secret_names("acme", hook_id) == ["A", "B"]
    sealed = await storage.get_secrets("acme", hook_id)
    assert Sealer(KEY).open(f"acme/{hook_id}/B", sealed["B"]) == "hunter2"


async def test_the_placeholder_leaves_a_secret_as_it_is(admin, storage):
    """A client that sends back what it was shown changes nothing (contract 1.3)."""
    hook_id = await created(admin)
    await admin.add_secrets("acme", hook_id, {"A": "1", "B": "2"})
    before = await storage.get_secrets("acme", hook_id)

    await admin.update_secrets("acme", hook_id, {"A": VALUE_NOT_SHOWN, "B": "3"})

    sealed = await storage.get_secrets("acme", hook_id)
    assert Sealer(KEY).open_secrets("acme", hook_id, sealed) == {"A": "1", "B": "3"}
    assert sealed["A"] == before["A"]


@pytest.mark.parametrize("value", ["1", VALUE_NOT_SHOWN])
async def test_a_secret_that_does_not_exist_is_not_changed(admin, storage, value):
    """Nor any other of the same call."""
    hook_id = await created(admin)
    await admin.add_secrets("acme", hook_id, {"A": "1"})
    before = await storage.get_secrets("acme", hook_id)

    with pytest.raises(NotFound, match="Hook or secret not found"):
        await admin.update_secrets("acme", hook_id, {"A": "2", "B": value})

    assert await storage.get_secrets("acme", hook_id) == before


async def test_a_hook_has_twenty_secrets_at_most(admin):
    """In one call or in several."""
    hook_id = await created(admin)
    await admin.add_secrets("acme", hook_id, {f"{number}": "x" for number in range(19)})

    with pytest.raises(InvalidBody, match="at most 20 secrets; this one would have 21"):
        await admin.add_secrets("acme", hook_id, {"A": "x", "B": "x"})

    await admin.delete_secrets("acme", hook_id, ["0", "1", "none"])
    await admin.add_secrets("acme", hook_id, {"A": "x", "B": "x"})
    assert len(await admin.secret_names("acme", hook_id)) == 19


async def test_no_secret_is_ever_in_sight(admin, storage, tmp_path, caplog):
    """Not in the file, not in a log line, not in an error, not in what any of them was raised from."""
    caplog.set_level(logging.DEBUG)
    hook_id = await created(admin)
    refused = [
        admin.add_secrets("acme", hook_id, {"A": "hunter2"}),
        admin.add_secrets("acme", hook_id, {"A": ["hunter2"]}),
        admin.add_secrets("acme", hook_id, {"": "hunter2"}),
        admin.add_secrets("acme", hook_id, {f"{number}": "hunter2" for number in range(20)}),
        admin.add_secrets("acme", hook_id, {"B": "hunter2" * 1000}),
        admin.update_secrets("acme", hook_id, {"B": "hunter2"}),
        admin.update_secrets("other", hook_id, {"A": "hunter2"}),
        admin.add_secrets("acme", hook_id, {"B": "hunter2\ud800"}),
    ]
    await admin.add_secrets("acme", hook_id, {"A": "hunter2"})
    await admin.update_secrets("acme", hook_id, {"A": "hunter2 hunter2"})

    for call in refused:
        with pytest.raises(HookdError) as caught:
            await call
        error: BaseException | None = caught.value
        while error is not None:
            assert "hunter2" not in f"{error!r} {error} {vars(error)}"
            error = error.__cause__ or error.__context__

    await storage.close()
    assert "hunter2" not in caplog.text
    assert b"hunter2" not in (tmp_path / "hookd.db").read_bytes()
