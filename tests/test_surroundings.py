from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from runtime.surroundings import cores, file_system, look_around

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /run rw - tmpfs tmpfs rw
24 22 0:30 / /srv/a\\040b rw - nfs4 server:/x rw
25 23 0:31 / /run/data rw - xfs /dev/vdb rw
26 23 0:32 / /run/data rw - cifs //server/x rw
"""


def test_this_machine(tmp_path):
    """What the standard library says, too."""
    here = look_around(tmp_path)

    assert 1 <= here.cores <= (os.cpu_count() or 1)
    assert 1 << 26 < here.memory_bytes <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert abs(here.free_bytes - shutil.disk_usage(tmp_path).free) < 1 << 30
    assert here.file_system in Path("/proc/filesystems").read_text() or here.file_system.startswith("fuse")
    assert look_around(None).file_system == ""


@pytest.mark.parametrize(
    "quota, expected",
    [
        ("", 8),
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("150000 100000", 2),
        ("900000 100000", 8),
        ("1 0", 8),
        ("1 100", 1),
    ],
)
def test_cores_of_a_container(quota, expected):
    """Those that its control group lets it have, a part of one for one."""
    assert cores(8, quota) == expected


@pytest.mark.parametrize(
    "path, kind",
    [
        ("/var/lib", "ext4"),
        ("/run", "tmpfs"),
        ("/run/x", "tmpfs"),
        ("/running", "ext4"),
        ("/srv/a b/c", "nfs4"),
        ("/run/data/x", "cifs"),
    ],
)
def test_the_file_system_of_a_path(path, kind):
    """The innermost mount, and of two at one place the later one."""
    assert file_system(Path(path), MOUNTS) == kind


def test_no_mounts():
    """Where there is no /proc."""
    assert file_system(Path("/"), "") == ""
