from __future__ import annotations

import click
import pytest

from runtime.cli.failures import WrongUsage
from runtime.cli.options import Remote, Trial, hook_of_this_folder, output_options, server_options, trial_options
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


def test_a_trial_is_how_a_hook_is_run_here(tmp_path):
    """Its secrets get their values when they are wanted."""
    seen: list[Trial] = []
    (tmp_path / "key").write_text("v\n")

    @click.command()
    @trial_options
    def command(trial: Trial) -> None:
        seen.append(trial)

    command.main([], standalone_mode=False)
    given = ["--trigger", "credentials-exchange", "--engine", "node", "--config", "c", "--secret", f"K=@{tmp_path}/key"]
    command.main(given, standalone_mode=False)

    assert (seen[0].trigger, seen[0].engine, seen[0].config, seen[0].secrets, seen[0].env_file) == (
        "",
        "",
        None,
        (),
        None,
    )
    assert (seen[1].trigger, seen[1].engine, str(seen[1].config)) == ("credentials-exchange", "node", "c")
    assert seen[1].values("hookd run", is_input_taken=True) == {"K": "v"}


def test_a_folder_of_no_project_is_said(tmp_path, monkeypatch):
    """With what to do."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(WrongUsage, match="Give its name or its id, or go to a project folder"):
        hook_of_this_folder()
