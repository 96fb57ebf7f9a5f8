"""The nouns as the APIs show them. Pure: dicts for JSON, nothing else.

Rule: a field that is shown is named here, so that no new field of a noun leaks out by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from runtime.bundle.base import Module
from runtime.model import Deploy, DroppedClaim, Execution, Failure, Hook, HookVersion, Operation, Policy, Refusal

HOOK_FIELDS = ("id", "name", "script", "dependencies", "enabled", "triggerId")
"""Of a hook in the Management API, in the order in which the vendor sends them (contract-full 5.1)."""

RUN_FIELDS = ("version", "duration_ms", "cpu_ms", "memory_bytes", "console", "operations")
"""Of an execution's record, what a test run shows."""


def hook_body(hook: Hook) -> dict[str, object]:
    """`{id, name, script, dependencies, enabled, triggerId}`."""
    version = hook.version
    return {
        "id": hook.id,
        "name": hook.name,
        "script": version.script,
        "dependencies": dict(version.dependencies),
        "enabled": hook.enabled,
        "triggerId": hook.trigger,
    }


def policy_body(policy: Policy) -> dict[str, object]:
    """`{clients, audiences, order, on_error}`."""
    return {
        "clients": policy.clients,
        "audiences": policy.audiences,
        "order": policy.order,
        "on_error": policy.on_error,
    }


def fault_body(fault: Refusal | Failure) -> dict[str, object]:
    """`{code, name, message, stack}`; the code of a hook that called `cb(error)` is `denied`."""
    code = fault.code if isinstance(fault, Failure) else "denied"
    return {"code": code, "name": fault.name, "message": fault.message, "stack": fault.stack}


def dropped_body(dropped: tuple[DroppedClaim, ...]) -> list[dict[str, str]]:
    """`[{name, token, reason}]`."""
    return [{"name": claim.name, "token": claim.token, "reason": claim.reason} for claim in dropped]


def execution_summary(execution: Execution) -> dict[str, object]:
    """What the answer to a token request says of its run: `{id, hook, version, duration_ms, cpu_ms}`."""
    return {
        "id": execution.id,
        "hook": execution.hook_name,
        "version": execution.version_id,
        "duration_ms": round(execution.duration_ms, 3),
        "cpu_ms": round(execution.cpu_ms, 3),
    }


def run_body(execution: Execution) -> dict[str, object]:
    """What a test run took and printed: `{version, duration_ms, cpu_ms, memory_bytes, console, operations}`."""
    whole = execution_body(execution)
    return {name: whole[name] for name in RUN_FIELDS}


def module_body(module: Module) -> dict[str, object]:
    """`{name, version, bytes, builtins, missing}`."""
    return {
        "name": module.name,
        "version": module.version,
        "bytes": module.bytes,
        "builtins": list(module.builtins),
        "missing": list(module.missing),
    }


def deploy_body(deploy: Deploy) -> dict[str, object]:
    """`{number, id, at}`; `at` is RFC 3339 in UTC."""
    return {"number": deploy.number, "id": deploy.version_id, "at": rfc3339(deploy.at)}


def version_body(number: int, version: HookVersion, modules: Sequence[Module]) -> dict[str, object]:
    """`{number, id, script, dependencies, engine, modules: [...]}`."""
    return {
        "number": number,
        "id": version.id,
        "script": version.script,
        "dependencies": version.dependencies,
        "engine": version.engine,
        "modules": [module_body(module) for module in modules],
    }


def execution_body(execution: Execution) -> dict[str, object]:
    """A whole record. `at` is RFC 3339 in UTC."""
    failure = execution.failure
    return {
        "id": execution.id,
        "at": rfc3339(execution.at),
        "trigger": execution.trigger,
        "hook_id": execution.hook_id,
        "hook": execution.hook_name,
        "version": execution.version_id,
        "client": execution.client_id,
        "decision": execution.decision,
        "outcome": execution.outcome,
        "level": execution.level,
        "error": execution.error or None,
        "error_description": execution.description or None,
        "hook_error": None if failure is None else fault_body(failure),
        "dropped": dropped_body(execution.dropped),
        "answer": execution.answer or None,
        "console": [{"level": line.level, "text": line.text} for line in execution.console],
        "operations": [operation_body(operation) for operation in execution.operations],
        "duration_ms": round(execution.duration_ms, 3),
        "cpu_ms": round(execution.cpu_ms, 3),
        "memory_bytes": execution.memory_bytes,
        "request_id": execution.request_id,
        "trace_id": execution.trace_id or None,
        "request": execution.request,
    }


def operation_body(operation: Operation) -> dict[str, object]:
    """`{kind, method, host, status, ms, error}`; null for what it does not have."""
    return {
        "kind": operation.kind,
        "method": operation.method or None,
        "host": operation.host or None,
        "status": operation.status or None,
        "ms": round(operation.ms, 3),
        "error": operation.error or None,
    }


def rfc3339(at: float) -> str:
    """The moment, in UTC, with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
