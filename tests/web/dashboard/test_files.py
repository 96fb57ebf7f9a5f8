from __future__ import annotations

import gzip
import json

import aiohttp
import pytest

from runtime.http.app import create_app, serve
from runtime.http.bearer import Authenticator
from runtime.http.routes import install
from runtime.web.dashboard.files import ARTIFACT, file_routes
from tests.dashboard.conftest import built
from tests.web.dashboard.conftest import Browser


@pytest.fixture(autouse=True, scope="session")
def artifact():
    return built()


@pytest.fixture
def names():
    return json.loads((ARTIFACT / "manifest.json").read_text())["first"]


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/", "/dashboard/hooks/01", "/dashboard/nowhere"])
async def test_the_page_finds_out_by_itself_what_to_show(browser, path):
    """One page for all addresses, in force of which nothing inline and nothing foreign runs, and that nobody frames."""
    status, body, headers = await browser.call("GET", path)
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))

    assert status == 200
    assert b'<div id="root">' in body
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


async def test_the_page_is_asked_for_anew_each_time(browser):
    """A new version is there at the next load; while it is the same, nothing is sent."""
    _, _, headers = await browser.call("GET", "/dashboard")

    assert headers["Cache-Control"] == "no-cache"
    status, body, again = await browser.call("GET", "/dashboard", headers={"If-None-Match": headers["ETag"]})
    assert (status, body, again["ETag"]) == (304, b"", headers["ETag"])


async def test_the_licences_of_what_is_in_the_pages_are_there(browser):
    """As text that a browser shows; asked for anew, as the page is."""
    status, body, headers = await browser.call("GET", "/dashboard/licences.txt")

    assert (status, headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert body == gzip.decompress((ARTIFACT / "licences.txt.gz").read_bytes())
    assert headers["Cache-Control"] == "no-cache"
    assert "Content-Security-Policy" in headers
    again = await browser.call("GET", "/dashboard/licences.txt", headers={"If-None-Match": headers["ETag"]})
    assert again[:2] == (304, b"")


async def test_what_has_a_hash_in_its_name_is_good_for_ever(browser, names):
    """Scripts, style sheets and icons, with their types and the page's protection."""
    types = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
    for name in names:
        if name == "index.html":
            continue
        status, body, headers = await browser.call("GET", f"/dashboard/assets/{name}")
        assert (status, headers["Content-Type"]) == (200, types[name.rpartition(".")[2]])
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Content-Security-Policy" in headers
        assert body == gzip.decompress((ARTIFACT / f"{name}.gz").read_bytes())


async def test_whoever_takes_no_gzip_gets_it_unpacked(browser, names):
    """The bytes are the same, the header says how they are sent."""
    path = f"/dashboard/assets/{names[-1]}"
    packed = await browser.client.get(browser.url + path, headers={"Accept-Encoding": "gzip"})
    plain = await browser.client.get(browser.url + path, headers={"Accept-Encoding": "identity"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert await packed.read() == await plain.read()
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "licences.txt",
        "manifest.json",
        "nothing.js",
        "..%2fmanifest.json",
        "%2e%2e%2f..%2fpyproject.toml",
        "a/b.js",
    ],
)
async def test_nothing_else_is_served(browser, name):
    """Names are looked up among those that were built, and lead nowhere else."""
    status, body, _ = await browser.call("GET", f"/dashboard/assets/{name}")

    assert status == 404 or b'<div id="root">' in body  # below assets/ there are no folders: that is a page's address


async def test_head_answers_as_get_without_a_body(browser):
    """For whoever watches that it is there."""
    status, body, headers = await browser.call("HEAD", "/dashboard")

    assert (status, body, headers["Content-Type"]) == (200, b"", "text/html; charset=utf-8")


async def test_a_runtime_without_a_built_dashboard_says_how_to_build_it(tmp_path):
    """It serves all the same: whoever works on the runtime needs no Node."""
    app = create_app()
    install(app, file_routes(tmp_path), Authenticator([]))
    async with serve(app, "127.0.0.1", 0) as address, aiohttp.ClientSession() as client:
        browser = Browser(url=address.url, client=client, runtime=None)  # type: ignore[arg-type]
        status, body, _ = await browser.call("GET", "/dashboard")

    assert (status, body["errorCode"]) == (503, "temporarily_unavailable")
    assert "runtime/dashboard/build.py" in body["message"]


async def test_a_page_that_can_not_be_read_is_there_later(tmp_path, caplog):
    """For want of a descriptor, say."""
    page = tmp_path / "index.html.gz"
    page.touch()
    app = create_app()
    install(app, file_routes(tmp_path), Authenticator([]))
    page.unlink()
    async with serve(app, "127.0.0.1", 0) as address, aiohttp.ClientSession() as client:
        browser = Browser(url=address.url, client=client, runtime=None)  # type: ignore[arg-type]
        for _ in range(2):
            status, body, _ = await browser.call("GET", "/dashboard")
            assert (status, body["errorCode"]) == (503, "temporarily_unavailable")
        page.write_bytes(gzip.compress(b"a page"))
        status, body, _ = await browser.call("GET", "/dashboard")

    assert (status, body) == (200, b"a page")
    assert caplog.text.count("a page can not be read: [Errno 2]") == 2
    assert "Traceback" not in caplog.text
