"""The vendor's own client, unchanged: what users of Auth0 have in their programs already."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from auth0.management.client import AsyncAuth0
from auth0.management.errors import BadRequestError, ConflictError, NotFoundError, UnauthorizedError

from tests.web.conftest import SEED, Api


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def auth0(api: Api, http: httpx.AsyncClient) -> AsyncAuth0:
    return AsyncAuth0(base_url=f"{api.url}/api/v2", token=str(api.bearer), httpx_client=http)


async def test_a_hook_from_its_creation_to_its_end(auth0: AsyncAuth0, api: Api):
    """Create, read, list over pages, change, secrets, delete: every call of auth0-python 6 on hooks."""
    made = await auth0.hooks.create(name="first", script=SEED, trigger_id="credentials-exchange", enabled=True)
    assert (made.name, made.script, made.trigger_id, made.enabled) == ("first", SEED, "credentials-exchange", True)
    for number in range(3):
        await auth0.hooks.create(name=f"more-{number}", script=SEED, trigger_id="credentials-exchange")
    names = [hook.name async for hook in await auth0.hooks.list(per_page=2)]
    assert names == ["first", "more-0", "more-1", "more-2"]
    hook_id = str(made.id)
    assert (await auth0.hooks.update(hook_id, name="renamed")).name == "renamed"
    assert (await auth0.hooks.get(hook_id)).name == "renamed"

    await auth0.hooks.secrets.create(hook_id, request={"FOO": "one"})
    await auth0.hooks.secrets.update(hook_id, request={"FOO": "two"})
    assert await auth0.hooks.secrets.get(hook_id) == {"FOO": "_VALUE_NOT_SHOWN_"}
    await auth0.hooks.secrets.delete(hook_id, request=["FOO"])
    assert await auth0.hooks.secrets.get(hook_id) == {}

    assert (await api.execute())["claims"] == {"https://foo.com/claim": "bar"}
    await auth0.hooks.delete(hook_id)
    assert (await api.execute())["execution"] is None


async def test_errors_are_the_classes_that_it_knows(auth0: AsyncAuth0, api: Api, http: httpx.AsyncClient):
    """400, 401, 404 and 409 with bodies that it can read; and it does not wait long before it gives up on a 409."""
    await auth0.hooks.create(name="first", script=SEED, trigger_id="credentials-exchange")
    with pytest.raises(ConflictError) as conflict:
        await auth0.hooks.create(
            name="first", script=SEED, trigger_id="credentials-exchange", request_options={"max_retries": 0}
        )
    assert conflict.value.body["errorCode"] == "hook_name_taken"
    with pytest.raises(BadRequestError):
        await auth0.hooks.create(name="-", script=SEED, trigger_id="credentials-exchange")
    with pytest.raises(NotFoundError) as missing:
        await auth0.hooks.get("01GBPZWEFDT9RFR6PN6939RZZE")
    assert missing.value.body["message"] == "Error: Hook does not exist"
    stranger = AsyncAuth0(base_url=f"{api.url}/api/v2", token="nonsense", httpx_client=http)
    with pytest.raises(UnauthorizedError):
        await stranger.hooks.get("01GBPZWEFDT9RFR6PN6939RZZE")
