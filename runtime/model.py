"""The nouns, frozen. Nothing here knows about HTTP, SQL or wasm.

An *outcome* is what a hook answered, in three kinds: `Answer` (it called `cb(null, value)`), `Refusal` (it called
`cb(error)`) and `Failure` (it broke, and `code` says how). A *decision* is what we answer: `Allow` or `Deny`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

JsonObject: TypeAlias = Mapping[str, object]
"""A JSON object as parsed: str, int, float, bool, None, list and dict all the way down."""


WEBTASK = "webtask"
"""The trigger of what no extensibility point runs: a webtask that only has an address of its own."""


WASM, NODE = "wasm", "node"
ENGINES = (WASM, NODE)
"""What runs a hook: QuickJS in WebAssembly, or Node in a process of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookVersion:
    """One deployed source, immutable. `id` is the SHA-256 of what decides its behaviour, see `manifest.version_id`.

    `modules` is the SHA-256 of the npm modules that it requires, joined (`bundle`); "" where it has none, or where they were
    not looked for yet. `engine` is one of `ENGINES`.
    """

    id: str
    trigger: str
    script: str
    dependencies: Mapping[str, str]
    modules: str = ""
    engine: str = "wasm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """That a hook got a version, and when (seconds since the epoch). `number` counts a hook's from 1; the newest one runs."""

    number: int
    version_id: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When an enabled hook runs, and what its failure means.

    It runs for these clients and audiences; none means all. Hooks with an `order` run beside others, the lowest first; of
    those without, one is enabled for the same clients and audiences. `on_error` is deny or allow: whether a hook that broke
    lets the token out as it was before. One that answered twice never does, for it may have denied.
    """

    clients: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    order: int | None = None
    on_error: str = "deny"

    @property
    def is_bound(self) -> bool:
        """Whether some requests pass it by."""
        return bool(self.clients or self.audiences)

    @property
    def rank(self) -> tuple[int, bool]:
        """Where in the row it runs: by its order (0 when it has none), then those for all before those that are bound."""
        return self.order or 0, self.is_bound

    def covers(self, client_id: str, audience: str) -> bool:
        """Whether the hook runs for this request."""
        return (not self.clients or client_id in self.clients) and (not self.audiences or audience in self.audiences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A named program of one tenant for one trigger. Times are seconds since the epoch.

    `meta` is what webtask's tools keep beside it (contract-full 2.1); hookd reads its policy, not these.
    """

    tenant: str
    id: str
    name: str
    trigger: str
    enabled: bool
    version: HookVersion
    created_at: float
    updated_at: float
    policy: Policy = field(default_factory=Policy)
    meta: Mapping[str, str] = field(default_factory=dict)


class Secrets(dict[str, str]):
    """A hook's secrets, name to value. Its repr has the names only: no log line and no traceback shows a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one execution may use. `settings.LIMITS` has each default and maximum.

    Times are milliseconds, sizes bytes. CPU time counts only while the guest runs; wall time counts waiting too.
    """

    cpu_ms: int
    wall_ms: int
    memory_bytes: int
    output_bytes: int
    console_lines: int
    console_bytes: int
    operations: int
    operation_bytes: int


@dataclass(slots=True)
class Answer:
    """The hook called `cb(null, value)`, or its promise gave `value`. `undefined` when it was `cb()`: then the value is None.

    Nobody changes one; not frozen, as `Allow`.
    """

    value: object
    undefined: bool = False


@dataclass(slots=True)
class Response(Answer):
    """A webtask of `(ctx, req, res)` wrote an HTTP response: `{"status": 200, "headers": {name: value}, "body": text}`.

    A header's value is text, or a list of texts for one that is sent several times. All can be sent as it is.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The hook called `cb(error)`: it denies. `stack` has the line numbers of the user's source.

    `properties` are the error's own beside these three, such as `friendlyMessage` or `statusCode`: JSON, of a few kB.
    """

    name: str
    message: str
    stack: str = ""
    properties: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The hook broke. `code` is one of `FAILURES`; `message` and `stack` are for the developer."""

    code: str
    message: str
    name: str = "Error"
    stack: str = ""
    refused: bool = False
    """Whether it had called `cb(error)` before it broke: then no policy lets the token out."""


Outcome: TypeAlias = Answer | Refusal | Failure

FAILURES: Mapping[str, str] = {
    "threw": "The hook threw an error, or its promise was rejected.",
    "no_answer": "The hook ended without calling cb and without returning a value.",
    "answered_twice": "The hook answered more than once.",
    "not_a_function": "The hook's source does not export a function.",
    "cpu_limit": "The hook used all of its CPU time.",
    "wall_limit": "The hook was still waiting when its time was over.",
    "memory_limit": "The hook used all of its memory.",
    "stack_limit": "The hook's calls were nested too deeply.",
    "output_limit": "The hook's answer is too large.",
    "operation_limit": "The hook asked for too many operations.",
    "malformed_answer": "The hook's answer has the wrong shape, or cannot be written as JSON.",
    "source_rejected": "The hook's source can not be loaded.",
    "sandbox_crashed": "The sandbox stopped in a way that the hook did not choose.",
    "circuit_open": "The hook was not run: it broke too often, and is left alone for a while.",
}
"""Every way in which a hook can break: code to what it means."""


ANSWERED, REFUSED = "answer", "refusal"
"""How an execution ended in which the hook did not break; every other outcome is one of `FAILURES`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedClaim:
    """What the hook set and nobody gets. `token` says where it stood.

    A claim's is access_token or id_token; where a user is answered it is answer, user, user_metadata or app_metadata.
    """

    name: str
    token: str
    reason: str


@dataclass(slots=True)
class Allow:
    """Issue the token with exactly these scopes and, beside the issuer's own, these claims.

    `data` is what an event (no token) is answered: `{"user": {"user_metadata"?, "app_metadata"?}}` at
    pre-user-registration, None elsewhere. Nobody changes one. It is not frozen and is made by position, because the other
    ways would be two microseconds of every request.
    """

    scope: tuple[str, ...] = ()
    claims: JsonObject = field(default_factory=dict)
    id_token_claims: JsonObject = field(default_factory=dict)
    dropped: tuple[DroppedClaim, ...] = ()
    data: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """Issue no token, register no user, send no message.

    `error` is an RFC 6749 section 5.2 code, or `access_denied`, or `server_error`. `user_message` is for the end user, ""
    where the hook has none.
    """

    error: str
    description: str
    user_message: str = ""


Decision: TypeAlias = Allow | Deny


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLine:
    """One console call of the hook. `level` is debug, info, warn or error (`console.log` is info)."""

    level: str
    text: str


LEVELS = ("debug", "info", "warn", "error")
"""Of a line, and of an execution, the worst last."""


@dataclass(slots=True, kw_only=True)
class Operation:
    """What a hook had done while it waited: a request (kind fetch), or its storage (storage_get, storage_set).

    `host` has a port where it is not the usual one; no path, query or header is kept, for they may be secret. `status` is 0
    where nothing was answered; `error` is a code, "" where all went well. Filled while it goes on.
    """

    kind: str
    method: str = ""
    host: str = ""
    status: int = 0
    ms: float = 0.0
    error: str = ""


@dataclass(slots=True)
class Execution:
    """One run of one hook version. `at` is seconds since the epoch; never holds a secret, a token or a password.

    `answer` is what the hook answered where nothing else is done with it: JSON, its beginning.

    Nobody changes one. It is not frozen, and `dispatch` makes it by position: that would be four microseconds of every
    request.
    """

    id: str
    tenant: str
    trigger: str
    hook_id: str
    hook_name: str
    version_id: str
    client_id: str
    at: float
    decision: str
    duration_ms: float
    cpu_ms: float
    memory_bytes: int
    request_id: str = ""
    console: tuple[ConsoleLine, ...] = ()
    failure: Failure | Refusal | None = None
    dropped: tuple[DroppedClaim, ...] = ()
    error: str = ""
    description: str = ""
    answer: str = ""
    operations: tuple[Operation, ...] = ()
    trace: str = ""
    """The caller's `traceparent` (W3C Trace Context), or ""."""
    request: JsonObject | None = None
    """What was sent, as far as it may be kept (`recording`), where the configuration asks for it."""

    @property
    def trace_id(self) -> str:
        """Of the caller's trace, 32 hexadecimal digits, or ""."""
        return self.trace[3:35]

    @property
    def has_failed(self) -> bool:
        """Whether the hook broke; a refusal is an answer of its own."""
        return isinstance(self.failure, Failure)

    @property
    def outcome(self) -> str:
        """`ANSWERED`, `REFUSED`, or which of `FAILURES` it was."""
        if self.failure is None:
            return ANSWERED
        return self.failure.code if isinstance(self.failure, Failure) else REFUSED

    @property
    def level(self) -> str:
        """One of `LEVELS`: error where the hook broke, else that of the worst line that it printed, and info at least."""
        if self.has_failed:
            return "error"
        if not self.console:
            return "info"
        return LEVELS[max(1, *(LEVELS.index(line.level) if line.level in LEVELS else 1 for line in self.console))]
