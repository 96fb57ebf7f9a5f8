"""The shortest way to run an Action, or a hook, for a request of a trigger."""

from __future__ import annotations

from typing import Any

import orjson

from runtime import triggers
from runtime.model import Outcome
from runtime.sandbox.pool import WasmSandbox
from runtime.triggers import Request
from tests.sandbox.running import AMPLE

M2M, LOGIN, SIGN_UP = "credentials-exchange", "password-exchange", "pre-user-registration"
SECRETS = {"KEY": "sesame"}


def request_of(trigger: str, **changed: Any) -> Request:
    """The trigger's sample, changed."""
    return triggers.parse(triggers.get(trigger), {**triggers.sample(trigger), **changed})


async def outcome_of(sandbox: WasmSandbox, source: str, request: Request, owner: str = "t") -> Outcome:
    """What the source says to a request, deployed for its trigger."""
    program = sandbox.load(await sandbox.make_image(source, trigger=request.trigger.id))
    arguments = orjson.dumps(request.arguments(SECRETS))
    return (await sandbox.run(program, arguments, AMPLE, owner=owner)).outcome
