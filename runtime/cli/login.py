"""`hookd login`, `hookd logout` and `hookd profile`: the servers that this user knows."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import click

from runtime.cli.bearer import BearerClaims, read_claims
from runtime.cli.completing import profile_names
from runtime.cli.failures import WrongUsage
from runtime.cli.options import output_options
from runtime.cli.output import Cell, Output, Styled, is_terminal
from runtime.cli.profiles import (
    DEFAULT,
    DEMO,
    PROFILE,
    URL,
    Profile,
    Profiles,
    checked_token,
    checked_url,
    every_profile,
    profiles_file,
    read_profiles,
    write_profiles,
)

_NAME_CHARS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@click.command(short_help="Keep a server and a token, and use them from now on.")
@click.option(
    "--profile", "name", metavar="NAME", shell_complete=profile_names, help=f"What to call it. [default: {DEFAULT}]"
)
@click.option("--url", metavar="URL", help="The server. Not needed for a profile that has one.")
@click.option(
    "--token",
    metavar="TOKEN",
    help="The token; others on this machine may see it: rather let it be asked for, or give it on the standard input.",
)
@output_options
def login(out: Output, name: str | None, url: str | None, token: str | None) -> None:
    """Keep a server and a token for it as a profile, and use it from now on.

    The token is asked for, or read from the standard input. The server is asked whether it knows it.

    \b
    Examples:
      hookd login --url https://hooks.example.com
      hookd login --profile staging --url https://staging.example.com < token
    """
    name = _checked_name(name or os.environ.get(PROFILE) or DEFAULT)
    profiles = read_profiles(profiles_file())
    known = profiles.known.get(name)
    url = url or os.environ.get(URL) or (known.url if known else None)
    if not url:
        raise WrongUsage(f"Where is the server? hookd login --profile {name} --url https://hooks.example.com")
    profile = Profile(name=name, url=checked_url(url), token=checked_token(token or _ask_token(url)))
    _check(profile)
    write_profiles(profiles_file(), profiles.with_profile(profile))
    claims = read_claims(profile.token)
    out.answer(_body(profile, current=True), lambda: _welcome(out, profile, claims))
    if not profile.is_local and profile.url.startswith("http:"):
        out.warn(f"{profile.url} is not encrypted: everybody on the way can read the token. Use https.")


@click.command()
@click.option(
    "--profile", "name", metavar="NAME", shell_complete=profile_names, help="Which one. [default: the current one]"
)
@output_options
def logout(out: Output, name: str | None) -> None:
    """Forget the token of a profile; its address stays.

    \b
    Example:
      hookd logout --profile staging
    """
    profiles = read_profiles(profiles_file())
    name = name or os.environ.get(PROFILE) or profiles.current
    if not name:
        raise WrongUsage("There is no current profile. Say which: hookd logout --profile NAME.")
    profile = _known(profiles, name)
    known = {**profiles.known, name: replace(profile, token="")}
    write_profiles(profiles_file(), Profiles(current=profiles.current, known=known))
    out.answer(
        {"profile": name, "url": profile.url},
        lambda: out.line(f"Forgot the token of {name}. It is still good for whoever has it, until it expires."),
    )


@click.group()
def profile() -> None:
    """List the servers you know, choose or forget one."""


@profile.command("ls")
@output_options
def list_profiles(out: Output) -> None:
    """List the profiles, and that of the `hookd dev` in this folder.

    \b
    Example:
      hookd profile ls
    """
    profiles = every_profile(profiles_file())
    rows = [_row(row, current=row.name == profiles.current) for row in profiles.known.values()]
    bodies = [_body(row, current=row.name == profiles.current) for row in profiles.known.values()]
    out.answer(bodies, lambda: out.table(("", "NAME", "SERVER", "TENANT", "TOKEN"), rows) if rows else None)
    if not rows:
        out.note("No server is known here. Start one with `hookd dev`, or: hookd login --url URL")


@profile.command("use")
@click.argument("name", shell_complete=profile_names)
@output_options
def use_profile(out: Output, name: str) -> None:
    """Talk to this server from now on; to `demo`, wherever one is in the folder of a `hookd dev`.

    \b
    Examples:
      hookd profile use staging
      hookd profile use demo
    """
    profiles = read_profiles(profiles_file())
    is_demo = name == DEMO and name not in profiles.known
    chosen = _known(every_profile(profiles_file()) if is_demo else profiles, name)
    # The demo is a folder's, so it is no profile of the file: it is used where no other is the current one.
    write_profiles(profiles_file(), Profiles(current="" if is_demo else name, known=profiles.known))
    out.answer(_body(chosen, current=True), lambda: out.line(f"Using {name}, {chosen.url}."))


@profile.command("rm")
@click.argument("name", shell_complete=profile_names)
@output_options
def remove_profile(out: Output, name: str) -> None:
    """Forget a profile, address and token.

    \b
    Example:
      hookd profile rm staging
    """
    profiles = read_profiles(profiles_file())
    gone = _known(profiles, name)
    write_profiles(profiles_file(), profiles.without(name))
    out.answer({"profile": name, "url": gone.url}, lambda: out.line(f"Forgot {name}, {gone.url}."))
    if name == profiles.current and len(profiles.known) > 1:
        out.note("It was the current one. Choose another: hookd profile use NAME")


def _check(profile: Profile) -> None:
    from runtime.cli.server import Server

    with Server(profile) as server:
        server.check()


def _ask_token(url: str) -> str:
    if is_terminal(sys.stdin):
        token: str = click.prompt(f"Token for {url}", hide_input=True, err=True)
    else:
        token = sys.stdin.read()
    return token


def _checked_name(name: str) -> str:
    if not name or set(name) - _NAME_CHARS:
        raise WrongUsage(f"{name!r} can not be a profile's name: use letters, digits, - _ and dots.")
    return name


def _known(profiles: Profiles, name: str) -> Profile:
    if name in profiles.known:
        return profiles.known[name]
    if name == DEMO:
        raise WrongUsage(
            "The profile demo belongs to the `hookd dev` of a folder: go to that folder, or start one with `hookd dev`."
        )
    there = f" There are: {', '.join(profiles.known)}." if profiles.known else " Make one: hookd login --url URL."
    raise WrongUsage(f"There is no profile {name!r}.{there}")


def _welcome(out: Output, profile: Profile, claims: BearerClaims) -> None:
    tenant = f" as tenant {claims.tenant}" if claims.tenant else ""
    out.line(f"Logged in to {profile.url}{tenant}; this is the profile {profile.name}.")
    if claims.scopes:
        out.line(f"The token is good for {' '.join(claims.scopes)}{f', {claims.lasts}' if claims.lasts else ''}.")


def _row(profile: Profile, *, current: bool) -> tuple[Cell, ...]:
    claims = read_claims(profile.token)
    if not profile.token:
        token = Styled("none: hookd login", "yellow")
    elif claims.expired:
        token = Styled(f"expired {claims.expired}", "red")
    else:
        token = Styled(f"good for {claims.lasts}" if claims.lasts else "kept", "green")
    return Styled("*" if current else "", "green"), profile.name, profile.url, claims.tenant or "-", token


def _body(profile: Profile, *, current: bool) -> dict[str, object]:
    """What is shown of a profile: never its token."""
    claims = read_claims(profile.token)
    return {
        "name": profile.name,
        "url": profile.url,
        "current": current,
        "tenant": claims.tenant or None,
        "scopes": list(claims.scopes),
        "token": "none" if not profile.token else "expired" if claims.expired else "kept",
    }
