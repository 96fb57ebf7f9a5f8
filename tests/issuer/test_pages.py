"""What people see: the login page, and what is wrong."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from runtime.errors import HookdError
from runtime.issuer.pages import STYLE, error_page, login_page

HOSTILE = "\"'><script>alert(1)</script></style></strong><img src=x onerror=alert(1)>&amp;"


class Reader(HTMLParser):
    """The tags and the texts of a document, as a browser takes them apart."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def text_of(response):
    return response.body.decode()


def read(response):
    return Reader(text_of(response))


@pytest.mark.parametrize("text", [HOSTILE, "\0\r\n\u2028\ud800", "{0} %s ${x}"])
def test_no_text_becomes_markup(text):
    """Neither the application's name, nor the user's, nor a message."""
    plain = read(login_page(client="x", redirect_uri="https://a.example/", sealed="x", username="x", wrong="x"))
    page = read(login_page(client=text, redirect_uri="https://a.example/", sealed=text, username=text, wrong=text))

    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert [list(attributes) for _, attributes in page.tags] == [list(attributes) for _, attributes in plain.tags]
    assert [tag for tag, _ in read(error_page(HookdError(text))).tags if tag in ("script", "img")] == []


def test_a_text_is_shown_as_it_is():
    """What was escaped is read back whole."""
    page = read(login_page(client=HOSTILE, redirect_uri="https://a.example/", sealed="s", username=HOSTILE))

    assert HOSTILE in "".join(page.texts)
    assert HOSTILE in [attributes.get("value") for _, attributes in page.tags]


def test_the_policy_lets_nothing_in():
    """No script, no frame around it, the one style by its hash; the form goes here, and on to the client."""
    page = login_page(client="x", redirect_uri="https://a.example:8443/cb?x", sealed="x")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))

    assert policy.pop("style-src").startswith("'sha256-")
    assert policy == {
        "default-src": "'none'",
        "form-action": "'self' https://a.example:8443",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert f"<style>{STYLE}</style>" in text_of(page)
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Cache-Control"] == "no-store"
    assert "form-action 'none'" in error_page(HookdError("x")).headers["Content-Security-Policy"]


def test_the_form_is_for_everybody():
    """Labels for the fields, what password managers look for, an error that is read out and belongs to its fields."""
    page = read(login_page(client="x", redirect_uri="https://a.example/", sealed="x", username="ada", wrong="No."))
    by_id = {attributes["id"]: attributes for _, attributes in page.tags if "id" in attributes}
    labels = {attributes["for"] for tag, attributes in page.tags if tag == "label"}

    assert labels == {"username", "password"}
    assert by_id["wrong"]["role"] == "alert"
    assert (by_id["username"]["autocomplete"], by_id["password"]["autocomplete"]) == ("username", "current-password")
    assert "autofocus" in by_id["password"]
    assert "autofocus" not in by_id["username"]
    for name in labels:
        assert (by_id[name]["aria-invalid"], by_id[name]["aria-describedby"]) == ("true", "wrong")
    assert "value" not in by_id["password"]
    assert next(attributes for tag, attributes in page.tags if tag == "html")["lang"] == "en"
