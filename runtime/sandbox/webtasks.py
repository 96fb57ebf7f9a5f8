"""What a webtask wrote to `res`, out of what its adapter answers: twin of `adapters/webtask.js`. All of it is an attacker's. Pure."""

from __future__ import annotations

import re
from typing import Final

from runtime.model import Answer, Failure, Outcome, Response

MARK: Final = "hookd:response"
"""The one member of what `(ctx, req, res)` answers; what `(ctx, cb)` gives to `cb` comes as it is."""

MOST_HEADERS: Final = 100
# RFC 9110 5.6.2 and 5.5: what ends a line, or is no Latin-1, is no part of a header.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_STATUS = range(200, 600)


def unpacked(answer: Answer) -> Outcome:
    """A `Response` where the webtask wrote one, the answer itself where it did not."""
    packed = answer.value
    if type(packed) is not dict or packed.keys() != {MARK}:
        return answer
    said = packed[MARK]
    if type(said) is not dict:
        return _malformed("it is no response")
    status, headers, body = said.get("status"), said.get("headers"), said.get("body")
    if type(status) is not int or status not in _STATUS:
        return _malformed("its status is none from 200 to 599")
    if type(body) is not str or type(headers) is not dict or len(headers) > MOST_HEADERS:
        return _malformed(f"it has no body, or more than {MOST_HEADERS} headers")
    for name, value in headers.items():
        if not _is_header(name, value):
            return _malformed(f"the header {name[:64]!r} is none that HTTP can send")
    return Response({"status": status, "headers": headers, "body": body})


def _is_header(name: str, value: object) -> bool:
    values = value if type(value) is list else [value]
    return bool(_NAME.fullmatch(name)) and all(type(one) is str and _VALUE.fullmatch(one) for one in values)


def _malformed(why: str) -> Failure:
    return Failure(
        code="malformed_answer", name="TypeError", message=f"What the webtask answered can not be sent: {why}."
    )
