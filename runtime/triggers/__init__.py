"""The extensibility points: what the token server sends, what the hook is called with. Pure.

`parse` is the door: behind it there are no loose dicts, only a `Request`. A wrong shape is an `InvalidBody` that names the
field, the rule and the type it got. base.py has the table; token.py and event.py are the two kinds of requests.
"""

from __future__ import annotations

from typing import TypeAlias

from runtime.triggers.base import TRIGGERS, Trigger, get
from runtime.triggers.event import EventRequest, parse_event
from runtime.triggers.samples import sample
from runtime.triggers.token import TokenRequest, parse_token

__all__ = ["TRIGGERS", "EventRequest", "Request", "TokenRequest", "Trigger", "get", "parse", "sample"]

Request: TypeAlias = TokenRequest | EventRequest


def parse(trigger: Trigger, payload: object) -> Request:
    """A request from the JSON body that the trigger's `fields` name, or `InvalidBody`."""
    return parse_token(trigger, payload) if trigger.grant else parse_event(trigger, payload)
