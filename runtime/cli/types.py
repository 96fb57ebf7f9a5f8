"""Types for editors and for `tsc`: `hookd.d.ts` and `hookd-modules.d.ts`, written beside a hook."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from runtime.cli.options import output_options
from runtime.cli.output import Output
from runtime.cli.writing import write_file
from runtime.errors import SettingsError

NAME: Final = "hookd.d.ts"
NAMES: Final = (NAME, "hookd-modules.d.ts")
"""Hooks, Actions and globals; and Node's own modules, which a file that is a module itself can not declare."""


def declarations(name: str = NAME) -> str:
    """The text of a file of these names."""
    from importlib import resources

    return (resources.files("runtime.types") / name).read_text("utf-8")


def write_declarations(folder: Path, *, force: bool) -> list[Path]:
    """Put the files into this folder. `SettingsError` says what is in the way: another file is replaced by *force* only."""
    files = [folder / name for name in NAMES]
    for file in files:
        if not force and _is_another(file):
            raise SettingsError(
                f"{file} is not what this version of hookd writes: it is older, or was changed. Give --force to replace it."
            )
    for file in files:
        try:
            write_file(file, declarations(file.name))
        except (FileNotFoundError, NotADirectoryError):
            raise SettingsError(
                f"There is no folder {folder}: make it first, or choose another one with --output."
            ) from None
        except OSError as error:
            raise SettingsError(
                f"{file} can not be written ({error.strerror}): choose another folder with --output."
            ) from None
    return files


def _is_another(file: Path) -> bool:
    try:
        return file.read_bytes() != declarations(file.name).encode()
    except OSError:  # writing it says why
        return False


@click.command(short_help="Write hookd.d.ts, the types of hooks, Actions and globals.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    default=Path(),
    show_default="the current folder",
    help="The folder of the hook; - shows hookd.d.ts on the standard output.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there and is another one.")
@output_options
def types(out: Output, output: Path, force: bool) -> None:
    """Write hookd.d.ts: the types of hooks, of Actions and of what they find, for TypeScript and for JavaScript with JSDoc.

    With it comes hookd-modules.d.ts: the names of those of Node's modules that `require` has.

    \b
    Example:
      hookd types --output my-hook
    """
    if str(output) == "-":
        click.echo(declarations(), nl=False)
        return
    files = [str(file) for file in write_declarations(output, force=force)]
    out.answer({"files": files}, lambda: None)
    out.note(f"Wrote {' and '.join(files)}. Beside them, in hook.js, this line before the hook gives it its types:")
    out.note("/** @type {import('./hookd').CredentialsExchange} */")
