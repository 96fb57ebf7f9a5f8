"""Several hooks in a row: what each one is asked, and what comes of all. Pure.

Each sees what the last one left: the scopes as its `scope`, the claims as `context.accessToken` and `context.idToken` (the
names that they had in Auth0's Rules). A later hook's claim takes the place of an earlier one's.
"""

from __future__ import annotations

from dataclasses import replace

from runtime.model import Allow
from runtime.triggers import TokenRequest


def following(request: TokenRequest, left: Allow) -> TokenRequest:
    """The request as the next hook sees it, after those that left this decision."""
    tokens: dict[str, object] = {"accessToken": {"scope": left.scope, **left.claims}}
    if request.trigger.has_id_token:
        tokens["idToken"] = left.id_token_claims
    return replace(request, scope=left.scope, context={**request.context, **tokens})


def joined(left: Allow, latest: Allow) -> Allow:
    """What the hooks before left, and then the latest one."""
    return replace(
        latest,
        claims={**left.claims, **latest.claims},
        id_token_claims={**left.id_token_claims, **latest.id_token_claims},
        dropped=left.dropped + latest.dropped,
    )
