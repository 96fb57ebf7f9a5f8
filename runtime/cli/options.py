"""The options that commands share, and what they become: an `Output`, a `Remote` with an output and a server, a `Trial`."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runtime.cli.completing import hook_names, profile_names
from runtime.cli.failures import WrongUsage
from runtime.cli.output import Output
from runtime.cli.profiles import Profile, choose
from runtime.cli.settings_options import CONFIG
from runtime.cli.values import METAVAR, env_file_option, gather_values
from runtime.model import ENGINES
from runtime.triggers import TRIGGERS

if TYPE_CHECKING:
    from runtime.cli.server import RemoteHook, Server

_JSON = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")
_QUIET = click.option("--quiet", "-q", is_flag=True, help="No hints and no progress.")
_PROFILE = click.option(
    "--profile", metavar="NAME", shell_complete=profile_names, help="The server to talk to, see `hookd profile ls`."
)
_URL = click.option("--url", metavar="URL", help="Its address, in place of a profile's.")
_TOKEN = click.option(
    "--token", metavar="TOKEN", help="A token for it; others on this machine may see it: rather set HOOKD_TOKEN."
)
_TRIGGER = click.option(
    "--trigger", type=click.Choice(list(TRIGGERS)), metavar="POINT", help="Of a file in no project folder."
)
_SECRET = click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar=METAVAR,
    help="A secret for a trial, whose value is asked for; secrets.env keeps real ones to yourself.",
)
_ENGINE = click.option("--engine", type=click.Choice(ENGINES), help="In place of the project's.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a hook is run on this machine: "" and None where nothing was said. `secrets` are still to be asked for (`values`)."""

    trigger: str
    engine: str
    config: Path | None
    secrets: Sequence[str]
    env_file: Path | None

    def values(self, command: str, *, is_input_taken: bool) -> Mapping[str, str]:
        """The secrets with their values. `WrongUsage`, `SettingsError`."""
        return gather_values(self.secrets, self.env_file, command=f"{command} --secret", is_input_taken=is_input_taken)


class Remote:
    """What a command that talks to a server works with. The connection is made when it is first used."""

    def __init__(self, out: Output, profile: str | None, url: str | None, token: str | None) -> None:
        self.out = out
        self._choice = {"profile": profile, "url": url, "token": token}

    @cached_property
    def profile(self) -> Profile:
        """The server that was chosen."""
        return choose(**self._choice, environ=os.environ)

    @cached_property
    def server(self) -> Server:
        """Its API."""
        from runtime.cli.server import Server

        return Server(self.profile)

    def close(self) -> None:
        """Give the connection up, where there is one."""
        if "server" in self.__dict__:
            self.server.close()

    def hook(self, name: str | None) -> RemoteHook:
        """The hook of this name or id, whole; without one that of the project folder around."""
        return self.server.find(name or hook_of_this_folder())


def output_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--json` and `--quiet`. The command gets an `Output` as its first argument."""

    @_JSON
    @_QUIET
    @functools.wraps(command)
    def with_output(*args: Any, as_json: bool, quiet: bool, **more: Any) -> None:
        command(Output(json=as_json, quiet=quiet), *args, **more)

    return with_output


def server_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--profile`, `--url`, `--token`, `--json` and `--quiet`. The command gets a `Remote` as its first argument."""

    @output_options
    @_PROFILE
    @_URL
    @_TOKEN
    @functools.wraps(command)
    def with_remote(
        out: Output, *args: Any, profile: str | None, url: str | None, token: str | None, **more: Any
    ) -> None:
        remote = Remote(out, profile, url, token)
        try:
            command(remote, *args, **more)
        finally:
            remote.close()

    return with_remote


def trial_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--trigger`, `--engine`, `--config`, `--secret` and `--env-file`. The command gets a `Trial` by this name."""

    @_TRIGGER
    @_SECRET
    @env_file_option("Secrets for a trial: all that this file of NAME=value lines has.")
    @_ENGINE
    @CONFIG
    @functools.wraps(command)
    def with_trial(
        *args: Any, trigger: str | None, engine: str | None, config: Path | None, secrets: Sequence[str], **more: Any
    ) -> None:
        env_file = more.pop("env_file")
        trial = Trial(trigger=trigger or "", engine=engine or "", config=config, secrets=secrets, env_file=env_file)
        command(*args, trial=trial, **more)

    return with_trial


def hook_argument(*, required: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The hook: its name or its id; in a project folder it may be left out."""
    metavar = "HOOK" if required else "[HOOK]"
    return click.argument("hook", required=required, metavar=metavar, shell_complete=hook_names)


def hook_of_this_folder() -> str:
    """`point/name` of the project folder that the current folder is in. `WrongUsage` where it is in none."""
    from runtime.cli.project import find_folder, read_project

    folder = find_folder(Path.cwd())
    if folder is None:
        raise WrongUsage(
            "Which hook? Give its name or its id, or go to a project folder. hookd ls lists what there is."
        )
    project = read_project(folder)
    return f"{project.trigger}/{project.name}"
