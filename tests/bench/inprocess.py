"""Times one thing in this process: a fresh sandbox of hookd's, or one RS256 signature. `node/inprocess.js` is its twin.

Usage: python -m tests.bench.inprocess fresh | rs256. Reads `{"seconds", "most"}` lines, answers each with a line of
microseconds per call.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import orjson
import uvloop
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from runtime import claims, triggers
from runtime.bootstrap import open_runtime
from runtime.http.bearer import Authenticator, require_scope
from runtime.model import Allow, Decision
from runtime.sandbox.pool import open_sandbox
from runtime.settings import LimitSettings, SandboxSettings
from runtime.sources import load_settings
from runtime.web.execute import decision_body
from tests.bench import case
from tests.bench.hookd import Installation
from tests.installed import engine_code

Call = Callable[[], Awaitable[object]]


@asynccontextmanager
async def fresh_sandbox() -> AsyncIterator[Call]:
    """A fresh sandbox as dispatch runs it, from the request's JSON to the decision: prelude loaded, every limit on."""
    with tempfile.TemporaryDirectory() as directory:
        engine_code(Path(directory))
        sandbox = await open_sandbox(SandboxSettings(cache_directory=directory))
        program = sandbox.load(await sandbox.make_image(case.HOOK))
        limits, trigger, body = LimitSettings().limits(), triggers.get(case.TRIGGER), orjson.dumps(case.REQUEST)

        async def decide() -> Decision:
            request = triggers.parse(trigger, orjson.loads(body))
            run = await sandbox.run(program, orjson.dumps(request.arguments({})), limits)
            return claims.decide(request, run.outcome)[0]

        decision = await decide()
        assert isinstance(decision, Allow), decision
        assert "extra" in decision.scope, decision
        try:
            yield decide
        finally:
            await sandbox.close()


@asynccontextmanager
async def whole_path() -> AsyncIterator[Call]:
    """The execution API less HTTP: the request's JSON, bearer token, hook, claims rules, record, the answer's JSON."""
    with Installation() as installation:
        settings, body = load_settings(installation.file, {}), orjson.dumps(case.REQUEST)
        engine_code(Path(settings.sandbox.cache_directory))
        authenticator, header = Authenticator(settings.auth.trusted), f"Bearer {installation.token('bench')}"
        async with open_runtime(settings) as runtime:
            await runtime.admin.create_hook("bench", case.deployment(case.HOOK))

            async def execute() -> bytes:
                caller = authenticator.recall(header) or await authenticator.identify(header)
                require_scope(caller, ("execute:hooks",))
                executed = await runtime.dispatch.execute(caller.tenant, case.TRIGGER, orjson.loads(body))
                return orjson.dumps(decision_body(executed))

            answer = orjson.loads(await execute())
            assert "extra" in answer["scope"], answer
            yield execute


@asynccontextmanager
async def rs256() -> AsyncIterator[Call]:
    """One RSA PKCS#1 v1.5 signature with SHA-256 over 400 bytes, about an access token (RFC 7518 section 3.3)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    message, scheme, digest = b"x" * 400, padding.PKCS1v15(), SHA256()

    async def sign() -> bytes:
        return key.sign(message, scheme, digest)

    yield sign


SUBJECTS: dict[str, Callable[[], AbstractAsyncContextManager[Call]]] = {
    "fresh": fresh_sandbox,
    "whole": whole_path,
    "rs256": rs256,
}


async def time_calls(call: Call, seconds: float, most: int) -> list[float]:
    """Microseconds of each call, one after the other, and of one at least. Between two, the loop does what it has to: records are written."""
    samples: list[float] = []
    end = time.perf_counter() + seconds
    while ((started := time.perf_counter()) < end and len(samples) < most) or not samples:
        await call()
        samples.append((time.perf_counter() - started) * 1e6)
        await asyncio.sleep(0)
    return samples


async def serve(subject: str) -> None:
    """Answer rounds from standard input until it ends."""
    async with SUBJECTS[subject]() as call:
        sys.stdout.write('{"ready": true}\n')
        sys.stdout.flush()
        while line := await asyncio.to_thread(sys.stdin.readline):
            samples = await time_calls(call, **orjson.loads(line))
            sys.stdout.write(orjson.dumps(samples).decode() + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
