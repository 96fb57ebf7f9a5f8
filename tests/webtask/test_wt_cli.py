"""npm wt-cli 11.0.2, both its programs, as people have them: each command in a process of its own, against a whole runtime."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from runtime.cli.tokens import sign
from tests.installed import NODE, npm_packages
from tests.web.conftest import ALL_SCOPES, SEED, Api, api, hook_of, settings, token

__all__ = ["api", "settings"]

SECONDS = 60
"""A command that is not done by then is stuck."""

TELLS = hook_of("console.log('told', client.id); cb(null, {'https://foo.com/told': context.webtask.secrets.KEY});")
META = ("auth0-extension=runtime", "auth0-extension-name=credentials-exchange", "auth0-extension-secret=s3cr3t")


class Done(NamedTuple):
    """How a command ended."""

    code: int | None
    out: str
    complaint: str


@dataclass(kw_only=True)
class CommandLine:
    """The programs with one profile, in a home of their own."""

    packages: Path
    home: Path
    bearer: str

    def profile(self, url: str, bearer: str, **more: Any) -> None:
        """What `wt init` writes."""
        row = {"url": url, "token": bearer, "container": "acme", **more}
        (self.home / ".webtask").write_text(json.dumps({"default": row}))

    def file(self, script: str, name: str = "rule.js") -> str:
        """A file with this script."""
        (self.home / name).write_text(script)
        return name

    async def start(self, *arguments: str, program: str = "wt") -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            NODE,
            self.packages / "wt-cli" / "bin" / program,
            *arguments,
            cwd=self.home,
            env={"PATH": str(NODE.parent), "HOME": str(self.home), "NO_UPDATE_NOTIFIER": "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def ended(self, *arguments: str, program: str = "wt", stdin: str = "") -> Done:
        process = await self.start(*arguments, program=program)
        async with asyncio.timeout(SECONDS):
            printed, complained = await process.communicate(stdin.encode())
        return Done(process.returncode, printed.decode(), complained.decode())

    async def wt(self, *arguments: str, stdin: str = "") -> str:
        """What a command prints that goes well."""
        done = await self.ended(*arguments, stdin=stdin)
        assert (done.code, done.complaint) == (0, "")
        return done.out

    async def auth0(self, *arguments: str) -> str:
        """The same, of the other program."""
        done = await self.ended(*arguments, program="auth0")
        assert (done.code, done.complaint) == (0, "")
        return done.out


@pytest.fixture(scope="session")
def packages() -> Path:
    return npm_packages(Path(__file__).parent / "cli")


@pytest.fixture
def cli(api: Api, packages: Path, tmp_path: Path) -> CommandLine:
    """With a token as `hookd token` makes it."""
    row = api.runtime.settings.auth.trusted[0]
    bearer = sign(row, tenant="acme", scope=tuple(ALL_SCOPES.split()), subject="wt", lifetime=600)
    made = CommandLine(packages=packages, home=tmp_path, bearer=bearer)
    made.profile(api.url, bearer)
    return made


def with_meta(*texts: str) -> list[str]:
    return [word for text in texts for word in ("--meta", text)]


async def enabled_hooks(api: Api) -> list[str]:
    hooks = (await api.call("GET", "/api/v2/hooks", enabled="true")).body
    return [hook["name"] for hook in hooks]


async def test_a_rule_from_its_creation_to_its_end(cli: CommandLine, api: Api):
    """Created with metadata it runs at token requests; listed, inspected, changed, removed."""
    url = f"{api.url}/api/run/acme/my-rule"
    created = await cli.wt(
        "create", cli.file(TELLS), "--name", "my-rule", "--secret", "KEY=value", *with_meta(*META, "color=red")
    )
    assert created == f"Webtask created\n\nYou can access your webtask at the following url:\n\n{url}\n"
    assert (await api.execute())["claims"] == {"https://foo.com/told": "value"}

    meta = dict(text.split("=") for text in (*META, "color=red"))
    listed = json.loads(await cli.wt("ls", "-o", "json", *with_meta("color=red")))
    assert listed == [{"container": "acme", "name": "my-rule", "url": url, "meta": meta}]
    assert re.match(
        rf"Name: +my-rule\nURL: +{re.escape(url)}\n\nSuccessfully listed named webtasks 1 to 1\.\n", await cli.wt("ls")
    )

    claims = json.loads(await cli.wt("inspect", "my-rule", "--decrypt", "--fetch-code", "-o", "json"))
    assert (claims["ten"], claims["jtn"], claims["url"]) == ("acme", "my-rule", url)
    assert (claims["meta"], claims["code"]) == (meta, TELLS)
    assert claims["ectx"] == {"KEY": "value", "auth0-extension-secret": "s3cr3t"}

    updated = await cli.wt("update", "my-rule", cli.file(TELLS.replace("/told", "/changed")))
    assert updated.startswith("Webtask updated\n")
    assert (await api.execute())["claims"] == {"https://foo.com/changed": "value"}
    assert json.loads(await cli.wt("ls", "-o", "json"))[0]["meta"] == meta

    assert await cli.wt("rm", "my-rule") == "Removed webtask: my-rule\n"
    assert (await api.execute())["execution"] is None
    assert await cli.ended("rm", "my-rule") == (5, "", "No such webtask: my-rule\n")


async def test_logs(cli: CommandLine, api: Api):
    """What a hook prints is seen while it happens."""
    await api.create(TELLS, name="my-rule")
    process = await cli.start("logs")
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS):
        assert b"connected to streaming logs" in await process.stdout.readline()
        while not api.runtime.tail._subscriptions:  # it says so before it asks
            await asyncio.sleep(0.02)
        request = (await api.execute())["execution"]["id"]
        lines = [(await process.stdout.readline()).decode() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(SECONDS):
        await process.communicate()

    plain = [re.sub(r"\x1b\[\d+m", "", line).split("wt: ")[1] for line in lines]
    assert plain[:2] == [f"new webtask request {request}\n", "told client-1\n"]
    assert re.fullmatch(rf"finished webtask request {request} with HTTP 200 in \d+ms\n", plain[2])
    assert process.returncode == 0


async def test_hooks_by_the_other_program(cli: CommandLine, api: Api):
    """auth0: created disabled, created again, enabled in place of another, disabled, removed."""
    await api.create(SEED, name="first")
    create = ("create", "-t", "credentials-exchange", "-n", "second", "--secret", "KEY=value", cli.file(TELLS))
    assert (await cli.auth0(*create)).startswith("Auth0 hook created in disabled state. To enable this hook")
    assert (await cli.auth0(*create)).startswith("Auth0 hook updated in disabled state.")
    assert await enabled_hooks(api) == ["first"]
    assert await cli.auth0("enable", "second") == (
        "Disabling hook first.\nEnabling hook second.\nThe second (credentials-exchange) hook has been enabled.\n"
    )
    assert await enabled_hooks(api) == ["second"]
    assert (await api.execute())["claims"] == {"https://foo.com/told": "value"}
    assert (await cli.auth0(*create)) == "Auth0 hook updated in enabled state.\n"
    rows = [{"name": name, "type": "credentials-exchange", "enabled": name == "second"} for name in ("first", "second")]
    assert json.loads(await cli.auth0("ls", "-o", "json")) == {"credentials-exchange": rows}
    assert await cli.auth0("ls", "-t", "credentials-exchange") == (
        "credentials-exchange\n  first\n  second (enabled)\n\nSuccessfully listed hooks 1 to 2.\n"
    )
    assert (await cli.auth0("disable", "second")).endswith("hook has been disabled.\n")
    assert await enabled_hooks(api) == []
    assert await cli.auth0("rm", "first") == "Removed webtask: first\n"
    other = await cli.ended(
        *(word.replace("credentials-exchange", "pre-user-registration") for word in create), program="auth0"
    )
    assert other.code == 2
    assert "Auth0 hook second exists but is of type credentials-exchange." in other.complaint


REFUSALS = [
    ("create bad.js --meta auth0-extension-name=password-exchange", 99, "its script does not load: SyntaxError: "),
    ("create https://example.com/code.js", 99, "hookd does not fetch code from elsewhere"),
    ("create good.js --meta auth0-extension-name=x", 99, "there is no extensibility point x; there are: cred"),
    ("inspect nothing", 6, "There is no webtask 'nothing' in this container."),
    ("update nothing good.js", 99, "There is no webtask 'nothing' in this container."),
    ("ls --container other", 6, "The token is for the container acme, not for 'other'."),
    ("ls --limit 1000", 6, "Value 1000 is greater than maximum 100"),
    ("cron ls", 99, "There is nothing at /api/cron/acme"),
]


async def test_refusals_are_shown(cli: CommandLine):
    """The message reaches the terminal, with the program's own exit code; a script's has line and column."""
    cli.file("var x = = 1;", "bad.js")
    cli.file(SEED, "good.js")
    done = await asyncio.gather(*(cli.ended(*command.split()) for command, _, _ in REFUSALS))
    assert [code for _, code, _ in REFUSALS] == [one.code for one in done]
    shown = [
        message if message in one.complaint else one.complaint
        for one, (_, _, message) in zip(done, REFUSALS, strict=True)
    ]
    assert [message for _, _, message in REFUSALS] == shown
    assert "(line 1, column 9)." in done[0].complaint


async def test_with_a_profile_of_the_later_kind(cli: CommandLine, api: Api):
    """A token of the type JWT and a login's profile: webtasks are put, and an update leaves the secrets."""
    login = {"valid_until": "2999-01-01T00:00:00Z", "scopes": ["wt:owner:acme"]}
    cli.profile(api.url, token(), openid=login)
    await cli.wt("create", cli.file(TELLS), "--name", "put", "--secret", "KEY=value", *with_meta(*META))
    assert (await api.execute())["claims"] == {"https://foo.com/told": "value"}
    await cli.wt("update", "put", cli.file(TELLS.replace("/told", "/changed")))
    assert (await api.execute())["claims"] == {"https://foo.com/changed": "value"}
    shown = await cli.wt("inspect", "put", "--decrypt", "--fetch-code")
    assert re.search(r"Name: +put\n", shown)
    assert "Secret.KEY:  value\n" in shown
    assert shown.endswith(f"Code:\n{TELLS.replace('/told', '/changed')}\n")


async def test_a_plain_webtask_from_standard_input(cli: CommandLine, api: Api):
    """It answers at the address that the command line prints, and is no hook."""
    created = await cli.wt("create", "--name", "hello", stdin="module.exports = cb => cb(null, 'Hello');")
    async with api.client.get(created.splitlines()[-1]) as answer:
        assert (answer.status, await answer.json()) == (200, "Hello")
    assert (await api.call("GET", "/api/v2/hooks")).body == []


async def test_the_library_beneath(cli: CommandLine, api: Api):
    """sandboxjs, which programs use without the command line: put, update, issue, run, list, inspect, remove."""
    process = await asyncio.create_subprocess_exec(
        NODE,
        Path(__file__).parent / "cli" / "library.js",
        *(api.url, cli.bearer),
        env={"PATH": str(NODE.parent), "NODE_PATH": str(cli.packages)},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        printed, _ = await process.communicate()
    done = json.loads(printed)
    assert (done["made"], done["updated"]) == ("put", f"{api.url}/api/run/acme/put")
    assert done["ranUpdated"] == {"secret": "new", "params": {}, "data": {"KEY": "new"}}
    assert done["ranIssued"] == {"params": {"p": "q"}, "data": {"a": 1, "p": "q", "z": "1"}}
    assert done["listed"] == ["put"]
    assert {name: done["inspected"][name] for name in ("jtn", "mb", "pb", "pctx")} == {
        "jtn": "issued",
        "mb": 1,
        "pb": 1,
        "pctx": {"p": "q"},
    }
    assert done["removed"] is True
    assert done["gone"] == [404, "There is no webtask 'issued' in this container."]
