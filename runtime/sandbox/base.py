"""The contract between the use cases and an engine. An engine knows nothing of tenants, tokens or storage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from runtime.model import ConsoleLine, Limits, Operation, Outcome


class SourceRejected(Exception):
    """The source can not be deployed: it does not parse, throws while it loads, or exceeds a limit while it loads.

    `code` is `syntax_error`, or one of `model.FAILURES`. `line` and `column` count from 1 in the user's source, 0 when
    unknown.
    """

    def __init__(self, code: str, message: str, *, line: int = 0, column: int = 0, stack: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column
        self.stack = stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """The npm modules that a source requires, joined into one script of CommonJS.

    What it exports has, under each name that the source requires, a function that gives the module. `builtins` are the
    modules of Node's own that the script requires. `places` is a table of `runtime.places`.
    """

    code: str
    builtins: tuple[str, ...]
    places: bytes


class Program(ABC):
    """A hook version that is ready to run. Belongs to the engine that made it; holds its image in memory."""

    size: int
    """Bytes it occupies."""


@dataclass(slots=True)
class Run:
    """What came of one execution. Times are milliseconds; `memory_bytes` is the guest's peak linear memory."""

    outcome: Outcome
    console: tuple[ConsoleLine, ...]
    cpu_ms: float
    wall_ms: float
    memory_bytes: int
    operations: tuple[Operation, ...] = ()


class Sandbox(ABC):
    """An engine. `build_id` names everything an image depends on: guest, engine version, layout."""

    build_id: str

    @property
    @abstractmethod
    def busy(self) -> int:
        """Runs that have a place: they wait, or compute for long."""

    @property
    @abstractmethod
    def queued(self) -> int:
        """Runs that wait until the engine has what they need: a thread, or a process."""

    @abstractmethod
    async def make_image(
        self, source: str, *, owner: str = "", trigger: str = "", modules: Modules | None = None
    ) -> bytes:
        """Evaluate the source once, under limits, and return what must be kept to run it.

        `trigger` is the extensibility point that it is for: an Action is one of it alone, and "webtask" says that it is a
        webtask, `(cb)`, `(ctx, cb)` or `(ctx, req, res)`, which is called with one argument, the webtask context.
        `modules` are what its `require` finds.
        `owner` is who has to share: no owner takes the engine's time from the others. "" is the service itself.
        `SourceRejected`; `Unavailable`
        when the owner has too much waiting, or the engine is closed.
        """

    @abstractmethod
    def load(self, image: bytes) -> Program:
        """A program from an image that this build made. `ValueError` when it is not one."""

    @abstractmethod
    async def run(
        self,
        program: Program,
        arguments: bytes,
        limits: Limits,
        *,
        owner: str = "",
        hook: str = "",
        dry: bool = False,
    ) -> Run:
        """Run the hook once in a sandbox that nothing else ever uses. `arguments` is a JSON array, less `cb`.

        `hook` is whose storage it has, of its owner. `dry`: what it changes there, or an Action in its cache, is lost.

        Never raises for anything the hook does; `Unavailable` when the engine, or the owner's share of it, has no room
        for another run that waits or computes long.
        """

    @abstractmethod
    async def run_aside(self, program: Program, arguments: bytes, limits: Limits, *, owner: str = "") -> Run:
        """Run a program of the service's own, in turn with what is being deployed: no token request waits for it.

        As `run`, but what waits for anything breaks. `owner` as for `make_image`.
        """

    @abstractmethod
    async def close(self) -> None:
        """Stop. Runs in progress end as `sandbox_crashed`. Idempotent."""
