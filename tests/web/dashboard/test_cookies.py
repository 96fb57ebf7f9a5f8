from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from runtime.storage.sealing import Sealer, Unsealable
from runtime.web.dashboard.cookies import SealedCookie

SEALER = Sealer(bytes(32))


def cookie(**other):
    return SealedCookie(SEALER, "name", **{"context": "here", "site": "Strict", **other})


def request(host: str, **cookies: str):
    sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return make_mocked_request("GET", "/", headers={"Host": host, **({"Cookie": sent} if sent else {})})


def kept(cookie: SealedCookie, host: str):
    """What the browser is told to keep."""
    answer = web.Response()
    cookie.keep(request(host), answer, "the text", 60)
    (morsel,) = answer.cookies.values()
    return morsel


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.1:8080", "hookd_name_8080"),
        ("localhost:8081", "hookd_name_8081"),
        ("[::1]:80", "hookd_name_80"),
        ("localhost", "hookd_name"),
        ("hookd.example", "__Host-hookd_name"),
        ("hookd.example:8443", "__Host-hookd_name_8443"),
        ("hookd.example:x", "__Host-hookd_name"),
        ("", "__Host-hookd_name"),
    ],
)
def test_two_services_of_one_machine_do_not_take_each_others(host, name):
    """Cookies do not know ports, so the name does; away from this machine it is for this very host, and https."""
    morsel = kept(cookie(), host)

    assert morsel.key == name
    assert bool(morsel["secure"]) == name.startswith("__Host-")
    assert (morsel["httponly"], morsel["samesite"], morsel["path"], morsel["domain"]) == (True, "Strict", "/", "")
    assert morsel["max-age"] == "60"
    assert kept(cookie(site="Lax"), host)["samesite"] == "Lax"


def test_what_was_kept_is_read_where_it_was_set():
    """Another port's, or one without the prefix, is not even looked at: a neighbour's page could plant it."""
    value = kept(cookie(), "hookd.example").value

    assert cookie().read(request("hookd.example", **{"__Host-hookd_name": value})) == "the text"
    assert cookie().read(request("hookd.example", hookd_name=value)) is None
    assert cookie().read(request("hookd.example:444", **{"__Host-hookd_name": value})) is None
    assert cookie().read(request("hookd.example")) is None


def test_what_is_not_ours_does_not_open():
    """Of another key, of another cookie, damaged, or no base64 at all."""
    good = kept(cookie(), "localhost").value
    theirs = kept(SealedCookie(Sealer(b"x" * 32), "name", context="here", site="Strict"), "localhost").value
    another = kept(cookie(context="elsewhere"), "localhost").value

    for value in (theirs, another, good[:-2], f"{good[:-2]}xx", "e30", "%%%", "a", "\u00e9"):
        with pytest.raises(Unsealable):
            cookie().read(request("localhost", hookd_name=value))


def test_it_is_taken_back_where_it_was_set():
    """With the same name and the same attributes, or browsers would keep it."""
    answer = web.Response()
    cookie().take_back(request("hookd.example:8443"), answer)

    morsel = answer.cookies["__Host-hookd_name_8443"]
    assert (morsel.value, morsel["max-age"], morsel["path"], morsel["secure"]) == ("", "0", "/", True)
