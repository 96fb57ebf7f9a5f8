"""Ten packages, each in a hook as there are: deployed by the Management API, which finds and joins what it requires, and run for
a token request that it answers with what a server told it.

The registry is a local one, with exactly what `hooks/package-lock.json` says; what the hooks ask is `site.py` and the files below.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from runtime.settings import BundleSettings, LimitSettings, NetworkSettings, Settings
from tests.certificates import make_certificate, server_side
from tests.installed import engine_code, esbuild, npm_packages
from tests.packages.running import pem
from tests.packages.site import Site
from tests.registry import Registry, open_registry
from tests.web.conftest import REQUEST, Answer, Api, opened, settings_in, token

HERE = Path(__file__).parent / "hooks"
VERSIONS: dict[str, str] = json.loads((HERE / "package.json").read_text())["dependencies"]
FILES = {
    "/roles.json": '[{"name": "writer", "rights": ["read", "write"]}, {"name": "reader", "rights": ["read"]}]',
    "/trial.json": '{"began": "2024-02-10T08:00:00Z"}',
    "/networks.json": '{"office": ["10.20.0.0/16", "2001:db8::/32"], "partner": ["192.0.2.0/24"]}',
    "/attributes.xml": '<a:list xmlns:a="urn:attributes"><a:attribute name="dept">R&amp;D</a:attribute><a:attribute name="floor">3</a:attribute></a:list>',
}
PARTNER = rsa.generate_private_key(65_537, 2048)
OWN = ec.generate_private_key(ec.SECP256R1())
SCOPE = ["read:orders"]


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A hook: what its deploy answered, the decision of one token request, and the record of that run."""

    deploy: Answer
    decision: dict[str, Any]
    record: dict[str, Any]

    @property
    def claims(self) -> dict[str, Any]:
        """Without their namespace."""
        assert self.deploy.status == 201, self.deploy.body
        assert self.decision["decision"] == "allow", (self.decision, self.record)
        return {name.removeprefix("https://example.com/"): value for name, value in self.decision["claims"].items()}


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Deployed]:
    """All ten, each with a tenant of its own, in one runtime."""
    return asyncio.run(run_all(tmp_path_factory.mktemp("in-hooks")))


async def run_all(folder: Path) -> Mapping[str, Deployed]:
    certificate = make_certificate(folder)
    public = PARTNER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    async with (
        open_registry() as registry,
        Site(server_side(certificate), FILES | {"/partner.pem": public}) as site,
    ):
        fill(registry, npm_packages(HERE).parent)
        async with opened(settings_of(folder, registry, site, certificate)) as api:
            done = await asyncio.gather(*(run(api, site, name) for name in VERSIONS))
    return dict(zip(VERSIONS, done, strict=True))


def settings_of(folder: Path, registry: Registry, site: Site, certificate: Path) -> Settings:
    """A service whose npm registry is this one, and whose hooks may reach the site."""
    cache = folder / "cache"
    engine_code(cache)
    esbuild(cache)
    return replace(
        settings_in(folder, cache),
        bundle=BundleSettings(registry=registry.url),
        network=NetworkSettings(allow=(site.url.removeprefix("http://"), site.domain), ca_file=str(certificate)),
        limits=LimitSettings(cpu_ms=2_000, wall_ms=10_000),
    )


def fill(registry: Registry, installed: Path) -> None:
    """The registry has every package of this installation."""
    for place, row in json.loads((installed / "package-lock.json").read_text())["packages"].items():
        folder = installed / place
        if place and folder.is_dir():
            package = json.loads((folder / "package.json").read_text())
            inner = folder / "node_modules"
            files = [file for file in folder.rglob("*") if file.is_file() and inner not in file.parents]
            content: dict[str, str | bytes] = {str(file.relative_to(folder)): file.read_bytes() for file in files}
            manifest = {name: package[name] for name in ("dependencies", "bin", "engines") if name in package}
            registry.add(place.rpartition("node_modules/")[2], row["version"], content, **manifest)


async def run(api: Api, site: Site, name: str) -> Deployed:
    """Deploy the hook, tell it its secrets, ask for a token."""
    api = api.with_token(token(f"tenant-{list(VERSIONS).index(name)}"))
    script = (HERE / f"{name}.js").read_text()
    body = {
        "name": "a-hook",
        "script": script,
        "triggerId": "credentials-exchange",
        "enabled": True,
        "dependencies": {} if f"{name}@" in script else {name: VERSIONS[name]},
    }
    deploy = await api.call("POST", "/api/v2/hooks", body)
    if deploy.status != 201:
        return Deployed(deploy=deploy, decision={}, record={})
    secrets = {"SITE": site.url, "DOMAIN": site.domain, "TOKEN": "token", "KEY": pem(OWN)}
    await api.call("POST", f"/api/v2/hooks/{deploy.body['id']}/secrets", secrets)
    claims = {"sub": "customer 7", "iss": "partner", "aud": "hookd", "exp": int(time.time()) + 600}
    assertion = jwt.encode(claims, PARTNER, algorithm="RS256")
    client = {**REQUEST["client"], "metadata": {"assertion": assertion}}
    decision = await api.execute(client=client, context={"ip": "::ffff:10.20.30.40", "userAgent": "test"})
    return Deployed(deploy=deploy, decision=decision, record=await record_of(api))


async def record_of(api: Api) -> dict[str, Any]:
    """The one record that the tenant has, or will have in a moment."""
    async with asyncio.timeout(20):
        while True:
            records: list[dict[str, Any]] = (await api.call("GET", "/api/v1/logs")).body["executions"]
            if records:
                return records[0]
            await asyncio.sleep(0.01)


def asked(hook: Deployed) -> list[str]:
    """What the record says of the requests that the hook made."""
    return [f"{one['method']} {one['status']}" for one in hook.record["operations"]]


@pytest.mark.parametrize("name", VERSIONS)
def test_a_deploy_says_what_it_found(hooks: Mapping[str, Deployed], name: str):
    """The version that the hook asked for is among the modules."""
    found = hooks[name].deploy.headers["X-Hook-Modules"]

    assert f"{name}@{VERSIONS[name]};bytes=" in found


def test_jsonwebtoken(hooks: Mapping[str, Deployed]):
    """Verifies an RS256 token with a key that a server has, and signs one with ES256 that others verify."""
    hook = hooks["jsonwebtoken"]
    own = jwt.decode(hook.claims["token"], OWN.public_key(), ["ES256"], issuer="hookd")

    assert (hook.claims["customer"], own["customer"], own["exp"] - own["iat"]) == ("customer 7", "customer 7", 300)
    assert hook.claims["error"] == "jwt audience invalid. expected: another"


def test_axios(hooks: Mapping[str, Deployed]):
    """JSON there and back, parameters, headers, an error status as an error, which is logged."""
    hook = hooks["axios"]

    assert hook.claims == {"asked": "client-1", "query": [["audience", REQUEST["audience"]]]}
    assert hook.decision["scope"] == [*SCOPE, "role:writer", "role:reader"]
    assert asked(hook) == ["POST 200", "GET 200", "GET 503"]
    assert [line["text"] for line in hook.record["console"]] == ["Request failed with status code 503"]


def test_request(hooks: Mapping[str, Deployed]):
    """JSON there and back, headers, a redirect."""
    hook = hooks["request"]

    assert hook.claims == {"sent": "client-1", "token": "key", "text": "grüezi"}


def test_lodash(hooks: Mapping[str, Deployed]):
    """What Node's own http brought, by lodash."""
    hook = hooks["lodash"]

    assert hook.claims == {"roles": {"writer": 2, "reader": 1}, "first": "read"}
    assert hook.decision["scope"] == [*SCOPE, "read", "write"]
    assert asked(hook) == ["GET 200"]


def test_uuid(hooks: Mapping[str, Deployed]):
    """A random id, which the server got, and one by name."""
    claims = hooks["uuid"].claims

    assert uuid.UUID(claims["id"]).version == 4
    assert (claims["same"], claims["client"]) == (True, str(uuid.uuid5(uuid.NAMESPACE_URL, "client-1")))


def test_moment(hooks: Mapping[str, Deployed]):
    """A date from a server, and now."""
    hook = hooks["moment"]

    assert hook.claims == {"ends": "Monday, March 11th 2024", "days": 4}
    assert hook.decision["scope"] == []


def test_node_fetch(hooks: Mapping[str, Deployed]):
    """JSON, a form, a redirect."""
    hook = hooks["node-fetch"]

    assert hook.claims == {"body": "id=client-1", "text": "grüezi"}
    assert hook.decision["scope"] == [*SCOPE, "writer", "reader"]


def test_auth0(hooks: Mapping[str, Deployed]):
    """The Management API over TLS: a user, a change, an error."""
    hook = hooks["auth0"]

    assert hook.claims == {"email": "ann@example.com", "seen": True, "error": "404 No such role"}
    assert asked(hook) == ["GET 200", "PATCH 200", "GET 404"]


def test_xmldom(hooks: Mapping[str, Deployed]):
    """XML with namespaces and entities."""
    assert hooks["xmldom"].claims == {"dept": "R&D", "floor": "3"}


def test_ipaddr(hooks: Mapping[str, Deployed]):
    """Networks from a server, and the address of the request."""
    hook = hooks["ipaddr.js"]

    assert hook.claims == {"network": "office", "kind": "ipv4 private"}
    assert hook.decision["scope"] == [*SCOPE, "internal"]
