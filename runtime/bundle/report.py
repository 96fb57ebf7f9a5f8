"""What the author of a hook reads of its modules, beside what they are. Pure.

Nearly every package requires something that it does not need: that is with the modules of a version, for who looks for it. Here
is what the author has to decide about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from runtime.bundle.bundles import Bundle
from runtime.bundle.specifiers import Specifier

# Of Node's own modules, those that the guest has (`guest/library.py`, PUBLIC); tests/bundle/test_report.py asks it.
BUILTINS: Final = frozenset(
    re.findall(
        r"[\w/]+",
        """
    assert assert/strict async_hooks buffer constants crypto diagnostics_channel events http https os path path/posix
    path/win32 process punycode querystring stream stream/promises string_decoder sys timers timers/promises tty url util
    util/types zlib
    """,
    )
)
_NAMED: Final = 5


def warnings_of(
    dependencies: Mapping[str, str],
    wanted: Sequence[Specifier],
    bundle: Bundle | None = None,
    *,
    is_node: bool = False,
) -> list[str]:
    """What is amiss, though the hook can be deployed: on an engine that has all of Node, or on the other."""
    names = {specifier.name for specifier in wanted}
    unused = dependencies.keys() - names
    warnings = []
    if unused:
        warnings.append(f"The script does not require these dependencies, so they are not installed: {_list(unused)}.")
    if bundle is None:
        return warnings
    warnings += [
        f"{_who_misses(bundle, what)} requires {what}, which is not installed, and fails where it needs it:"
        " add it to the dependencies."
        for what in bundle.missing[:_NAMED]
    ]
    # What the hook requires itself; what lies below is mostly for files and sockets that nobody opens in a hook.
    alien = {module.name: set(module.builtins) - BUILTINS for module in bundle.modules if module.name in names}
    if not is_node:
        warnings += [
            f'{name} can not do here what needs Node\'s {_list(absent)}; a hook with engine = "node" can.'
            for name, absent in sorted(alien.items())
            if absent
        ]
    return warnings


def _who_misses(bundle: Bundle, name: str) -> str:
    return next((module.name for module in bundle.modules if name in module.missing), "A module")


def _list(names: Iterable[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return ", ".join(shown[:_NAMED]) + more
