from __future__ import annotations

import inspect
import re

import pytest

from runtime import errors
from runtime.errors import HookdError, HookNameTaken, HookNotFound, SettingsError

CLASSES = [thing for thing in vars(errors).values() if inspect.isclass(thing) and issubclass(thing, HookdError)]
WITH_OWN_WORDS = {HookNotFound, HookNameTaken}


def an_error(kind: type[HookdError]) -> HookdError:
    return kind() if kind in WITH_OWN_WORDS else kind("What is wrong.", debug="for the operator")  # type: ignore[call-arg]


def test_the_tree_in_the_docstring_is_the_tree():
    """Name, status and errorCode of every class stand at the top of the module, indented below its parent's."""
    assert errors.__doc__
    rows = re.findall(r"^ {4}([| `-]*)(\w+) +(\d{3})  (\w+)$", errors.__doc__, re.MULTILINE)
    found = {name: (len(indent) // 3, int(status), code) for indent, name, status, code in rows}

    assert found == {kind.__name__: (len(kind.__mro__) - 4, kind.status, kind.code) for kind in CLASSES}


def test_no_two_errors_have_one_code():
    """A client can switch on errorCode."""
    assert len({kind.code for kind in CLASSES}) == len(CLASSES)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_body_has_the_four_fields_of_the_management_api(kind: type[HookdError]):
    """Contract 1.1: `{"statusCode", "error", "message", "errorCode"}`, in this order, and no `debug`."""
    error = an_error(kind)

    assert list(error.to_body().items()) == [
        ("statusCode", kind.status),
        ("error", kind.error),
        ("message", error.message),
        ("errorCode", kind.code),
    ]


@pytest.mark.parametrize("kind", CLASSES)
def test_status_title_and_code_are_fit_for_the_wire(kind: type[HookdError]):
    """An error's status is one of an error, its title words, its code one word, its message never empty."""
    assert 400 <= kind.status <= 599
    assert re.fullmatch(r"[A-Z]\w+( [A-Z]\w+)*", kind.error)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*|HookDoesNotExist", kind.code)
    assert str(an_error(kind)) == an_error(kind).message != ""


def test_errors_of_one_status_have_one_title():
    """`error` is the status in words."""
    assert len({(kind.status, kind.error) for kind in CLASSES}) == len({kind.status for kind in CLASSES})


def test_a_missing_hook_is_answered_as_recorded():
    """Contract 1.1: the body that the vendor sent, byte for byte."""
    assert HookNotFound().to_body() == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "Error: Hook does not exist",
        "errorCode": "HookDoesNotExist",
    }


def test_a_taken_name_is_answered_as_documented():
    """Contract-full 5.2: 409 with the vendor's text."""
    error = HookNameTaken()

    assert (error.status, error.message) == (409, "Hook with the same name already exists.")


def test_a_wrong_configuration_is_no_answer():
    """SettingsError ends the process; nothing turns it into an HTTP body."""
    assert not issubclass(SettingsError, HookdError)
