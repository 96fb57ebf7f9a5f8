"""The parameters of a token request."""

from __future__ import annotations

import pytest

from runtime.issuer.oauth_errors import InvalidRequest, InvalidScope
from runtime.issuer.parameters import SECRET_PARAMETERS, Parameters


def test_nothing_secret_is_disclosed():
    """The hook's context has the body; passwords and tokens are not in it."""
    values = dict.fromkeys(SECRET_PARAMETERS, "hush") | {"grant_type": "password", "custom": {"a": [1]}}

    assert Parameters(values=values).disclosed() == {"grant_type": "password", "custom": {"a": [1]}}


def test_nothing_secret_is_in_the_repr():
    """A log line with the parameters has none of them."""
    parameters = Parameters(values={"password": "hush"}, authorization="Basic hush", ip="1.2.3.4")

    assert "hush" not in repr(parameters)


@pytest.mark.parametrize("value", [1, True, [], {}])
def test_a_parameter_is_a_string(value):
    """JSON could say anything."""
    with pytest.raises(InvalidRequest, match="The parameter audience must be a string"):
        Parameters(values={"audience": value}).text("audience")


def test_what_is_missing_is_named():
    """Or is "" where it may be missing."""
    assert Parameters(values={}).text("audience") == ""
    with pytest.raises(InvalidRequest, match="The parameter audience is missing"):
        Parameters(values={}).required("audience")


def test_scopes_are_a_string_or_an_array():
    """None at all is none."""
    assert Parameters(values={}).scope() == ()
    assert Parameters(values={"scope": "b  a b"}).scope() == ("b", "a")
    assert Parameters(values={"scope": ["b", "a"]}).scope() == ("b", "a")
    with pytest.raises(InvalidScope):
        Parameters(values={"scope": {"a": 1}}).scope()
