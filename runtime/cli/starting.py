"""`hookd dev`, `hookd serve` and `hookd issuer`: the services, as commands."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from runtime.cli.failures import EXIT_ADDRESS, CommandFailed
from runtime.cli.settings_options import CONFIG, DIRECTORY


class AddressTaken(CommandFailed):
    """Somebody else listens there."""

    code = EXIT_ADDRESS


@click.command(short_help="Start runtime and token server with a demo tenant.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@DIRECTORY
def dev(port: int, directory: Path) -> None:
    """Start runtime and token server on one address, with a demo tenant.

    Prints curl lines that work as pasted. Data stay between starts: remove the directory to begin anew. The commands of
    `hookd` that are called in this folder, or below it, talk to this server.

    \b
    Example:
      hookd dev --port 9090
    """
    from runtime.cli.services import run_dev
    from runtime.settings import OFF
    from runtime.sources import load_settings

    settings = load_settings(None, os.environ)
    _until_stopped(run_dev(directory, port), confined=settings.server.confinement != OFF)


@click.command()
@CONFIG
@click.option("--workers", type=click.IntRange(1, 64), help="How many processes serve; without it: [server] workers.")
@click.option("--check", is_flag=True, help="Only find out whether it could start; the exit code is 0 if so.")
def serve(config: Path | None, workers: int | None, check: bool) -> None:
    """Start the runtime: execution API and Management API.

    A signal HUP starts it anew without a gap, with the configuration and the code that are there then.

    \b
    Example:
      hookd serve --config config.toml --workers 4
    """
    from runtime.cli.services import require_fit, run_runtime, supervise
    from runtime.fitness import require_production
    from runtime.settings import OFF
    from runtime.sources import read_sources, received
    from runtime.workers.trial import hand_on, tried

    handed_on = tried(os.environ)
    sources = read_sources(config, os.environ) if handed_on is None else received(config, handed_on)
    settings = sources.settings(os.environ)
    require_production(settings)
    if check:
        require_fit(settings)
        hand_on(sources.handed_on(), os.environ)
        return
    with _address_taken():
        worker = supervise(settings, workers or settings.server.workers)
    _until_stopped(run_runtime(settings, worker), confined=settings.server.confinement != OFF)


@click.command()
@CONFIG
def issuer(config: Path | None) -> None:
    """Start the reference token server. It calls the runtime over HTTP.

    \b
    Example:
      hookd issuer --config config.toml
    """
    from runtime.cli.services import run_issuer
    from runtime.sources import load_settings

    _until_stopped(run_issuer(load_settings(config, os.environ)))


def _until_stopped(service: Coroutine[Any, Any, None], *, confined: bool = False) -> None:
    import uvloop

    if confined:
        from runtime.confine.process import refuse_rings

        refuse_rings()
    with _address_taken():
        uvloop.run(service)


@contextmanager
def _address_taken() -> Iterator[None]:
    from runtime.cli.address import AddressInUse

    try:
        yield
    except AddressInUse as error:
        raise AddressTaken(str(error)) from None
