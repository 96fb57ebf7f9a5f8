"""What may be a redirection URI."""

from __future__ import annotations

import pytest

from runtime.issuer.callbacks import callback_fault, form_target


@pytest.mark.parametrize(
    "uri, target",
    [
        ("https://app.example.com/cb", "https://app.example.com"),
        ("https://app.example.com:8443/cb?tenant=1", "https://app.example.com:8443"),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:3000"),
        ("http://localhost/cb", "http://localhost"),
        ("http://[::1]:3000/cb", "http:"),
        ("com.example.app:/cb", "com.example.app:"),
        ("https://app.example.com/a;script-src%20*,b", "https://app.example.com"),
    ],
)
def test_what_may_be_one(uri, target):
    """And how the login page's policy names it: never with more of it than scheme, host and port."""
    assert callback_fault(uri) == ""
    assert form_target(uri) == target


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/cb",
        "//app.example.com/cb",
        "app.example.com/cb",
        "https:/cb",
        "https:///cb",
        "https://",
        "HTTPS://app.example.com/cb",
        "https://app.example.com/cb#fragment",
        "https://app.example.com/cb#",
        "https://user@app.example.com/cb",
        "https://app.example.com@evil.example/cb",
        "https://app.example.com:port/cb",
        "https://app.example.com:/cb",
        "https://app.example.com:99999/cb",
        "https://*.example.com/cb",
        "https://app.example.com;script-src/cb",
        "https://app.example.com,evil.example/cb",
        "https://app.example.com\\@evil.example/cb",
        "https://app.example.com/c b",
        "https://app.example.com/cb\n",
        "https://app.example.com/cb%zz",
        "https://bücher.example/cb",
        "https://[::1/cb",
        "http://app.example.com/cb",
        "http://127.0.0.1.example.com/cb",
        "http://localhost.example.com/cb",
        "http://0x7f000001/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "app:/cb",
        "com.example.APP:/cb",
    ],
)
def test_what_may_not(uri):
    """Relative ones, fragments, users, wildcards, what is no URI, http into the network, schemes that are nobody's."""
    assert callback_fault(uri)
