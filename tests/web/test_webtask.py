from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from runtime.storage.base import HookFilter
from tests.web.conftest import SEED, Api, hook_of, token

CONTAINER = "/api/webtask/acme"
ANY = HookFilter()
META = {"auth0-extension": "runtime", "auth0-extension-name": "credentials-exchange"}
PLAIN = "module.exports = cb => cb(null, 1);"
TELLS = hook_of("cb(null, {'https://foo.com/told': context.webtask.secrets});")
BROKEN = "\n\nvar x = = 1;"


def claims_of(webtask_token: str) -> dict[str, Any]:
    """As sandboxjs decodes it."""
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(webtask_token.split(".")[1] + "=="))
    return claims


async def issue(api: Api, name: str = "rule", code: str | None = SEED, **claims: Any) -> str:
    """`wt create`: the token, which comes as text."""
    body = {"ten": "acme", "dd": 0, "dr": 1, "mb": 1, "jtn": name, **({"code": code} if code else {}), **claims}
    async with api.client.post(f"{api.url}/api/tokens/issue", json=body, headers=api.headers) as answer:
        text = await answer.text()
        assert answer.status == 200, text
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["Location"] == f"{api.url}/api/run/acme/{name}"
        return text


async def inspect(api: Api, webtask_token: str, **query: str) -> dict[str, Any]:
    """`wt inspect`: the claims."""
    answer = await api.call("GET", "/api/tokens/inspect", token=webtask_token, **query)
    assert answer.status == 200, answer.body
    claims: dict[str, Any] = answer.body
    return claims


async def put(api: Api, name: str, **body: Any) -> dict[str, Any]:
    answer = await api.call("PUT", f"{CONTAINER}/{name}", body)
    assert answer.status == 200, answer.body
    webtask: dict[str, Any] = answer.body
    return webtask


async def meta_of(api: Api, name: str) -> dict[str, str]:
    meta: dict[str, str] = (await api.call("GET", f"{CONTAINER}/{name}")).body["meta"]
    return meta


async def hooks(api: Api) -> list[dict[str, Any]]:
    """What the Management API shows."""
    found: list[dict[str, Any]] = (await api.call("GET", "/api/v2/hooks")).body
    return found


async def test_a_webtask_is_a_hook(api: Api):
    """Issued, it runs at token requests, with its secrets; both APIs show it."""
    meta = META | {"color": "red"}
    made = await issue(api, code=TELLS, meta=meta, ectx={"KEY": "value"})

    assert (await api.execute())["claims"] == {"https://foo.com/told": {"KEY": "value"}}
    (hook,) = await hooks(api)
    assert (hook["name"], hook["triggerId"], hook["enabled"]) == ("rule", "credentials-exchange", True)
    url = f"{api.url}/api/run/acme/rule"
    webtask = {"token": made, "name": "rule", "container": "acme", "meta": meta, "webtask_url": url}
    assert (await api.call("GET", f"{CONTAINER}/rule")).body == webtask
    assert (await api.call("GET", CONTAINER)).body == [webtask]
    shown = await api.call("GET", f"{CONTAINER}/rule", decrypt="true", fetch_code="1")
    assert shown.body == {**webtask, "secrets": {"KEY": "value"}, "code": TELLS}


async def test_what_an_inspection_answers(api: Api):
    """The claims of the token, and what is asked for beside them."""
    made = await issue(api, meta=META, ectx={"KEY": "value"}, pctx={"a": "b"}, pb=1)

    claims = claims_of(made)
    assert (claims["ten"], claims["jtn"], claims["mb"], claims["pb"]) == ("acme", "rule", 1, 1)
    assert await inspect(api, made) == {**claims, "pctx": {"a": "b"}}
    everything = await inspect(api, made, decrypt="true", fetch_code="true", meta="1")
    assert everything == {**claims, "pctx": {"a": "b"}, "meta": META, "ectx": {"KEY": "value"}, "code": SEED}


async def test_inspected_claims_issued_again_keep_the_code(api: Api):
    """As `auth0 disable` and `auth0 enable` do it."""
    made = await issue(api, code=TELLS, meta=META, ectx={"KEY": "value"})
    claims = await inspect(api, made, decrypt="true", meta="true")
    for disabled in ({"auth0-extension-disabled": "1"}, {}):
        sent = {name: claims[name] for name in ("url", "ectx", "mb", "dd", "dr")}
        await issue(api, code=None, **sent, meta=META | disabled)
        assert await meta_of(api, "rule") == META | disabled
        decision = await api.execute()
        assert (decision["execution"] is None) == bool(disabled)
    assert decision["claims"] == {"https://foo.com/told": {"KEY": "value"}}
    assert len((await api.call("GET", f"/api/v1/hooks/{(await hooks(api))[0]['id']}/versions")).body["versions"]) == 1


async def test_issuing_replaces_and_putting_leaves(api: Api):
    """Claims are the whole webtask but for its code; a PUT changes what it names."""
    await issue(api, meta=META, ectx={"KEY": "value"}, pctx={"a": "b"})
    kept = await put(api, "rule", code=TELLS)
    assert kept["meta"] == META
    assert (await api.execute())["claims"] == {"https://foo.com/told": {"KEY": "value"}}
    await put(api, "rule", secrets={"OTHER": "x"})
    assert (await api.execute())["claims"] == {"https://foo.com/told": {"OTHER": "x"}}
    assert (await inspect(api, kept["token"]))["pctx"] == {"a": "b"}

    again = await issue(api, code=None, jtn="rule")
    assert await inspect(api, again, meta="1", decrypt="1") == await inspect(api, kept["token"], meta="1", decrypt="1")
    await issue(api, code=SEED)
    assert await hooks(api) == []
    claims = await inspect(api, kept["token"], meta="1", decrypt="1")
    assert claims["meta"] == {}
    assert not claims.keys() & {"ectx", "pctx"}


async def test_both_surfaces_show_the_same(api: Api):
    """Enabled, bound and given modules in one, seen in the other."""
    hook = await api.create(SEED, enabled=False, name="from v2")
    assert await meta_of(api, "from%20v2") == META | {
        "auth0-extension-disabled": "1",
        "wt-compiler": "auth0-ext-compilers/client-credentials-exchange",
    }
    await api.call("PATCH", f"/api/v2/hooks/{hook['id']}", {"enabled": True, "dependencies": {"a": "1"}})
    await api.call("PATCH", f"/api/v1/hooks/{hook['id']}/policy", {"clients": ["client-1"], "order": 4})
    assert await meta_of(api, "from%20v2") == META | {
        "wt-compiler": "auth0-ext-compilers/client-credentials-exchange",
        "wt-node-dependencies": '{"a":"1"}',
        "auth0-extension-client": "client-1",
        "auth0-extension-order": "4",
    }
    await put(api, "bound", code=SEED, meta=META | {"auth0-extension-client": "shop", "auth0-extension-order": "2"})
    bound = next(hook for hook in await hooks(api) if hook["name"] == "bound")
    policy = (await api.call("GET", f"/api/v1/hooks/{bound['id']}/policy")).body
    assert policy == {"clients": ["shop"], "audiences": [], "order": 2, "on_error": "deny"}
    await api.call("PATCH", f"/api/v2/hooks/{bound['id']}", {"enabled": False})
    assert (await meta_of(api, "bound"))["auth0-extension-disabled"] == "1"


async def test_plain_webtasks_are_no_hooks(api: Api):
    """They are listed here and not found in the Management API."""
    await issue(api, "plain", PLAIN)
    made = await issue(api, "compiled", PLAIN, meta={"wt-compiler": "auth0-ext-compilers/generic"})

    assert await hooks(api) == []
    assert [row["name"] for row in (await api.call("GET", CONTAINER)).body] == ["plain", "compiled"]
    hook_id = claims_of(made)["jti"]
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"enabled": True}),
        ("DELETE", "", None),
        ("GET", "/secrets", None),
        ("POST", "/secrets", {"A": "b"}),
        ("PATCH", "/secrets", {"A": "b"}),
        ("DELETE", "/secrets", ["A"]),
    ):
        assert (await api.call(method, f"/api/v2/hooks/{hook_id}{path}", body)).status == 404
    assert (await api.call("GET", CONTAINER)).body[1]["meta"] == {"wt-compiler": "auth0-ext-compilers/generic"}


async def test_the_extensions_secret_is_kept_with_the_secrets(api: Api):
    """Sent as metadata, shown as metadata, to who may change the webtask; the database has it sealed."""
    meta = META | {"auth0-extension-secret": "very secret"}
    made = await issue(api, meta=meta, ectx={"KEY": "value"})

    assert (await inspect(api, made, meta="1"))["meta"] == meta
    assert (await inspect(api, made, decrypt="1"))["ectx"] == {"KEY": "value", "auth0-extension-secret": "very secret"}
    (stored,) = (await api.runtime.admin.list_hooks("acme", ANY, start=0, limit=9))[0]
    assert "very secret" not in repr(stored)
    reader = api.with_token(token(scope="read:hooks"))
    assert await meta_of(reader, "rule") == META
    assert (await reader.call("GET", CONTAINER)).body[0]["meta"] == META
    await put(api, "rule", meta=META | {"auth0-extension-secret": "new"})
    assert (await inspect(api, made, decrypt="1"))["ectx"] == {"KEY": "value", "auth0-extension-secret": "new"}
    differing = {"meta": meta, "secrets": {"auth0-extension-secret": "other"}}
    refused = await api.call("PUT", f"{CONTAINER}/rule", differing)
    assert (refused.status, "must be the same" in refused.body["message"]) == (400, True)


async def test_a_name_is_one_webtasks(api: Api):
    """Issued for another extensibility point it is another hook, with its metadata, and the old one is gone."""
    await issue(api, meta=META, ectx={"KEY": "value"})
    assert (await api.execute())["execution"] is not None
    await put(api, "rule", meta={**META, "auth0-extension-name": "password-exchange"})
    assert (await api.execute())["execution"] is None
    (hook,) = await hooks(api)
    assert (hook["name"], hook["triggerId"], hook["script"]) == ("rule", "password-exchange", SEED)
    shown = (await api.call("GET", f"{CONTAINER}/rule", decrypt="1")).body
    assert shown["secrets"] == {"KEY": "value"}
    await issue(api, "rule", PLAIN)
    assert await hooks(api) == []


async def test_a_name_that_two_hooks_share_is_neither(api: Api):
    """The Management API lets hooks of two extensibility points have one name: nothing is done to the wrong one."""
    await api.create(SEED, name="same")
    await api.create(SEED, "password-exchange", name="same")
    for method, body in (("GET", None), ("PUT", {"code": PLAIN}), ("DELETE", None)):
        answer = await api.call(method, f"{CONTAINER}/same", body)
        assert answer.status == 409
        assert "credentials-exchange (id " in answer.body["message"]
    assert len((await api.call("GET", CONTAINER)).body) == len(await hooks(api)) == 2


async def test_lists(api: Api):
    """Pages, and filters by metadata, several of them together."""
    for name in ("a", "b", "c"):
        await issue(api, name, meta={**META, "name": name, "auth0-extension-disabled": "1"})
    await issue(api, "plain", PLAIN)

    async def names(*meta: str, **query: str) -> list[str]:
        params = [*query.items(), *(("meta", text) for text in meta)]
        async with api.client.get(api.url + CONTAINER, params=params, headers=api.headers) as answer:
            assert answer.status == 200, await answer.text()
            return [row["name"] for row in await answer.json()]

    assert await names() == ["a", "b", "c", "plain"]
    assert await names(offset="1", limit="2") == ["b", "c"]
    assert await names(limit="0") == []
    assert await names("auth0-extension:runtime", limit="10") == ["a", "b", "c"]
    assert await names("auth0-extension-name:credentials-exchange", offset="1") == ["b", "c"]
    assert await names("auth0-extension:runtime", "name:b") == ["b"]
    assert await names("name:") == []
    for query in ({"meta": "nothing"}, {"limit": "101"}, {"page": "1"}):
        assert (await api.call("GET", CONTAINER, **query)).status == 400


async def test_scripts_that_do_not_load(api: Api):
    """An extension is refused with the place, disabled or not; a plain webtask may tell of it itself."""
    for meta in (META, META | {"auth0-extension-disabled": "1"}):
        refused = await api.call("PUT", f"{CONTAINER}/rule", {"code": BROKEN, "meta": meta})
        assert refused.status == 400
        assert refused.body["message"].startswith("The hook can not be stored: its script does not load: SyntaxError")
        assert refused.body["message"].endswith("(line 3, column 9).")
    await issue(api, meta=META)
    assert (await api.call("PUT", f"{CONTAINER}/rule", {"code": BROKEN})).status == 400
    other = {"code": BROKEN, "meta": {**META, "auth0-extension-name": "password-exchange"}}
    assert (await api.call("PUT", f"{CONTAINER}/rule", other)).status == 400
    assert (await api.execute())["claims"] == {"https://foo.com/claim": "bar"}
    assert (await api.call("PUT", f"{CONTAINER}/plain", {"code": BROKEN})).status == 200


async def test_a_container_is_a_tenant(api: Api):
    """Nobody reaches into another one, by path, by claim or by a webtask's token."""
    made = await issue(api, meta=META)
    stranger = api.with_token(token("other"))
    for method, path, body in (
        ("GET", CONTAINER, None),
        ("GET", f"{CONTAINER}/rule", None),
        ("PUT", f"{CONTAINER}/rule", {"code": PLAIN}),
        ("DELETE", f"{CONTAINER}/rule", None),
        ("POST", "/api/tokens/issue", {"ten": "acme", "jtn": "rule", "code": PLAIN}),
        ("GET", "/api/logs/tenant/acme", None),
    ):
        answer = await stranger.call(method, path, body)
        assert (answer.status, answer.body["message"]) == (403, "The token is for the container other, not for 'acme'.")
    assert (await stranger.call("GET", "/api/tokens/inspect", token=made)).status == 403
    assert (await api.with_token(made).call("GET", CONTAINER)).status == 401


@pytest.mark.parametrize(
    "scope, method, path, body",
    [
        ("update:hooks", "PUT", f"{CONTAINER}/new", {"code": PLAIN}),
        ("update:hooks", "POST", "/api/tokens/issue", {"jtn": "new", "code": PLAIN}),
        ("read:hooks", "GET", f"{CONTAINER}/rule?decrypt=true", None),
    ],
)
async def test_scopes_beyond_the_routes(api: Api, scope, method, path, body):
    """A new name wants create:hooks; secrets want update:hooks."""
    await issue(api, meta=META)
    refused = await api.with_token(token(scope=scope)).call(method, path, body)
    assert (refused.status, refused.body["errorCode"]) == (403, "insufficient_scope")
    assert (await api.with_token(token(scope="update:hooks")).call("PUT", f"{CONTAINER}/rule", {})).status == 200


@pytest.mark.parametrize("scope", ["", "create:hooks", "delete:hooks"])
async def test_who_may_only_change_a_hook_can_not_replace_it(api: Api, scope: str):
    """Without its metadata an upload is another webtask, for anybody to call, and the hook would be gone."""
    guard = await api.create("module.exports = (client, scope, audience, context, cb) => cb(new Error('no'))")
    changer = api.with_token(token(scope=f"update:hooks {scope}"))
    name = guard["name"]

    for method, path, body in (
        ("PUT", f"{CONTAINER}/{name}", {"code": PLAIN, "meta": {}}),
        ("POST", "/api/tokens/issue", {"jtn": name, "code": PLAIN}),
    ):
        refused = await changer.call(method, path, body)
        assert (refused.status, refused.body["errorCode"]) == (403, "insufficient_scope")
        assert "create:hooks and delete:hooks" in refused.body["message"]
    assert (await api.execute())["decision"] == "deny"


async def test_what_is_not_there(api: Api):
    """404 with a message, for names and for tokens of webtasks that are gone."""
    made = await issue(api, "rule!")
    assert (await api.call("DELETE", f"{CONTAINER}/rule!")).status == 204
    missing = await api.call("DELETE", f"{CONTAINER}/rule!")
    assert (missing.status, missing.body["message"]) == (404, "There is no webtask 'rule!' in this container.")
    assert (await api.call("GET", f"{CONTAINER}/rule!")).status == 404
    assert (await api.call("GET", "/api/tokens/inspect", token=made)).status == 404
    assert (await api.call("GET", "/api/tokens/inspect", token="x")).status == 400
    assert (await api.call("GET", "/api/tokens/inspect")).status == 400
    empty = await api.call("PUT", f"{CONTAINER}/rule", {"meta": META})
    assert empty.body["message"] == "Payload validation error: 'Missing required property: code'."
    for name in ("a%20b", "x" * 129):
        assert (await api.call("PUT", f"{CONTAINER}/{name}", {"code": PLAIN})).status == 400


async def test_secrets_have_their_limit(api: Api):
    """Twenty, the one that comes as metadata among them."""
    secrets = {f"KEY{number}": "x" for number in range(20)}
    await put(api, "rule", code=PLAIN, secrets=secrets)
    refused = await api.call("PUT", f"{CONTAINER}/rule", {"meta": {"auth0-extension-secret": "x"}})
    assert refused.body["message"] == "A hook can have at most 20 secrets; this one would have 21."


async def test_addresses_are_those_that_the_caller_used(api: Api):
    """Behind something that ends TLS too."""
    await issue(api, "a=b")
    headers = {**api.headers, "Host": "hooks.example.com", "X-Forwarded-Proto": "https"}
    async with api.client.get(f"{api.url}{CONTAINER}/a=b", headers=headers) as answer:
        webtask = await answer.json()
    assert webtask["webtask_url"] == "https://hooks.example.com/api/run/acme/a=b"
    assert claims_of(webtask["token"])["url"] == webtask["webtask_url"]
