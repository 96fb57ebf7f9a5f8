"""What a lock may say, and what npm's own words mean. tests/bundle/test_bundler.py runs it."""

from __future__ import annotations

import json
import time

import pytest

from runtime.bundle.base import (
    ModuleNotFound,
    ModuleRefused,
    ModulesTooLarge,
    ModulesUnavailable,
    ModuleVersionNotFound,
    RegistryUnreachable,
)
from runtime.bundle.npm import check_lock, failure
from runtime.bundle.process import Ended

GOOD = {"version": "1.0.0", "integrity": "sha512-" + "A" * 86 + "=="}
REFUSED: dict[str, dict[str, object]] = {
    "link": {"node_modules/a": {"link": True, "resolved": "../a"}},
    "file": {"node_modules/a": {**GOOD, "resolved": "file:../a.tgz"}},
    "git": {"node_modules/a": {**GOOD, "resolved": "git+ssh://git@example.com/a.git#1"}},
    "address": {"node_modules/a": {**GOOD, "resolved": "https://example.com/a.tgz"}},
    "elsewhere": {"../a": GOOD},
    "no integrity": {"node_modules/a": {"version": "1.0.0"}},
    "odd integrity": {"node_modules/a": {**GOOD, "integrity": "md5-AA=="}},
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_lock_is_of_a_registry(case):
    """Each module has a content that the registry vouches for."""
    with pytest.raises(ModuleRefused):
        check_lock({"packages": {"": {}, **REFUSED[case]}}, packages=5)


def test_a_lock_is_not_long():
    """What is optional is not installed, and does not count."""
    rows = {f"node_modules/{n}": GOOD for n in range(3)}
    check_lock({"packages": {"": {}, **rows, "node_modules/o": {**GOOD, "optional": True}}}, packages=3)

    with pytest.raises(ModulesTooLarge, match="3 with all"):
        check_lock({"packages": {"": {}, **rows}}, packages=2)


MEANINGS = {
    (
        "E404",
        "404 Not Found - GET https://registry.example/@a%2fb - Not found",
        "'@a/b@1.0.0' is not in this registry.",
    ): (
        ModuleNotFound,
        "The registry has no module '@a/b@1.0.0'.",
    ),
    ("E404", "404 Not Found - GET https://registry.example/a/-/a-1.tgz", ""): (
        ModuleNotFound,
        "The registry has no module 'a'.",
    ),
    ("ETARGET", "No matching version found for a@^9.", ""): (
        ModuleVersionNotFound,
        "The registry has no version 'a@^9'.",
    ),
    ("EINTEGRITY", "sha512-x integrity checksum failed", ""): (
        ModuleRefused,
        "A module has another content than the registry says (integrity): sha512-x integrity checksum failed",
    ),
    ("ECONNREFUSED", "request to https://registry.example/a failed", ""): (
        RegistryUnreachable,
        "The npm registry does not answer as it should (ECONNREFUSED). Try again.",
    ),
    ("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1", ""): (
        ModuleRefused,
        "A module depends on one that is not from the registry.",
    ),
}


@pytest.mark.parametrize("said", MEANINGS)
def test_a_failure_is_said_in_our_words(said):
    """None shows an address of the registry or a path of the machine."""
    code, summary, detail = said
    error = failure(Ended(1, json.dumps({"error": {"code": code, "summary": summary, "detail": detail}}), ""))

    assert (type(error), error.message) == MEANINGS[said]


@pytest.mark.parametrize("code", ["E404", "E400", "ETARGET", "ENOGIT"])
@pytest.mark.parametrize("name", ["a", "@", "@a/", "a.", "a@", "/", "GET http://a/"])
def test_a_long_name_takes_no_long_look(code: str, name: str):
    """The registry says what modules depend on, and npm repeats it. Nor is it all said again."""
    text, began = name * 200_000, time.process_time()
    error = failure(Ended(1, json.dumps({"error": {"code": code, "summary": text, "detail": ""}}), ""))

    assert time.process_time() - began < 5
    assert len(error.message) < 1_000


def test_a_refused_module_is_named_in_short():
    """Likewise."""
    with pytest.raises(ModuleRefused) as caught:
        check_lock({"packages": {"": {}, f"node_modules/{'a' * 100_000}": {}}}, packages=5)

    assert len(caught.value.message) < 1_000


@pytest.mark.parametrize("output", ["", "{}", "[]", '{"error": null}', "Segmentation fault"])
def test_what_npm_does_not_explain_is_the_servers_fault(output):
    """Nothing of it is shown, the log has it."""
    error = failure(Ended(1, output, "stack"))

    assert isinstance(error, ModulesUnavailable)
    assert "stack" in error.debug
