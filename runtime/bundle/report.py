"""What the author of a hook reads of its modules, beside what they are. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from runtime.bundle.bundles import Bundle
from runtime.bundle.specifiers import Specifier

# Of Node's own modules, those that the guest has (`guest/node`).
BUILTINS: Final = frozenset(
    re.findall(
        r"\w+",
        """
    assert buffer console crypto events http https os path process punycode querystring stream string_decoder
    timers url util zlib
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
    warnings = []
    unused = dependencies.keys() - {specifier.name for specifier in wanted}
    if unused:
        warnings.append(f"The script does not require these dependencies, so they are not installed: {_list(unused)}.")
    if bundle is None:
        return warnings
    absent = {name for name in bundle.script.builtins if name.split("/")[0] not in BUILTINS}
    if absent and not is_node:
        warnings.append(
            f"Its modules require what only Node has: {_list(absent)}. What needs it throws when it is called;"
            ' engine = "node" has it.'
        )
    if bundle.missing:
        warnings.append(
            f"Its modules require what is not installed: {_list(bundle.missing)}. Add it to the dependencies."
        )
    return warnings


def _list(names: Iterable[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return ", ".join(shown[:_NAMED]) + more
