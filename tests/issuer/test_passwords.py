"""Passwords and secrets at rest."""

from __future__ import annotations

import asyncio
import re

import pytest

from runtime.errors import Unavailable
from runtime.issuer.passwords import HashCost, Passwords, VerifiedSecrets

CHEAP = HashCost(memory_kib=64, passes=1)


@pytest.fixture
def passwords():
    passwords = Passwords(CHEAP)
    yield passwords
    passwords.close()


async def test_the_default_cost_is_owasps():
    """Argon2id with 19 MiB and two passes, and a salt of its own for every hash."""
    passwords = Passwords()
    first, second = await passwords.hash("secret"), await passwords.hash("secret")
    passwords.close()

    assert re.fullmatch(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}", first)
    assert first != second


async def test_only_the_password_itself_matches(passwords):
    """Nor does anything match who has no hash."""
    hashed = await passwords.hash("pässword")

    assert await passwords.verify("pässword", hashed)
    assert not await passwords.verify("password", hashed)
    assert not await passwords.verify("", hashed)
    assert not await passwords.verify("pässword", None)
    assert not await passwords.verify("", "")


async def test_an_old_hash_is_checked_at_its_own_cost(passwords):
    """A new cost makes no password wrong."""
    other = Passwords(HashCost(memory_kib=128, passes=2))
    hashed = await other.hash("secret")
    other.close()

    assert await passwords.verify("secret", hashed)


async def test_a_crowd_is_told_to_try_again(passwords):
    """The queue before the threads is short; what was accepted is answered."""
    narrow = Passwords(CHEAP, threads=1, queue=2)
    hashed = await narrow.hash("secret")

    answers = await asyncio.gather(*(narrow.verify("secret", hashed) for _ in range(6)), return_exceptions=True)
    narrow.close()

    assert answers[:3] == [True] * 3
    assert [type(answer) for answer in answers[3:]] == [Unavailable] * 3


async def test_one_address_does_not_fill_the_queue():
    """Half of it, whatever names it says; of IPv6 all addresses of a /64 are one."""
    narrow = Passwords(CHEAP, threads=1, queue=5)
    hashed = await narrow.hash("secret")
    crowd = [f"2001:db8::{number}" for number in range(5)]

    asked = [*crowd, "192.0.2.1", "", ""]
    answers = await asyncio.gather(*(narrow.verify("secret", hashed, ip) for ip in asked), return_exceptions=True)
    again = await narrow.verify("secret", hashed, crowd[0])
    narrow.close()

    assert [answer is True for answer in answers] == [True] * 3 + [False] * 2 + [True] * 3
    assert {str(answer) for answer in answers[3:5]} == {"Too many passwords of this address are being checked."}
    assert again


async def test_a_checked_secret_is_remembered_for_its_hash_only(passwords):
    """A client whose secret was changed is checked anew, and a wrong one is never remembered."""
    secrets = VerifiedSecrets(passwords, most=2)
    old, new = await passwords.hash("one"), await passwords.hash("two")

    assert await secrets.verify("one", old)
    passwords.close()
    assert await secrets.verify("one", old)
    with pytest.raises(RuntimeError):
        await secrets.verify("one", new)
    with pytest.raises(RuntimeError):
        await secrets.verify("two", old)


async def test_what_is_remembered_is_no_secret(passwords):
    """Neither the secret nor a plain hash of it."""
    secrets = VerifiedSecrets(passwords)
    await secrets.verify("hush-hush", await passwords.hash("hush-hush"))

    assert b"hush" not in b"".join(secrets._entries)


async def test_remembering_costs_no_hash(passwords):
    """Only what was right, and only against the hash that it was right for."""
    secrets = VerifiedSecrets(passwords)
    hashed = await secrets.hash("one")
    assert not secrets.remembers("one", hashed)
    assert not await secrets.verify("two", hashed)
    assert await secrets.verify("one", hashed)
    passwords.close()

    assert secrets.remembers("one", hashed)
    assert not secrets.remembers("two", hashed)
    assert not secrets.remembers("one", "")
