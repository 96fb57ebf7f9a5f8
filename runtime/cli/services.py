"""The services as processes: opened, announced, served until a signal, closed in order."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import resource
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from runtime.answers import LAYOUT
from runtime.bootstrap import Runtime, adopt_key, open_runtime
from runtime.cli import demo
from runtime.cli.address import announce, listening, taken
from runtime.cli.profiles import PROFILE, TOKEN, URL
from runtime.cli.tokens import demo_token
from runtime.diagnosis import alone
from runtime.environment import unread
from runtime.errors import SettingsError
from runtime.fitness import before_workers, require_named
from runtime.http.app import Address, create_app, serve
from runtime.http.bearer import Authenticator
from runtime.http.client_address import PROXIES
from runtime.http.crowd import FILES_EACH
from runtime.http.routes import Route, install
from runtime.issuer.app import Issuer, issuer_routes, local_jwks_url, open_issuer, own_trust
from runtime.logs.setup import configure
from runtime.master_keys import keys_if_any, master_keys
from runtime.proxies import proxies_of
from runtime.settings import Settings
from runtime.storage.base import HookFilter
from runtime.web.app import web_routes
from runtime.web.dashboard.app import dashboard_routes, provider_of
from runtime.web.metrics import Exposition
from runtime.workers.inheritance import was_supervisor
from runtime.workers.listening import BACKLOG, port_of
from runtime.workers.supervisor import Supervisor
from runtime.workers.worker import Worker, stop_asked

_DRAIN_SECONDS = 5.0
"""How long a worker that stops waits for clients to close their connections."""

_OBJECTS_TO_COLLECT = 20_000
"""So many more than at the last time are worth a look by the garbage collector."""

_LOG = logging.getLogger("hookd.bootstrap")
_OTHER_PORT = "Stop what listens there, or choose another port"


async def run_runtime(settings: Settings, worker: Worker) -> None:
    """`hookd serve`, one of its workers."""
    configure(settings.log)
    stop = worker.stop_asked()
    settings = replace(settings, server=replace(settings.server, workers=worker.slates.count))
    _open_many_files()
    async with (
        open_runtime(settings, confined=True, memory=worker.memory, is_successor=worker.is_successor) as runtime,
        provider_of(settings) as provider,
    ):
        exposition = Exposition(runtime)
        routes = [*web_routes(runtime, exposition), *dashboard_routes(runtime, provider)]
        async with AsyncExitStack() as stack:
            if settings.metrics.token:
                await stack.enter_async_context(exposition.share(worker.slates, worker.number))
            serving = _serving(routes, settings, settings.server.host, worker.sockets, drain_seconds=_DRAIN_SECONDS)
            await stack.enter_async_context(serving)
            worker.is_ready()
            await stop.wait()


def supervise(settings: Settings, workers: int) -> Worker:
    """Start the workers of `hookd serve`, and return in each. In the supervisor it never returns. `AddressInUse`, `SettingsError`."""
    with _unless_anew():
        configure(settings.log)
        before_workers(settings)
    for name, near in unread(Settings, os.environ, (URL, TOKEN, PROFILE)):
        _LOG.warning("nothing reads the variable %s%s", name, near and f"; did you mean {near}?")
    host, port = settings.server.host, settings.server.port
    command = [sys.executable, *sys.orig_argv[1:]]
    supervisor = Supervisor(
        host=host,
        port=port,
        workers=workers or len(os.sched_getaffinity(0)),
        announce=lambda port: announce(Address(host=host, port=port)),
        trial=[*command, "--check"],
        again=command,
        memory_layout=LAYOUT,
    )
    with listening(host, port, f"{_OTHER_PORT}: [server] port, or HOOKD_SERVER_PORT."):
        return supervisor.run(os.environ)


@contextmanager
def _unless_anew() -> Iterator[None]:
    """What was tried a moment ago and does not do any more keeps nobody from starting anew: the old workers serve until new ones can."""
    try:
        yield
    except SettingsError as error:
        if not was_supervisor(os.environ):
            raise
        _LOG.error("no worker can start as it is now: %s", error)


def require_fit(settings: Settings) -> None:
    """`SettingsError` where the service could not start: told before it starts anew, for then it is too late."""
    configure(settings.log)
    require_named(settings)


async def run_issuer(settings: Settings) -> None:
    """`hookd issuer`."""
    configure(settings.log)
    stop = stop_asked()
    host = settings.issuer.host
    remedy = f"{_OTHER_PORT}: [issuer] port, or HOOKD_ISSUER_PORT."
    with taken(host, settings.issuer.port, remedy, "[issuer] host, or HOOKD_ISSUER_HOST") as sockets:
        settings = _believing_itself(replace(settings, issuer=replace(settings.issuer, port=port_of(sockets))))
        async with (
            open_issuer(settings.issuer, master=partial(keys_if_any, settings.storage)) as issuer,
            _serving(issuer_routes(issuer), settings, host, sockets, issuer) as address,
        ):
            announce(address)
            await stop.wait()


async def run_dev(directory: Path, port: int) -> None:
    """`hookd dev`: both services in one process, at one address; between them HTTP, as between two."""
    stop = stop_asked()
    remedy = f"{_OTHER_PORT}: hookd dev --port PORT, or make run PORT=PORT."
    async with AsyncExitStack() as stack:
        sockets = stack.enter_context(taken(demo.HOST, port, remedy))
        port = port_of(sockets)
        base_url = f"http://{demo.HOST}:{port}"
        alone(demo.require_its_key(directory))
        kept = demo.open_demo(directory)
        settings = _believing_itself(kept.settings(base_url, port, os.environ))
        configure(settings.log)
        if kept.is_new and (directory / "hookd.db").exists() and not (directory / "issuer.db").exists():
            # Of somebody who has lost the key, and did as `require_its_key` says.
            alone(adopt_key(settings.storage, master_keys(settings.storage)))
        runtime = await stack.enter_async_context(open_runtime(settings, confined=True))
        master = partial(keys_if_any, settings.storage)
        issuer = await stack.enter_async_context(open_issuer(settings.issuer, master=master))
        provider = await stack.enter_async_context(provider_of(settings))
        if kept.is_new:
            await _seed(runtime)
        variables = kept.environment(base_url, demo_token(kept))
        demo.write_environment(kept.environment_file, variables)
        routes = [*web_routes(runtime), *dashboard_routes(runtime, provider), *issuer_routes(issuer)]
        announce(await stack.enter_async_context(_serving(routes, settings, demo.HOST, sockets, issuer)))
        _welcome(kept, variables)
        await stop.wait()


def _open_many_files() -> None:
    """As many as the system lets this process have: each hook that waits may have a connection, and 1,024 is a shell's default."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS says that there is no limit, and has one
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _connections(settings: Settings) -> int:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = settings.server.connections
    return most if files == resource.RLIM_INFINITY else min(most, files // FILES_EACH)


def _believing_itself(settings: Settings) -> Settings:
    """The settings, with the token server's own tokens trusted; its keys are fetched from here, not by way of its public address."""
    own = own_trust(settings.issuer, local_jwks_url(settings.issuer.host, settings.issuer.port))
    return replace(settings, auth=replace(settings.auth, trusted=(*settings.auth.trusted, *own)))


@asynccontextmanager
async def _serving(
    routes: Iterable[Route],
    settings: Settings,
    host: str,
    sockets: Sequence[socket.socket],
    issuer: Issuer | None = None,
    drain_seconds: float = 0.0,
) -> AsyncIterator[Address]:
    authenticator = Authenticator(settings.auth.trusted, leeway=settings.auth.leeway)
    if issuer is not None:
        issuer.keys.revoked = authenticator.forget
    app = create_app()
    app[PROXIES] = proxies_of(settings.server.trusted_proxies)
    install(app, routes, authenticator, body_limit=settings.server.body_limit)
    # What was made until here lives as long as the process: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    # What token requests leave goes by itself, and execution records that wait to be written look like garbage that grows: at
    # Python's 700 objects the collector stops the loop for milliseconds, several times a second, and finds nothing.
    gc.set_threshold(_OBJECTS_TO_COLLECT)
    # A thread that computes in Python gives way to the event loop after this, not after the usual five milliseconds.
    sys.setswitchinterval(0.0005)
    try:
        bounds = {"connections": _connections(settings), "backlog": BACKLOG}
        async with serve(app, host, sockets=sockets, drain_seconds=drain_seconds, **bounds) as address:
            yield address
    finally:
        await authenticator.close()


async def _seed(runtime: Runtime) -> None:
    """The first hook, unless the folder has hooks of somebody who lost demo.env."""
    hooks, _ = await runtime.admin.list_hooks(demo.TENANT, HookFilter(), start=0, limit=1)
    if not hooks:
        await runtime.admin.create_hook(demo.TENANT, demo.seed_body())


def _welcome(kept: demo.Demo, variables: dict[str, str]) -> None:
    token, hook, log = demo.curl_lines(variables)
    lines = (
        f"hookd is at {variables['BASE_URL']}, its data in {kept.directory}/. These work as pasted:",
        "",
        "A token, with the claim and the scope that the hook adds:",
        token,
        "Another hook in place of the first (then ask for a token again):",
        hook,
        "What the hooks did:",
        log,
        "",
        f"The dashboard is at {variables['BASE_URL']}/dashboard. Log in with your account: username",
        f"{variables['DASHBOARD_USERNAME']}, password {variables['DASHBOARD_PASSWORD']} (or with API_TOKEN of {kept.environment_file}).",
        "",
        "Commands that are called in this folder, or below it, talk to this server: hookd ls, hookd logs -f, hookd --help.",
        f"The same values for a shell of yours: source {kept.environment_file}",
    )
    print("\n".join(lines), flush=True)  # noqa: T201 - this is the command line
