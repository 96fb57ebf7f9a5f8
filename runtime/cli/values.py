"""Where the values of secrets come from, in every command: the prompt, the standard input, a file, a variable.

    NAME              is asked for; where nobody is there to be asked, the standard input is the value
    NAME=@FILE        what the file has
    NAME=env:VAR      what the environment has
    --env-file FILE   all that a file of NAME=value lines has

Rule: a value comes from where nobody else sees it, so never from the command line, and no message has one. The line break at
its end is no part of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from runtime.cli.failures import WrongUsage
from runtime.cli.output import is_terminal

METAVAR: Final = "NAME | NAME=@FILE | NAME=env:VARIABLE"
_FILE, _VARIABLE = "@", "env:"
_SEEN: Final = "A value on the command line is seen by others on this machine, and stays in your shell's history"


def env_file_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--env-file`; *text* says what is done with what it has."""
    return click.option("--env-file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help=text)


def gather_values(
    given: Sequence[str], env_file: Path | None, *, command: str, is_input_taken: bool = False
) -> Mapping[str, str]:
    """The values of the secrets that were named, after those of the file. `command` is what asks for a value again.

    `WrongUsage`; `SettingsError` for a line of the file. `is_input_taken`: the standard input has something else.
    """
    require_named(given, command=command, is_input_taken=is_input_taken)
    values = {} if env_file is None else _of_env_file(env_file)
    return {**values, **{one.partition("=")[0]: _value(one, alone=len(given) == 1) for one in given}}


def read_value(given: str, option: str) -> str:
    """The value of an option that is one secret: `@FILE` or `env:VARIABLE`. `WrongUsage`, also for the value itself."""
    if not given.startswith((_FILE, _VARIABLE)):
        raise WrongUsage(
            f"{_SEEN}: take it for lost, and make a new one. Give it as {option} @FILE or {option} env:VARIABLE."
        )
    return _value(f"={given}", alone=True)


def require_named(given: Sequence[str], *, command: str, is_input_taken: bool = False) -> None:
    """`WrongUsage` for what has a value on the command line, which it does not repeat, and for more than can be asked for."""
    asked = [name for name in given if "=" not in name]
    if asked and not is_terminal(sys.stdin):
        _require_one(asked, is_input_taken=is_input_taken)
    for one in given:
        name, equals, rest = one.partition("=")
        if not name:
            raise WrongUsage(f"A secret has a name: {METAVAR}.")
        if equals and not rest.startswith((_FILE, _VARIABLE)):
            raise WrongUsage(
                f"{_SEEN}: take it for lost, and make a new one. Give the name alone, and the value when it is asked for: {command} {name}; or "
                f"{name}=@FILE, {name}=env:VARIABLE."
            )


def _require_one(asked: Sequence[str], *, is_input_taken: bool) -> None:
    """`WrongUsage` where the standard input can not be the value of all that would be asked for."""
    instead = f"Give {asked[-1]}=@FILE or {asked[-1]}=env:VARIABLE, or --env-file."
    if is_input_taken:
        raise WrongUsage(f"The standard input has the request, and no value of {asked[0]}. {instead}")
    if len(asked) > 1:
        raise WrongUsage(f"The standard input has one value only. {instead}")


def _value(given: str, *, alone: bool) -> str:
    name, equals, rest = given.partition("=")
    if rest.startswith(_VARIABLE):
        return _of_variable(rest.removeprefix(_VARIABLE))
    if equals:
        return _without_line_break(_read(Path(rest.removeprefix(_FILE))))
    if not is_terminal(sys.stdin):
        return _without_line_break(sys.stdin.read())
    value: str = click.prompt("Value" if alone else f"Value of {name}", hide_input=True, err=True)
    return value


def _of_variable(name: str) -> str:
    if name not in os.environ:
        raise WrongUsage(f"The environment has no variable {name}. After env: comes the name of one that is exported.")
    return os.environ[name]


def _of_env_file(file: Path) -> Mapping[str, str]:
    from runtime.cli.env_files import read_values

    values = read_values(file)
    if not values:
        raise WrongUsage(f"{file} has no line of NAME=value.")
    return values


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise WrongUsage(f"{file} can not be read ({reason}). After the @ comes the name of a file.") from None


def _without_line_break(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
