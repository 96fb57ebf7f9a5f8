"""What of a request may stay in its execution's record, for test runs: nothing that opens a door. Pure.

Passwords, tokens, codes and the like are known by the names that OAuth, OIDC and the vendor give them; the hook's own secrets by
their values. The shape stays, so that the request can be sent again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, cast

from runtime.masking import Mask
from runtime.model import JsonObject
from runtime.triggers import Request, TokenRequest

LEFT_OUT: Final = "[not recorded]"

# Without what stands between their words: client_secret and clientSecret are one.
_NAMES: Final = frozenset(
    """
    code codeverifier devicecode otp bindingcode oobcode recoverycode idtokenhint loginticket
    """.split()  # noqa: SIM905 - nine quotes and commas hide the words
)
_ENDS: Final = (
    "password",
    "passwd",
    "passcode",
    "secret",
    "token",
    "assertion",
    "authorization",
    "cookie",
    "apikey",
    "privatekey",
)
_BETWEEN: Final = str.maketrans("", "", "_- ")
_DEEPEST: Final = 64


def recordable(request: Request, masks: Iterable[Mask]) -> JsonObject:
    """The body of this request as a token server would send it again, less what must not be kept."""
    sent: dict[str, object]
    if isinstance(request, TokenRequest):
        sent = {"client": request.client, "audience": request.audience, "context": request.context}
        sent |= {} if request.scope is None else {"scope": list(request.scope)}
        sent |= {} if request.user is None else {"user": request.user}
    else:
        sent = dict(zip(request.trigger.fields, (*request.inputs, request.context), strict=True))
    kept = {name: _kept(name, value, _DEEPEST) for name, value in sent.items()}
    if "recipient" in kept:  # the message has the code in it
        kept["text"] = LEFT_OUT
    text = json.dumps(kept, ensure_ascii=False)
    for mask in masks:
        if mask.text(text) != text:  # to look at each member by itself would be a hundred times the work
            kept = cast(dict[str, object], mask.json(kept))
    return kept


def _kept(name: str, value: object, depth: int) -> object:
    if isinstance(value, dict) and depth:
        return {name: _kept(name, member, depth - 1) for name, member in value.items()}
    if isinstance(value, (list, tuple)) and depth:
        return [_kept(name, member, depth - 1) for member in value]
    if value is None or isinstance(value, bool):
        return value
    return LEFT_OUT if not depth or _opens_a_door(name) else value


def _opens_a_door(name: str) -> bool:
    name = name.lower().translate(_BETWEEN)
    return name in _NAMES or name.endswith(_ENDS)
