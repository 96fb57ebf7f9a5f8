"""What of a request may stay in its execution's record, for test runs: nothing that opens a door. Pure.

Passwords, tokens, codes and the like are known by the names that OAuth, OIDC and the vendor give them; the hook's own secrets by
their values. The shape stays, so that the request can be sent again.
"""

from __future__ import annotations

from typing import Final

from runtime.masking import Mask
from runtime.model import JsonObject
from runtime.triggers import Request, TokenRequest

LEFT_OUT: Final = "[not recorded]"

_NAMES: Final = frozenset(
    """
    password client_secret client_assertion assertion code code_verifier device_code otp mfa_token binding_code oob_code
    recovery_code token access_token id_token refresh_token subject_token actor_token id_token_hint logout_token login_ticket
    authorization cookie set-cookie x-api-key api_key apikey secret private_key
    """.split()  # noqa: SIM905 - thirty quotes and commas hide the words
)
_DEEPEST: Final = 64


def recordable(request: Request, mask: Mask) -> JsonObject:
    """The body of this request as a token server would send it again, less what must not be kept."""
    sent: dict[str, object]
    if isinstance(request, TokenRequest):
        sent = {"client": request.client, "audience": request.audience, "context": request.context}
        sent |= {} if request.scope is None else {"scope": list(request.scope)}
        sent |= {} if request.user is None else {"user": request.user}
    else:
        sent = dict(zip(request.trigger.fields, (*request.inputs, request.context), strict=True))
    kept = {name: _kept(name, value, mask, _DEEPEST) for name, value in sent.items()}
    if "recipient" in kept:  # the message has the code in it
        kept["text"] = LEFT_OUT
    return kept


def _kept(name: str, value: object, mask: Mask, depth: int) -> object:
    if isinstance(value, dict) and depth:
        return {mask.text(name): _kept(name, member, mask, depth - 1) for name, member in value.items()}
    if isinstance(value, (list, tuple)) and depth:
        return [_kept(name, member, mask, depth - 1) for member in value]
    if value is None or isinstance(value, bool):
        return value
    if not depth or name.lower() in _NAMES:
        return LEFT_OUT
    return mask.json(value)
