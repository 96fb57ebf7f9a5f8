"""What `hookd config --systemd` and `--kubernetes` print: files of runtime/deploy, for this installation."""

from __future__ import annotations

import sysconfig
from importlib import resources
from pathlib import Path
from typing import Final

KUBERNETES: Final = ("sqlite", "redis")
"""The manifests that there are, by their storage."""

_ELSEWHERE: Final = "/opt/hookd/bin/hookd"


def systemd_unit() -> str:
    """The unit, with the path of this `hookd`."""
    here = Path(sysconfig.get_path("scripts")) / "hookd"
    return _text("hookd.service").replace(f"ExecStart={_ELSEWHERE}", f"ExecStart={here}")


def kubernetes_manifest(storage: str) -> str:
    """All objects, as a stream of YAML documents."""
    return _text(f"{storage}.yaml")


def _text(name: str) -> str:
    return resources.files("runtime").joinpath("deploy", name).read_text("utf-8")
