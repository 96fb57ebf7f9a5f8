"""`hookd token`, `hookd keys` and `hookd config`: what a server is set up with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from runtime.cli.deployment import KUBERNETES, kubernetes_manifest, systemd_unit
from runtime.cli.options import output_options
from runtime.cli.output import Output
from runtime.cli.settings_options import CONFIG, DIRECTORY
from runtime.errors import SettingsError


@click.command()
@CONFIG
@DIRECTORY
@click.option("--tenant", help="Whose hooks. Not needed where the configuration fixes it.")
@click.option("--scope", multiple=True, help="May be given several times, or as one string with spaces.")
@click.option("--subject", default="hookd-token", show_default=True, help="The token's sub.")
@click.option("--lifetime", type=click.IntRange(1), default=3600, show_default=True, help="In seconds.")
@click.option("--secret", metavar="@FILE | env:VARIABLE", help="Where the HS256 secret is that signs it.")
@click.option("--issuer", help="The token's iss, with --secret.")
@click.option("--audience", help="The token's aud, with --secret.")
@output_options
def token(out: Output, directory: Path, **choices: Any) -> None:
    """Mint a bearer token for development (HS256).

    Signed with --secret, or with the secret of the first HS256 [[auth.trusted]] in --config, or else with the demo's.

    \b
    Examples:
      hookd token --scope 'read:hooks read:logs'
      hookd token --scope read:hooks | hookd login --profile reader --url http://127.0.0.1:8080
      hookd token --secret @hs256.key --issuer urn:me --audience urn:hookd --tenant acme --scope execute:hooks
    """
    from runtime.cli.tokens import TokenChoice, mint
    from runtime.cli.values import read_value

    if choices["secret"] is not None:
        choices["secret"] = read_value(choices["secret"], "--secret")
    choice = TokenChoice(**choices | {"scope": tuple(" ".join(choices["scope"]).split())})
    minted = mint(choice, directory, os.environ)
    out.answer(
        {"token": minted, "scope": list(choice.scope), "expires_in": choice.lifetime}, lambda: click.echo(minted)
    )
    if not choice.scope:
        out.note("This token has no scope, so every route refuses it. Add, say, --scope 'read:hooks'.")


@click.group()
def keys() -> None:
    """Make, or replace, the key that seals secrets."""


@keys.command()
@click.option(
    "--file", type=click.Path(path_type=Path, dir_okay=False), help="Write it here, mode 0600, never over a file."
)
@output_options
def new(out: Output, file: Path | None) -> None:
    """Make a master key, which seals the hooks' secrets and the token server's signing keys.

    \b
    Example:
      hookd keys new --file master.key
    """
    from runtime.master_keys import new_master_key, write_master_key

    if file is None:
        key = new_master_key()
        out.answer({"master_key": key}, lambda: click.echo(key))
        return
    try:
        write_master_key(file)
    except FileExistsError:
        raise SettingsError(
            f"There is a file {file} already. What is sealed under a lost key is lost: move it away first, or choose another name."
        ) from None
    except OSError as error:
        raise SettingsError(f"The file {file} can not be written: {error.strerror}.") from None
    out.answer({"file": str(file)}, lambda: None)
    out.note(f"Wrote {file}. Name it in [storage] as master_key_file, and keep a copy in a safe place.")


@keys.command()
@CONFIG
@click.option("--pid", type=click.IntRange(2), help="The first process of `hookd serve`, which is told to start anew.")
@output_options
def rotate(out: Output, config: Path | None, pid: int | None) -> None:
    """Put another master key in place of the one in [storage] master_key_file, while the service goes on.

    Hooks' secrets are sealed anew, and the signing keys of the token server whose data [issuer] database names.

    With --pid all is done in one call. Where there are several services, leave it out and call it three times; each says what
    to do before the next. It may be interrupted anywhere, and called again.

    \b
    Example:
      hookd keys rotate --config config.toml --pid "$(systemctl show --property MainPID --value hookd)"
    """
    from runtime.cli import rotating
    from runtime.sources import load_settings

    rotating.rotate(load_settings(config, os.environ), pid, out)


@keys.command()
@CONFIG
@output_options
def adopt(out: Output, config: Path | None) -> None:
    """Make the master key of the configuration that of its storage, though another one sealed what is there.

    For whoever has lost that one: `hookd serve` refuses any other. Hooks and their records stay; secrets that the key does
    not open are named, and are to be set anew. Stop every hookd that uses the storage first.

    \b
    Example:
      hookd keys adopt --config config.toml
    """
    from runtime.cli import rotating
    from runtime.sources import load_settings

    rotating.adopt(load_settings(config, os.environ).storage, out)


@click.command()
@CONFIG
@click.option("--example", is_flag=True, help="Show config.example.toml instead.")
@click.option("--systemd", is_flag=True, help="Show a unit for systemd instead.")
@click.option("--kubernetes", type=click.Choice(KUBERNETES), help="Show a manifest for Kubernetes instead.")
@output_options
def config(out: Output, config: Path | None, example: bool, systemd: bool, kubernetes: str | None) -> None:
    """Show the settings as they are in effect, secrets hidden.

    Behind each that is not its default stands where it comes from: a variable, or the file.

    \b
    Examples:
      hookd config --config config.toml
      hookd config --example > config.toml
      hookd config --systemd > /etc/systemd/system/hookd.service
      hookd config --kubernetes redis > hookd.yaml
    """
    import tomllib

    from runtime.cli.display import as_toml, show_toml
    from runtime.settings import Settings, render_example
    from runtime.sources import load_settings, origins_of

    if example + systemd + bool(kubernetes) > 1:
        raise click.UsageError("Choose one of --example, --systemd and --kubernetes.")
    if systemd or kubernetes:
        name = f"{kubernetes}.yaml" if kubernetes else "hookd.service"
        text = kubernetes_manifest(kubernetes) if kubernetes else systemd_unit()
        out.answer({"file": name, "text": text}, lambda: click.echo(text, nl=False))
        return
    settings = Settings() if example else load_settings(config, os.environ)
    text = render_example() if example else as_toml(settings, origins_of(config, os.environ))
    out.answer(tomllib.loads(text), lambda: show_toml(text))
