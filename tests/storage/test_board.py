"""The numbers that processes of a machine share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runtime.errors import SettingsError
from runtime.storage import board as boards
from runtime.storage.board import Board

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a-board"


OTHER = """
import sys
from pathlib import Path
from runtime.storage.board import Board
board = Board(Path(sys.argv[1]))
board.committed(7, 70)
board.listen(3)
board.wait_since(0.5)
print(len(board.others()), flush=True)
input()
board.close()
"""


def test_processes_see_each_other_at_once(path: Path) -> None:
    """What one writes, the other reads; the file is private, and goes with the last."""
    board = Board(path)
    assert (board.changes, board.stored, board.others()) == (0, 0, [])
    command = [sys.executable, "-c", OTHER, str(path)]
    with subprocess.Popen(command, cwd=REPOSITORY, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        (other,) = board.others()
        assert (board.changes, board.stored, board.listens(other)) == (7, 70, True)
        assert board.waits_before(other, 0.5)
        assert not board.waits_before(other, 0.4)
        process.communicate("\n")
    assert board.others() == []
    assert path.stat().st_mode & 0o777 == 0o600
    board.close()
    board.close()
    assert not path.exists()


def test_a_process_that_was_killed_is_gone_after_a_while(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its heartbeat stops; its place is free for the next one, and has nothing of it."""
    monkeypatch.setattr(boards, "SLOTS", 2)
    killed, board = Board(path), Board(path)
    killed.listen(1)
    killed.wait_since(1.0)
    assert len(board.others()) == 1
    monkeypatch.setattr(boards, "ALIVE_SECONDS", 0.0)
    assert board.others() == []
    following = Board(path)
    monkeypatch.undo()
    assert following._mine == killed._mine
    (other,) = board.others()
    assert not board.listens(other)
    assert not board.waits_before(other, 2.0)


def test_a_process_that_was_only_stopped_comes_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one has its place, and both are seen."""
    stopped = Board(path)
    stopped.listen(1)
    stopped.wait_since(1.0)
    with monkeypatch.context() as late:
        late.setattr(boards, "ALIVE_SECONDS", 0.0)
        late.setattr(boards, "SLOTS", 1)
        other = Board(path)
    assert stopped.mine == other.mine
    assert stopped.beat()
    assert not stopped.beat()
    assert (stopped.others(), other.others()) == ([other.mine], [stopped.mine])
    assert other.listens(stopped.mine)
    assert other.waits_before(stopped.mine, 1.0)
    assert not stopped.listens(other.mine)
    for board in (stopped, other):
        board.close()


def test_a_process_may_be_stopped_while_the_last_of_the_others_leaves(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which takes the file away: the one that comes back has seen nothing to rely on, and finds who came since."""
    stopped, leaving = Board(path), Board(path)
    stopped.committed(7, 70)
    with monkeypatch.context() as late:
        late.setattr(boards, "ALIVE_SECONDS", 0.0)
        leaving.close()
    assert not path.exists()
    assert stopped.changes != 7
    following = Board(path)
    following.committed(8, 80)
    assert stopped.beat()
    assert stopped.changes == 8
    assert following.others() == [stopped.mine]
    stopped.close()
    assert path.exists()
    following.close()
    assert not path.exists()


def test_a_process_that_can_not_come_back_goes_on_where_it_is(path: Path) -> None:
    """And tries again."""
    board = Board(path)
    board.committed(7, 70)
    path.unlink()
    path.mkdir()
    with pytest.raises(SettingsError):
        board.beat()
    board.committed(8, 80)
    assert board.changes == 8
    path.rmdir()
    assert board.beat()
    board.close()


def test_numbers_only_rise(path: Path) -> None:
    """Who is late with an older one changes nothing; but who begins knows what there is."""
    one, other = Board(path), Board(path)
    one.committed(5, 50)
    other.committed(4, 60)
    assert (one.changes, one.stored) == (5, 60)
    other.begin(lambda: (1, 1))
    assert (one.changes, one.stored) == (1, 1)
    other.close()
    one.close()


def test_a_file_has_room_for_so_many(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is told."""
    monkeypatch.setattr(boards, "SLOTS", 2)
    views = [Board(path), Board(path)]
    with pytest.raises(SettingsError, match="More than 2 processes"):
        Board(path)
    for board in views:
        board.close()


def test_a_file_has_no_holes(path: Path) -> None:
    """To write into one ends the process when the disk is full."""
    board = Board(path)
    status = path.stat()
    assert status.st_blocks * 512 >= status.st_size == boards._BYTES
    board.close()


def test_a_file_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(SettingsError, match="can not be used: Is a directory"):
        Board(tmp_path)
