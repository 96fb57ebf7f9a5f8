"""The whole dashboard in a browser, against a demo. Every scenario also fails for whatever the browser complains of, its CSP first.

One file, so that one process has them all: a demo and a browser take seconds to start.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.dashboard.conftest import Browser, Demo
from tests.end_to_end.processes import call, read_environment
from tests.tidying import hooks_as_found


@pytest.fixture(autouse=True)
def _tidy(demo: Demo) -> Iterator[None]:
    with hooks_as_found(demo.url, demo.token):
        yield


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


def test_what_a_hook_says_misleads_nobody(browser: Browser):
    """Characters that nobody sees or that turn others around are shown; a very long line comes when it is asked for."""
    browser.run("misleads_nobody")


def test_what_is_wrong_is_told(browser: Browser):
    """Gone, refused, failed, unreachable: each in its own words, and with a way on."""
    browser.run("tells_what_is_wrong")


def test_the_log_arrives_live(browser: Browser):
    """It can be paused, searched and cleared, and misses nothing while the network is away."""
    browser.run("follows_the_log")


def test_the_keyboard_is_enough(browser: Browser):
    """A skip link, dialogs that keep and return the focus, and a page's title that is said when one comes there."""
    browser.run("works_by_keyboard")


def test_everything_has_a_name(browser: Browser):
    """Ctrl+K finds hooks, pages, what the page can do and the theme; arrow keys and Enter, a screen reader hears which."""
    browser.run("commands_by_name")


def test_the_keys_are_told(browser: Browser):
    """`?` shows them, but not to who is typing."""
    browser.run("shows_its_keys")


def test_light_and_dark_are_kept(browser: Browser):
    """A choice outlives the page."""
    browser.run("changes_theme")


def test_who_may_only_read_is_offered_nothing_else(browser: Browser, demo: Demo):
    """No button leads to a refusal."""
    browser.run("reads_only", token=demo.allowed("read:hooks", "read:logs"))
    browser.run("sees_only_the_log", token=demo.allowed("read:logs"))


def test_nobody_is_shut_out(browser: Browser):
    """axe finds no serious violation of WCAG (names, roles, contrast) in light and in dark; down to 380 pixels nothing is too wide."""
    assert browser.run("looks") == []


@pytest.fixture
def edit(browser: Browser) -> Any:
    """A scenario of editor.mjs."""
    return partial(browser.run, module="editor.mjs")


def test_a_hook_from_the_first_line_to_its_end(edit, demo: Demo):
    """Created, edited, tried, enabled, broken, which is refused and loses nothing; a token, the live log; rolled back, deleted."""
    shell = read_environment(demo.folder / ".hookd/demo.env")

    edit(
        "whole_story", types=True, client=shell["CLIENT_ID"], secret=shell["CLIENT_SECRET"], audience=shell["AUDIENCE"]
    )


def test_types_are_known(edit):
    """A claim without a URL for its name is told; there are completions, and what is under the pointer has its type."""
    edit("knows_types", types=True)


def test_the_keyboard_leads_out_of_the_editor(edit):
    """Tab indents; after Escape it goes on. Ctrl+F finds."""
    edit("leaves_by_keyboard")


def test_nothing_that_was_written_is_lost(edit):
    """Not by a link, a reload, a session that ends, or somebody else's deploy; only by who says so."""
    edit("loses_nothing")


def test_a_draft_is_tried_with_a_request_of_the_log(edit):
    """What is on the screen runs; scopes, claims, dropped claims, console; a stack's places lead into the script."""
    edit("tests_a_request_of_the_log")


def test_secrets_modules_and_policy(edit):
    """A secret's value never comes back; what is wrong with a module stands beside the modules; a policy is kept."""
    edit("keeps_secrets_modules_and_policy")


def test_who_may_only_read_changes_nothing(edit, demo: Demo):
    """Without the scope there is nothing to press, and nothing to type into."""
    hooks = call("GET", f"{demo.url}/api/v2/hooks", token=demo.token).body

    edit("reads_only", token=demo.allowed("read:hooks", "read:logs"), hook=hooks[0]["id"])


def test_nobody_is_shut_out_of_the_editor(edit):
    """axe finds nothing serious in any panel, in light and in dark; nothing is too wide at 380 pixels, no tab is cut off at 1024."""
    found = edit("looks", types=True)

    assert found["found"] == []
    assert found["overflow"] <= 0
    assert found["clipped"] <= 0


def test_a_script_is_formatted(edit):
    """By keys or by a button, in one step that can be undone; what does not parse stays as it is. So are requests."""
    edit("formats", types=True)


def test_a_save_that_takes_long_says_so(edit):
    """What goes on, and for how long by now."""
    edit("tells_that_it_saves")


def test_who_logs_out_leaves_nothing_behind(edit):
    """No draft stays in the tab, and nothing in its memory; who has something to lose is asked first."""
    edit("leaves_nothing_behind")


def test_who_logs_out_while_the_storage_is_away_sees_it_on_the_login_page(edit, demo: Demo):
    """The browser's cookie is gone, as is the page; how long a copy may still be good stands there."""
    edit("leaves_while_the_storage_is_away", database=str(demo.folder / ".hookd/hookd.db"))
