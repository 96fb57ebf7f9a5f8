from __future__ import annotations

import logging
from secrets import token_hex

import pytest

from runtime.errors import SettingsError
from runtime.redis.address import Means, parse_address
from runtime.storage.redis import open_redis
from tests.redis_servers import RedisServer
from tests.waiting import until


@pytest.fixture
def mark(prefix: str) -> str:
    return f"{prefix}:{{{prefix}}}:format"


async def test_what_a_newer_hookd_wrote_is_left_alone(redis_server: RedisServer, prefix, mark):
    """The message says what is there and what is known."""
    redis_server.cli("set", mark, "hookd 2")

    with pytest.raises(SettingsError, match="written by a newer hookd: its format is 2, this one knows 1"):
        await open_redis(parse_address(redis_server.url), prefix=prefix)
    assert redis_server.cli("get", mark) == "hookd 2\n"


@pytest.mark.parametrize(
    "words",
    [
        ("set", "{prefix}:sessions", "x"),
        ("set", "{prefix}:{{{prefix}}}:format", "celery 3"),
        ("hset", "{prefix}:{{{prefix}}}:format", "a", "b"),
    ],
)
async def test_keys_of_another_program_are_left_alone(redis_server: RedisServer, prefix, words):
    """Under our prefix; those beside it are nobody's concern."""
    redis_server.cli(*(word.format(prefix=prefix) for word in words))
    before = redis_server.cli("keys", f"{prefix}:*")

    with pytest.raises(SettingsError, match="to another program"):
        await open_redis(parse_address(redis_server.url), prefix=prefix)
    assert redis_server.cli("keys", f"{prefix}:*") == before
    await (await open_redis(parse_address(redis_server.url), prefix=f"{prefix}.other")).close()


async def test_a_prefix_has_a_form():
    """It stands in keys and in patterns."""
    for prefix in ("", "a{b", "a*", "-a", "a" * 65):
        with pytest.raises(SettingsError, match=r"'storage\.prefix' must be"):
            await open_redis(parse_address("redis://h"), prefix=prefix)


async def test_a_redis_that_would_lose_data_is_told_in_the_log(redis_server: RedisServer, prefix, caplog):
    """Each setting with what it should be; one that is well is not named, and who may not ask is not told."""
    for name, value, words in (
        ("maxmemory-policy", "allkeys-lru", "Set it to noeviction"),
        ("appendfsync", "no", "Set it to everysec"),
        ("appendonly", "no", "Set appendonly yes"),
    ):
        before = redis_server.cli("config", "get", name).split()[1]
        redis_server.cli("config", "set", name, value)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            await (await open_redis(parse_address(redis_server.url), prefix=prefix)).close()
        redis_server.cli("config", "set", name, before)
        assert [record.message for record in caplog.records if words in record.message]
        assert len(caplog.records) == 1
    redis_server.cli(
        "acl", "setuser", "narrow", "on", ">s3cret", f"~{prefix}:*", "+@all", "-@dangerous", "-@admin", "-scan"
    )
    caplog.clear()
    url = redis_server.url.replace("unix://", "unix://narrow:s3cret@")
    await (await open_redis(parse_address(url), prefix=prefix)).close()
    assert caplog.records == []


async def test_a_redis_that_reads_its_file_is_not_said_to_append_nothing(tmp_path, caplog):
    """As it says itself meanwhile."""
    with RedisServer(tmp_path) as redis:
        redis.cli("mset", *(word for number in range(10) for word in (f"key{number}", token_hex(4_000))))
        redis.cli("bgrewriteaof")
        await until(
            lambda: "aof_base_size:0" not in redis.cli("info") and "aof_rewrite_in_progress:0" in redis.cli("info")
        )
    slow = RedisServer(tmp_path, **{"key-load-delay": "100000", "loading-process-events-interval-bytes": "1024"})
    with slow.begun():
        await (await open_redis(parse_address(slow.url), means=Means(seconds=30))).close()
    assert "DB loaded" in slow.log
    assert caplog.records == []


async def test_a_redis_that_is_not_there_is_a_wrong_setting(tmp_path):
    """At the start nothing is loaded that could be served without it. It says where it was looked for, and what to do."""
    with pytest.raises(SettingsError, match="can not be used") as caught:
        await open_redis(parse_address(f"unix://u:s3cret@{tmp_path}/none"), means=Means(seconds=0.1))
    said = str(caught.value)
    assert "s3cret" not in said
    assert f"Redis {tmp_path}/none: " in said
    assert ".." not in said
    assert said.endswith(". See that it runs and lets hookd in, then start again; [storage] url says where it is.")
