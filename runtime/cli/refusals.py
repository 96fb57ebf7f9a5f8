"""What it means that a server refused or was not reached, and what to do next."""

from __future__ import annotations

import re
import ssl
from typing import Any, Final

from runtime.cli.bearer import read_claims
from runtime.cli.failures import CommandFailed, NotThere, ServerAway, ServerRefused
from runtime.cli.lean import httpx
from runtime.cli.profiles import DEMO, Profile

NO_ROUTE: Final = "There is nothing at"
"""What hookd says of an address that it does not have: the server's is wrong, or another version's."""

_PREFIX: Final = re.compile(r"^(Payload|Query|Path) validation error: ")
_SCOPES: Final = re.compile(r'scope="([^"]*)"')


def unreachable(error: Exception, profile: Profile) -> CommandFailed:
    """There was no answer."""
    url = profile.url
    if isinstance(error, httpx.TimeoutException):
        return ServerAway(f"{url} did not answer in time. Try again, or look at the server's log.")
    if isinstance(error, httpx.ConnectError):
        if _is_about_tls(error):
            return ServerAway(
                f"The certificate of {url} is not trusted ({_last_words(error)}). Where it is your own, name it in SSL_CERT_FILE."
            )
        start = "Start it with `hookd dev`" if profile.is_local else "Check the address and your network"
        return ServerAway(f"Nothing answers at {url} ({_last_words(error)}). {start}, or name another with --url.")
    return ServerAway(f"The connection to {url} broke ({_last_words(error) or type(error).__name__}). Try again.")


def refusal(response: httpx.Response, profile: Profile) -> CommandFailed:
    """There was one, and it is an error."""
    if response.is_redirect:
        to = response.headers.get("Location", "")
        return ServerRefused(f"{profile.url} sends elsewhere, to {to}: give that address with --url, or log in to it.")
    body = _error_body(response)
    if body is None or str(body["message"]).startswith(NO_ROUTE):
        return not_hookd(response, profile)
    message = _PREFIX.sub("", str(body["message"])).removeprefix("Error: ").strip()
    if response.status_code == 404:
        lists = "hookd versions lists those" if "version" in message else "hookd ls lists the hooks"
        return NotThere(f"{_sentence(message)} {lists} that there are.")
    if response.status_code == 401:
        message = _unknown_token(message, profile)
    elif response.status_code == 403:
        message = _lacking_scope(message, response, profile)
    elif body.get("errorCode") == "hook_name_taken":
        message = "There is a hook of this name at this extensibility point: `hookd deploy` updates it, `hookd edit` opens it."
    elif response.status_code >= 500:
        request = response.headers.get("X-Request-Id", "")
        return ServerAway(f"{_sentence(message)} Try again; the server's log has it as request {request}.")
    return ServerRefused(_sentence(message))


def not_hookd(response: httpx.Response, profile: Profile) -> CommandFailed:
    """Something else answers there."""
    kind = response.headers.get("Content-Type", "nothing").partition(";")[0]
    return ServerRefused(
        f"{profile.url} does not answer as hookd does ({response.status_code}, {kind}). Check the address: `hookd profile ls`."
    )


def _unknown_token(message: str, profile: Profile) -> str:
    expired = read_claims(profile.token).expired
    why = f"it expired {expired}" if expired else _PREFIX.sub("", message).rstrip(".")
    return f"{profile.url} does not take this token: {why}. {_log_in(profile)}"


def _lacking_scope(message: str, response: httpx.Response, profile: Profile) -> str:
    asked = _SCOPES.search(response.headers.get("WWW-Authenticate", ""))
    if asked is None:
        return _sentence(message)
    scope = asked[1].split()[0]
    return f"This token may not do that: it lacks the scope {scope}. {_log_in(profile, scope)}"


def _log_in(profile: Profile, scope: str = "") -> str:
    if profile.name == DEMO and profile.source.endswith("demo.env"):
        return "Start `hookd dev` again: it writes a new one."
    with_it = " with a token that has it" if scope else ""
    name = f" --profile {profile.name}" if profile.name else f" --url {profile.url}"
    return (
        f"Log in{with_it}: hookd login{name}. For development, hookd token --scope '{scope or 'read:hooks'}' mints one."
    )


def _error_body(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and isinstance(body.get("message"), str) else None


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _is_about_tls(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _last_words(error: Exception) -> str:
    """The system's own words, without its numbers: `Connection refused`."""
    return re.sub(r"^\[[^\]]*\]\s*", "", str(error)).rstrip(".")
