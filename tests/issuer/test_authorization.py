"""The authorization endpoint and its login page, as a browser sees them."""

from __future__ import annotations

from urllib.parse import urlencode

API, CALLBACK = "https://api.example.com/", "https://app.example.com/cb"
HOSTILE = "\"'><script>alert(1)</script>"
WRONG = "Wrong email or password."


async def test_who_knows_the_password_is_sent_back_with_a_code(tokens):
    """By 303, so that the password stays here; with the state, and who says so (RFC 9207)."""
    page = await tokens.authorize(login_hint="ada")
    answer = await tokens.log_in(page)

    assert page.status == 200
    assert 'value="ada"' in page.text
    assert answer.status == 303
    assert answer.location == CALLBACK
    told = answer.sent_back
    assert len(told.pop("code")) == 43
    assert told == {"state": "the-state", "iss": f"{tokens.url}/"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers
    assert answer.text == ""


async def test_a_request_may_come_as_a_form(tokens):
    """OpenID Connect Core section 3.1.2.1; what is in the address then does not count, and JSON is no form."""
    page = await tokens.authorize(method="POST")
    answer = await tokens.log_in(page)
    query = urlencode({"redirect_uri": "https://evil.example/", "client_id": "native"})
    beside = await tokens.browse("POST", f"/authorize?{query}", data=tokens.asking())
    alone = await tokens.browse("POST", f"/authorize?{urlencode(tokens.asking())}", data={"state": "x"})
    json = await tokens.browse("POST", "/authorize", json=tokens.asking())

    assert answer.sent_back["code"]
    assert (await tokens.log_in(beside)).location == CALLBACK
    assert alone.status == 400
    assert json.status == 415


async def test_each_method_does_one_thing(tokens):
    """Nobody logs in by an address; what is not possible is said on a page."""
    query = urlencode({**tokens.asking(), "username": "ada", "password": "correct horse battery staple"})
    page = await tokens.browse("GET", f"/authorize?{query}")
    fields = {"request": page.sealed, "username": "ada", "password": "correct horse battery staple"}

    assert page.status == 200
    assert "battery" not in page.text
    assert (await tokens.browse("POST", f"/login?{urlencode(fields)}", data="")).status == 403
    for method, path in (("GET", "/login"), ("PUT", "/authorize"), ("DELETE", "/login"), ("PATCH", "/authorize")):
        answer = await tokens.browse(method, f"{path}?{urlencode(fields)}")
        assert (answer.status, answer.headers["Content-Type"]) == (405, "text/html; charset=utf-8")
        assert "script" not in answer.headers["Content-Security-Policy"]
    head = await tokens.browse("HEAD", f"/authorize?{urlencode(tokens.asking())}")
    assert (head.status, head.text) == (200, "")


async def test_a_wrong_password_shows_the_page_again(tokens):
    """With what was wrong and the name that was typed; the client is told nothing, and the next try may be right."""
    page = await tokens.authorize()
    for fields in ({"password": "wrong"}, {"username": "nobody"}, {"username": ""}, {"password": ""}):
        again = await tokens.log_in(page, **fields)
        assert again.status == 400
        assert WRONG in again.text
        assert "Location" not in again.headers
    hostile = await tokens.log_in(page, username=HOSTILE, password=HOSTILE)

    assert "<script" not in hostile.text
    assert "alert(1)" in hostile.text
    assert (await tokens.log_in(again)).sent_back["code"]


async def test_no_parameter_becomes_markup(tokens):
    """XSS in every one of them, on the login page and on those that say what is wrong."""
    for name in (*tokens.asking(), "login_hint", "nonce", "prompt", "response_mode", "request", HOSTILE):
        page = await tokens.authorize(**{name: HOSTILE})

        assert "<script" not in page.text.lower(), name
        assert "script-src" not in page.headers.get("Content-Security-Policy", "")
        if page.status == 303:
            assert page.location == CALLBACK
            assert "<" not in page.headers["Location"]


async def test_nobody_frames_the_page(tokens):
    """Clickjacking: both headers, on the page and on the one that says what is wrong; nothing of it is kept."""
    for page in (
        await tokens.authorize(),
        await tokens.authorize(client_id="nobody"),
        await tokens.log_in(await tokens.authorize(), password="x"),
    ):
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Cache-Control"] == "no-store"


async def test_nobody_is_logged_in_from_another_page(tokens):
    """Login CSRF: the attacker has a form of ours, with the right password, and the victim's browser sends it."""
    page = await tokens.authorize()
    for headers in (
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": tokens.url, "Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {},
    ):
        answer = await tokens.log_in(page, headers=headers)
        assert (answer.status, "Location" in answer.headers) == (403, False), headers
        assert (await tokens.log_in(page, cancel="1", headers=headers)).status == 403
    assert (await tokens.log_in(page, request="e30=")).status == 403
    assert (await tokens.log_in(page, headers={"Origin": tokens.url})).sent_back["code"]


async def test_a_form_has_each_field_once(tokens):
    """Which name was meant, nobody could say."""
    sealed = (await tokens.authorize()).sealed
    own = {"Origin": tokens.url, "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode([("request", sealed), ("username", "ada"), ("username", "eve"), ("password", "x")])

    assert (await tokens.browse("POST", "/login", data=body, headers=own)).status == 400


async def test_what_a_form_carries_is_checked_anew(tokens):
    """The callback, or the client, may be gone since the page was shown: then nothing is redirected."""
    page = await tokens.authorize()
    await tokens.manage("PATCH", "clients/web", {"callbacks": []})
    answer = await tokens.log_in(page)
    await tokens.manage("DELETE", "clients/web", status=204)

    assert (answer.status, "Location" in answer.headers) == (400, False)
    assert (await tokens.log_in(page)).status == 400


async def test_a_user_may_cancel(tokens):
    """access_denied (RFC 6749 section 4.1.2.1); the password is not asked for."""
    told = (await tokens.log_in(await tokens.authorize(), cancel="1", username="", password="")).sent_back

    assert (told["error"], told["state"]) == ("access_denied", "the-state")


async def test_a_blocked_user_is_refused_with_the_right_password_only(tokens):
    """The client is told then; without the password it is nobody's business."""
    user = await tokens.issuer.store.users.find(username="ada")
    await tokens.manage("PATCH", f"users/{user.user_id}", {"blocked": True})
    page = await tokens.authorize()

    told = (await tokens.log_in(page)).sent_back
    assert (told["error"], told["error_description"]) == ("access_denied", "user is blocked")
    assert WRONG in (await tokens.log_in(page, password="wrong")).text


async def test_who_guesses_is_refused_for_ten_minutes(opened):
    """By whichever name and with whichever form, also at the token endpoint; a page that is too old is shown again."""
    now = [1_800_000_000.0]
    tokens = await opened(clock=lambda: now[0])
    page = await tokens.authorize()
    for number in range(10):
        await tokens.log_in(page, username="ada" if number % 2 else "ADA@example.com", password="wrong")

    blocked = await tokens.log_in(await tokens.authorize())
    assert blocked.status == 429
    assert "blocked after multiple consecutive login attempts" in blocked.text
    assert (await tokens.password(status=429))["error"] == "too_many_attempts"
    assert (await tokens.log_in(page, username="grace@example.com")).sent_back["code"]
    now[0] += 601
    old = await tokens.log_in(page)
    assert (old.status, "open for too long" in old.text) == (200, True)
    assert (await tokens.log_in(old)).sent_back["code"]


async def test_while_too_many_passwords_are_checked_the_user_waits(tokens):
    """503 on the page, not an end of the login."""
    page = await tokens.authorize()
    tokens.issuer.passwords._room = 0
    busy = await tokens.log_in(page)
    tokens.issuer.passwords._room = 1

    assert busy.status == 503
    assert "Too many passwords" in busy.text
    assert (await tokens.log_in(busy)).sent_back["code"]


async def test_bytes_that_are_no_text_are_a_page(tokens):
    """In the address and in a form."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": tokens.url}
    for method, path, sent in (
        ("GET", "/authorize?state=%ff", {}),
        ("POST", "/authorize", {"data": b"state=%ff", "headers": form}),
        ("POST", "/login", {"data": b"request=\xff", "headers": form}),
        ("POST", "/login", {"data": b"request=" + b"x" * 70_000, "headers": form}),
    ):
        answer = await tokens.browse(method, path, **sent)
        assert answer.status in (400, 413)
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
