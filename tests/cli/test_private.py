from __future__ import annotations

import stat

from runtime.cli.private import write_private


def test_nobody_else_reads_it(tmp_path):
    """Mode 0600, whatever an older file or a half-written one had."""
    for name in ("file", "file.new"):
        (tmp_path / name).write_text("old")
        (tmp_path / name).chmod(0o644)
    write_private(tmp_path / "file", "new")

    assert (tmp_path / "file").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
