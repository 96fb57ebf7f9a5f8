"""Who may import whom: `runtime/README.md` draws it, this file holds it. Imports inside functions count too."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
FILES = sorted((REPOSITORY / "runtime").rglob("*.py"))

PURE = [
    "breaker",
    "rates",
    "diff",
    "errors",
    "model",
    "ulid",
    "durations",
    "places",
    "grammar",
    "masking",
    "triggers",
    "claims",
    "chain",
    "configuration",
    "environment",
    "settings",
    "issuer_settings",
    "manifest",
    "policies",
    "recording",
    "webtask",
    "proxies",
]
"""Standard library only; no IO, no clock, no async."""

NOUNS = {"errors", "model"}
RULES = NOUNS | {
    "grammar",
    "triggers",
    "claims",
    "chain",
    "settings",
    "ulid",
    "durations",
    "places",
    "masking",
    "manifest",
    "policies",
    "recording",
}
CONTRACTS = {
    "storage.base",
    "storage.answers",
    "storage.rates",
    "storage.peers",
    "storage.resealing",
    "storage.moving",
    "storage.logouts",
    "sandbox.base",
    "logs.base",
    "bundle.base",
}

# Room -> the rooms it may import beside itself. A module belongs to the longest name that fits it.
ROOMS: Mapping[str, set[str]] = {
    "": set(),
    "errors": set(),
    "model": {"errors"},
    "ulid": set(),
    "durations": set(),
    "places": set(),
    "memory": set(),
    "answers": {"memory"},
    "repeats": {"answers"},
    "patience": NOUNS,
    "stored_answers": NOUNS | {"answers", "patience", "storage.answers", "storage.sealing"},
    "rates": set(),
    "proxies": NOUNS,
    "shared_rates": {"memory", "rates"},
    "leased_rates": NOUNS | {"patience", "rates", "storage.rates"},
    "breaker": NOUNS,
    "grammar": set(),
    "masking": NOUNS,
    "diff": NOUNS,
    "configuration": NOUNS,
    "environment": NOUNS | {"configuration"},
    "settings": NOUNS | {"configuration", "environment", "issuer_settings"},
    "issuer_settings": NOUNS | {"configuration"},
    "triggers": NOUNS | {"grammar"},
    "claims": NOUNS | {"grammar", "triggers", "settings"},
    "chain": NOUNS | {"triggers"},
    "manifest": NOUNS | {"grammar", "triggers"},
    "policies": NOUNS | {"triggers", "manifest"},
    "recording": NOUNS | {"masking", "triggers"},
    "webtask": NOUNS | {"triggers", "manifest", "policies"},
    "webtask.tokens": NOUNS | {"webtask"},
    "storage.answers": set(),
    "storage.rates": set(),
    "storage.peers": NOUNS | {"storage.answers", "storage.rates"},
    "storage.resealing": set(),
    "storage.moving": NOUNS | {"moves"},
    "storage.logouts": set(),
    "storage.base": RULES | {"storage.peers", "storage.resealing", "storage.moving", "storage.logouts"},
    "sandbox.base": RULES,
    "logs.base": RULES,
    "bundle.base": RULES,
    "bundle.specifiers": NOUNS | {"manifest"},
    "bundle": RULES
    | {
        "bundle.base",
        "bundle.specifiers",
        "sandbox.base",
        "sandbox.turns",
        "places",
        "confine.calls",
        "confine.kernel",
    },
    # Secrets are sealed by the use cases, before the backend: the one concrete room that they see.
    "storage.sealing": NOUNS,
    "sqlite": NOUNS,
    "redis": NOUNS | {"configuration", "secret_files"},
    "moves": NOUNS,
    "storage": RULES
    | {"configuration", "moves", "storage.base", "storage.answers", "storage.rates", "storage.peers", "storage.sealing"}
    | {"storage.logouts", "storage.resealing", "sqlite", "redis"},
    "network": NOUNS | {"settings"},
    "sandbox.asked": set(),
    "sandbox.abi": NOUNS | {"grammar", "sandbox.asked"},
    "sandbox.wasm": set(),
    "sandbox.turns": set(),
    "sandbox": RULES
    | {"sandbox.base", "sandbox.abi", "sandbox.asked", "sandbox.turns", "sandbox.wasm", "sandbox.operations.base"}
    | {"sandbox.caches"}
    | {"network", "places"},
    # What runs in the jailer has nothing but the standard library: it is started without site-packages.
    "confine.calls": set(),
    "confine.kernel": set(),
    "confine.filters": {"confine.calls"},
    "confine": {"confine.calls", "confine.kernel", "confine.filters"},
    "node.syscalls": {"confine.calls", "confine.filters"},
    "node.groups": {"confine.kernel"},
    "node.jail": {"confine.calls", "confine.kernel", "node.syscalls", "node.groups"},
    "node.jailer": {"node.jail", "confine.kernel"},
    "node.delegation": {"node.groups"},
    "node": RULES
    | {"sandbox.base", "sandbox.abi", "sandbox.asked", "sandbox.turns", "sandbox.operations.base", "sandbox"}
    | {"sandbox.caches"}
    | {"node.jail", "node.jailer", "node.delegation", "places"},
    "logs.metrics": NOUNS,
    "logs.traces": NOUNS | {"settings"},
    "logs.tail": RULES | {"logs.base", "storage.base"},
    "logs.relay": RULES | {"logs.tail", "storage.peers", "ulid"},
    "logs": RULES | {"logs.base", "logs.tail", "storage.base", "storage.peers"},
    "sandbox.operations.base": NOUNS | {"sandbox.asked"},
    "documents": NOUNS | {"storage.base", "sandbox.operations.base"},
    "sandbox.caches": set(),
    "migration": NOUNS | {"configuration", "triggers", "settings", "storage", "storage.base", "moves"},
    "issuer_migration": NOUNS | {"issuer_settings", "issuer", "moves"},
    "proof": NOUNS | {"storage.base", "storage.sealing"},
    "rotation": NOUNS | {"proof", "storage.base", "storage.sealing"},
    "secret_files": NOUNS,
    "sources": NOUNS | {"environment", "secret_files", "settings"},
    "durable": set(),
    "ended_sessions": NOUNS | {"storage.logouts"},
    "surroundings": set(),
    "master_keys": NOUNS | {"durable", "settings", "secret_files"},
    "caches": NOUNS | {"storage.base", "storage.sealing", "sandbox.caches"},
    "preparation": RULES | CONTRACTS | {"storage.sealing", "breaker"},
    "dispatch": RULES | CONTRACTS | {"preparation", "breaker"},
    "admin": RULES | CONTRACTS | {"storage.sealing"},
    "webtasks": RULES | CONTRACTS | {"storage.sealing", "admin", "webtask"},
    "bootstrap": RULES
    | CONTRACTS
    | {"breaker", "webtasks", "webtask.tokens", "node", "node.delegation", "sandbox.operations.base"}
    | {
        "preparation",
        "memory",
        "answers",
        "repeats",
        "rates",
        "shared_rates",
        "leased_rates",
        "stored_answers",
        "dispatch",
        "admin",
        "bundle",
        "storage",
        "storage.sealing",
        "sandbox",
        "network",
        "logs",
        "documents",
        "caches",
        "ended_sessions",
        "confine",
        "master_keys",
        "secret_files",
        "configuration",
        "proof",
        "rotation",
    }
    | {"logs.tail", "logs.relay", "logs.metrics", "logs.traces"},
    "fitness": NOUNS
    | {"configuration", "settings", "master_keys", "proof", "storage", "storage.sealing", "sandbox"}
    | {"network", "node.delegation", "proxies"},
    "workers": {"memory"},
    "http": NOUNS | {"settings", "ulid", "rates", "proxies"},
    "web": RULES
    | CONTRACTS
    | {"bundle.specifiers", "webtask", "webtask.tokens", "webtasks"}
    | {
        "diff",
        "repeats",
        "rates",
        "http",
        "bootstrap",
        "dispatch",
        "admin",
        "logs.tail",
        "logs.relay",
        "logs.metrics",
    }
    | {"storage.sealing", "ended_sessions"},  # the dashboard's sessions
    # The token server is an ordinary HTTP client of the runtime: it must not be able to reach into it.
    "issuer": NOUNS
    | {"configuration", "grammar", "settings", "issuer_settings", "http", "sqlite", "redis", "moves"}
    | {"storage.sealing"},  # of its signing keys, as of hooks' secrets: it knows no storage
    "cli": RULES
    | CONTRACTS
    | {
        "configuration",
        "web",
        "issuer",
        "issuer_settings",
        "http",
        "bootstrap",
        "fitness",
        "proxies",
        "logs",
        "confine",
        "dispatch",
        "diagnosis",
        "surroundings",
        "environment",
        "master_keys",
        "durable",
        "secret_files",
        "sources",
        "rotation",
        "migration",
        "issuer_migration",
        "moves",
        "answers",
        "workers",
    },
    "diagnosis": NOUNS
    | {"settings", "bootstrap", "fitness", "storage", "issuer", "moves", "bundle", "node", "surroundings"},
    # Build artefacts; run on a developer's machine, not in the service.
    "guest": {"sandbox.abi", "sandbox.wasm"},
    "dashboard": set(),
}

# Third-party package -> the rooms, or single modules, that may import it.
PLACES: Mapping[str, set[str]] = {
    "aiohttp": {"http", "web", "issuer", "network"},
    "multidict": {"http", "web", "issuer", "network"},
    "yarl": {"network"},
    "wasmtime": {"sandbox", "guest"},
    "sqlite3": {"sqlite"},
    "redis": {"redis"},
    "click": {"cli"},
    "rich": {"cli"},
    "yaml": {"cli.tenant"},
    "httpx": {"cli.lean"},
    "httpx_sse": {"cli.following"},
    "uvloop": {"cli"},
    "jwt": {"http", "issuer", "cli", "webtask.tokens"},
    "cryptography": {"storage.sealing", "issuer", "http"},
    "orjson": {
        "moves",
        "storage",
        "dispatch",
        "admin",
        "logs",
        "sandbox",
        "node",
        "http",
        "web",
        "issuer",
        "cli",
        "bootstrap",
    },
    "prometheus_client": {"web"},
    "opentelemetry": {"logs.traces"},
    "hatchling": {"guest"},
}
IMPURE_MODULES = {"asyncio", "io", "os", "pathlib", "socket", "subprocess", "tempfile", "threading", "time", "datetime"}


def module_name(file: Path) -> str:
    """`runtime/storage/base.py` is `storage.base`; a package's own file has the package's name."""
    parts = file.relative_to(REPOSITORY / "runtime").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """The longest room name that the module's name begins with."""
    fitting = [room for room in ROOMS if room and (module == room or module.startswith(room + "."))]
    return max(fitting, key=len, default="")


def imports(file: Path) -> Iterator[str]:
    """Every module that the file imports, with its full name."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} imports relatively; write the full name"
            assert node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(name: str) -> str | None:
    """The module inside runtime/ that an import names; `from runtime.a import B` names `a`."""
    if not name.startswith("runtime."):
        return None
    parts = name.split(".")[1:]
    while parts and not _exists(parts):
        parts.pop()
    return ".".join(parts)


def _exists(parts: list[str]) -> bool:
    path = REPOSITORY.joinpath("runtime", *parts)
    return path.is_dir() or path.with_suffix(".py").exists()


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_imports_point_down(file):
    """A room imports only itself and what `ROOMS` gives it."""
    room = room_of(module_name(file))
    reached = {room_of(module) for name in imports(file) if (module := own(name)) is not None}

    assert reached - {room} - ROOMS[room] == set()


def test_every_file_has_a_room():
    """A new file at the top of runtime/ is placed in `ROOMS` first."""
    assert [module_name(file) for file in FILES if module_name(file) and not room_of(module_name(file))] == []


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_third_party_packages_stay_in_their_rooms(file):
    """A package that is replaced one day is replaced in one room; `PLACES` names every one that is used."""
    module = module_name(file)
    used = {name.split(".")[0] for name in imports(file)} - {"runtime", "__future__"}
    foreign = {name for name in used if name in PLACES or name not in sys.stdlib_module_names}
    misplaced = {
        name
        for name in foreign
        if not any(module == place or module.startswith(place + ".") for place in PLACES.get(name, ()))
    }

    assert misplaced == set()


@pytest.mark.parametrize("module", PURE)
def test_pure_rooms_stay_pure(module):
    """Standard library only; no async, no files, no clock."""
    files = [file for file in FILES if room_of(module_name(file)) == module]
    used = {name.split(".")[0] for file in files for name in imports(file)} - {"runtime"}
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]

    assert files
    assert used - sys.stdlib_module_names == set()
    assert used & IMPURE_MODULES == set()
    assert [node for node in nodes if isinstance(node, ast.AsyncFunctionDef | ast.Await)] == []
    calls = [node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert "open" not in calls


def test_rooms_have_no_circles():
    """The table itself points down: no room reaches itself through others."""
    for room in ROOMS:
        seen: set[str] = set()
        todo = set(ROOMS[room])
        while todo:
            below = todo.pop()
            seen.add(below)
            todo |= ROOMS[below] - seen
        assert room not in seen, f"{room} reaches itself"
