"""The options of the commands that have to do with a configuration."""

from __future__ import annotations

from pathlib import Path

import click

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The configuration file (TOML). Without it: defaults and HOOKD_SECTION_NAME variables.",
)
DIRECTORY = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".hookd"),
    show_default=True,
    help="Where the demo keeps its data.",
)
