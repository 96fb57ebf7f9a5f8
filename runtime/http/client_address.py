"""The address that a request comes from: of the connection, or as a trusted proxy in front tells it."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

from runtime.proxies import Network, client_of

PROXIES: Final = web.AppKey("proxies", tuple[Network, ...])
"""The trusted ones, of an application that has some."""


def client_address(request: web.Request) -> str:
    """See `proxies.client_of`. "" for a connection that has none."""
    peer, proxies = request.remote or "", request.app.get(PROXIES, ())
    return client_of(peer, request.headers.getall(hdrs.X_FORWARDED_FOR, ()), proxies) if proxies else peer
