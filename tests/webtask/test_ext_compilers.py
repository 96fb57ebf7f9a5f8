"""The tests of npm auth0-ext-compilers 6.1.0, the vendor's own, against hookd over HTTP.

Two of the package's files are replaced by ours (node/): the one that compiled the code in the test's process, and the one
that called it there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.conftest import Api, api, settings
from tests.webtask.conftest import node

__all__ = ["api", "settings"]

SUITES = {
    "client-credentials-exchange": ("client-credentials-exchange", "credentials-exchange", 16),
    "password-exchange": ("password-exchange", "password-exchange", 13),
    "user-registration": ("pre-user-registration", "pre-user-registration", 10),
    "send-phone-message": ("send-phone-message", "send-phone-message", 21),
    "generic": ("generic", "webtask", 6),
}
"""The suite's file, to the compiler, what it compiles for, and how many tests there are."""


@pytest.mark.parametrize("suite", SUITES)
async def test_the_vendors_suite_passes(suite: str, api: Api, package: Path):
    """Every one of its tests, unchanged, and none is left out."""
    compiler, trigger, count = SUITES[suite]
    assert api.bearer is not None

    report = await node(
        package,
        package.parent / "mocha" / "bin" / "_mocha",
        *("--reporter", "json", package / "test" / f"{suite}.tests.js"),
        HOOKD_URL=api.url,
        HOOKD_TOKEN=api.bearer,
        HOOKD_CONTAINER="acme",
        HOOKD_COMPILER=compiler,
    )

    assert report["failures"] == []
    assert (report["stats"]["tests"], report["stats"]["passes"]) == (count, count)
    runs = (await api.call("GET", "/api/v1/logs", limit="100")).body["executions"]
    assert {run["trigger"] for run in runs} == {trigger}, "the code ran here"
