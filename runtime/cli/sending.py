"""A hook as it is wanted on the server, and how it gets there: for `hookd deploy`, `create` and `import --deploy`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runtime.cli.server import RemoteHook, Server, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be on the server. None leaves what is there, or takes the server's default."""

    name: str
    script: str
    trigger: str | None = None
    dependencies: Mapping[str, str] | None = None
    engine: str | None = None
    policy: Mapping[str, object] | None = None
    secrets: Sequence[str] = field(default=())

    def body(self) -> dict[str, Any]:
        """As the Management API takes it, less what names the hook."""
        given = {"script": self.script, "dependencies": self.dependencies, "engine": self.engine}
        return {name: value for name, value in given.items() if value is not None}


def send(server: Server, wanted: Wanted, there: RemoteHook | None, *, enable: bool) -> Written:
    """Make the hook, or change the one that is *there*; enabled, if it is to be, when all else is in its place. `CommandFailed`."""
    return _make(server, wanted, enable=enable) if there is None else _change(server, there, wanted, enable=enable)


def missing_secrets(server: Server, names: Sequence[str], hook: RemoteHook) -> list[str]:
    """Those of these secrets that the hook does not have."""
    return sorted(set(names) - set(server.secret_names(hook))) if names else []


def _make(server: Server, wanted: Wanted, *, enable: bool) -> Written:
    """A new hook. Its policy is there before it is enabled: it decides which others are disabled."""
    body = {"name": wanted.name, "triggerId": wanted.trigger, **wanted.body()}
    if not wanted.policy:
        return server.create({**body, "enabled": enable})
    written = server.create(body)
    server.change_policy(written.hook, wanted.policy)
    return server.update(written.hook, {"enabled": True}) if enable else written


def _change(server: Server, hook: RemoteHook, wanted: Wanted, *, enable: bool) -> Written:
    body = {**wanted.body(), "enabled": True} if enable else wanted.body()
    if not wanted.policy or dict(wanted.policy) == server.policy(hook):
        return server.update(hook, body)
    written = server.update(hook, wanted.body())
    disabled = server.change_policy(hook, wanted.policy)
    if enable and not hook.enabled:
        written = server.update(hook, {"enabled": True})
    return replace(written, disabled=written.disabled or disabled)
