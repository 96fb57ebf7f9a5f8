"""What the login form carries, and where it comes from."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from runtime.issuer.authorization_request import Asked
from runtime.issuer.login_forms import FORM_SECONDS, ForeignForm, LoginForms
from runtime.issuer.records import new_form_key

ASKED = Asked(values={"client_id": "web", "state": "ä<\"'>"})


def test_a_form_brings_back_its_request():
    """And says when it is too old."""
    now = [1_800_000_000.0]
    forms = LoginForms("https://issuer.example", lambda: now[0], new_form_key())
    field = forms.seal(ASKED)

    assert (forms.open(field).asked, forms.open(field).is_old) == (ASKED, False)
    now[0] += FORM_SECONDS + 1
    assert forms.open(field).is_old


def test_a_form_that_is_not_ours_is_refused():
    """Another process's, one with a bit turned, one cut short, none."""
    forms, others = (LoginForms("https://issuer.example", lambda: 0.0, new_form_key()) for _ in range(2))
    field = forms.seal(ASKED)
    sealed = bytearray(urlsafe_b64decode(field))
    sealed[-5] ^= 1

    for wrong in (
        others.seal(ASKED),
        urlsafe_b64encode(sealed).decode(),
        field[:40],
        field[1:],
        "",
        "ä",
        "===",
        "e30=",
    ):
        with pytest.raises(ForeignForm):
            forms.open(wrong)


@pytest.mark.parametrize(
    "headers, is_ours",
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://issuer.example"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://address-behind-the-proxy.example"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://issuer.example"}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://issuer.example"}, False),
        ({"Origin": "https://issuer.example"}, True),
        ({"Origin": "https://ISSUER.example:443"}, True),
        ({"Origin": "https://issuer.example:8443"}, False),
        ({"Origin": "http://issuer.example"}, False),
        ({"Origin": "https://issuer.example.evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://["}, False),
        ({"Origin": ""}, False),
        ({}, False),
    ],
)
def test_a_form_of_another_page_is_refused(headers, is_ours):
    """Login CSRF: by what browsers say of themselves and no page can forge."""
    forms = LoginForms("https://issuer.example", lambda: 0.0, new_form_key())
    if is_ours:
        forms.check_sender(headers)
    else:
        with pytest.raises(ForeignForm):
            forms.check_sender(headers)
