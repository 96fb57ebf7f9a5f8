"""What stands around a source: nothing that its developer, or another hook, could notice."""

from __future__ import annotations

import pytest

from runtime.model import Refusal
from runtime.sandbox.base import SourceRejected
from runtime.sandbox.pool import WasmSandbox
from runtime.sandbox.wrapping import adapter, made_of, wrapped
from tests.sandbox.running import answer, run

NAMED = "// PreUserRegistrationError\n"
"""What makes the wrapper bring the error classes."""


def test_a_plain_source_gets_one_line_before_and_one_behind():
    """Nothing that its image would have to hold."""
    plain = wrapped("module.exports = 1;")

    assert plain == b"(function (exports, require, module, __filename, __dirname) {\nmodule.exports = 1;\n})"
    assert len(wrapped(NAMED)) > 2 * len(plain)


def test_an_adapter_is_one_line():
    """Or the user's line 1 would not be line 1. Comments are gone; an image's identity has all of it."""
    text = adapter("errors")

    assert "\n" not in text
    assert "//" not in text
    assert text.encode() in made_of()


def test_a_first_line_for_shells_is_a_comment():
    """As in Node, whatever stands around it."""
    assert b"{\n///usr/bin/env node" in wrapped("#!/usr/bin/env node")


@pytest.mark.parametrize("first", ["", NAMED])
async def test_an_error_has_the_users_places_and_no_others(sandbox: WasmSandbox, first: str):
    """Line and column of the user's source, at deploy time and in a run; no frame of ours."""
    line = first.count("\n") + 1
    with pytest.raises(SourceRejected) as rejected:
        await sandbox.make_image(f"{first}\n  null.x;")
    source = f"{first}module.exports = (cb) => {{ cb(new InvalidScopeError('no')); }};"
    outcome = (await run(sandbox, source)).outcome
    assert isinstance(outcome, Refusal)

    assert (rejected.value.line, rejected.value.column) == (line + 1, 3)
    assert f"Error: no\n    at <anonymous> (hook.js:{line}:35)\n" == outcome.stack


@pytest.mark.parametrize("first", ["", NAMED])
@pytest.mark.parametrize(
    "source, message, line, column",
    [
        ("let a = ;", "SyntaxError: unexpected token in expression: ';'", 1, 9),
        ("function f() {\n", "SyntaxError: Unexpected end of input", 2, 0),
        ("f()}", "SyntaxError: Unexpected token '}'", 0, 0),
    ],
)
async def test_a_syntax_error_has_the_users_place(
    sandbox: WasmSandbox, first: str, source: str, message: str, line: int, column: int
):
    """However much stands in line 0."""
    with pytest.raises(SourceRejected) as rejected:
        await sandbox.make_image(first + source)
    error = rejected.value

    assert (error.message, error.column) == (message, column)
    assert error.line == (line + first.count("\n") if line else 0)


async def test_the_classes_for_end_users_are_globals(sandbox: WasmSandbox):
    """Error, base class, name, both messages, the stack from where it was made; writable as all globals are."""
    source = """module.exports = (cb) => {
      const made = [new PreUserRegistrationError('log', 'shown'), new SendPhoneMessageError('both')];
      cb(null, made.map((e) => [e instanceof Error, e instanceof ExtensibilityUserError, e.constructor.name, Object.keys(e),
        `${e}`, e.friendlyMessage, e.stack.split('\\n')[1], typeof globalThis[e.name]]));
    };"""
    place = "    at <anonymous> (hook.js:2:{})"

    assert await answer(sandbox, source) == [
        [True, True, name, ["friendlyMessage"], f"{name}: {message}", friendly, place.format(column), "function"]
        for name, message, friendly, column in (
            ("PreUserRegistrationError", "log", "shown", 25),
            ("SendPhoneMessageError", "both", "both", 71),
        )
    ]


async def test_the_classes_can_be_declared_anew(sandbox: WasmSandbox):
    """Code that brings its own of that name, as bundles of the old starter code do."""
    source = "class PreUserRegistrationError extends Error {}\nmodule.exports = (cb) => cb(new PreUserRegistrationError('m'));"
    outcome = (await run(sandbox, source)).outcome

    assert isinstance(outcome, Refusal)
    assert (outcome.message, outcome.properties) == ("m", {})


async def test_a_plain_hooks_image_has_none_of_it(sandbox: WasmSandbox):
    """Who does not name a class does not carry it: in every request it would be copied."""
    plain = "module.exports = (cb) => cb(null, typeof globalThis['PreUser' + 'RegistrationError']);"

    assert await answer(sandbox, plain) == "undefined"
    assert len(await sandbox.make_image(plain)) + 2_000 < len(await sandbox.make_image(plain + NAMED))
