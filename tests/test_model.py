from __future__ import annotations

import dataclasses
import inspect
import logging
import pprint
import re
import traceback

import pytest

from runtime import model
from runtime.model import (
    FAILURES,
    Allow,
    Answer,
    ConsoleLine,
    Deny,
    Execution,
    Failure,
    Operation,
    Refusal,
    Response,
    Secrets,
)
from tests.executions import execution

NOUNS = [thing for thing in vars(model).values() if inspect.isclass(thing) and dataclasses.is_dataclass(thing)]
ON_THE_WAY = (Answer, Response, Allow, Execution, Operation)
"""What every request makes, or is filled while it goes on: each says why it is as it is."""
SECRETS = Secrets(API_KEY="swordfish", OTHER="tuna")


@pytest.mark.parametrize("noun", NOUNS)
def test_nouns_are_frozen_and_slotted(noun: type):
    """Nobody changes a fact on its way, and none carries what it does not declare. Those of every request are not frozen."""
    assert noun.__dataclass_params__.frozen or noun in ON_THE_WAY  # type: ignore[attr-defined]
    slots = {slot for kind in noun.__mro__[:-1] for slot in kind.__slots__}  # type: ignore[attr-defined]
    assert slots == {field.name for field in dataclasses.fields(noun)}


@pytest.mark.parametrize("noun", [noun for noun in NOUNS if noun not in ON_THE_WAY])
def test_nouns_are_made_by_name(noun: type):
    """A noun takes no field by position, but for those that every request makes."""
    assert all(field.kw_only for field in dataclasses.fields(noun))


@pytest.mark.parametrize(
    "show", [repr, str, "{}".format, "{!r}".format, "%s".__mod__, pprint.pformat, lambda it: repr([it])]
)
def test_shown_secrets_have_their_names_only(show):
    """However a program prints them, no value is seen (issue 2: never in an answer, a log line or an error)."""
    assert show(SECRETS).strip("[]") == "Secrets(API_KEY, OTHER)"


def test_a_log_record_shows_no_secret():
    """A log line with the secrets as its argument has the names only."""
    record = logging.LogRecord("hookd", logging.INFO, __file__, 1, "running with %s", (SECRETS,), None)

    assert record.getMessage() == "running with Secrets(API_KEY, OTHER)"


def test_a_traceback_with_local_variables_shows_no_secret():
    """What an error reporter that captures frames sees is the names."""

    def breaks(secrets: Secrets) -> None:
        raise KeyError(len(secrets))

    with pytest.raises(KeyError) as caught:
        breaks(SECRETS)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frame = shown.stack[-1]

    assert frame.locals is not None
    assert frame.locals["secrets"] == "Secrets(API_KEY, OTHER)"


def test_secrets_are_the_mapping_that_the_hook_gets():
    """Only their looks are special."""
    assert {**SECRETS} == {"API_KEY": "swordfish", "OTHER": "tuna"}


def test_every_failure_says_what_it_means():
    """Each code is one word of a client's switch, and its meaning one sentence."""
    assert [code for code in FAILURES if not re.fullmatch("[a-z]+(_[a-z]+)*", code)] == []
    assert [text for text in FAILURES.values() if not re.fullmatch(r"The [^.]+\.", text)] == []


def test_two_decisions_of_the_same_content_are_equal():
    """Nouns are values; an Allow adds nothing by itself."""
    allowed = Allow(scope=("a",), claims={}, id_token_claims={}, dropped=())

    assert Allow(scope=("a",)) == allowed
    assert Deny(error="access_denied", description="no") == Deny(error="access_denied", description="no")


@pytest.mark.parametrize(
    "failure, levels, outcome, level",
    [
        (None, [], "answer", "info"),
        (None, ["debug"], "answer", "info"),
        (None, ["warn", "info"], "answer", "warn"),
        (None, ["error", "warn"], "answer", "error"),
        (Refusal(name="Error", message="no"), [], "refusal", "info"),
        (Refusal(name="Error", message="no"), ["warn"], "refusal", "warn"),
        (Failure(code="wall_limit", message="late"), ["info"], "wall_limit", "error"),
    ],
)
def test_an_execution_has_an_outcome_and_a_level(failure, levels, outcome, level):
    """What the hook answered or how it broke; how bad that was, or what it printed."""
    console = tuple(ConsoleLine(level=level, text="x") for level in levels)
    one = execution(1, failure=failure, console=console)

    assert (one.outcome, one.level) == (outcome, level)
