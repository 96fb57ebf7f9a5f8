from __future__ import annotations

import base64
import logging
import os
import stat
import subprocess
import sys

import pytest

from runtime.errors import SettingsError
from runtime.master_keys import (
    MasterKeys,
    keep_old,
    keys_if_any,
    master_keys,
    new_master_key,
    read_keys,
    replace_keys,
    write_master_key,
)
from runtime.settings import StorageSettings

A, B, C = (bytes([number]) * 32 for number in (1, 2, 3))


def test_a_master_key_is_made_and_read(tmp_path):
    """The file is private, and is never written over."""
    file = tmp_path / "master.key"
    write_master_key(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert master_keys(StorageSettings(master_key_file=str(file))).all == (base64.b64decode(file.read_text()),)
    with pytest.raises(FileExistsError):
        write_master_key(file)


def test_a_token_server_may_have_none(tmp_path):
    """Where the configuration names none. One that is named must be there."""
    file = tmp_path / "master.key"
    assert keys_if_any(StorageSettings()) == ()
    with pytest.raises(SettingsError, match="There is no master key file"):
        keys_if_any(StorageSettings(master_key_file=str(file)))
    write_master_key(file)
    old = read_keys(file).all
    replace_keys(file, MasterKeys((A, *old), (B,)))
    assert keys_if_any(StorageSettings(master_key_file=str(file))) == (A, *old, B)


def test_half_a_master_key_is_none(tmp_path):
    """Where the disk takes no more there is no file, and the next try makes one."""
    file = tmp_path / "master.key"
    script = f"""
import resource
from pathlib import Path
from runtime.master_keys import write_master_key
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    write_master_key(Path({str(file)!r}))
except OSError as error:
    print(error.strerror)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "File too large\n"
    assert not file.exists()


def test_a_master_key_may_be_given_directly():
    """As a variable of the process, for instance."""
    key = new_master_key()

    assert [len(one) for one in master_keys(StorageSettings(master_key=key)).all] == [32]


def test_a_master_key_that_others_may_read_is_warned_of(tmp_path, caplog):
    """It works, and the log says how to mend it."""
    file = tmp_path / "master.key"
    write_master_key(file)
    file.chmod(0o644)
    master_keys(StorageSettings(master_key_file=str(file)))

    assert "chmod 600" in caplog.text
    assert caplog.records[0].levelno == logging.WARNING


@pytest.mark.parametrize(
    "given, words",
    [
        ({}, "hookd keys new"),
        ({"master_key": "c2hvcnQ="}, "32 bytes in base64"),
        ({"master_key": "no base64 at all"}, "32 bytes in base64"),
        ({"master_key": "x", "master_key_file": "y"}, "not both"),
        ({"master_key": f"{'A' * 43}=,{'A' * 43}="}, "there twice"),
        ({"master_key": f"next {'A' * 43}="}, "32 bytes in base64"),
        ({"master_key_file": "/nowhere/master.key"}, "hookd keys new --file"),
    ],
)
def test_a_wrong_master_key_is_said_and_not_shown(given, words):
    """What is wrong, what to do, and never the key itself."""
    with pytest.raises(SettingsError, match=words) as caught:
        master_keys(StorageSettings(**given))

    assert "c2hvcnQ" not in str(caught.value)
    assert "no base64" not in str(caught.value)


def test_several_keys_stand_in_their_order(tmp_path):
    """The first seals; what follows is known and does not seal yet. Remarks and empty lines are for people."""
    text = [base64.b64encode(key).decode() for key in (A, B, C)]
    file = tmp_path / "master.key"
    file.write_text(f"# of May\n{text[0]}\n\n  {text[1]}\nnext {text[2]}\n")
    file.chmod(0o600)

    assert read_keys(file) == MasterKeys((A, B), (C,))
    assert master_keys(StorageSettings(master_key=f"{text[0]}, {text[1]}")).all == (A, B)
    assert base64.b64encode(A).decode() not in repr(read_keys(file))


def test_keys_are_replaced_in_one_step(tmp_path):
    """By a file that only its owner may read, in place of the one that a link leads to. What is in the way is put away."""
    file, link = tmp_path / "master.key", tmp_path / "link"
    write_master_key(file)
    link.symlink_to(file)
    (tmp_path / ".master.key.draft").write_text("of one that was interrupted")
    replace_keys(link, MasterKeys((A, B), (C,)))

    assert link.is_symlink()
    assert read_keys(file) == MasterKeys((A, B), (C,))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "master.key"]


@pytest.mark.parametrize("user, mode", [(0, 0o640), (1, 0o600)])
def test_whom_root_lets_read_the_keys_can_read_those_in_their_place(tmp_path, monkeypatch, user, mode):
    """A service in the file's group, whose file is root's. The old keys are not for it."""
    file = tmp_path / "master.key"
    write_master_key(file)
    file.chmod(0o644)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    replace_keys(file, MasterKeys((A,)))
    kept = keep_old(file, [B])

    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_keys_that_can_not_be_replaced_stay(tmp_path):
    """A full disk, or a folder that is not ours."""
    file = tmp_path / "master.key"
    write_master_key(file)
    before = file.read_text()
    (tmp_path / ".master.key.draft").mkdir()
    with pytest.raises(OSError, match="draft"):
        replace_keys(file, MasterKeys((A,)))

    assert file.read_text() == before


def test_old_keys_are_kept_beside(tmp_path):
    """For backups; each that was, for their owner only."""
    file = tmp_path / "master.key"
    write_master_key(file)
    kept = [keep_old(file, [key]) for key in (A, B)][-1]

    assert [base64.b64decode(line) for line in kept.read_text().splitlines()] == [A, B]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.stat().st_uid == os.geteuid()
