"""Errors of the token endpoint (RFC 6749 section 5.2)."""

from __future__ import annotations

import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import BodyTooLarge, HookdError, InvalidBody, Unavailable, UnsupportedMediaType
from runtime.issuer.oauth_errors import (
    AccessDenied,
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    ServerError,
    TemporarilyUnavailable,
    TooManyAttempts,
    UnauthorizedClient,
    UnsupportedGrantType,
    answer_oauth_error,
    printable,
)


@pytest.mark.parametrize(
    "error, status, code",
    [
        (InvalidRequest("x"), 400, "invalid_request"),
        (InvalidClient("x"), 401, "invalid_client"),
        (InvalidGrant("x"), 400, "invalid_grant"),
        (UnauthorizedClient("x"), 400, "unauthorized_client"),
        (UnsupportedGrantType("x"), 400, "unsupported_grant_type"),
        (InvalidScope("x"), 400, "invalid_scope"),
        (AccessDenied("x"), 403, "access_denied"),
        (ServerError("x"), 500, "server_error"),
        (TemporarilyUnavailable("x"), 503, "temporarily_unavailable"),
        (InvalidBody("x"), 400, "invalid_request"),
        (BodyTooLarge("x"), 400, "invalid_request"),
        (UnsupportedMediaType("x"), 400, "invalid_request"),
        (Unavailable("x"), 503, "temporarily_unavailable"),
        (HookdError("x"), 500, "server_error"),
    ],
)
def test_every_error_is_answered_in_oauths_shape(error, status, code):
    """Those of the shared HTTP room too."""
    answer = answer_oauth_error(error)

    assert answer.status == status
    assert orjson.loads(answer.text or "") == {"error": code, "error_description": "x"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert "WWW-Authenticate" not in answer.headers


def test_too_many_attempts_are_refused_in_auth0s_words():
    """With a status that the RFC does not know, as Auth0's."""
    answer = answer_oauth_error(TooManyAttempts())

    assert answer.status == 429
    assert orjson.loads(answer.text or "")["error"] == "too_many_attempts"


def test_a_challenge_names_the_scheme():
    """Only to who used the Authorization header."""
    answer = answer_oauth_error(InvalidClient(challenge=True))

    assert answer.headers["WWW-Authenticate"] == 'Basic realm="hookd", charset="UTF-8"'


@given(st.text())
def test_a_description_keeps_to_its_characters(text):
    """%x20-21 / %x23-5B / %x5D-7E, whatever a hook says."""
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", printable(text))
