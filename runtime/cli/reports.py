"""What is said of a hook that was made, deployed, enabled or rolled back: alike in every command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runtime.cli.output import Output
from runtime.masking import SHORTEST, is_masked

if TYPE_CHECKING:
    from runtime.cli.server import RemoteHook, Written


def summary(hook: RemoteHook) -> dict[str, Any]:
    """The hook without its script."""
    return {name: value for name, value in hook.body.items() if name != "script"}


def written_body(written: Written, **more: object) -> dict[str, Any]:
    """What a program is told: the hook, what was disabled for it, what to look at, its modules."""
    return {
        "hook": summary(written.hook),
        **more,
        "disabled": written.disabled or None,
        "warning": written.warning or None,
        "modules": list(written.modules),
    }


def remark(out: Output, written: Written) -> None:
    """What else a write brought about."""
    if written.modules:
        took = f", found in {seconds(written.ms / 1000)}" if written.ms >= 10 else ""
        out.note(f"Modules: {modules_line(written.modules)}{took}")
    if written.disabled:
        out.note(f"Disabled {written.disabled}, which was enabled before.")
    if written.warning:
        out.warn(written.warning)


def unmasked(values: Mapping[str, str]) -> str:
    """A remark on secrets whose values are too short to be masked; "" where none is."""
    names = sorted(name for name, value in values.items() if not is_masked(value))
    if not names:
        return ""
    return (
        f"Not masked where the hook prints {'it' if len(names) == 1 else 'them'}: {', '.join(names)}. "
        f"Values of fewer than {SHORTEST} characters are not, for they would take other words along."
    )


def modules_line(modules: Sequence[Mapping[str, Any]]) -> str:
    """`lodash 4.17.21 (143 kB), ms 2.1.3 (1.6 kB)`."""
    return ", ".join(f"{row['name']} {row['version']} ({kilobytes(row['bytes'])})" for row in modules)


def kilobytes(size: int) -> str:
    """`143 kB`, `0.4 kB`."""
    return f"{size / 1000:,.0f} kB" if size >= 9950 else f"{size / 1000:,.1f} kB"


def seconds(duration: float) -> str:
    """`0.05 s`, `12.3 s`."""
    return f"{duration:.1f} s" if duration >= 1 else f"{duration:.2f} s"
