"""The built-in API."""

from __future__ import annotations

from runtime.issuer.system import MANAGEMENT_SCOPES, management_audience, system_api


def test_it_has_every_scope_that_hookd_knows():
    """Those of the runtime too: in `hookd dev` its tokens work there."""
    wanted = {
        f"{verb}:{noun}"
        for noun in ("hooks", "clients", "resource_servers", "client_grants", "users")
        for verb in ("read", "create", "update", "delete")
    }

    assert wanted | {"execute:hooks", "read:logs"} <= MANAGEMENT_SCOPES.keys()


def test_its_identifier_is_the_address():
    """As Auth0 forms it."""
    assert system_api("http://x").identifier == management_audience("http://x") == "http://x/api/v2/"
    assert system_api("http://x").is_system
