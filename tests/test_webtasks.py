from __future__ import annotations

import asyncio

import pytest

from runtime.errors import InsufficientScope, InvalidBody
from runtime.model import WEBTASK, Policy
from runtime.storage.base import HookFilter, TooManyHooks
from runtime.webtask.upload import Upload
from runtime.webtasks import NameShared, WebtaskNotFound
from tests.web.conftest import SEED, Api, api, settings

__all__ = ["api", "settings"]

RULE = {"auth0-extension": "runtime", "auth0-extension-name": "credentials-exchange"}
POINT = "auth0-extension-name"


def rule(name: str = "rule", script: str | None = SEED, **meta: str) -> Upload:
    """An extension, enabled unless said otherwise."""
    return Upload(name=name, script=script, meta={**RULE, **{key.replace("_", "-"): meta[key] for key in meta}})


async def test_who_comes_second_changes_what_the_first_made(api: Api):
    """Five at once: one webtask of the name, and none was refused."""
    webtasks = api.runtime.webtasks

    done = await asyncio.gather(
        *(webtasks.put("acme", rule(), may_create=True, may_remove=True) for _ in range(5)), return_exceptions=True
    )

    assert [error for error in done if isinstance(error, BaseException)] == []
    assert len(await webtasks.list_webtasks("acme", {}, offset=0, limit=9)) == 1


async def test_the_enabled_hook_makes_way(api: Api):
    """One without an order takes the place of the other, as in the Management API; with an order both run."""
    webtasks = api.runtime.webtasks
    await webtasks.put("acme", rule("first"), may_create=True, may_remove=True)
    written = await webtasks.put("acme", rule("second"), may_create=True, may_remove=True)
    assert written.disabled is not None
    assert written.disabled.name == "first"
    ordered = await webtasks.put("acme", rule("third", auth0_extension_order="2"), may_create=True, may_remove=True)
    assert (ordered.disabled, ordered.hook.policy) == (None, Policy(order=2))
    enabled = await api.runtime.storage.enabled_hooks("acme", "credentials-exchange")
    assert [hook.name for hook in enabled] == ["second", "third"]


async def test_a_webtask_at_the_tenants_limit(api: Api):
    """No new one; one that goes to another extensibility point is none."""
    webtasks, most = api.runtime.webtasks, api.runtime.settings.storage.hooks_most
    for number in range(most):
        await webtasks.put("acme", Upload(name=f"task{number}", script=SEED), may_create=True, may_remove=True)
    with pytest.raises(TooManyHooks):
        await webtasks.put("acme", rule(), may_create=True, may_remove=True)
    moved = await webtasks.put("acme", rule("task0"), may_create=True, may_remove=True)
    assert (moved.hook.trigger, moved.hook.enabled) == ("credentials-exchange", True)
    assert len(await webtasks.list_webtasks("acme", {}, offset=0, limit=1000)) == most


async def test_a_refused_upload_changes_nothing(api: Api):
    """What can not be made does not take away what is there."""
    webtasks = api.runtime.webtasks
    before = (await webtasks.put("acme", rule(), may_create=True, may_remove=True)).hook
    for bad in (rule(script="{"), rule(script="{", **{POINT: "password-exchange"}), rule(auth0_extension_order="x")):
        with pytest.raises(InvalidBody):
            await webtasks.put("acme", bad, may_create=True, may_remove=True)
    assert await webtasks.get("acme", "rule") == before


async def test_names(api: Api):
    """None, one, two: then the one that was made here is meant; and who may make a new one."""
    webtasks = api.runtime.webtasks
    with pytest.raises(WebtaskNotFound):
        await webtasks.get("acme", "rule")
    with pytest.raises(InsufficientScope):
        await webtasks.put("acme", rule(), may_create=False, may_remove=False)
    await webtasks.put("acme", rule(), may_create=True, may_remove=True)
    await webtasks.put("acme", rule(script=None), may_create=False, may_remove=False)
    with pytest.raises(WebtaskNotFound):
        await webtasks.get("other", "rule")
    await api.create(SEED, "password-exchange", name="rule")
    assert (await webtasks.get("acme", "rule")).trigger == "credentials-exchange"
    await webtasks.remove("acme", "rule")
    assert (await webtasks.get("acme", "rule")).trigger == "password-exchange"
    await api.create(SEED, name="rule")
    with pytest.raises(NameShared):
        await webtasks.remove("acme", "rule")


async def test_a_webtask_is_gone_with_its_secrets(api: Api):
    """And the extensibility point runs nothing any more."""
    webtasks = api.runtime.webtasks
    await webtasks.put("acme", rule(), may_create=True, may_remove=True)
    await webtasks.remove("acme", "rule")
    with pytest.raises(WebtaskNotFound):
        await webtasks.remove("acme", "rule")
    assert (await api.execute())["execution"] is None


async def test_plain_webtasks_are_in_the_storage_under_their_own_trigger(api: Api):
    """`model.WEBTASK`, never enabled: the room that runs them looks there."""
    written = await api.runtime.webtasks.put(
        "acme", Upload(name="plain", script=SEED), may_create=True, may_remove=True
    )
    assert (written.hook.trigger, written.hook.enabled) == (WEBTASK, False)
    found, _ = await api.runtime.storage.list_hooks("acme", HookFilter(trigger=WEBTASK), start=0, limit=9)
    assert found == [written.hook]
