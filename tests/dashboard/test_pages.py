"""The whole dashboard in a browser, against a demo. Every scenario also fails for whatever the browser complains of."""

from __future__ import annotations

import pytest

from tests.dashboard.conftest import Browser, Demo

PLACES = ["/login", "/hooks", "a new hook", "a hook", "/executions", "an execution", "/logs", "/settings", "/nowhere"]


def test_one_logs_in_with_a_token(browser: Browser):
    """A bad token is refused in words, a good one leads where one wanted to go; scripts see neither token nor cookie."""
    browser.run("logs_in")


def test_one_logs_in_at_the_token_server(browser: Browser, demo: Demo):
    """With a name and a password there; a login that is given up is told, and nothing of it stays in the address."""
    browser.run("logs_in_elsewhere", username=demo.username, password=demo.password)


def test_a_session_that_ends_leads_to_the_login(browser: Browser):
    """Whatever the page was, and without an error that nobody understands."""
    browser.run("session_ends")


def test_a_hook_is_created_enabled_and_deleted(browser: Browser):
    """From a template; enabling it disables the other, which can be undone; deleting asks first."""
    browser.run("creates_toggles_deletes")


def test_what_is_wrong_with_a_name_stands_beside_it(browser: Browser):
    """The dialog stays open, with everything that was typed."""
    browser.run("name_is_taken")


def test_a_switch_returns_where_the_server_did_not_hear(browser: Browser):
    """It moves at once, and back on an error, which is told."""
    browser.run("switch_returns")


def test_executions_are_found_and_read(browser: Browser):
    """Filters lead to them; one in detail has its console, its dropped claims and its request."""
    browser.run("shows_executions")


def test_the_log_arrives_live(browser: Browser):
    """It can be paused, searched and cleared, and misses nothing while the network is away."""
    browser.run("follows_the_log")


def test_the_keyboard_is_enough(browser: Browser):
    """A skip link, dialogs that keep and return the focus, and a page's title that is said when one comes there."""
    browser.run("works_by_keyboard")


def test_light_and_dark_are_kept(browser: Browser):
    """A choice outlives the page."""
    browser.run("changes_theme")


def test_who_may_only_read_is_offered_nothing_else(browser: Browser, demo: Demo):
    """No button leads to a refusal."""
    browser.run("reads_only", token=demo.allowed("read:hooks", "read:logs"))
    browser.run("sees_only_the_log", token=demo.allowed("read:logs"))


@pytest.mark.parametrize("place", PLACES)
def test_nobody_is_shut_out(browser: Browser, place: str):
    """axe finds no serious violation of WCAG (names, roles, contrast) in light and in dark; at 380 pixels nothing is too wide."""
    found = browser.run("looks_at", place=place)

    assert found["light"] == []
    assert found["dark"] == []
    assert found["overflow"] <= 0
