"""A hookd server, from the outside: its HTTP API, and what to do when it refuses. The only module that speaks HTTP here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from runtime.cli.failures import NotThere, ServerRefused, WrongUsage
from runtime.cli.lean import httpx
from runtime.cli.profiles import Profile
from runtime.cli.refusals import not_hookd, refusal, unreachable
from runtime.ulid import is_ulid

SECONDS: Final = 30.0
"""Longest wait for an answer."""

CONNECT_SECONDS: Final = 10.0

SILENT_SECONDS: Final = 45.0
"""A stream that says nothing for so long is lost: there are heartbeats every 15 seconds."""

DEPLOY_SECONDS: Final = 300.0
"""Longest wait for one that installs npm modules first."""

BROKEN: Final = "can not be enabled"
"""What the server's warning says of a hook that does not load."""

_SHOWN: Final = {"id", "name", "triggerId", "enabled", "dependencies"}
_PAGE: Final = 100
_MODULE: Final = re.compile(r"(?P<name>@?[^@\s]+)@(?P<version>[^;]+);bytes=(?P<bytes>\d+)")
_SERVER_TIMING: Final = re.compile(r";dur=(?P<ms>[0-9.]+)")


@dataclass(frozen=True, slots=True)
class RemoteHook:
    """A hook as the Management API shows it."""

    body: Mapping[str, Any]

    @property
    def id(self) -> str:
        """26 characters."""
        return str(self.body["id"])

    @property
    def name(self) -> str:
        """Unique at its extensibility point."""
        return str(self.body["name"])

    @property
    def word(self) -> str:
        """Its name as one word of a command line."""
        return shlex.quote(self.name)

    @property
    def trigger(self) -> str:
        """The extensibility point's id."""
        return str(self.body["triggerId"])

    @property
    def enabled(self) -> bool:
        """Whether token requests run it."""
        return bool(self.body["enabled"])

    @property
    def script(self) -> str:
        """As it was uploaded."""
        return str(self.body["script"])

    @property
    def dependencies(self) -> dict[str, str]:
        """The npm modules, name to version or range."""
        return dict(self.body["dependencies"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A hook that was made or changed. `modules` are `{name, version, bytes}`, `ms` is what finding them took."""

    hook: RemoteHook
    disabled: str = ""
    warning: str = ""
    modules: Sequence[Mapping[str, Any]] = ()
    ms: float = 0.0

    @property
    def is_broken(self) -> bool:
        """Whether it does not load; a warning may say other things too."""
        return BROKEN in self.warning


class Server:
    """The API of one server, with one token. `patience` is how many seconds an answer may take. Every method raises `CommandFailed` with what to do next."""

    def __init__(self, profile: Profile, *, patience: float = SECONDS) -> None:
        self.profile = profile
        self._patience = patience
        self._client = httpx.Client(
            base_url=profile.url,
            headers={"Authorization": f"Bearer {profile.token}", "User-Agent": "hookd"},
            # A proxy of the environment is for the Internet, not for a server of this machine.
            mounts=dict.fromkeys(("all://", "http://", "https://")) if profile.is_local else None,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection up."""
        self._client.close()

    def hooks(self, *, trigger: str | None = None, enabled: bool | None = None) -> list[RemoteHook]:
        """All hooks, without their scripts, in order of creation."""
        query: dict[str, Any] = {"per_page": _PAGE, "fields": "script", "include_fields": "false"}
        query |= {} if trigger is None else {"triggerId": trigger}
        query |= {} if enabled is None else {"enabled": str(enabled).lower()}
        found: list[RemoteHook] = []
        for page in range(1_000_000):
            rows = self._rows(self._send("GET", "/api/v2/hooks", query={**query, "page": page}))
            found += [RemoteHook(row) for row in rows]
            if len(rows) < _PAGE:
                break
        return found

    def hook(self, hook_id: str) -> RemoteHook:
        """The hook of this id, whole."""
        return RemoteHook(self._json("GET", f"/api/v2/hooks/{hook_id}"))

    def find(self, name: str) -> RemoteHook:
        """The hook that is called so: by its id, its name, or `point/name` where several points have one of that name."""
        if is_ulid(name):
            try:
                return self.hook(name)
            except NotThere:
                pass
        found = self.named(name)
        if not found:
            raise NotThere(f"There is no hook {name!r} at {self.profile.url}. hookd ls lists those that there are.")
        if len(found) > 1:
            names = " or ".join(f"{hook.trigger}/{hook.name}" for hook in found)
            raise WrongUsage(f"Several hooks are called {name!r}. Say which: {names}.")
        return self.hook(found[0].id)

    def named(self, name: str) -> list[RemoteHook]:
        """All that are called so, at whatever point; `point/name` for those of one."""
        trigger, slash, bare = name.rpartition("/")
        return [hook for hook in self.hooks() if hook.name == bare and (not slash or hook.trigger == trigger)]

    def create(self, body: Mapping[str, Any]) -> Written:
        """Make a hook."""
        return self._written(self._send("POST", "/api/v2/hooks", body=body, seconds=DEPLOY_SECONDS))

    def update(self, hook: RemoteHook, body: Mapping[str, Any]) -> Written:
        """Change what the body names."""
        try:
            return self._written(self._send("PATCH", f"/api/v2/hooks/{hook.id}", body=body, seconds=DEPLOY_SECONDS))
        except ServerRefused as error:
            if hook.enabled and BROKEN in error.message:
                why = error.message.replace(f"The hook {BROKEN}: its", "Its")
                raise ServerRefused(f"{why} {hook.name} goes on running as it is deployed.") from None
            raise

    def delete(self, hook: RemoteHook) -> None:
        """Remove it, with its versions and secrets."""
        self._send("DELETE", f"/api/v2/hooks/{hook.id}")

    def roll_back(self, hook: RemoteHook, number: int) -> Written:
        """Deploy an earlier version again."""
        path = f"/api/v1/hooks/{hook.id}/rollback"
        return self._written(self._send("POST", path, body={"version": number}, seconds=DEPLOY_SECONDS))

    def versions(self, hook: RemoteHook) -> list[dict[str, Any]]:
        """`[{number, id, at}]`, the newest first."""
        return list(self._json("GET", f"/api/v1/hooks/{hook.id}/versions")["versions"])

    def version(self, hook: RemoteHook, number: int) -> dict[str, Any]:
        """`{number, id, script, dependencies, engine, modules}`."""
        return dict(self._json("GET", f"/api/v1/hooks/{hook.id}/versions/{number}"))

    def diff(self, hook: RemoteHook, number: int, to: int | None = None) -> dict[str, Any]:
        """`{from, to, script, dependencies}`: from this version to that one, or to the newest."""
        query = {} if to is None else {"to": to}
        return dict(self._json("GET", f"/api/v1/hooks/{hook.id}/versions/{number}/diff", query=query))

    def policy(self, hook: RemoteHook) -> dict[str, Any]:
        """`{clients, audiences, order, on_error}`."""
        return dict(self._json("GET", f"/api/v1/hooks/{hook.id}/policy"))

    def change_policy(self, hook: RemoteHook, body: Mapping[str, Any]) -> str:
        """Change what the body names; the name of the hook that was disabled for it, or ""."""
        response = self._send("PATCH", f"/api/v1/hooks/{hook.id}/policy", body=body)
        return str(response.headers.get("X-Hook-Disabled", ""))

    def secret_names(self, hook: RemoteHook) -> list[str]:
        """What the hook's secrets are called; their values are never shown."""
        return sorted(self._json("GET", f"/api/v2/hooks/{hook.id}/secrets"))

    def set_secrets(self, hook: RemoteHook, values: Mapping[str, str]) -> None:
        """Add those that are new, change the others."""
        known = set(self.secret_names(hook))
        for method, some in (("POST", values.keys() - known), ("PATCH", values.keys() & known)):
            if some:
                body = {name: values[name] for name in sorted(some)}
                self._send(method, f"/api/v2/hooks/{hook.id}/secrets", body=body)

    def remove_secrets(self, hook: RemoteHook, names: Sequence[str]) -> None:
        """Forget them."""
        self._send("DELETE", f"/api/v2/hooks/{hook.id}/secrets", body=list(names))

    def executions(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """`{executions, next}`, the newest first."""
        return dict(self._json("GET", "/api/v1/logs", query=query))

    @contextmanager
    def stream(self, path: str, *, query: Mapping[str, Any], headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """An answer that goes on and on. `ServerAway` also where it ends in the middle, or is silent for too long."""
        timeout = httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
        try:
            with self._client.stream(
                "GET", path, params=dict(query), headers=dict(headers), timeout=timeout
            ) as response:
                if not response.is_success:
                    response.read()
                    raise refusal(response, self.profile)
                yield response
        except httpx.HTTPError as error:
            raise unreachable(error, self.profile) from None

    def check(self) -> None:
        """`CommandFailed` unless the server knows the token. One without `read:hooks` is known too."""
        response = self._exchange("GET", "/api/v2/hooks", query={"per_page": 0})
        if response.status_code == 403:
            return
        if not response.is_success:
            raise refusal(response, self.profile)
        self._rows(response)

    def _json(self, method: str, path: str, *, query: Mapping[str, Any] | None = None) -> Any:
        return self._json_of(self._send(method, path, query=query))

    def _rows(self, response: httpx.Response) -> list[dict[str, Any]]:
        """Hooks. Whatever else answers JSON there is not hookd."""
        rows = self._json_of(response)
        if not isinstance(rows, list) or not all(isinstance(row, dict) and row.keys() >= _SHOWN for row in rows):
            raise not_hookd(response, self.profile)
        return rows

    def _json_of(self, response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError:
            raise not_hookd(response, self.profile) from None

    def _written(self, response: httpx.Response) -> Written:
        headers = response.headers
        took = _SERVER_TIMING.search(headers.get("Server-Timing", ""))
        modules = [
            {"name": row["name"], "version": row["version"], "bytes": int(row["bytes"])}
            for row in _MODULE.finditer(headers.get("X-Hook-Modules", ""))
        ]
        return Written(
            hook=RemoteHook(self._json_of(response)),
            disabled=headers.get("X-Hook-Disabled", ""),
            warning=headers.get("X-Hook-Warning", ""),
            modules=modules,
            ms=float(took["ms"]) if took else 0.0,
        )

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, Any] | None = None,
        seconds: float | None = None,
    ) -> httpx.Response:
        response = self._exchange(method, path, body=body, query=query, seconds=seconds)
        if not response.is_success:
            raise refusal(response, self.profile)
        return response

    def _exchange(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, Any] | None = None,
        seconds: float | None = None,
    ) -> httpx.Response:
        try:
            patience = seconds or self._patience
            timeout = httpx.Timeout(patience, connect=min(patience, CONNECT_SECONDS))
            return self._client.request(method, path, json=body, params=query, timeout=timeout)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise unreachable(error, self.profile) from None
