"""A webtask's metadata: what they say of the hook that it is, and those that a hook has. Pure (contract-full 2.1).

Rule: both surfaces show the same thing. What the Management API changes is seen in the metadata; metadata that say what is
so already are shown letter by letter as they were sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from runtime.errors import InvalidBody
from runtime.manifest import DEPENDENCY_MAP, Broken, quoted
from runtime.model import ENGINES, WASM, WEBTASK, Hook, Policy
from runtime.policies import CLIENT_CHARS, MOST_ORDER
from runtime.triggers import TRIGGERS

EXTENSION: Final = "auth0-extension"
POINT: Final = "auth0-extension-name"
DISABLED: Final = "auth0-extension-disabled"
CLIENT: Final = "auth0-extension-client"
ORDER: Final = "auth0-extension-order"
SECRET: Final = "auth0-extension-secret"  # noqa: S105 - the name of one
COMPILER: Final = "wt-compiler"
DEPENDENCIES: Final = "wt-node-dependencies"
ENGINE: Final = "hookd-engine"
KEPT_CLAIMS: Final = "hookd-claims"
"""Under this key lie the claims of a webtask that are no metadata; it is never shown, and nobody can send it."""

_OURS: Final = (EXTENSION, POINT, DISABLED, CLIENT, ORDER, COMPILER, DEPENDENCIES, ENGINE)
_RUNTIME: Final = "runtime"
_COMPILERS: Final = "auth0-ext-compilers/"
GENERIC: Final = f"{_COMPILERS}generic"
"""The compiler of a webtask that answers in the envelope, at no extensibility point."""
# The compiler's name is not its point's, and very early text took one for the other (contract-full 0).
_ALIASES: Final = {"client-credentials-exchange": "credentials-exchange"}
_COMPILER_NAMES: Final = {"credentials-exchange": "client-credentials-exchange"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What metadata say: at which extensibility point the webtask is, for whom, where in the row, with which modules.

    `trigger` is `model.WEBTASK` for a webtask that no point runs. `is_extension` says that it must be one or nothing.
    """

    trigger: str
    is_extension: bool = False
    enabled: bool = False
    client: str = ""
    order: int | None = None
    dependencies: Mapping[str, str] = field(default_factory=dict)
    engine: str | None = None

    @property
    def clients(self) -> tuple[str, ...]:
        """As a policy has them."""
        return (self.client,) if self.client else ()


def read(meta: Mapping[str, str]) -> Binding:
    """What these metadata say. `InvalidBody` names the one that breaks a rule."""
    point = meta.get(POINT, "")
    compiled_for = _compiled_for(meta.get(COMPILER, ""))
    if point and compiled_for == WEBTASK and COMPILER in meta:
        raise _invalid(COMPILER, f"an extension of {quoted(point)} can not have the compiler {quoted(meta[COMPILER])}")
    return Binding(
        trigger=_point(point) if point else compiled_for,
        is_extension=bool(point),
        enabled=bool(point) and meta.get(EXTENSION) == _RUNTIME and DISABLED not in meta,
        client=_client(meta.get(CLIENT, "")),
        order=_order(meta.get(ORDER, "")),
        dependencies=_dependencies(meta.get(DEPENDENCIES, "")),
        engine=_engine(meta[ENGINE]) if ENGINE in meta else None,
    )


def shown(hook: Hook) -> dict[str, str]:
    """The hook's metadata, less `auth0-extension-secret`, which is kept among its secrets."""
    stored = {name: value for name, value in hook.meta.items() if name not in (SECRET, KEPT_CLAIMS)}
    if hook.trigger == WEBTASK or (hook.meta and _says(read(stored), hook)):
        return stored
    others = {name: value for name, value in stored.items() if name not in _OURS}
    return {**_written(hook), **_kept(stored, hook), **others}


def policy_of(meta: Mapping[str, str], binding: Binding, seen: Hook | None) -> Policy:
    """The policy that a webtask gets with these metadata.

    What the client sends back as it was shown changes nothing: metadata know one client and no audience.
    """
    if seen is None:
        return Policy(clients=binding.clients, order=binding.order)
    before = shown(seen)
    policy = seen.policy
    if meta.get(CLIENT) != before.get(CLIENT):
        policy = replace(policy, clients=binding.clients)
    if meta.get(ORDER) != before.get(ORDER):
        policy = replace(policy, order=binding.order)
    return policy


def claims_of(hook: Hook) -> dict[str, Any]:
    """Claims of the webtask beside code, secrets and metadata: `pb`, `mb` (parse and merge the body), `pctx` (parameters)."""
    claims: dict[str, Any] = json.loads(hook.meta.get(KEPT_CLAIMS, "{}"))
    return claims


def merges_body(hook: Hook) -> bool:
    """Whether members of a request's body are among the webtask's data: `mb`, which is wt-cli's default."""
    claims = claims_of(hook)
    return bool(claims.get("mb", not claims))


def with_claims(meta: Mapping[str, str], claims: Mapping[str, Any]) -> dict[str, str]:
    """Metadata as they are stored, with these claims beside them."""
    kept = {KEPT_CLAIMS: json.dumps(claims)} if claims else {}
    return {**{name: value for name, value in meta.items() if name != KEPT_CLAIMS}, **kept}


def _says(binding: Binding, hook: Hook) -> bool:
    policy = hook.policy
    said = (binding.trigger, binding.enabled, binding.clients, binding.order, dict(binding.dependencies))
    is_so = said == (hook.trigger, hook.enabled, policy.clients, policy.order, dict(hook.version.dependencies))
    return is_so and hook.version.engine == (binding.engine or WASM)


def _written(hook: Hook) -> dict[str, str]:
    """What webtask's tools would have sent for this hook."""
    policy, dependencies = hook.policy, dict(hook.version.dependencies)
    compiler = _COMPILER_NAMES.get(hook.trigger, hook.trigger)
    meta = {EXTENSION: _RUNTIME, POINT: hook.trigger, COMPILER: f"{_COMPILERS}{compiler}"}
    if not hook.enabled:
        meta[DISABLED] = "1"
    if policy.clients:
        meta[CLIENT] = ",".join(policy.clients)
    if policy.order is not None:
        meta[ORDER] = str(policy.order)
    if dependencies:
        meta[DEPENDENCIES] = json.dumps(dependencies, separators=(",", ":"))
    if hook.version.engine != WASM:
        meta[ENGINE] = hook.version.engine
    return meta


def _kept(stored: Mapping[str, str], hook: Hook) -> dict[str, str]:
    """Of what was sent, the words that still say what is so."""
    said = read(stored)
    still = {
        POINT: said.is_extension and said.trigger == hook.trigger,
        COMPILER: said.trigger == hook.trigger,
        DISABLED: not hook.enabled,
        CLIENT: bool(said.client) and said.clients == hook.policy.clients,
        ORDER: said.order == hook.policy.order,
        DEPENDENCIES: said.dependencies == hook.version.dependencies,
        ENGINE: said.engine == hook.version.engine,
    }
    return {name: stored[name] for name, so in still.items() if so and name in stored}


def _point(name: str) -> str:
    trigger = _ALIASES.get(name, name)
    if trigger not in TRIGGERS:
        raise _invalid(POINT, f"there is no extensibility point {quoted(name)}; there are: {', '.join(TRIGGERS)}")
    return trigger


def _compiled_for(compiler: str) -> str:
    """The extensibility point whose code the compiler takes; `WEBTASK` for the plain programming models."""
    if compiler in ("", GENERIC):
        return WEBTASK
    name = compiler.removeprefix(_COMPILERS)
    trigger = _ALIASES.get(name, name)
    if not compiler.startswith(_COMPILERS) or trigger not in TRIGGERS:
        known = ", ".join(_COMPILERS + _COMPILER_NAMES.get(point, point) for point in TRIGGERS)
        raise _invalid(COMPILER, f"there is no compiler {quoted(compiler)}; there are: {known}, {GENERIC}")
    return trigger


def _client(client: str) -> str:
    if len(client) > CLIENT_CHARS:
        raise _invalid(CLIENT, f"a client's id may have {CLIENT_CHARS} characters, not {len(client)}")
    return client


def _order(text: str) -> int | None:
    """A place in the row. 0, which is webtask's default, stands for none."""
    if not re.fullmatch(r"[-+]?[0-9]{1,7}|", text) or abs(order := int(text or "0")) > MOST_ORDER:
        raise _invalid(ORDER, f"it must be a whole number from {-MOST_ORDER} to {MOST_ORDER}, not {quoted(text)}")
    return int(text) if order else None


def _engine(text: str) -> str:
    if text not in ENGINES:
        raise _invalid(ENGINE, f"there is no engine {quoted(text)}; there are: {', '.join(ENGINES)}")
    return text


def _dependencies(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        versions: dict[str, str] = DEPENDENCY_MAP.read(json.loads(text))
    except (ValueError, RecursionError):
        raise _invalid(DEPENDENCIES, "it must be JSON: an object of modules' names and versions") from None
    except Broken as rule:
        raise _invalid(DEPENDENCIES, str(rule)) from None
    return versions


def _invalid(name: str, rule: str) -> InvalidBody:
    return InvalidBody(f"The metadata {name} are not valid: {rule}.")
