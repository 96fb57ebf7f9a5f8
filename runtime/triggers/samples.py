"""A request of each extensibility point, for test runs. Invented, by the vendor's examples (contract-full 3). Pure."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

from runtime.model import JsonObject


def sample(trigger_id: str) -> JsonObject:
    """A payload as a server would send it at this extensibility point. The same each time, and the caller's own."""
    payload: JsonObject = deepcopy(_SAMPLES[trigger_id])
    return payload


_METADATA: Final = {"user_metadata": {"language": "en"}, "app_metadata": {"roles": ["buyer"]}}
_CONNECTION: Final = {"id": "con_1", "name": "Username-Password-Authentication", "tenant": "acme"}
_TOKEN: Final = {
    "client": {"tenant": "acme", "id": "client-1", "name": "A client", "metadata": {"plan": "gold"}},
    "scope": ["read:orders"],
    "audience": "https://api.example.com/",
    "context": {"ip": "203.0.113.7", "userAgent": "sample/1.0"},
}
_NEW_USER: Final = {
    "tenant": "acme",
    "username": "ada",
    "email": "ada@example.com",
    "emailVerified": False,
    "phoneNumber": "1-000-000-0000",
    "phoneNumberVerified": False,
    **_METADATA,
}
_SIGN_UP: Final = {"requestLanguage": "en-us", "connection": _CONNECTION}
_SAMPLES: Final[dict[str, dict[str, Any]]] = {
    "credentials-exchange": _TOKEN,
    "pre-user-registration": {"user": {**_NEW_USER, "password": "not-a-real-password"}, "context": _SIGN_UP},
    "post-user-registration": {"user": {**_NEW_USER, "id": "user-1"}, "context": _SIGN_UP},
    "post-change-password": {
        "user": {
            "id": "user-1",
            "username": "ada",
            "email": "ada@example.com",
            "last_password_reset": "2019-02-27T14:14:29.206Z",
        },
        "context": {"connection": _CONNECTION},
    },
    "send-phone-message": {
        "recipient": "1-808-555-5555",
        "text": "Here is your one time password: 999111",
        "context": {
            "factor_type": "second",
            "message_type": "sms",
            "action": "enrollment",
            "language": "en",
            "code": "999111",
            "ip": "203.0.113.7",
            "user_agent": "sample/1.0",
            "client": {"client_id": "client-1", "name": "A client", "client_metadata": {"plan": "gold"}},
            "user": {"user_id": "user-1", "name": "Ada", "email": "ada@example.com", **_METADATA},
        },
    },
    "password-exchange": {
        **_TOKEN,
        "user": {
            "tenant": "acme",
            "id": "user-1",
            "displayName": "Ada",
            "email": "ada@example.com",
            **_METADATA,
        },
    },
}
