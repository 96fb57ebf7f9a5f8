from __future__ import annotations

import time

from runtime.http import bearer as bearer_module
from runtime.http.bearer import Authenticator
from tests.http.test_bearer import HS256, bearer


async def test_a_token_takes_no_room_of_others():
    """However often it is written otherwise, with any number of spaces: it is as good then, and not remembered."""
    authenticator, header = Authenticator([HS256]), bearer()
    others = [header.replace(" ", " " * 40), header.replace("Bearer", "bEARER"), f"{header} ", f"{header}="]
    for other in others:
        assert (await authenticator.identify(other)).tenant == "acme"
        assert authenticator.recall(other) is None

    await authenticator.identify(header)
    assert authenticator.recall(header) is not None


async def test_a_verified_token_is_remembered_until_it_ends():
    """`recall` knows it without looking at it again, up to `exp` and the leeway, and one minute at most."""
    now = [time.time()]
    authenticator = Authenticator([HS256], clock=lambda: now[0])
    short, long = bearer(exp=int(now[0]) + 30), bearer(exp=int(now[0]) + 6000)
    assert authenticator.recall(short) is None
    for header in (short, long):
        caller = await authenticator.identify(header)
        assert authenticator.recall(header) is caller
    now[0] += 36
    assert authenticator.recall(short) is None
    assert authenticator.recall(long) is not None
    now[0] += 25
    assert authenticator.recall(long) is None


async def test_what_is_forgotten_is_verified_anew():
    """Both by `recall` and by a request that was being verified meanwhile."""
    authenticator, header = Authenticator([HS256]), bearer()
    await authenticator.identify(header)
    authenticator.forget()
    assert authenticator.recall(header) is None
    assert (await authenticator.identify(header)).tenant == "acme"
    assert authenticator.recall(header) is not None


async def test_memory_is_bounded(monkeypatch):
    """The oldest token is forgotten first."""
    monkeypatch.setattr(bearer_module, "REMEMBERED", 10)
    authenticator = Authenticator([HS256])
    headers = [bearer(jti=str(number)) for number in range(11)]
    for header in headers:
        await authenticator.identify(header)
    assert authenticator.recall(headers[0]) is None
    assert authenticator.recall(headers[1]) is not None
