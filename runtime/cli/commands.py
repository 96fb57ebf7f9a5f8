"""The commands by name, and how their errors read. What a command is stands in a module that is loaded when it is called.

Exit codes: 0 done, or stopped by Ctrl-C or SIGTERM; 2 the command line, the configuration or a profile is wrong, and the
message says what to do; 3 the address can not be listened on; 4 the server refused, failed or is not there; 5 the hook or
the version does not exist; 6 a hook's tests failed; 130 interrupted in the middle, or answered with no; 1 anything else: a database that can not
be opened, a bug.
"""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from collections.abc import Mapping
from typing import Final, NoReturn

import click

from runtime.cli import failures
from runtime.cli.completing import VARIABLE
from runtime.cli.output import be_lenient, fail
from runtime.errors import HookdError, SettingsError

SECTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "Hooks on a server": {
        "ls": "hooks:ls",
        "show": "hooks:show",
        "create": "deploying:create",
        "edit": "editor:edit",
        "deploy": "deploying:deploy",
        "enable": "changing:enable",
        "disable": "changing:disable",
        "rm": "changing:rm",
        "versions": "history:versions",
        "rollback": "history:rollback",
        "secrets": "hook_secrets:secrets",
        "logs": "logs:logs",
    },
    "Hooks on this machine": {
        "init": "init:init",
        "run": "run:run",
        "test": "testing:test",
        "bench": "bench:bench",
        "import": "importing:import_",
        "types": "types:types",
    },
    "Set-up": {
        "login": "login:login",
        "logout": "login:logout",
        "profile": "login:profile",
        "completion": "completing:completion",
    },
    "To run servers": {
        "dev": "starting:dev",
        "serve": "starting:serve",
        "issuer": "starting:issuer",
        "token": "configuring:token",
        "keys": "configuring:keys",
        "config": "configuring:config",
        "migrate": "migrate:migrate",
        "doctor": "doctor:doctor",
    },
}
"""What `hookd --help` shows, in this order: a command's name, and `module:name` of it in this room."""

COMMANDS: Final = {name: place for rows in SECTIONS.values() for name, place in rows.items()}


class Commands(click.Group):
    """The group `hookd`. A command's module is imported when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """All, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(f"runtime.cli.{module}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called, or the one that may have been meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            meant = f" Did you mean `hookd {near[0]}`?" if near else ""
            raise click.UsageError(f"There is no command {name!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """By section, each with one line."""
        wide = max(map(len, COMMANDS))
        for section, rows in SECTIONS.items():
            lines = [(name.ljust(wide), self._line(ctx, name, formatter.width - wide - 6)) for name in rows]
            with formatter.section(section):
                formatter.write_dl(lines)

    def _line(self, ctx: click.Context, name: str, width: int) -> str:
        command = self.get_command(ctx, name)
        assert command is not None
        return command.get_short_help_str(width)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, asked: _show_version(ctx) if asked and not ctx.resilient_parsing else None,
    help="Show the version and exit.",
)
def hookd() -> None:
    """A hook runtime for token servers: JavaScript that decides what goes into an access token.

    \b
    hookd dev                  starts one with a demo tenant
    hookd COMMAND --help       says what a command does, with examples
    """


def version() -> str:
    """Of what is installed."""
    from importlib import metadata

    try:
        return metadata.version("hookd")
    except metadata.PackageNotFoundError:
        return "not installed, run from its sources"


def _show_version(ctx: click.Context) -> NoReturn:
    click.echo(f"hookd {version()}")
    ctx.exit()


def run() -> None:
    """The whole command line; ends the process."""
    be_lenient()
    try:
        code = hookd(prog_name="hookd", complete_var=VARIABLE, standalone_mode=False)
    except failures.CommandFailed as error:
        _end(error.message, error.code)
    except SettingsError as error:
        _end(str(error), failures.EXIT_USAGE)
    except HookdError as error:
        _end(error.message, failures.EXIT_BROKEN)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(failures.EXIT_USAGE)
    except click.ClickException as error:
        _end(_with_help(error), failures.EXIT_USAGE)
    except click.Abort:
        sys.exit(failures.EXIT_INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


def _end(message: str, code: int) -> NoReturn:
    fail(message)
    sys.exit(code)


def _with_help(error: click.ClickException) -> str:
    message = re.sub(r"\s*\n\s*", " ", error.format_message())
    message = message if message.endswith((".", "?")) else f"{message}."
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message} See `{context.command_path} --help`." if context else message
