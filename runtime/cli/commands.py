"""The commands: what they are called, which options they take, and how their errors read.

Exit codes: 0 done, or stopped by Ctrl-C or SIGTERM; 2 the command line or the configuration is wrong, and the message
says what to do; 3 the address can not be listened on; 1 anything else: a database that can not be opened, a bug.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

from runtime.errors import HookdError, SettingsError
from runtime.settings import OFF

EXIT_BROKEN, EXIT_CONFIGURATION, EXIT_ADDRESS = 1, 2, 3

_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The configuration file (TOML). Without it: defaults and HOOKD_SECTION_NAME variables.",
)
_DIRECTORY = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".hookd"),
    show_default=True,
    help="Where the demo keeps its data.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="hookd", message="%(package)s %(version)s")
def hookd() -> None:
    """A hook runtime for token servers: JavaScript that decides what goes into an access token."""


def run() -> None:
    """The whole command line; ends the process."""
    try:
        hookd()
    except SettingsError as error:
        _fail(str(error), EXIT_CONFIGURATION)
    except HookdError as error:
        _fail(error.message, EXIT_BROKEN)


def _fail(message: str, code: int) -> None:
    click.echo(f"hookd: {message}", err=True)
    sys.exit(code)


@hookd.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@_DIRECTORY
def dev(port: int, directory: Path) -> None:
    """Start runtime and token server on one address, with a demo tenant.

    Prints curl lines that work as pasted. Data stay between starts: remove the directory to begin anew.
    """
    from runtime.bootstrap import load_settings
    from runtime.cli.services import run_dev

    settings = load_settings(None, os.environ)
    _until_stopped(run_dev(directory, port), confined=settings.server.confinement != OFF)


@hookd.command()
@_CONFIG
def serve(config: Path | None) -> None:
    """Start the runtime: execution API and Management API."""
    from runtime.bootstrap import load_settings, require_production
    from runtime.cli.services import run_runtime

    settings = load_settings(config, os.environ)
    require_production(settings)
    _until_stopped(run_runtime(settings), confined=settings.server.confinement != OFF)


@hookd.command()
@_CONFIG
def issuer(config: Path | None) -> None:
    """Start the reference token server. It calls the runtime over HTTP."""
    from runtime.bootstrap import load_settings
    from runtime.cli.services import run_issuer

    _until_stopped(run_issuer(load_settings(config, os.environ)))


@hookd.command()
@_CONFIG
@_DIRECTORY
@click.option("--tenant", help="Whose hooks. Not needed where the configuration fixes it.")
@click.option("--scope", multiple=True, help="May be given several times, or as one string with spaces.")
@click.option("--subject", default="hookd-token", show_default=True, help="The token's sub.")
@click.option("--lifetime", type=click.IntRange(1), default=3600, show_default=True, help="In seconds.")
@click.option("--secret", help="An HS256 secret; others on this machine may see it in the process list.")
@click.option("--issuer", help="The token's iss, with --secret.")
@click.option("--audience", help="The token's aud, with --secret.")
def token(directory: Path, **choices: Any) -> None:
    """Mint a bearer token for development (HS256).

    Signed with --secret, or with the secret of the first HS256 [[auth.trusted]] in --config, or else with the demo's.
    """
    from runtime.cli.tokens import TokenChoice, mint

    choice = TokenChoice(**choices | {"scope": tuple(" ".join(choices["scope"]).split())})
    click.echo(mint(choice, directory, os.environ))
    if not choice.scope:
        click.echo("This token has no scope, so every route refuses it. Add, say, --scope 'read:hooks'.", err=True)


@hookd.group()
def keys() -> None:
    """Make keys."""


@keys.command()
@click.option(
    "--file", type=click.Path(path_type=Path, dir_okay=False), help="Write it here, mode 0600, never over a file."
)
def new(file: Path | None) -> None:
    """Make a master key, which seals the hooks' secrets."""
    from runtime.bootstrap import new_master_key, write_master_key

    if file is None:
        click.echo(new_master_key())
        return
    try:
        write_master_key(file)
    except FileExistsError:
        raise SettingsError(
            f"There is a file {file} already. What is sealed under a lost key is lost: move it away first, or choose another name."
        ) from None
    except OSError as error:
        raise SettingsError(f"The file {file} can not be written: {error.strerror}.") from None
    click.echo(f"Wrote {file}. Name it in [storage] as master_key_file, and keep a copy in a safe place.", err=True)


@hookd.command()
@_CONFIG
@click.option("--example", is_flag=True, help="Show config.example.toml instead.")
def config(config: Path | None, example: bool) -> None:
    """Show the settings as they are in effect, secrets hidden."""
    from runtime.bootstrap import load_settings
    from runtime.cli.display import as_toml, show_toml
    from runtime.settings import render_example

    show_toml(render_example() if example else as_toml(load_settings(config, os.environ)))


@hookd.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    default=Path(),
    show_default="the current folder",
    help="The folder of the hook; - for the standard output.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there and is another one.")
def types(output: Path, force: bool) -> None:
    """Write hookd.d.ts: the types of hooks and Actions, for TypeScript and for JavaScript with JSDoc."""
    from runtime.cli.types import declarations, write_declarations

    if str(output) == "-":
        click.echo(declarations(), nl=False)
        return
    file = write_declarations(output, force=force)
    click.echo(f"Wrote {file}. Beside it, in hook.js, this line before the hook gives it its types:", err=True)
    click.echo("/** @type {import('./hookd').CredentialsExchange} */", err=True)


def _until_stopped(service: Coroutine[Any, Any, None], *, confined: bool = False) -> None:
    import uvloop

    from runtime.cli.address import AddressInUse

    if confined:
        from runtime.confine.process import refuse_rings

        refuse_rings()
    try:
        uvloop.run(service)
    except AddressInUse as error:
        _fail(str(error), EXIT_ADDRESS)
