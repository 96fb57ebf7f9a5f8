"""A request of each extensibility point."""

from __future__ import annotations

from typing import Any

import pytest

from runtime import triggers
from runtime.model import Secrets


@pytest.mark.parametrize("trigger", triggers.TRIGGERS)
def test_the_sample_is_a_good_request(trigger):
    """Of every extensibility point, the same each time; with as many arguments as the hook has parameters."""
    request = triggers.parse(triggers.get(trigger), triggers.sample(trigger))
    assert len(request.arguments(Secrets())) == len(triggers.get(trigger).parameters)
    assert triggers.sample(trigger) == triggers.sample(trigger)


def test_a_sample_is_the_callers_own():
    """To change it changes no other."""
    first: Any = triggers.sample("send-phone-message")
    first["context"]["user"]["name"] = "changed"

    assert triggers.sample("send-phone-message") != first
