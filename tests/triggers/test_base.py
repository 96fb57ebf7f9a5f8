"""The table of extensibility points."""

from __future__ import annotations

import re

import pytest

from runtime import triggers
from runtime.errors import NotFound
from runtime.triggers import TRIGGERS


def test_the_extensibility_points_are_those_of_the_contract():
    """Contract 0: ids and parameters, less the closing cb; in the order of contract-full 5.3, the withdrawn one last."""
    assert [(trigger.id, trigger.parameters) for trigger in TRIGGERS.values()] == [
        ("credentials-exchange", ("client", "scope", "audience", "context")),
        ("pre-user-registration", ("user", "context")),
        ("post-user-registration", ("user", "context")),
        ("post-change-password", ("user", "context")),
        ("send-phone-message", ("recipient", "text", "context")),
        ("password-exchange", ("user", "client", "scope", "audience", "context")),
    ]


def test_an_id_finds_its_trigger():
    """The table's keys are the ids."""
    assert [triggers.get(name) for name in TRIGGERS] == list(TRIGGERS.values())


@pytest.mark.parametrize("name", ["", "Credentials-Exchange", "credentials-exchange ", "webtasks", "a\nb"])
def test_an_unknown_id_is_not_found(name: str):
    """404, and the message names what there is."""
    with pytest.raises(NotFound, match=re.escape(", ".join(TRIGGERS))):
        triggers.get(name)


@pytest.mark.parametrize("trigger", TRIGGERS.values(), ids=lambda trigger: trigger.id)
def test_what_is_sent_is_what_the_hook_is_called_with(trigger: triggers.Trigger):
    """Every parameter of the hook is a field of the body; a token's decision always blocks."""
    assert set(trigger.parameters) <= set(trigger.fields)
    assert trigger.blocks or not trigger.grant
