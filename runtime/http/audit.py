"""Who changed what: a line for each call that may change something, and for callers who were refused.

In the manner of Kubernetes' and Vault's audit logs, and smaller: who (tenant, subject, token), from where (the peer's address),
what (method, route, the ids of the path, the names of what was sent), how it ended (status, error), and the request's id.

Rule: names only. Of a body the names of its members, a hook's name and whether it is enabled; of a token its `jti`; no query.
Refused callers may come in any number: so many lines are written, the others are counted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

import orjson
from aiohttp import web

from runtime.errors import HookdError
from runtime.http.bearer import Caller
from runtime.rates import Rates

log = logging.getLogger("hookd.audit")

MOST_NAMES: Final = 40
"""Members of a body that are named."""

NAME_CHARS: Final = 128
REFUSALS: Final = 100
"""Lines about refused callers, at once, and `REFUSALS_A_SECOND` as long as it goes on."""

REFUSALS_A_SECOND: Final = 5.0
_IDS: Final = ("id", "client_id", "user_id", "kid")


class Refusals:
    """Which of the refusals are written. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rates = Rates(per_second=REFUSALS_A_SECOND, burst=REFUSALS)
        self._left_out = 0

    def left_out(self) -> int | None:
        """How many were not written before this one; None where this one is not to be, either."""
        if self._rates.wait("", self._clock()):
            self._left_out += 1
            return None
        count, self._left_out = self._left_out, 0
        return count


_REFUSALS: Final = Refusals()


def audit_change(
    caller: Caller,
    request: web.BaseRequest,
    route: str,
    variables: Mapping[str, str],
    *,
    sent: object,
    made: web.StreamResponse | HookdError | None,
    request_id: str,
) -> None:
    """A call that may have changed something. `made` is its answer, an error, or None where it broke off."""
    if not log.isEnabledFor(logging.INFO):
        return
    log.info(
        "change",
        extra={
            "fields": {
                **_who(caller),
                **_what(request, route, variables),
                **_sent(sent),
                **_ended(made),
                "request_id": request_id,
            }
        },
    )


def audit_refusal(
    caller: Caller,
    request: web.BaseRequest,
    route: str,
    variables: Mapping[str, str],
    *,
    made: web.StreamResponse | HookdError | None,
    request_id: str,
) -> None:
    """A call that nobody was let in for. *caller* is who is known by a good token, else nobody; `made` as above."""
    left_out = _REFUSALS.left_out() if log.isEnabledFor(logging.INFO) else None
    if left_out is None:
        return
    fields = {**_who(caller), **_what(request, route, variables), **_ended(made), "request_id": request_id}
    log.info("refused", extra={"fields": fields | ({"left_out": left_out} if left_out else {})})


def _who(caller: Caller) -> dict[str, object]:
    known = {"tenant": caller.tenant, "subject": caller.subject, "token": caller.token_id}
    return {name: value for name, value in known.items() if value}


def _what(request: web.BaseRequest, route: str, variables: Mapping[str, str]) -> dict[str, object]:
    shown = {name: value[:NAME_CHARS] for name, value in variables.items()}
    return {"peer": request.remote or "", "method": request.method, "route": route, **shown}


def _sent(sent: object) -> dict[str, object]:
    if isinstance(sent, list):  # the secrets to remove
        return {"sent": [name[:NAME_CHARS] for name in sent[:MOST_NAMES] if isinstance(name, str)]}
    if not isinstance(sent, dict):
        return {}
    name, enabled = sent.get("name"), sent.get("enabled")
    shown: dict[str, object] = {"sent": [str(member)[:NAME_CHARS] for member in list(sent)[:MOST_NAMES]]}
    if isinstance(name, str):
        shown["hook"] = name[:NAME_CHARS]
    if isinstance(enabled, bool):
        shown["enabled"] = enabled
    return shown


def _ended(made: web.StreamResponse | HookdError | None) -> dict[str, object]:
    if made is None:
        return {"status": 500}
    if isinstance(made, HookdError):
        return {"status": made.status, "error": made.code}
    return {**_made(made), "status": made.status}


def _made(answer: web.StreamResponse) -> dict[str, object]:
    """The id of what is new."""
    body = answer.body if isinstance(answer, web.Response) and answer.status == 201 else None
    document = orjson.loads(body) if isinstance(body, bytes) and body else None
    if not isinstance(document, dict):
        return {}
    ids = [document[name] for name in _IDS if isinstance(document.get(name), str)]
    return {"made": ids[0]} if ids else {}
