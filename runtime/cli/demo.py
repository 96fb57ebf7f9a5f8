"""The demo of `hookd dev`: a tenant with a client, an API, a user and a hook, kept in one private folder.

    master.key   seals the hooks' secrets        token.key   signs the API token
    demo.env     what a shell needs to know      hookd.db, issuer.db, cache/

All of them are made at the first start and kept at the next; only `demo.env` is written anew, for the port may differ.
Without it a start counts as the first: client, API and user become again as they were made.
"""

from __future__ import annotations

import json
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from runtime.cli.env_files import read_values
from runtime.cli.writing import write_private
from runtime.errors import SettingsError
from runtime.issuer_settings import ClientGrantSettings, ClientSettings, ResourceServerSettings, UserSettings
from runtime.issuer_settings import Issuer as IssuerSettings
from runtime.master_keys import read_keys, write_master_key
from runtime.secret_files import private_folder
from runtime.settings import Auth, Settings, TrustedIssuer
from runtime.sources import load_settings

HOST = "127.0.0.1"
TENANT = "demo"
TOKEN_ISSUER, RUNTIME_AUDIENCE = "urn:hookd:dev", "urn:hookd"
AUDIENCE = "https://api.example.com/"
SCOPES = ("read:orders", "write:orders")
DASHBOARD_CLIENT, MANAGER = "dashboard", "manager"
MANAGER_SCOPES = ("read:hooks", "create:hooks", "update:hooks", "delete:hooks", "read:logs")
SEED_NAME, SEED_TRIGGER = "custom-claims", "credentials-exchange"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What a folder of the demo holds.

    `is_new` says that there was none before, `has_manager` that there was the user who logs in to the dashboard.
    """

    directory: Path
    manager_password: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    username: str
    password: str = field(repr=False)
    token_secret: str = field(repr=False)
    metrics_token: str = field(repr=False)
    is_new: bool
    has_manager: bool

    @property
    def environment_file(self) -> Path:
        """Where `source` finds the variables."""
        return self.directory / "demo.env"

    def settings(self, base_url: str, port: int, environ: Mapping[str, str]) -> Settings:
        """The whole configuration: runtime and token server at one address. Limits and log are the user's to set."""
        base = load_settings(None, environ)
        folder = self.directory.absolute()
        return replace(
            base,
            server=replace(base.server, host=HOST, port=port),
            storage=replace(
                base.storage,
                url=f"sqlite:///{folder / 'hookd.db'}",
                master_key="",
                master_key_file=str(folder / "master.key"),
            ),
            auth=Auth(trusted=(self.signer(),)),
            sandbox=replace(base.sandbox, cache_directory=str(folder / "cache")),
            metrics=replace(base.metrics, token=base.metrics.token or self.metrics_token),
            # The requests of a demo are nobody's: they are kept for test runs, unless the user says otherwise.
            log=replace(
                base.log,
                requests=base.log.requests or "HOOKD_LOG_REQUESTS" not in environ,
                audit=base.log.audit and "HOOKD_LOG_AUDIT" in environ,
            ),
            issuer=replace(
                base.issuer,
                host=HOST,
                port=port,
                url=base_url,
                tenant=TENANT,
                database=str(folder / "issuer.db"),
                runtime_url=base_url,
                runtime_token="",
                **self._seeds(base_url, port),
            ),
            dashboard=replace(
                base.dashboard,
                oidc_issuer=f"{base_url}/",
                client_id=DASHBOARD_CLIENT,
                client_secret="",
                audience=f"{base_url}/api/v2/",
                scopes=("openid", *MANAGER_SCOPES),
            ),
        )

    def signer(self) -> TrustedIssuer:
        """Who signs the API token."""
        return token_signer(self.token_secret)

    def environment(self, base_url: str, api_token: str) -> dict[str, str]:
        """The variables of demo.env."""
        return {
            "BASE_URL": base_url,
            "API_TOKEN": api_token,
            "CLIENT_ID": self.client_id,
            "CLIENT_SECRET": self.client_secret,
            "AUDIENCE": AUDIENCE,
            "TEST_USERNAME": self.username,
            "TEST_PASSWORD": self.password,
            "DASHBOARD_USERNAME": MANAGER,
            "DASHBOARD_PASSWORD": self.manager_password,
            "METRICS_TOKEN": self.metrics_token,
        }

    def _seeds(self, base_url: str, port: int) -> dict[str, Any]:
        """What the token server is to have at the first start; later ones leave its records to their owner.

        But for the dashboard's client, whose callbacks have the port in them.
        """
        rows = self._first_seeds() if self.is_new else {}
        client = ClientSettings(
            client_id=DASHBOARD_CLIENT,
            name="hookd dashboard",
            grant_types=("authorization_code",),
            token_endpoint_auth_method="none",  # noqa: S106 - the name of a method
            callbacks=tuple(f"{url}/dashboard/callback" for url in (base_url, f"http://localhost:{port}")),
        )
        grant = ClientGrantSettings(client_id=DASHBOARD_CLIENT, audience=f"{base_url}/api/v2/", scope=MANAGER_SCOPES)
        manager = UserSettings(
            username=MANAGER, password=self.manager_password, name="Demo manager", permissions=MANAGER_SCOPES
        )
        return {
            **rows,
            "clients": (*rows.get("clients", ()), client),
            "client_grants": (*rows.get("client_grants", ()), grant),
            "users": (*rows.get("users", ()), *(() if self.has_manager else (manager,))),
        }

    def _first_seeds(self) -> dict[str, Any]:
        client = ClientSettings(
            client_id=self.client_id,
            client_secret=self.client_secret,
            name="Demo client",
            grant_types=("client_credentials", "password", "refresh_token"),
            metadata={"plan": "gold"},
        )
        user = UserSettings(
            username=self.username,
            password=self.password,
            email="ada@example.com",
            name="Ada Lovelace",
            app_metadata={"roles": ["admin"]},
        )
        api = ResourceServerSettings(identifier=AUDIENCE, name="Demo API", scopes=SCOPES, allow_offline_access=True)
        grant = ClientGrantSettings(client_id=self.client_id, audience=AUDIENCE, scope=SCOPES)
        return {"clients": (client,), "resource_servers": (api,), "client_grants": (grant,), "users": (user,)}


async def require_its_key(directory: Path) -> None:
    """`SettingsError` where the token server's signing keys do not open by the folder's master key, or that is gone.

    Before another is made in its place, which nobody could tell from the one that is to be found again. Without a token server
    it is the hooks' secrets that it sealed; who has removed `demo.env`, too, begins anew.
    """
    # `hookd token` reads the demo's secret by this module, and has no use for a token server.
    from runtime.issuer.opening import look_at_store, open_store
    from runtime.issuer.sealing import KeySealer

    key, database = directory / "master.key", directory / "issuer.db"
    settings = IssuerSettings(database=str(database))
    if await look_at_store(settings) is None:
        _require_a_key(directory)
        return
    master = read_keys(key).all if key.exists() else ()
    store = await open_store(settings)
    try:
        KeySealer(lambda: master).require(await store.signing_keys.all())
    except SettingsError:
        remove = shlex.join(["rm", str(database), str(directory / "demo.env")])
        raise SettingsError(
            f"{key} is {'another one than that' if master else 'gone,'} with which the signing keys in {database} were sealed. "
            "Put the right one back; a backup of the folder has it. Where it is lost, so are they, and the values of hooks' secrets: "
            f"`{remove}` has the next start make a new token server, with other credentials; then set the secrets anew."
        ) from None
    finally:
        await store.close()


def _require_a_key(directory: Path) -> None:
    key, hooks, begun = (directory / name for name in ("master.key", "hookd.db", "demo.env"))
    if hooks.exists() and begun.exists() and not key.exists():
        raise SettingsError(
            f"{key} is gone, with which the hooks' secrets in {hooks} were sealed. Put it back; a backup of the folder has it. "
            f"Where it is lost, so are their values: `{shlex.join(['rm', str(begun)])}` has the next start make another key, "
            "with other credentials; then set the secrets anew."
        )


def open_demo(directory: Path) -> Demo:
    """The demo of this folder, made where there is none."""
    private_folder(directory)
    known = _read_environment(directory / "demo.env")
    if not (directory / "master.key").exists():
        write_master_key(directory / "master.key")
    if not (directory / "token.key").exists():
        write_private(directory / "token.key", secrets.token_hex(32) + "\n")
    return Demo(
        directory=directory,
        client_id=known.get("CLIENT_ID") or "demo-client",
        client_secret=known.get("CLIENT_SECRET") or secrets.token_urlsafe(32),
        username=known.get("TEST_USERNAME") or "ada",
        password=known.get("TEST_PASSWORD") or secrets.token_urlsafe(12),
        manager_password=known.get("DASHBOARD_PASSWORD") or secrets.token_urlsafe(12),
        token_secret=read_token_secret(directory),
        metrics_token=known.get("METRICS_TOKEN") or secrets.token_urlsafe(32),
        is_new=not known,
        has_manager="DASHBOARD_PASSWORD" in known,
    )


def token_signer(secret: str) -> TrustedIssuer:
    """The trusted issuer of the demo's API token."""
    return TrustedIssuer(
        issuer=TOKEN_ISSUER, audience=RUNTIME_AUDIENCE, algorithm="HS256", secret=secret, tenant=TENANT
    )


def read_token_secret(directory: Path) -> str:
    """What signs the API token. `SettingsError` where no demo was ever started."""
    try:
        return (directory / "token.key").read_text().strip()
    except OSError:
        raise SettingsError(
            f"There is no demo in {directory}: start one with `hookd dev`, or give --config FILE or --secret."
        ) from None


def seed_body() -> dict[str, object]:
    """The first hook, as the Management API takes it."""
    script = (resources.files("runtime.cli") / "seed.js").read_text()
    return {"name": SEED_NAME, "script": script.rstrip("\n"), "triggerId": SEED_TRIGGER, "enabled": True}


def write_environment(path: Path, variables: Mapping[str, str]) -> None:
    """`NAME=value` lines, and one that exports them all; plain enough for readers of .env files too."""
    lines = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
    write_private(path, "\n".join([*lines, f"export {' '.join(variables)}", ""]))


def curl_lines(variables: Mapping[str, str]) -> tuple[str, str, str]:
    """A token, another hook, the log: each works as pasted, in any shell and folder, any number of times."""
    base, bearer = variables["BASE_URL"], f"'Authorization: Bearer {variables['API_TOKEN']}'"
    form = {
        "grant_type": "client_credentials",
        "client_id": variables["CLIENT_ID"],
        "client_secret": variables["CLIENT_SECRET"],
        "audience": variables["AUDIENCE"],
    }
    fields = " ".join(f"-d {name}={shlex.quote(value)}" for name, value in form.items())
    script = "module.exports = (client, scope, audience, context, cb) => { console.log(client.id); cb(null, { scope, [`https://foo.com/plan`]: client.metadata.plan }); };"
    hook = {"name": "NAME", "triggerId": SEED_TRIGGER, "enabled": True, "script": script}
    # The name has the time in it: a second paste is a second hook.
    body = "'" + json.dumps(hook).replace("NAME", "my-hook-'$(date +%s)'") + "'"
    return (
        f"curl -sS {base}/oauth/token {fields}",
        f"curl -sS {base}/api/v2/hooks -H {bearer} -H 'Content-Type: application/json' -d {body}",
        f"curl -sS '{base}/api/v1/logs?limit=5' -H {bearer}",
    )


def _read_environment(path: Path) -> Mapping[str, str]:
    try:
        return read_values(path)
    except SettingsError:
        return {}
