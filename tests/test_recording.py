"""What of a request a record may keep."""

from __future__ import annotations

from typing import Any

import pytest

from runtime import triggers
from runtime.masking import MASK, Mask
from runtime.recording import LEFT_OUT, recordable

NOTHING = Mask({})
TOKEN_BODY: dict[str, Any] = {
    "client": {"id": "c", "metadata": {"plan": "gold"}},
    "scope": ["a", "b"],
    "audience": "https://api/",
    "context": {"ip": "192.0.2.1"},
}


def kept(trigger: str, body: dict[str, Any], mask: Mask = NOTHING) -> dict[str, Any]:
    return dict(recordable(triggers.parse(triggers.get(trigger), body), [mask]))


@pytest.mark.parametrize("trigger", triggers.TRIGGERS)
def test_what_is_kept_can_be_sent_again(trigger):
    """It is a request of the same trigger, and keeping that one keeps the same."""
    once = kept(trigger, dict(triggers.sample(trigger)))

    assert kept(trigger, once) == once


def test_a_token_request_is_kept_as_it_was_sent():
    """Less nothing, where there is nothing to hide; no scope is not an empty one."""
    assert kept("credentials-exchange", TOKEN_BODY) == TOKEN_BODY
    without = {name: value for name, value in TOKEN_BODY.items() if name != "scope"}
    assert kept("credentials-exchange", without) == without
    with_user = {**TOKEN_BODY, "user": {"id": "u"}}
    assert kept("password-exchange", with_user) == with_user


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Password",
        "newPassword",
        "client_secret",
        "clientSecret",
        "refresh_token",
        "refreshToken",
        "code",
        "client_assertion",
        "Authorization",
        "Proxy-Authorization",
        "cookie",
        "Set-Cookie",
        "X-Api-Key",
    ],
)
@pytest.mark.parametrize("value", ["a value", 123456, ["a value"]], ids=["text", "number", "array"])
def test_what_opens_a_door_is_left_out_wherever_it_stands(name, value):
    """By its name, in any case, however deep; its place stays."""
    body = {"method": "POST", "body": {name: value, "grant_type": "password"}}
    expected = [LEFT_OUT] if isinstance(value, list) else LEFT_OUT

    context = kept("credentials-exchange", {**TOKEN_BODY, "context": {"request": body}})["context"]

    assert context == {"request": {"method": "POST", "body": {name: expected, "grant_type": "password"}}}


def test_an_object_of_such_a_name_is_looked_into():
    """`token` may be anything; `context.accessToken` is claims, not a token."""
    tokens = {"token": {"scope": "a", "access_token": "x"}, "accessToken": {"scope": ["a"]}}

    context = kept("credentials-exchange", {**TOKEN_BODY, "context": tokens})["context"]

    assert context == {"token": {"scope": "a", "access_token": LEFT_OUT}, "accessToken": {"scope": ["a"]}}


def test_a_new_users_password_is_not_kept():
    """The vendor sends it before the registration."""
    body = {"user": {"email": "a@b", "password": "hunter22"}, "context": {"connection": {"id": "1", "name": "n"}}}

    assert kept("pre-user-registration", body)["user"] == {"email": "a@b", "password": LEFT_OUT}


def test_the_code_of_a_message_is_not_kept():
    """Neither by itself nor in the message."""
    body = triggers.sample("send-phone-message")

    kept_body = kept("send-phone-message", dict(body))

    assert kept_body["text"] == kept_body["context"]["code"] == LEFT_OUT
    assert kept_body["recipient"] == body["recipient"]


def test_the_hooks_own_secrets_are_masked():
    """Should the token server send one."""
    mask = Mask({"KEY": "sesame-open"})

    context = kept("credentials-exchange", {**TOKEN_BODY, "context": {"a": "x sesame-open", "sesame-open": 1}}, mask)[
        "context"
    ]

    assert context == {"a": f"x {MASK}", MASK: 1}


def test_what_only_looks_like_it_stays():
    """A date and a flag open nothing."""
    harmless = {"last_password_reset": "2019-02-27", "zip_code": "1010", "tokens": 3, "email_verified": True}

    assert kept("credentials-exchange", {**TOKEN_BODY, "context": harmless})["context"] == harmless


class CountingMask(Mask):
    """Counts the texts that it is given."""

    __slots__ = ("texts",)

    def text(self, text: str) -> str:
        self.texts = getattr(self, "texts", 0) + 1
        return super().text(text)


def test_many_members_are_searched_as_one_text():
    """Twenty secrets have hundreds of forms, and a request thousands of members: each by itself would take half a second."""
    mask = CountingMask({"KEY": "sesame-open"})

    kept("credentials-exchange", {**TOKEN_BODY, "context": {"a": ["x", 1] * 2000}}, mask)

    assert mask.texts == 1


def test_what_nests_too_deeply_ends():
    """The rest is left out."""
    nested: Any = "end"
    for _ in range(90):
        nested = [nested]

    context = kept("credentials-exchange", {**TOKEN_BODY, "context": {"a": nested}})["context"]

    assert str(context).count("[") < 80
    assert LEFT_OUT in str(context)
