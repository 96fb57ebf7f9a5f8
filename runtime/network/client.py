"""HTTP as hooks may use it: every address is looked at before it is connected to, redirects are followed here, hop by hop.

What protects the host: no proxy of the environment, no cookies, no connection that another tenant opened, bounds on time,
redirects, headers and bodies (decompressed), TLS verified. `guard` says what may be reached. It is asked three times: with the
URL, with what a name resolves to, and by the socket with the very address that it connects to.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict
from yarl import URL

from runtime.errors import SettingsError
from runtime.model import Operation
from runtime.network import guard
from runtime.network.bounded import BoundedHandler
from runtime.network.failing import NetworkError, reason_of
from runtime.network.guard import Address, Policy, Refused, Target
from runtime.network.resolving import Resolve, SystemResolver
from runtime.network.room import Room
from runtime.network.rules import Policies
from runtime.settings import NetworkSettings

MOST_HEADER_BYTES: Final = 65_536
MOST_TENANTS: Final = 500
"""Whose connections are kept, those used last."""

KEEP_SECONDS: Final = 15.0
MOST_IDLE: Final = 100
"""Connections of one tenant that are kept for a next request: each is a descriptor of the whole service."""

# What says how a message is framed, or belongs to one connection: ours to say (https://fetch.spec.whatwg.org/#forbidden-request-header).
FORBIDDEN: Final = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection", "te"}
    | {"trailer", "transfer-encoding", "upgrade", "via", "accept-encoding"}
)
_CREDENTIALS: Final = frozenset({"authorization", "cookie", "cookie2", "proxy-authorization"})
_OF_A_BODY: Final = frozenset({"content-encoding", "content-language", "content-location", "content-type"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CODINGS: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_METHODS_REFUSED: Final = frozenset({"CONNECT", "TRACE", "TRACK"})
_MOST_EXCEPTED: Final = 10_000
_MOST_BESIDE: Final = 65_536
"""What a packed body may be larger than what is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to send. `redirect` is follow, manual or error; headers that are not the caller's to send are left out."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    redirect: str = "follow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came. `url` is where from; the body is decompressed."""

    status: int
    reason: str
    url: str
    redirected: bool
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Client:
    """One per process, on one event loop."""

    def __init__(self, settings: NetworkSettings, *, resolve: Resolve | None = None) -> None:
        """`SettingsError` for lists that are none. `resolve` stands in the system's resolver's place."""
        self._settings = settings
        self._policies = Policies(settings)
        self._system = SystemResolver()
        self._resolve = resolve
        self._room = Room(settings.bodies_bytes)
        self._tls = trusted_by(settings.ca_file)
        self._egresses: OrderedDict[str, _Egress] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()

    async def request(self, tenant: str, request: Request, notes: list[Operation]) -> Response:
        """The response, or `NetworkError`. `notes` gets one for each request that is sent, or refused."""
        hops: list[Operation] = []
        try:
            async with asyncio.timeout(self._settings.timeout_ms / 1000):
                return await self._follow(tenant, request, notes, hops)
        except TimeoutError:
            hops[-1].error = "ETIMEDOUT"
            text = f"the request took longer than {self._settings.timeout_ms} ms"
            raise NetworkError("ETIMEDOUT", text) from None

    async def close(self) -> None:
        """Close every connection. Idempotent."""
        egresses, self._egresses = list(self._egresses.values()), OrderedDict()
        await asyncio.gather(*(egress.session.close() for egress in egresses), *self._closing)
        self._system.close()

    def _egress(self, tenant: str) -> _Egress:
        egress = self._egresses.pop(tenant, None)
        if egress is None:
            resolve = self._resolve or self._system.for_one()
            egress = _Egress(self._policies.of(tenant), resolve, self._tls, self._settings.response_bytes)
        self._egresses[tenant] = egress
        if len(self._egresses) > MOST_TENANTS:
            self._forget_one(tenant)
        return egress

    def _forget_one(self, last: str) -> None:
        """The one that was longest unused, if not by requests that are under way."""
        idle = next((tenant for tenant, egress in self._egresses.items() if not egress.busy), last)
        if idle == last:
            return
        task = asyncio.create_task(self._egresses.pop(idle).session.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _follow(self, tenant: str, request: Request, notes: list[Operation], hops: list[Operation]) -> Response:
        for hop in range(self._settings.redirects + 1):
            note = Operation(kind="fetch", method=request.method)
            notes.append(note)  # among those of other requests
            hops.append(note)
            response = await self._send(tenant, request, note, redirected=hop > 0)
            following = _following(request, response)
            if following is None:
                return response
            if request.redirect == "error":
                raise NetworkError("ERR_REDIRECT", "the server redirects, and the request does not")
            request = following
        raise NetworkError("ERR_TOO_MANY_REDIRECTS", f"more than {self._settings.redirects} redirects")

    async def _send(self, tenant: str, request: Request, note: Operation, *, redirected: bool) -> Response:
        egress = self._egress(tenant)
        egress.busy += 1
        began = time.perf_counter()
        note.error = "cancelled"  # unless it is done
        try:
            target = self._checked(egress, request, note)
            async with egress.session.request(request.method, URL(target.url, encoded=True), **_sent(request)) as got:
                note.status = got.status
                headers, body = _headers(got), b""
                if _location(request, got.status, headers) is None:
                    with self._room.held(tenant) as hold:
                        body = await _body(got, self._settings.response_bytes, hold)
            note.error = ""
        except Exception as error:
            reason = reason_of(error, note.host)
            note.error = reason.code
            raise reason from error
        finally:
            egress.busy -= 1
            note.ms = (time.perf_counter() - began) * 1000
        return Response(
            status=got.status,
            reason=got.reason or "",
            url=target.url,
            redirected=redirected,
            headers=headers,
            body=body,
        )

    def _checked(self, egress: _Egress, request: Request, note: Operation) -> Target:
        if not self._settings.enabled:
            raise Refused("hooks can not use the network here")
        target = guard.parse_url(request.url)
        note.host = target.shown
        if request.method.upper() in _METHODS_REFUSED:
            raise Refused(f"{request.method} is not a method for hooks")
        egress.check(target)
        return target


def trusted_by(ca_file: str) -> ssl.SSLContext | bool:
    """Whom to believe: those whom the system believes, and who signs by this file. `SettingsError`."""
    # aiohttp has a context of the former, made when it is imported: to read the system's list again takes half of a start.
    if not ca_file:
        return True
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError:
        raise SettingsError(f"The file 'network.ca_file', {ca_file}, has no certificates that can be read.") from None
    except OSError as error:
        raise SettingsError(f"The file 'network.ca_file', {ca_file}, can not be read: {error.strerror}.") from None
    return context


class _Egress:
    """One tenant's way out: its policy, and the connections that were made under it."""

    def __init__(self, policy: Policy, resolve: Resolve, tls: ssl.SSLContext | bool, most: int) -> None:
        """`most` is how many bytes the body of a response may have."""
        self.busy = 0
        """Requests that are under way."""
        self._policy = policy
        self._excepted: set[tuple[Address, int]] = set()
        connector = _Connector(
            most,
            resolver=_Pinned(resolve, self.check_resolved),
            socket_factory=self._socket,
            ssl=tls,
            limit=0,
            keepalive_timeout=KEEP_SECONDS,
        )
        self.session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Content-Type"),
            timeout=aiohttp.ClientTimeout(total=None),
        )

    def check(self, target: Target) -> None:
        """`Refused`."""
        self._policy.check_target(target)
        if target.address is not None:
            self._except(target.address, target.port)

    def check_resolved(self, host: str, port: int, addresses: Sequence[Address]) -> None:
        """What a name resolved to. `Refused`."""
        target = Target(scheme="https", host=host.removesuffix("."), port=port, rest="/", address=None)
        self._policy.check_addresses(target, addresses)
        for address in addresses:
            self._except(address, port)

    def _except(self, address: Address, port: int) -> None:
        if guard.is_public(address):
            return
        if len(self._excepted) >= _MOST_EXCEPTED:
            self._excepted.clear()
        self._excepted.add((address, port))

    def _socket(self, place: Any) -> socket.socket:
        """The last look, at what the system is about to connect to."""
        family, kind, protocol, _, (host, port, *_) = place
        address = guard.address_of(host)
        if not guard.is_public(address) and (address, port) not in self._excepted:
            raise OSError(errno.EACCES, "the address is refused")
        return socket.socket(family, kind, protocol)


class _Connector(aiohttp.TCPConnector):
    """aiohttp's bounds what is used, and nothing of what it keeps, or of what a response has beside its body."""

    def __init__(self, most: int, **parameters: Any) -> None:
        super().__init__(**parameters)
        # aiohttp's own would do, it is typed as if no other could.
        self._factory = partial(BoundedHandler, loop=self._loop, most=most)  # type: ignore[assignment]

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        idle = sum(map(len, self._conns.values()))
        super()._release(key, protocol, should_close=should_close or idle >= MOST_IDLE)


class _Pinned(AbstractResolver):
    """aiohttp connects to what this gives, and to nothing else. It does not ask for addresses, which `check` has seen."""

    def __init__(self, resolve: Resolve, check: Callable[[str, int, Sequence[Address]], None]) -> None:
        self._resolve = resolve
        self._check = check

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - aiohttp's contract; it asks for any
    ) -> list[ResolveResult]:
        addresses = await self._resolve(host)
        self._check(host, port, addresses)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _sent(request: Request) -> dict[str, Any]:
    headers = CIMultiDict((name, value) for name, value in request.headers if _is_callers(name))
    headers["Accept-Encoding"] = "gzip, deflate"
    return {"headers": headers, "data": request.body, "allow_redirects": False}


def _is_callers(name: str) -> bool:
    lower = name.lower()
    return lower not in FORBIDDEN and not lower.startswith(("proxy-", "sec-"))


def _headers(got: aiohttp.ClientResponse) -> tuple[tuple[str, str], ...]:
    """As Latin-1, as fetch has them; without what was said of a packed body, which is not packed any more."""
    if sum(len(name) + len(value) for name, value in got.raw_headers) > MOST_HEADER_BYTES:
        raise NetworkError("HPE_HEADER_OVERFLOW", "the response has too many headers")
    gone = ("content-encoding", "content-length") if _coding(got) else ()
    named = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in got.raw_headers)
    return tuple((name, value) for name, value in named if name.lower() not in gone)


def _coding(got: aiohttp.ClientResponse) -> int | None:
    """How zlib calls what the body is packed with; None for what it can not read."""
    return _CODINGS.get(got.headers.get("Content-Encoding", "").strip().lower())


async def _body(got: aiohttp.ClientResponse, most: int, hold: Callable[[int], None]) -> bytes:
    coding = _coding(got)
    unpack = zlib.decompressobj(coding) if coding else None
    parts: list[bytes] = []
    size = came = 0
    async for chunk in got.content.iter_any():
        came += len(chunk)
        if came > most + _MOST_BESIDE:
            raise _too_large(most)
        if unpack and unpack.eof:  # zlib would keep what comes after it
            continue
        if coding == zlib.MAX_WBITS and not parts and chunk[0] & 15 != 8:
            unpack = zlib.decompressobj(
                -zlib.MAX_WBITS
            )  # deflate without its two bytes of head, as some servers send it
        # Never more than one byte above the limit, however much is packed into the chunk.
        parts.append(unpack.decompress(chunk, most - size + 1) if unpack else chunk)
        size += len(parts[-1])
        if size > most:
            raise _too_large(most)
        hold(len(parts[-1]))
    if unpack and parts and not unpack.eof:
        raise NetworkError("Z_BUF_ERROR", "the response ends too early")
    return b"".join(parts)


def _too_large(most: int) -> NetworkError:
    return NetworkError("ERR_RESPONSE_TOO_LARGE", f"the response has more than {most} bytes")


def _location(request: Request, status: int, headers: tuple[tuple[str, str], ...]) -> str | None:
    """Where a response leads, None where the request is over with it."""
    if status not in _REDIRECTS or request.redirect == "manual":
        return None
    return next((value for name, value in headers if name.lower() == "location"), None)


def _following(request: Request, response: Response) -> Request | None:
    """The request that a response asks for (https://fetch.spec.whatwg.org/#http-redirect-fetch); None where it asks for none."""
    location = _location(request, response.status, response.headers)
    if location is None:
        return None
    here = URL(response.url, encoded=True)
    try:
        there = here.join(URL(location.encode("latin-1").decode("utf-8", "replace")))
        stays = there.origin() == here.origin()
    except ValueError:
        raise NetworkError("ERR_INVALID_REDIRECT", "the server redirects to what is no URL") from None
    left = frozenset() if stays else _CREDENTIALS
    method, body = request.method, request.body
    if (response.status == 303 and method not in ("GET", "HEAD")) or (response.status < 303 and method == "POST"):
        method, body, left = "GET", None, left | _OF_A_BODY
    headers = tuple((name, value) for name, value in request.headers if name.lower() not in left)
    return replace(request, method=method, body=body, headers=headers, url=str(there.with_fragment(None)))
