"""The contract between the use cases and what makes a version ready to run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from runtime.errors import InvalidBody, Unavailable
from runtime.model import HookVersion


class EngineMissing(InvalidBody):
    """The version is for an engine that this server does not have."""

    code = "engine_missing"

    def __init__(self, engine: str) -> None:
        super().__init__(
            f"The engine {engine} is not there: this server's configuration must say [{engine}] enabled = true."
        )


class ModuleNotFound(InvalidBody):
    """The registry has no module of this name."""

    code = "module_not_found"


class ModuleVersionNotFound(InvalidBody):
    """The registry has the module, but no version that fits."""

    code = "module_version_not_found"


class ModuleRefused(InvalidBody):
    """A module is not taken: its name, its version or one of what it depends on is none of a registry, or it has another content."""

    code = "module_refused"


class ModuleIsNative(InvalidBody):
    """A module is, or needs, machine code."""

    code = "module_native"


class ModuleBroken(InvalidBody):
    """A module's files can not be read as JavaScript, or are not there."""

    code = "module_broken"


class ModulesTooLarge(InvalidBody):
    """The modules are more than a hook may have: in number, on disk, or joined."""

    code = "modules_too_large"


class ModulesTimeout(InvalidBody):
    """To obtain and join the modules took too long."""

    code = "modules_timeout"


class RegistryUnreachable(Unavailable):
    """The registry does not answer, or not as one does."""

    code = "registry_unreachable"


class ModulesUnavailable(Unavailable):
    """What obtains and joins modules is not installed, or does not work."""

    code = "modules_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """An npm module in a bundle, and how many bytes of the bundle are its.

    `builtins` are modules of Node's own that it requires, `missing` such as are not installed, whether it can do without or not.
    """

    name: str
    version: str
    bytes: int
    builtins: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A version with the modules that it requires, as they were found. `ms` is how long that took.

    `bundle` is what must be kept with the version, b"" where it has no modules. `warnings` are sentences for its author.
    """

    version: HookVersion
    bundle: bytes = b""
    modules: Sequence[Module] = ()
    warnings: Sequence[str] = field(default=())
    ms: float = 0.0


class Images(ABC):
    """Makes images of versions. `build_id` names everything that an image depends on beside the version."""

    build_id: str
    made: int = 0
    """How many `image_of` has made in this process."""

    @abstractmethod
    async def resolve(self, version: HookVersion, *, owner: str = "") -> Resolution:
        """Find, obtain and join the modules that the version requires; nothing to do where it says already which they are.

        `InvalidBody` (the classes above), `Unavailable`. `owner` as for `Sandbox.make_image`.
        """

    @abstractmethod
    async def modules_of(self, version: HookVersion) -> Sequence[Module]:
        """What a resolved version has, the largest first."""

    @abstractmethod
    async def image_of(self, version: HookVersion, *, owner: str = "") -> bytes:
        """Evaluate a resolved version once, under limits, and return what must be kept to run it.

        `owner` as for `Sandbox.make_image`. `SourceRejected`, with the place in the source as it was uploaded; `Unavailable`.
        """
