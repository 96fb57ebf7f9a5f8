"""Token servers that share a Redis: what each has of the others, what is kept where, and what is when it goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime.issuer.keys import RELOAD_SECONDS
from runtime.issuer.records import SigningKey
from runtime.issuer.redis_store import open_redis_store
from runtime.issuer.sqlite_store import open_sqlite_store
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.redis.address import parse_address
from runtime.redis.faults import FAULTS
from tests.issuer.conftest import (
    CALLBACK,
    HOST,
    PASSWORD,
    SECRET,
    VERIFIER,
    Decider,
    TokenServer,
    seeded,
    token_server_of,
)
from tests.issuer.test_store import API, CLIENT, CODE, TOKEN, USER
from tests.ports import free_port
from tests.redis_servers import RedisServer, clustered
from tests.waiting import PATIENCE


class Clock:
    """Both servers' time."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def both(
    redis_server: RedisServer, prefix, sown_database, decider: Decider, clock
) -> AsyncIterator[list[TokenServer]]:
    """Two token servers of one address, each on a port of its own, as behind a load balancer."""
    async with AsyncExitStack() as stack:
        yield await opened_both(stack, redis_server, prefix, sown_database, decider, clock=clock)


async def opened_both(
    stack: AsyncExitStack, redis: RedisServer, prefix: str, sown: Path, decider: Decider, **options: Any
) -> list[TokenServer]:
    own = free_port()
    await with_keys(redis, prefix, sown)
    settings = settings_at(redis, prefix, f"http://{HOST}:{own}", decider)
    return [await stack.enter_async_context(token_server_of(settings, port=port, **options)) for port in (own, 0)]


def settings_at(redis: RedisServer, prefix: str, url: str, decider: Decider) -> IssuerSettings:
    """Of each of the token servers of an address."""
    more = {"database_prefix": prefix, "database_timeout_ms": 300, "runtime_url": decider.url}
    return seeded(url=url, database=redis.url, **more)


async def with_keys(redis: RedisServer, prefix: str, sown: Path) -> None:
    """The keys of another store: to make them takes long."""
    file = await open_sqlite_store(sown)
    keys = await file.signing_keys.all()
    await file.close()
    store = await open_redis_store(parse_address(redis.url), prefix=prefix)
    await store.signing_keys.change(lambda _: keys)
    await store.close()


async def kids(server: TokenServer) -> list[str]:
    async with server.http.get(f"{server.url}/.well-known/jwks.json") as answer:
        return [key["kid"] for key in (await answer.json())["keys"]]


async def posted(server: TokenServer, **fields: str) -> tuple[int, dict[str, Any]]:
    """Status and body of a token request of the client `web`."""
    own = {"client_id": "web", "client_secret": SECRET}
    async with server.http.post(f"{server.url}/oauth/token", json=own | fields) as answer:
        return answer.status, await answer.json()


async def test_a_login_may_go_by_way_of_both(both):
    """The page of one, the form sent to the other, the code redeemed at the first, the token renewed at the second."""
    one, other = both
    page = await one.authorize(scope="openid read:orders offline_access")
    code = (await other.log_in(page)).sent_back["code"]
    body = await one.redeem(code)
    status, renewed = await posted(other, grant_type="refresh_token", refresh_token=body["refresh_token"])

    assert status == 200
    assert (await one.claims(renewed["access_token"]))["sub"] == (await other.claims(body["access_token"]))["sub"]


async def test_what_is_good_once_is_good_once_at_both(both):
    """Of a code, and of a refresh token, that come to both at the same moment; what the first had is revoked."""
    one, other = both
    fields = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    for _ in range(3):
        code = await one.code(scope="read:orders offline_access")
        answers = await asyncio.gather(*(posted(server, code=code, **fields) for server in both))
        assert sorted(status for status, _ in answers) == [200, 400]
        (token,) = [body["refresh_token"] for status, body in answers if status == 200]
        assert (await posted(other, grant_type="refresh_token", refresh_token=token))[0] == 400

        body = await other.redeem(await one.code(scope="read:orders offline_access"))
        given = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
        answers = await asyncio.gather(*(posted(server, **given) for server in both))
        assert sorted(status for status, _ in answers) == [200, 400]
        (token,) = [body["refresh_token"] for status, body in answers if status == 200]
        assert (await posted(one, grant_type="refresh_token", refresh_token=token))[0] == 400


async def test_what_changes_at_one_has_changed_at_the_other(both, clock):
    """Clients at once; signing keys when the ring looks again, as with a file."""
    one, other = both
    assert (await other.m2m())["access_token"]
    await one.issuer.store.clients.change("m2m", lambda client: replace(client, secret_hash="none"))
    assert (await other.m2m(status=401))["error"] == "invalid_client"

    await one.issuer.keys.rotate()
    assert len(await kids(other)) == 2
    clock.now += RELOAD_SECONDS
    assert await kids(other) == await kids(one)
    assert len(await kids(other)) == 3
    assert (await one.claims((await other.password())["access_token"]))["iss"] == f"{one.url}/"


async def test_who_guesses_is_refused_at_both(both):
    """Ten wrong passwords in a row, wherever they were said; so for clients' secrets."""
    for _ in range(5):
        for server in both:
            await server.password(username="ada", password="wrong", status=400)
            await server.m2m(client_secret="wrong", status=401)

    for server in both:
        assert (await server.password(status=429))["error"] == "too_many_attempts"
        assert (await server.m2m(client_secret="wrong", status=429))["error"] == "too_many_attempts"


async def test_without_its_redis_it_says_to_try_again(tmp_path: Path, prefix, sown_database, decider):
    """503 temporarily_unavailable, on the login page too; a code from before is good when Redis is back."""
    with RedisServer(tmp_path, appendfsync="always") as redis:
        async with AsyncExitStack() as stack:
            one, other = await opened_both(stack, redis, prefix, sown_database, decider)
            code, page = await one.code(), await one.authorize()
            redis.kill()

            assert (await other.m2m(status=503))["error"] == "temporarily_unavailable"
            assert (await other.redeem(code, status=503))["error"] == "temporarily_unavailable"
            assert (await one.log_in(page)).status == 503
            redis.start()

            async with asyncio.timeout(PATIENCE):
                while (await posted(other, grant_type="refresh_token", refresh_token="none"))[0] == 503:
                    await asyncio.sleep(0.02)
            assert (await other.redeem(code))["access_token"]
            assert (await one.log_in(page)).sent_back["code"]


async def test_a_redis_that_lost_everything_is_still_ours(tmp_path: Path, prefix, sown_database, decider, clock):
    """Tokens from before are good; others can start there, and sign with the same keys, though it has been written to since."""
    with RedisServer(tmp_path) as redis:
        async with AsyncExitStack() as stack:
            one, other = await opened_both(stack, redis, prefix, sown_database, decider, clock=clock)
            token, before = (await one.m2m())["access_token"], await kids(one)
            redis.cli("flushall")
            await one.m2m(status=401)
            await one.issuer.store.clients.add(CLIENT)
            clock.now += RELOAD_SECONDS
            assert [await kids(server) for server in (one, other)] == [before, before]
            settings = settings_at(redis, prefix, one.url, decider)
            third = await stack.enter_async_context(token_server_of(settings, port=0, clock=clock))
            assert await kids(third) == before
            assert (await third.claims((await other.m2m())["access_token"]))["sub"] == (await third.claims(token))[
                "sub"
            ]

            redis.cli("flushall")
            assert (await one.issuer.keys.rotate()).kid == before[1], "at once, too"


async def test_a_write_whose_answer_was_lost_is_done_once(redis_server: RedisServer, prefix):
    """Else a rotation would look like a second use, and a new record like one that is there already."""
    store = await open_redis_store(parse_address(redis_server.url), prefix=prefix)
    execute, lost = store._server._client.execute, set()

    async def execute_and_lose(*words: Any) -> Any:
        answer = await execute(*words)
        if words[0].startswith("EVAL") and words[5] and words[5] not in lost:
            lost.add(words[5])
            raise FAULTS[2]("connection reset")
        return answer

    store._server._client = replace(store._server._client, execute=execute_and_lose)
    await store.clients.add(CLIENT)
    await store.resource_servers.add(API)
    await store.users.add(USER)
    assert await store.refresh_tokens.add(TOKEN, USER, 1.0)
    assert await store.refresh_tokens.rotate(TOKEN, replace(TOKEN, token_hash="t2"))
    assert await store.authorization_codes.add(CODE, USER, 1.0)
    assert await store.authorization_codes.redeem(CODE, replace(TOKEN, token_hash="t3"), 2.0)
    assert await store.refresh_tokens.revoke(family="f") == 3
    key = SigningKey(kid="0", state="current", jwk={}, since=1.0)
    assert await store.signing_keys.change(lambda keys: [*keys, key]) == [key]
    assert await store.signing_keys.all() == [key]
    assert await store.clients.remove("c")
    assert len(lost) == 10
    await store.close()


async def test_nothing_is_left_of_what_is_removed(redis_server: RedisServer, prefix):
    """Neither of a record nor of what it was found by; what is over is forgotten with the next sign-in."""
    store = await open_redis_store(parse_address(redis_server.url), prefix=prefix)

    def there() -> set[str]:
        names = redis_server.cli("keys", f"{prefix}:*").split()
        root = f"{prefix}:{{{prefix}}}:"
        assert all(name.startswith(root) for name in names)
        return {name.removeprefix(root) for name in names if ":once:" not in name}

    await store.clients.add(CLIENT)
    await store.resource_servers.add(API)
    await store.users.add(USER)
    before = there()
    await store.refresh_tokens.add(TOKEN, USER, 1.0)
    await store.authorization_codes.add(CODE, USER, 1.0)
    assert len(there()) > len(before)
    await store.users.change("u", lambda user: replace(user, blocked=True))
    assert there() == before
    await store.users.change("u", lambda user: replace(user, blocked=False, email=""))
    assert there() == before - {"by:users:email:ada@x"}
    late = replace(TOKEN, token_hash="t2", expires_at=300.0)
    await store.refresh_tokens.add(TOKEN, USER, 1.0)
    await store.refresh_tokens.add(late, USER, 100.0)
    await store.users.remove("u")
    await store.clients.remove("c")
    await store.resource_servers.remove("1")
    assert there() == {"format", "numbers", "writes"}
    await store.close()


async def test_what_is_hashed_is_not_there_itself(both, redis_server: RedisServer, prefix):
    """Secrets, passwords, codes and refresh tokens; Redis's own file is read. Signing keys, and that of forms, are as they are."""
    one, _ = both
    code = await one.code(scope="read:orders offline_access")
    token = (await one.redeem(code))["refresh_token"]
    (file,) = (redis_server.folder / "appendonlydir").glob("*.incr.aof")
    kept = file.read_bytes()

    assert f"{prefix}:{{{prefix}}}:record:users:".encode() in kept
    for secret in (SECRET, PASSWORD, code, token):
        assert secret.encode() not in kept


async def test_all_of_it_works_in_a_cluster(tmp_path: Path):
    """A node refuses a script that touches a key of another slot."""
    with clustered(tmp_path) as nodes:
        store = await open_redis_store(parse_address(f"redis+cluster://127.0.0.1:{nodes[0].port}"))
        await store.clients.add(CLIENT)
        await store.resource_servers.add(API)
        await store.users.add(USER)
        assert await store.authorization_codes.add(CODE, USER, 1.0)
        assert await store.authorization_codes.redeem(CODE, TOKEN, 2.0)
        assert await store.refresh_tokens.rotate(TOKEN, replace(TOKEN, token_hash="t2"))
        await store.resource_servers.move(replace(API, identifier="urn:moved"), "urn:api")
        assert await store.users.find(username="ada", email="ada@x") == USER
        successor = replace(TOKEN, token_hash="t2", audience="urn:moved")
        assert await store.refresh_tokens.get("t2") == successor
        assert await store.form_key(b"a") == await store.form_key(b"b") == b"a"
        assert await store.clients.remove("c")
        assert await store.refresh_tokens.get("t2") is None
        await store.close()
