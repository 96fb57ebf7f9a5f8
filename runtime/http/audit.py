"""Who read and changed what: a line for each call of a management API, and for callers and users who were refused.

In the manner of Kubernetes' and Vault's audit logs, and smaller: who (tenant, subject, token), from where (the peer's address),
what (`action`, method, route, the ids of the path, the names of what was sent), how it ended (status, error), and the request's id.

Rule: names only. Of a body the names of its members, a hook's name and whether it is enabled; of a token its `jti`; no query.
Refused callers may come in any number: so many lines are written, the others are counted. Those who are known by a good token have
lines of their tenant's, which nobody else can use up.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

import orjson
from aiohttp import web

from runtime.errors import HookdError
from runtime.http.bearer import NOBODY, Caller
from runtime.http.client_address import client_address
from runtime.rates import MOST_NAMES, Rates

log = logging.getLogger("hookd.audit")

READ, CHANGE = "read", "change"
"""What a call does, the `action` of its line; the log's message, too, where the caller was not refused."""

LOGIN: Final = "login"
"""The `action` of a user who was not let in at the token server."""

MOST_MEMBERS: Final = 40
"""Members of a body that are named."""

NAME_CHARS: Final = 128
REFUSALS: Final = 100
"""Lines about refused callers, of each tenant and of those whom nobody knows, at once, and `REFUSALS_A_SECOND` as long as it goes on."""

REFUSALS_A_SECOND: Final = 5.0
_IDS: Final = ("id", "client_id", "user_id", "kid")


class Refusals:
    """Which of the refusals are written. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rates = Rates(per_second=REFUSALS_A_SECOND, burst=REFUSALS)
        self._left_out: OrderedDict[str, int] = OrderedDict()

    def left_out(self, tenant: str) -> int | None:
        """How many of this tenant's ("": of those whom nobody knows) were not written before this one; None where this is not to be, either."""
        count = self._left_out.pop(tenant, 0)
        if not self._rates.wait(tenant, self._clock()):
            return count
        self._left_out[tenant] = count + 1
        if len(self._left_out) > MOST_NAMES:
            self._left_out.popitem(last=False)
        return None


_REFUSALS: Final = Refusals()


def refuse_login(subject: str, peer: str, error: HookdError, request_id: str) -> None:
    """A user was not let in at the token server. `subject` is "" where nobody has the name: what was typed there may be a password."""
    left_out = _REFUSALS.left_out("") if log.isEnabledFor(logging.INFO) else None
    if left_out is None:
        return
    fields = {
        **({"subject": subject} if subject else {}),
        "action": LOGIN,
        "peer": peer,
        **_ended(error),
        "request_id": request_id,
        **({"left_out": left_out} if left_out else {}),
    }
    log.info("refused", extra={"fields": fields})


class Line:
    """The line of one call: written once, when the call ends, or when an answer begins that goes on and on."""

    __slots__ = ("_action", "_is_written", "_request", "_request_id", "_route", "_variables")

    def __init__(
        self, action: str, request: web.Request, route: str, variables: Mapping[str, str], request_id: str
    ) -> None:
        self._action = action
        self._request = request
        self._route = route
        self._variables = variables
        self._request_id = request_id
        self._is_written = False

    def write(self, caller: Caller, sent: object, made: web.StreamResponse | HookdError | None) -> None:
        """`made` is the call's answer, an error, or None where it broke off. Without a caller it is a refusal."""
        if self._is_written or not log.isEnabledFor(logging.INFO):
            return
        self._is_written = True
        if caller is NOBODY:
            self.refuse(caller, made)
            return
        fields = {**self._about(caller), **_sent(sent), **_ended(made), "request_id": self._request_id}
        log.info(self._action, extra={"fields": fields})

    def refuse(self, caller: Caller, made: web.StreamResponse | HookdError | None) -> None:
        """Nobody was let in. *caller* is who is known by a good token, else nobody; `made` as above."""
        left_out = _REFUSALS.left_out(caller.tenant) if log.isEnabledFor(logging.INFO) else None
        if left_out is None:
            return
        fields = {**self._about(caller), **_ended(made), "request_id": self._request_id}
        log.info("refused", extra={"fields": fields | ({"left_out": left_out} if left_out else {})})

    def _about(self, caller: Caller) -> dict[str, object]:
        """Who, and what. A refusal on a route whose calls have no line is neither a read nor a change."""
        known = {"tenant": caller.tenant, "subject": caller.subject, "token": caller.token_id}
        return {
            **{name: value for name, value in known.items() if value},
            **({"action": self._action} if self._action else {}),
            "peer": client_address(self._request),
            "method": self._request.method,
            "route": self._route,
            **{name: value[:NAME_CHARS] for name, value in self._variables.items()},
        }


def _sent(sent: object) -> dict[str, object]:
    if isinstance(sent, list):  # the secrets to remove
        return {"sent": [name[:NAME_CHARS] for name in sent[:MOST_MEMBERS] if isinstance(name, str)]}
    if not isinstance(sent, dict):
        return {}
    name, enabled = sent.get("name"), sent.get("enabled")
    shown: dict[str, object] = {"sent": [str(member)[:NAME_CHARS] for member in list(sent)[:MOST_MEMBERS]]}
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
