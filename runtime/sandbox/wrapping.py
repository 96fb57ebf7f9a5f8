"""What stands around a hook's source when it is evaluated: a function of CommonJS's five names, from line 0 on.

All that is not the user's is in line 0, so that the user's line 1 is line 1. A source that needs more than the prelude
has, gets it there, and no other hook's memory pays for it: `adapters/` has the JavaScript.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Final

from runtime.sandbox import image
from runtime.sandbox.base import Modules
from runtime.triggers import TRIGGERS

_FUNCTION = "function (exports, require, module, __filename, __dirname) {\n"
_HEAD, _TAIL = f"({_FUNCTION}", "\n})"
_FOLDER: Final = resources.files("runtime.sandbox") / "adapters"
_KEEPS: Final = re.compile(r"\bstorage\b")
_CACHES: Final = re.compile(r"\bcache\b")
_GLOBALS: Final = {
    "errors": re.compile("PreUserRegistrationError|SendPhoneMessageError"),
}
"""Which adapter brings globals, and how one sees that a source names them."""


NO_SUCH_EXPORT: Final = "NoSuchExport"
"""The name of the error of a source that exports something, but nothing that can run where it is deployed."""


WEBTASK: Final = "webtask"
"""The trigger of what is no hook but a webtask, with the programming models of one."""


def is_adapted(source: str, trigger: str) -> bool:
    """Whether the source is a webtask, or may export an Action: the adapter looks at what it does export."""
    return trigger == WEBTASK or (trigger in TRIGGERS and "onExecute" in source)


def wrapped(source: str, trigger: str = "", modules: Modules | None = None) -> bytes:
    """The source as the guest evaluates it. A first line for Unix shells is a comment, as in Node.

    The script of its modules, if it has any, stands behind it: from `lines_before` on.
    """
    if source.startswith("#!"):
        source = "//" + source[2:]
    whole = f"{_HEAD}{source}{_TAIL}" if modules is None else _joined(source, modules)
    before = _before(source, trigger, "" if modules is None else modules.code)
    return (before + whole).encode("utf-8", "surrogatepass")


def labelled(kept: bytes, source: str, trigger: str = "", modules: Modules | None = None) -> bytes:
    """What is kept of a source, with what `wrapped` has put around it: the adapter's trigger, the places of its modules.

    Who never says `cache` has no use for what an Action's `api.cache` has, unless a module does it: that is seen when it does.
    """
    if is_adapted(source, trigger):
        kept = image.of_adapted(kept, trigger, caches=trigger != WEBTASK and _CACHES.search(source) is not None)
    return kept if modules is None else image.of_bundled(kept, modules.places, lines_before(source))


def lines_before(source: str) -> int:
    """How many lines, from 1 on, lie before the script of the source's modules."""
    return source.count("\n") + 2


def _joined(source: str, modules: Modules) -> str:
    hook, script = f"{_FUNCTION}{source}\n}}", f"{_FUNCTION}{modules.code}\n}}"
    return f"(({adapter('modules')})({hook}, {script}, {json.dumps(modules.builtins)}))"


def _before(source: str, trigger: str, code: str) -> str:
    """Nothing, or an expression of a function that takes the source's and gives the one that the guest calls."""
    first = [adapter(name) for name, named in _GLOBALS.items() if named.search(source) or named.search(code)]
    around = ""
    if is_adapted(source, trigger):
        name, given = ("webtask", adapter("storage")) if trigger == WEBTASK else ("actions", json.dumps(trigger))
        around = f"({adapter(name)})({given})"
    elif _KEEPS.search(source):
        around = f"({adapter('keeping')})({adapter('storage')})"
    return f"({', '.join([*first, around or '(load) => load'])})" if first or around else ""


def made_of() -> bytes:
    """All that may stand around a source: an image made with another wrapper is another."""
    names = sorted(file.name.removesuffix(".js") for file in _FOLDER.iterdir() if file.name.endswith(".js"))
    return "\n".join([_HEAD, _TAIL, str(image.CACHING), *map(adapter, names)]).encode()


@cache
def adapter(name: str) -> str:
    """One of `adapters/`, in one line and without its comments. Each has only comments that are lines of their own."""
    lines = map(str.strip, (_FOLDER / f"{name}.js").read_text("utf-8").splitlines())
    return " ".join(line for line in lines if not line.startswith("//"))
