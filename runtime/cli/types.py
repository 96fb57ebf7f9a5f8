"""Types for editors and for `tsc`: `hookd.d.ts`, written beside a hook."""

from __future__ import annotations

from pathlib import Path

import click

from runtime.cli.options import output_options
from runtime.cli.output import Output
from runtime.errors import SettingsError

NAME = "hookd.d.ts"


def declarations() -> str:
    """The file's text."""
    from importlib import resources

    return (resources.files("runtime.types") / NAME).read_text("utf-8")


def write_declarations(folder: Path, *, force: bool) -> Path:
    """Put the file into this folder. `SettingsError` says what is in the way: another file is replaced by *force* only."""
    file, text = folder / NAME, declarations()
    try:
        if not force and file.exists() and file.read_text("utf-8") != text:
            raise SettingsError(
                f"{file} is not what this version of hookd writes: it is older, or was changed. Give --force to replace it."
            )
        file.write_text(text, "utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise SettingsError(
            f"There is no folder {folder}: make it first, or choose another one with --output."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{file} can not be written ({reason}): choose another folder with --output.") from None
    return file


@click.command(short_help="Write hookd.d.ts, the types of hooks and Actions.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    default=Path(),
    show_default="the current folder",
    help="The folder of the hook; - for the standard output.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there and is another one.")
@output_options
def types(out: Output, output: Path, force: bool) -> None:
    """Write hookd.d.ts: the types of hooks and Actions, for TypeScript and for JavaScript with JSDoc.

    \b
    Example:
      hookd types --output my-hook
    """
    if str(output) == "-":
        click.echo(declarations(), nl=False)
        return
    file = write_declarations(output, force=force)
    out.answer({"file": str(file)}, lambda: None)
    out.note(f"Wrote {file}. Beside it, in hook.js, this line before the hook gives it its types:")
    out.note("/** @type {import('./hookd').CredentialsExchange} */")
