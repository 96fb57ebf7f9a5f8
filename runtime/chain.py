"""Several hooks in a row: what each one is asked, and what comes of all. Pure.

Each sees what the last one left: the scopes as its `scope`, the claims as `context.accessToken` and `context.idToken` (the
names that they had in Auth0's Rules), a new user's metadata as the user's. A later hook's claim, or member of metadata,
takes the place of an earlier one's.
"""

from __future__ import annotations

from dataclasses import replace

from runtime.model import Allow, JsonObject
from runtime.triggers import EventRequest, Request


def following(request: Request, left: Allow) -> Request:
    """The request as the next hook sees it, after those that left this decision."""
    if isinstance(request, EventRequest):
        return request if left.data is None else request.with_user(_merged(request.user, _user(left.data)))
    more: dict[str, object] = {"accessToken": {"scope": left.scope, **left.claims}}
    if request.trigger.has_id_token:
        more["idToken"] = left.id_token_claims
    # What was asked for before any hook changed it, where Actions look for it.
    more["transaction"] = {"requested_scopes": request.scope or (), **_object(request.context.get("transaction"))}
    return replace(request, scope=left.scope, context={**request.context, **more})


def joined(left: Allow, latest: Allow) -> Allow:
    """What the hooks before left, and then the latest one."""
    return replace(
        latest,
        claims={**left.claims, **latest.claims},
        id_token_claims={**left.id_token_claims, **latest.id_token_claims},
        dropped=left.dropped + latest.dropped,
        data=_both(left.data, latest.data),
    )


def _both(left: JsonObject | None, latest: JsonObject | None) -> JsonObject | None:
    return latest if left is None or latest is None else {"user": _merged(_user(left), _user(latest))}


def _user(data: JsonObject) -> JsonObject:
    return _object(data["user"])


def _merged(user: JsonObject, metadata: JsonObject) -> JsonObject:
    """The user with the members of the metadata beside, or in place of, those of its own."""
    places = {place: {**_object(user.get(place)), **_object(members)} for place, members in metadata.items()}
    return {**user, **places}


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}
