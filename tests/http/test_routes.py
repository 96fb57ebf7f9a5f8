from __future__ import annotations

import itertools
import logging
import re
from dataclasses import replace
from typing import NoReturn

import pytest
from aiohttp import web

from runtime.errors import HookdError, HookNotFound, Unavailable
from runtime.http.app import create_app
from runtime.http.bearer import Authenticator
from runtime.http.json import empty_response, json_response
from runtime.http.routes import Call, Public, Route, Scopes, install, wrap

PUBLIC = Public("a test")


async def hello(call: Call) -> web.Response:
    return json_response({"id": call.path("id"), "request": call.request_id})


async def where(call: Call) -> web.Response:
    return json_response(call.host)


async def missing(call: Call) -> NoReturn:
    raise HookNotFound


async def busy(call: Call) -> NoReturn:
    raise Unavailable("All sandboxes are taken.")


async def broken(call: Call) -> NoReturn:
    raise RuntimeError("the database password is hunter2")


async def gone(call: Call) -> web.Response:
    return empty_response()


def oauth_error(error: HookdError) -> web.Response:
    return json_response({"error": "server_error"}, error.status)


async def unspeakable(call: Call) -> NoReturn:
    raise HookdError("a lone \ud800")


def no_error(error: HookdError) -> NoReturn:
    raise RuntimeError("the rendering is broken")


ROUTES = [
    Route(method="GET", path="/things/{id}", handler=hello, access=PUBLIC),
    Route(method="DELETE", path="/things/{id}", handler=gone, access=PUBLIC),
    Route(method="GET", path="/missing", handler=missing, access=PUBLIC),
    Route(method="GET", path="/busy", handler=busy, access=PUBLIC),
    Route(method="GET", path="/broken", handler=broken, access=PUBLIC),
    Route(method="GET", path="/oauth", handler=broken, access=PUBLIC, answer_error=oauth_error),
    Route(method="GET", path="/where", handler=where, access=PUBLIC),
    Route(method="GET", path="/guarded", handler=hello, access=Scopes("read:hooks")),
]


async def test_an_error_becomes_its_body(served, client):
    """A HookdError that a handler raises is answered with its status and body, word for word (contract 1.1)."""
    url = await served(*ROUTES)
    async with client.get(f"{url}/missing") as answer:
        assert answer.status == 404
        assert await answer.text() == (
            '{"statusCode":404,"error":"Not Found","message":"Error: Hook does not exist","errorCode":"HookDoesNotExist"}'
        )


async def test_a_503_says_when_to_try_again(served, client):
    """Clients that know Retry-After wait, and do not fall over us all at once."""
    url = await served(*ROUTES)
    async with client.get(f"{url}/busy") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


async def test_an_unexpected_error_hides_its_details(served, client, caplog):
    """The caller learns the request's id only; the log has the traceback under the same id."""
    url = await served(*ROUTES)
    async with client.get(f"{url}/broken", headers={"X-Request-Id": "r-1"}) as answer:
        assert answer.status == 500
        assert await answer.json() == {
            "statusCode": 500,
            "error": "Internal Server Error",
            "message": "hookd made an error; its log has it as request r-1.",
            "errorCode": "internal_error",
        }
    assert "hunter2" in caplog.text
    assert "GET /broken broke [r-1]" in caplog.text


async def test_a_route_may_render_errors_its_own_way(served, client):
    """The OAuth endpoints answer in the shape of RFC 6749."""
    url = await served(*ROUTES)
    async with client.get(f"{url}/oauth") as answer:
        assert (answer.status, await answer.json()) == (500, {"error": "server_error"})


async def test_an_error_that_can_not_be_rendered_is_a_500(served, client, caplog):
    """A message that no answer can hold, or a rendering that is broken: our shape all the same, and a line in the log."""
    url = await served(
        Route(method="GET", path="/unspeakable", handler=unspeakable, access=PUBLIC),
        Route(method="GET", path="/hopeless", handler=missing, access=PUBLIC, answer_error=no_error),
    )
    for path in ("/unspeakable", "/hopeless"):
        async with client.get(url + path, headers={"X-Request-Id": "r-1"}) as answer:
            assert (answer.status, answer.headers["X-Request-Id"]) == (500, "r-1")
            assert (await answer.json())["message"] == "hookd made an error; its log has it as request r-1."
    assert caplog.text.count("broke [r-1]") == 2


async def test_every_answer_has_a_request_id(served, client):
    """The caller's id when it is sane, else a fresh one; on errors and on answers without a body too."""
    url = await served(*ROUTES)
    async with client.get(f"{url}/things/1", headers={"X-Request-Id": "abc.D-1_2"}) as answer:
        assert await answer.json() == {"id": "1", "request": "abc.D-1_2"}
        assert answer.headers["X-Request-Id"] == "abc.D-1_2"
    seen = set()
    for path, given in (("/things/1", "with space"), ("/things/1", "x" * 129), ("/missing", ""), ("/nowhere", "ä")):
        async with client.get(url + path, headers={"X-Request-Id": given}) as answer:
            seen.add(answer.headers["X-Request-Id"])
    async with client.delete(f"{url}/things/1") as answer:
        assert (answer.status, await answer.read()) == (204, b"")
        seen.add(answer.headers["X-Request-Id"])
    assert len(seen) == 5
    assert all(re.fullmatch("[0-9a-f]{12}-[0-9a-f]+", request_id) for request_id in seen)


async def test_a_public_get_answers_head(served, client):
    """Load balancers ask with HEAD: the same headers, no body."""
    url = await served(*ROUTES)
    async with client.head(f"{url}/things/1") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 0


async def test_a_guarded_route_wants_a_token(served, client):
    """Without a token: 401, and a challenge without an error code (RFC 6750 section 3.1)."""
    url = await served(*ROUTES)
    for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"Authorization": "Bearer a b"}):
        async with client.get(f"{url}/guarded", headers=headers) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="hookd"'
            assert (await answer.json())["errorCode"] == "invalid_token"


async def test_two_authorizations_are_none(served, client):
    """Who stands in front may have looked at the other one. Each route says so in its own words, the public ones too."""
    url = await served(*ROUTES)
    for path in ("/guarded", "/things/1", "/nowhere"):
        async with client.get(
            url + path, headers=[("Authorization", "Bearer a"), ("Authorization", "Bearer a")]
        ) as answer:
            assert (answer.status, (await answer.json())["errorCode"]) == (400, "invalid_request")
    async with client.get(f"{url}/oauth", headers=[("Authorization", "Basic YTpi"), ("Authorization", "")]) as answer:
        assert (answer.status, await answer.json()) == (400, {"error": "server_error"})


async def test_where_we_were_found(served, client):
    """A handler that puts the `Host` into an address gets one that is a host."""
    url = await served(*ROUTES)
    for host in ("a.example:8443", "[::1]:80", "x"):
        async with client.get(f"{url}/where", headers={"Host": host}) as answer:
            assert await answer.json() == host
    for host in ("a b", "evil/x?y@z", "\u00e4", "\udcff", '"', ""):
        async with client.get(f"{url}/where", headers={"Host": host}) as answer:
            assert (answer.status, (await answer.json())["errorCode"]) == (400, "invalid_request"), host


async def test_answers_are_not_stored_and_name_no_version(served, client):
    """Security headers are on every answer."""
    url = await served(*ROUTES)
    for path in ("/things/1", "/missing", "/broken", "/nowhere"):
        async with client.get(url + path) as answer:
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Server"] == "hookd"


async def test_a_refusal_is_logged_at_debug_only(served, client, caplog):
    """Callers can not fill the operator's log."""
    url = await served(*ROUTES)
    with caplog.at_level(logging.INFO):
        async with client.get(f"{url}/missing"):
            pass
    assert caplog.records == []


def test_a_route_can_not_forget_who_may_call():
    """Neither an empty list of scopes nor a guarded route without an authenticator can be written."""
    with pytest.raises(ValueError, match="needs a scope"):
        Scopes()
    with pytest.raises(TypeError):
        Route(method="GET", path="/", handler=hello)  # type: ignore[call-arg]  # what the test is about
    with pytest.raises(ValueError, match="needs an authenticator"):
        wrap(ROUTES[-1], None, 1000)


def test_two_services_live_in_one_application():
    """`hookd dev` installs the runtime's and the issuer's routes beside each other."""
    app = create_app()
    install(app, ROUTES[:1], Authenticator(()))
    install(app, ROUTES[2:3], Authenticator(()))
    assert {resource.canonical for resource in app.router.resources()} >= {"/things/{id}", "/missing"}


async def test_a_path_written_out_answers_as_the_other_one(served, client):
    """`busy` only spares time: variables, request id, errors, 401, 404 and 405 are the same at both."""
    route = Route(method="POST", path="/things/{id}/run", handler=hello, access=PUBLIC)
    guarded = Route(method="PUT", path="/things/{id}/run", handler=hello, access=Scopes("read:hooks"))
    sick = Route(method="PATCH", path="/things/{id}/run", handler=missing, access=PUBLIC)
    both = [replace(row, busy=({"id": "a"}, {"id": "b"})) for row in (route, guarded, sick)]
    slow, fast = await served(route, guarded, sick), await served(*both)
    for method, path in itertools.product(("POST", "PUT", "PATCH", "GET", "HEAD"), ("a", "b", "%61", "c", "a/", "a/b")):
        answers = []
        for url in (slow, fast):
            address = f"{url}/things/{path}/run"
            async with client.request(method, address, headers={"X-Request-Id": "r"}) as answer:
                headers = {name: value for name, value in answer.headers.items() if name != "Date"}
                answers.append((answer.status, headers, await answer.text()))
        assert answers[0] == answers[1]
        assert answers[0][0] == (404 if "/" in path else {"POST": 200, "PUT": 401, "PATCH": 404}.get(method, 405))


async def test_a_path_written_out_is_found_as_a_fixed_one(served, client):
    """The variables come from the route, not from the request's path."""
    app = create_app()
    row = Route(method="POST", path="/things/{id}", handler=hello, access=PUBLIC, busy=({"id": "a"},))
    install(app, [row], Authenticator(()))
    kinds = {resource.canonical: type(resource) for resource in app.router.resources()}
    assert kinds == {"/things/{id}": web.DynamicResource, "/things/a": web.PlainResource}
