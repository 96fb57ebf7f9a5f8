"""The vendor's starter code as its command line and its dashboard hand it out, from npm auth0-hooks-templates."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from runtime.triggers import sample
from tests.installed import NODE, npm_packages
from tests.web.conftest import Api

PACKAGE = Path(__file__).parent / "templates"
ANSWERS = {
    "credentials-exchange": {"scope": ["read:orders"], "claims": {}, "dropped": []},
    "pre-user-registration": {
        "user": {"user_metadata": {"language": "en"}, "app_metadata": {"roles": ["buyer"]}},
        "dropped": [],
    },
    "post-user-registration": {},
}


@pytest.fixture(scope="session")
def starter_code() -> dict[str, str]:
    """Trigger to script."""
    script = "console.log(JSON.stringify(require('auth0-hooks-templates')))"
    environment = {"NODE_PATH": str(npm_packages(PACKAGE))}
    done = subprocess.run([NODE, "-e", script], env=environment, check=True, capture_output=True, text=True)
    return {trigger: template["sample"] for trigger, template in json.loads(done.stdout).items()}


def uncommented(script: str) -> str:
    """With the lines that the starter code shows as examples, and not those that say what to do there."""
    return re.sub(r"^(\s*)// (?![A-Z])", r"\1", script, flags=re.MULTILINE)


def test_there_is_starter_code_for_three_triggers(starter_code: dict[str, str]):
    """Contract-full 3; for the others tests/web/test_events.py has it after the vendor's pages."""
    assert starter_code.keys() == ANSWERS.keys()


@pytest.mark.parametrize("trigger", ANSWERS)
async def test_it_runs_unchanged(api: Api, starter_code: dict[str, str], trigger: str):
    """Stored, enabled, executed."""
    await api.create(starter_code[trigger], trigger)
    answer = await api.call("POST", f"/api/v1/triggers/{trigger}/execute", sample(trigger))

    assert answer.status == 200
    assert answer.body.pop("execution")["hook"] == "a-hook"
    assert answer.body == {"decision": "allow", **ANSWERS[trigger]}


@pytest.mark.parametrize(
    "trigger, expected",
    [
        (
            "credentials-exchange",
            {"scope": ["read:orders", "extra"], "claims": {"https://example.com/claim": "bar"}, "dropped": []},
        ),
        (
            "pre-user-registration",
            # `response.user = user` comes behind the example and takes its place; the test cuts it off.
            {"user": {"user_metadata": {"foo": "bar"}, "app_metadata": {"vip": True, "score": 7}}, "dropped": []},
        ),
    ],
)
async def test_its_examples_run_too(api: Api, starter_code: dict[str, str], trigger: str, expected: object):
    """What stands in its comments, as a developer's first change takes the slashes away."""
    await api.create(uncommented(starter_code[trigger]).replace("response.user = user;", ""), trigger)
    answer = await api.call("POST", f"/api/v1/triggers/{trigger}/execute", sample(trigger))

    assert {name: answer.body[name] for name in answer.body if name not in ("decision", "execution")} == expected
