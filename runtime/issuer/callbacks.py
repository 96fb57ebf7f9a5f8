"""Redirection URIs (RFC 6749 section 3.1.2), `callbacks` in Auth0's clients: what may be one. Pure.

Rule: what is registered is compared as it stands, character by character (RFC 9700 section 4.1.3), so nothing that two
readers could read in two ways is registered.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

_CHARACTERS: Final = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+").fullmatch
"""Those of RFC 3986 without the number sign: a fragment would swallow the code."""

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]").fullmatch
_APP_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+").fullmatch
"""A private-use scheme has a domain's name in it (RFC 8252 section 7.1); `javascript` has none."""


def callback_fault(uri: str) -> str:
    """Which rule the text breaks; "" when it can be a redirection URI."""
    if _CHARACTERS(uri) is None or re.search("%(?![0-9A-Fa-f]{2})", uri):
        return "it must be a URI without a fragment, other characters percent-encoded"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "it can not be read"
    if parts.scheme in ("http", "https"):
        return _web_fault(uri, parts)
    if _APP_SCHEME(parts.scheme) is None or not uri.startswith(parts.scheme):
        return "its scheme must be https, http, or an app's own with a dot in it"
    return ""


def form_target(uri: str) -> str:
    """A redirection URI as Content-Security-Policy's `form-action` names it: its origin, or its scheme alone."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https") or "[" in parts.netloc:  # the grammar has no IPv6 addresses
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"


def _web_fault(uri: str, parts: SplitResult) -> str:
    if not uri.startswith(f"{parts.scheme}://") or "@" in parts.netloc or _HOST(_host(parts)) is None:
        return "it must begin with https:// and a host, without a user's name"
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        return "http is for loopback addresses only (RFC 9700 section 2.6)"
    return ""


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
