"""What a client sends to make a webtask or to change one: a token's claims, or a webtask. Pure; `manifest` has the manner.

Rule: what hookd would not keep to is refused by name, never dropped: a webtask that expires, has a rate or a host of its
own, or whose code lies elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from runtime.errors import InvalidBody
from runtime.manifest import (
    SCRIPT,
    SECRETS,
    Broken,
    Property,
    expected,
    members,
    quoted,
    string,
    string_map,
)
from runtime.model import Secrets
from runtime.webtask.metadata import KEPT_CLAIMS

NAME_PATTERN: Final = r"^[-a-zA-Z0-9._~!$+=:@]{1,128}$"
METADATA: Final = 50
"""Most metadata of one webtask."""
META_CHARS: Final = 4_300
"""Most characters of a filter NAME:VALUE."""
MOST_OFFSET: Final = 1_000_000
"""Most webtasks that a list skips."""
DATA_BYTES: Final = 500 << 10
"""Of what a webtask keeps, as JSON (contract-full 9)."""
PARAMETERS: Final = 20
"""Most parameters (`pctx`) of one webtask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A webtask as it is to be. None leaves what there is.

    `container` is "" where the client did not say. `only_names` says that the client asks for nothing but the token.
    """

    name: str
    container: str = ""
    script: str | None = None
    secrets: Secrets | None = None
    meta: Mapping[str, str] | None = None
    claims: Mapping[str, Any] | None = None

    @property
    def only_names(self) -> bool:
        """Whether there is nothing to change."""
        return self.script is None and self.secrets is None and self.meta is None and not self.claims


def parse_claims(body: object) -> Upload:
    """The claims of `POST /api/tokens/issue`: they replace all that the webtask has, only its code stays. `InvalidBody`."""
    claims = members(body, _CLAIMS, required=("jtn",))
    upload = Upload(
        name=claims["jtn"],
        container=claims.get("ten", ""),
        script=_script(claims, claims.get("ten", ""), claims["jtn"]),
        secrets=_secrets(claims.get("ectx")),
        meta=claims.get("meta"),
        claims={name: claims[name] for name in ("pb", "mb", "pctx") if claims.get(name)},
    )
    if upload.only_names:
        return upload
    return Upload(
        name=upload.name,
        container=upload.container,
        script=upload.script,
        secrets=upload.secrets or Secrets(),
        meta=upload.meta or {},
        claims=upload.claims,
    )


def parse_webtask(name: str, container: str, body: object) -> Upload:
    """The body of `PUT /api/webtask/{container}/{name}`: what is absent stays. `InvalidBody`."""
    values = members(body, _WEBTASK)
    if "code" in values and "url" in values:
        raise InvalidBody("Payload validation error: 'Only one of code and url can be given'.")
    return Upload(
        name=name,
        container=container,
        script=_script(values, container, name),
        secrets=_secrets(values.get("secrets")),
        meta=values.get("meta"),
    )


def parse_data(body: object) -> tuple[str, str | None]:
    """The body of `PUT /api/webtask/{container}/{name}/data`: a JSON text, and the etag of what it replaces. `InvalidBody`."""
    values = members(body, _DATA, required=("data",))
    return values["data"], values.get("etag")


def _secrets(given: Mapping[str, str] | None) -> Secrets | None:
    return None if given is None else Secrets(given)


def _script(values: Mapping[str, Any], container: str, name: str) -> str | None:
    """The code. A `url` is taken where it is what an inspection answered: then the code stays as it is."""
    url = values.get("url")
    if url is not None and not unquote(urlsplit(url).path).endswith(f"/api/run/{container}/{name}"):
        raise InvalidBody(
            "Payload validation error: 'hookd does not fetch code from elsewhere: send the code itself"
            " (wt create --capture does)' on property url (Where the code lies)."
        )
    code: str | None = values.get("code")
    return code


def _name(value: object) -> str:
    name = string(value)
    if not re.fullmatch(NAME_PATTERN, name):
        raise Broken(f"String does not match pattern {NAME_PATTERN}: {quoted(name)}")
    return name


def _url(value: object) -> str:
    url = string(value)
    try:
        urlsplit(url)
    except ValueError:
        raise Broken("It is not a URL") from None
    return url


def _map(most: int) -> Callable[[object], dict[str, str]]:
    def read(value: object) -> dict[str, str]:
        texts = string_map(value)
        if len(texts) > most:
            raise Broken(f"Too many properties defined ({len(texts)}), maximum {most}")
        if KEPT_CLAIMS in texts:
            raise Broken(f"{KEPT_CLAIMS} is not for clients to set")
        return texts

    return read


def _data(value: object) -> str:
    """JSON. Webtask's own clients send it as text; what is no JSON is meant as a string."""
    if isinstance(value, str):
        try:
            json.loads(value, parse_constant=_no_number)
        except (ValueError, RecursionError):
            value = json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text.encode()) > DATA_BYTES:
        raise Broken(f"Value is too long ({len(text.encode())} bytes), maximum {DATA_BYTES}")
    return text


def _no_number(name: str) -> None:
    raise ValueError(name)


def _etag(value: object) -> str | None:
    return None if value is None else string(value)


def _number(value: object) -> int:
    """A flag, or one of sandboxjs's numbers for how a body is parsed."""
    if not isinstance(value, int):
        raise Broken(expected("integer", value))
    if value not in (0, 1, 2):
        raise Broken("Value is not 0, 1 or 2")
    return int(value)


def _refused(why: str) -> Callable[[object], None]:
    def read(value: object) -> None:
        if value is not None:
            raise Broken(f"hookd does not {why}")

    return read


def _anything(value: object) -> object:
    return value


_CODE: Final = Property("JavaScript that this webtask runs.", SCRIPT.read)
_WHERE: Final = Property("Where the code lies.", _url)
_META: Final = Property("Metadata of this webtask, name to text.", _map(METADATA))
_HOST: Final = Property("A host of the webtask's own.", _refused("serve webtasks under hosts of their own"))
_NOT_READ: Final = Property("What an inspection answers beside the claims.", _anything)
_LIMITS: Final = ("ls", "lm", "lh", "ld", "lw", "lo", "lts", "ltm", "lth", "ltd", "ltw", "lto")

_DATA: Final[Mapping[str, Property]] = {
    "data": Property("What the webtask keeps, as JSON.", _data),
    "etag": Property("The etag of what it kept until now.", _etag),
}
_WEBTASK: Final[Mapping[str, Property]] = {
    "code": _CODE,
    "url": _WHERE,
    "secrets": Property("Secrets of this webtask, name to value.", _map(SECRETS)),
    "meta": _META,
    "host": _HOST,
}
_CLAIMS: Final[Mapping[str, Property]] = {
    "ten": Property("Container: the tenant.", string),
    "jtn": Property("Name of this webtask.", _name),
    "code": _CODE,
    "url": _WHERE,
    "ectx": Property("Secrets of this webtask, name to value.", _map(SECRETS)),
    "pctx": Property("Parameters of this webtask, name to text.", _map(PARAMETERS)),
    "meta": _META,
    "pb": Property("Whether a request's body is parsed.", _number),
    "mb": Property("Whether a request's body is merged into the data.", _number),
    "host": _HOST,
    **dict.fromkeys(("exp", "nbf"), Property("When the webtask runs.", _refused("let webtasks expire or wait"))),
    **dict.fromkeys(_LIMITS, Property("Most runs in a time.", _refused("limit how often a webtask runs"))),
    # Of no effect here: a webtask's token carries no rights, so none can be issued or revoked with it.
    **dict.fromkeys(("dd", "dr", "jti", "iat", "ca", "webtask_url"), _NOT_READ),
}
