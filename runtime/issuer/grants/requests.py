"""What the grants that run a hook have in common: the API that is asked for, and the question to the runtime."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.issuer.issuer import Issuer
from runtime.issuer.oauth_errors import AccessDenied
from runtime.issuer.parameters import Parameters
from runtime.issuer.records import Client, ResourceServer


async def asked_api(issuer: Issuer, parameters: Parameters) -> ResourceServer:
    """The API of the parameter `audience`, as `find_api`."""
    return await find_api(issuer, parameters.required("audience"))


async def find_api(issuer: Issuer, audience: str) -> ResourceServer:
    """The API with this identifier; `AccessDenied` in Auth0's words when there is none."""
    api = await issuer.store.resource_servers.find(identifier=audience)
    if api is None:
        raise AccessDenied(f"Service not enabled within domain: {audience[:200]}")
    return api


def not_authorized(api: ResourceServer) -> AccessDenied:
    """The client has no client grant for this API, in Auth0's words."""
    return AccessDenied(
        f'Client is not authorized to access "{api.identifier}". '
        'You might probably want to create a "client-grant" associated to this API.'
    )


def client_argument(issuer: Issuer, client: Client) -> Mapping[str, object]:
    """The hook's `client` (contract 0)."""
    return {"id": client.client_id, "name": client.name, "tenant": issuer.tenant, "metadata": client.metadata}


def context_argument(parameters: Parameters) -> dict[str, object]:
    """The hook's `context` (contract 0), and the request's body less its secrets.

    `ip` is the address that the connection comes from: behind a proxy it is the proxy's, for no header is believed.
    """
    return {"ip": parameters.ip, "userAgent": parameters.user_agent, "body": parameters.disclosed()}
