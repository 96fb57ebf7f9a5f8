from __future__ import annotations

from dataclasses import replace

import jwt
import pytest

from runtime.cli.failures import EXIT_NOT_THERE, EXIT_SERVER
from runtime.cli.lean import httpx
from runtime.cli.profiles import Profile
from runtime.cli.refusals import refusal, unreachable

PROD = Profile(name="prod", url="https://hooks.example.com", token="not-to-be-seen")
DEMO = Profile(name="demo", url="http://127.0.0.1:8080", token="x", source="/a/.hookd/demo.env")
AD_HOC = Profile(name="", url="https://hooks.example.com", token=jwt.encode({"exp": 1}, "k" * 32))
LACKING = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="update:hooks"'}


def answered(status: int, message: str = "Gone wrong", headers: dict[str, str] | None = None) -> httpx.Response:
    """An error of hookd's."""
    return httpx.Response(status, headers=headers, json={"statusCode": status, "message": message, "errorCode": "x"})


@pytest.mark.parametrize(
    ("response", "profile", "code", "remedy"),
    [
        (
            answered(401, "Invalid token."),
            PROD,
            EXIT_SERVER,
            "this token: Invalid token. Log in: hookd login --profile prod.",
        ),
        (answered(401), AD_HOC, EXIT_SERVER, "days ago. Log in: hookd login --url https://hooks.example.com."),
        (answered(401), DEMO, EXIT_SERVER, "Start `hookd dev` again"),
        (answered(401), replace(DEMO, source=""), EXIT_SERVER, "Log in: hookd login --profile demo."),
        (
            answered(403, headers=LACKING),
            PROD,
            EXIT_SERVER,
            "it lacks the scope update:hooks. Log in with a token that has it",
        ),
        (answered(403, "No logs"), PROD, EXIT_SERVER, "No logs."),
        (answered(404, "Error: Hook does not exist"), PROD, EXIT_NOT_THERE, "Hook does not exist. hookd ls"),
        (answered(400, "Payload validation error: 'Too long' on property script."), PROD, EXIT_SERVER, "'Too long' on"),
        (answered(409, "Taken"), PROD, EXIT_SERVER, "Taken."),
        (answered(503, headers={"X-Request-Id": "r-1"}), PROD, EXIT_SERVER, "as request r-1."),
        (httpx.Response(302, headers={"Location": "/login"}), PROD, EXIT_SERVER, "sends elsewhere, to /login"),
        (
            httpx.Response(404, html="<h1>nginx</h1>"),
            PROD,
            EXIT_SERVER,
            "does not answer as hookd does (404, text/html)",
        ),
        (answered(404, "There is nothing at /x/api/v2/hooks."), PROD, EXIT_SERVER, "Check the address"),
        (httpx.Response(200, json=[]), PROD, EXIT_SERVER, "does not answer as hookd does"),
    ],
)
def test_each_refusal_says_what_to_do(response, profile, code, remedy):
    """In a sentence or two; never with the token."""
    failed = refusal(response, profile)

    assert remedy in failed.message
    assert failed.code == code
    assert failed.message.endswith(".")
    assert PROD.token not in failed.message


@pytest.mark.parametrize(
    ("error", "profile", "remedy"),
    [
        (httpx.ConnectError("[Errno 111] Connection refused"), DEMO, "(Connection refused). Start it with `hookd dev`"),
        (httpx.ConnectError("[Errno -2] Name or service not known"), PROD, "Check the address and your network"),
        (httpx.ReadTimeout("timed out"), PROD, "did not answer in time. Try again"),
        (httpx.RemoteProtocolError("Server disconnected"), PROD, "broke (Server disconnected). Try again."),
    ],
)
def test_no_answer_is_said_with_what_to_do(error, profile, remedy):
    """A server of this machine may just not be started."""
    failed = unreachable(error, profile)

    assert remedy in failed.message
    assert failed.code == EXIT_SERVER
