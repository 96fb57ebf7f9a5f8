"""The hook editor in a browser, against a demo. Every scenario also fails for whatever the browser complains of, its CSP first."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.dashboard.conftest import Browser, Demo
from tests.end_to_end.processes import call, read_environment


@pytest.fixture
def run(browser: Browser) -> Any:
    """A scenario of editor.mjs."""
    return partial(browser.run, module="editor.mjs")


def test_a_hook_from_the_first_line_to_its_end(run, demo: Demo):
    """Created, edited, tried, enabled, broken, which is refused and loses nothing; a token, the live log; rolled back, deleted."""
    shell = read_environment(demo.folder / ".hookd/demo.env")

    run("whole_story", client=shell["CLIENT_ID"], secret=shell["CLIENT_SECRET"], audience=shell["AUDIENCE"])


def test_types_are_known(run):
    """A claim without a URL for its name is told; there are completions, and what is under the pointer has its type."""
    run("knows_types")


def test_the_keyboard_leads_out_of_the_editor(run):
    """Tab indents; after Escape it goes on. Ctrl+F finds."""
    run("leaves_by_keyboard")


def test_nothing_that_was_written_is_lost(run):
    """Not by a link, a reload, a session that ends, or somebody else's deploy; only by who says so."""
    run("loses_nothing")


def test_a_draft_is_tried_with_a_request_of_the_log(run):
    """What is on the screen runs; scopes, claims, dropped claims, console; a stack's places lead into the script."""
    run("tests_a_request_of_the_log")


def test_secrets_modules_and_policy(run):
    """A secret's value never comes back; what is wrong with a module stands beside the modules; a policy is kept."""
    run("keeps_secrets_modules_and_policy")


def test_who_may_only_read_changes_nothing(run, demo: Demo):
    """Without the scope there is nothing to press, and nothing to type into."""
    hooks = call("GET", f"{demo.url}/api/v2/hooks", token=demo.token).body

    run("reads_only", token=demo.allowed("read:hooks", "read:logs"), hook=hooks[0]["id"])


def test_nobody_is_shut_out(run):
    """axe finds nothing serious in any panel, in light and in dark; at 380 pixels nothing is too wide."""
    found = run("looks")

    assert found["found"] == []
    assert found["overflow"] <= 0
