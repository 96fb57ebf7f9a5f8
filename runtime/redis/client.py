"""Makes a client of the library for an address: one server, what sentinels name, or a cluster."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from redis import exceptions
from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from runtime.errors import SettingsError
from runtime.redis.address import CLUSTER, SENTINEL, SOCKET, Address, Means

_RESP: Final = 2
"""The protocol's version: older servers know no other, and nothing is asked that would need one."""


@dataclass(frozen=True, slots=True)
class Client:
    """What is used of the library.

    `ask` is for commands without a key: it takes the key whose server is to answer. `forget` lets go of connections that are not in
    use, to who is no master any more.
    """

    execute: Callable[..., Awaitable[Any]]
    ask: Callable[..., Awaitable[Any]]
    close: Callable[[], Awaitable[None]]
    forget: Callable[[], Awaitable[None]]


def make_client(address: Address, means: Means) -> Client:
    """Nothing is connected before the first call. Tries once: when to try again is `server`'s to say. `SettingsError`."""
    common = _common(address, means)
    login: dict[str, Any] = {"username": address.user or None, "password": address.password or None}
    if address.kind == CLUSTER:
        return _cluster(address, means, {**common, **login})
    if address.kind == SENTINEL:
        return _sentinel(address, means, common, {**login, "db": address.database})
    place: dict[str, Any] = {"unix_socket_path": address.path}
    if address.kind != SOCKET:
        place = dict(zip(("host", "port"), address.hosts[0], strict=True))
    redis = Redis(**place, **common, **login, db=address.database)
    if address.tls:
        _share(_context(means), redis.connection_pool)
    return _of(redis)


def _common(address: Address, means: Means) -> dict[str, Any]:
    given: dict[str, Any] = {
        "socket_timeout": means.seconds,
        "socket_connect_timeout": means.seconds,
        "retry": Retry(NoBackoff(), 0),
        "protocol": _RESP,
        # The bound is `server`'s, who waits instead of failing; this many are never asked for.
        "max_connections": means.at_once + 8,
    }
    if address.tls:
        given["ssl"] = True
    return given


def _context(means: Means) -> ssl.SSLContext:
    """TLS of at least 1.2, with whom the authorities vouch for as who was asked for. `SettingsError`."""
    try:
        context = ssl.create_default_context(cafile=means.ca_file or None)
        if means.certificate_file:
            context.load_cert_chain(means.certificate_file)
    except OSError as error:
        files = " and ".join(file for file in (means.ca_file, means.certificate_file) if file)
        raise SettingsError(f"The certificates for the storage, {files}, can not be used: {error}.") from None
    return context


def _share(context: ssl.SSLContext, *makers: Any) -> None:
    """One context for all connections that these make: the library reads all certificates anew for each, a tenth of a second."""
    for maker in makers:
        maker.connection_class = _sharing(maker.connection_class, context)


def _sharing(kind: Any, context: ssl.SSLContext) -> type:
    def init(self: Any, **given: Any) -> None:
        kind.__init__(self, **given)
        self.ssl_context.context = context

    return type(kind.__name__, (kind,), {"__init__": init})


def _cluster(address: Address, means: Means, given: dict[str, Any]) -> Client:
    nodes = [ClusterNode(host, port) for host, port in address.hosts]
    cluster: Any = RedisCluster(startup_nodes=nodes, **given)
    if address.tls:
        _share(_context(means), *cluster.startup_nodes)
        # Nodes that are found later are made with this.
        cluster.connection_kwargs["connection_class"] = cluster.startup_nodes[0].connection_class

    async def ask(key: str, *words: Any) -> Any:
        await cluster.initialize()
        node = cluster.get_node_from_key(key)
        if node is None:
            raise ConnectionError(f"no node has the slot of {key}")
        return await node.execute_command(*words)

    async def forget() -> None:
        """The library asks the cluster anew by itself."""

    return Client(cluster.execute_command, ask, cluster.aclose, forget)


def _sentinel(address: Address, means: Means, common: dict[str, Any], login: dict[str, Any]) -> Client:
    own = {**common, "password": means.sentinel_password or None}
    make: Any = Sentinel  # the library says nothing of its types
    sentinel = make((), sentinel_kwargs=own, **common)
    sentinel.sentinels = [_Watcher(host=host, port=port, **own) for host, port in address.hosts]
    master = sentinel.master_for(address.service, **login)
    if address.tls:
        _share(_context(means), master.connection_pool, *(one.connection_pool for one in sentinel.sentinels))
    client = _of(master)

    async def close() -> None:
        await client.close()
        await sentinel.aclose()

    return Client(client.execute, client.ask, close, client.forget)


class _Watcher(Redis):
    """A sentinel. Where none is to be had, the library joins what Python calls each and its error: here place and reason, in short."""

    def __repr__(self) -> str:
        at = self.connection_pool.connection_kwargs
        return f"{at['host']}:{at['port']}"

    async def sentinel_masters(self) -> Any:
        """See there."""
        try:
            return await super().sentinel_masters()
        except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
            raise _WatcherError(str(error) or type(error).__name__) from None


class _WatcherError(exceptions.ConnectionError):
    def __repr__(self) -> str:
        return str(self)


def _of(redis: Any) -> Client:
    async def forget() -> None:
        await redis.connection_pool.disconnect(inuse_connections=False)

    async def ask(_: str, *words: Any) -> Any:
        return await redis.execute_command(*words)

    return Client(redis.execute_command, ask, redis.aclose, forget)
