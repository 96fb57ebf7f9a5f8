from __future__ import annotations

import click
import pytest

from runtime.cli.failures import WrongUsage
from runtime.cli.options import Remote, hook_of_this_folder, output_options, server_options
from runtime.cli.output import Output


def test_a_command_gets_what_its_options_say():
    """An output, and a server that nothing was asked of yet: no profile is looked for until it is needed."""
    seen: list[object] = []

    @click.command()
    @server_options
    def remote(remote: Remote) -> None:
        seen.append((remote.out.json, remote.out.quiet))

    @click.command()
    @output_options
    def local(out: Output) -> None:
        seen.append((out.json, out.quiet))

    remote.main(["--json", "--profile", "nobody"], standalone_mode=False)
    local.main(["-q"], standalone_mode=False)

    assert seen == [(True, False), (False, True)]


def test_a_folder_of_no_project_is_said(tmp_path, monkeypatch):
    """With what to do."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(WrongUsage, match="Give its name or its id, or go to a project folder"):
        hook_of_this_folder()
