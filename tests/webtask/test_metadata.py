from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runtime.errors import InvalidBody
from runtime.manifest import make_version
from runtime.model import WEBTASK, Hook, Policy
from runtime.webtask.metadata import Binding, claims_of, policy_of, read, shown, with_claims

RULE = {"auth0-extension": "runtime", "auth0-extension-name": "credentials-exchange"}


def a_hook(meta: dict[str, str] | None = None, trigger: str = "credentials-exchange", **more: Any) -> Hook:
    """A disabled hook, as the Management API makes one unless said otherwise."""
    version = make_version(trigger, "module.exports = () => {};", more.pop("dependencies", {}))
    fields: dict[str, Any] = {"enabled": False, "created_at": 1.0, "updated_at": 1.0, "policy": Policy(), **more}
    return Hook(tenant="acme", id="1", name="rule", trigger=trigger, version=version, meta=meta or {}, **fields)


def made_of(meta: dict[str, str]) -> Hook:
    """The hook that is stored for these metadata."""
    binding = read(meta)
    return a_hook(
        meta,
        binding.trigger,
        enabled=binding.enabled,
        policy=policy_of(meta, binding, None),
        dependencies=dict(binding.dependencies),
    )


@pytest.mark.parametrize(
    "meta, expected",
    [
        ({}, Binding(trigger=WEBTASK)),
        ({"color": "red"}, Binding(trigger=WEBTASK)),
        ({"wt-compiler": "auth0-ext-compilers/generic"}, Binding(trigger=WEBTASK)),
        (RULE, Binding(trigger="credentials-exchange", is_extension=True, enabled=True)),
        (RULE | {"auth0-extension-disabled": "1"}, Binding(trigger="credentials-exchange", is_extension=True)),
        (RULE | {"auth0-extension-disabled": ""}, Binding(trigger="credentials-exchange", is_extension=True)),
        ({"auth0-extension-name": "password-exchange"}, Binding(trigger="password-exchange", is_extension=True)),
        (
            RULE | {"auth0-extension-name": "client-credentials-exchange"},
            Binding(trigger="credentials-exchange", is_extension=True, enabled=True),
        ),
        (
            {"wt-compiler": "auth0-ext-compilers/client-credentials-exchange"},
            Binding(trigger="credentials-exchange"),
        ),
        ({"wt-compiler": "auth0-ext-compilers/credentials-exchange"}, Binding(trigger="credentials-exchange")),
        (
            RULE | {"auth0-extension-client": "shop", "auth0-extension-order": "-3"},
            Binding(trigger="credentials-exchange", is_extension=True, enabled=True, client="shop", order=-3),
        ),
        (
            RULE | {"auth0-extension-order": "0", "wt-node-dependencies": '{"lodash":"4.17.21"}'},
            Binding(
                trigger="credentials-exchange",
                is_extension=True,
                enabled=True,
                dependencies={"lodash": "4.17.21"},
            ),
        ),
    ],
)
def test_what_metadata_say(meta, expected):
    """Contract-full 2.1: name and compiler with their aliases, disabled if set at all, the client, the order."""
    assert expected == read(meta)


@pytest.mark.parametrize(
    "meta, message",
    [
        (
            {"auth0-extension-name": "nothing"},
            "auth0-extension-name are not valid: there is no extensibility point noth",
        ),
        ({"wt-compiler": "babel"}, "wt-compiler are not valid: there is no compiler babel; there are: auth0-ext-c"),
        ({"wt-compiler": "password-exchange"}, "there is no compiler password-exchange"),
        (RULE | {"wt-compiler": "auth0-ext-compilers/generic"}, "an extension of credentials-exchange can not have"),
        (RULE | {"auth0-extension-order": "first"}, "a whole number from -1000000 to 1000000, not first"),
        (RULE | {"auth0-extension-order": "1.5"}, "not 1.5"),
        (RULE | {"auth0-extension-order": "1000001"}, "not 1000001"),
        (RULE | {"auth0-extension-order": "\u0663"}, "a whole number"),
        (RULE | {"auth0-extension-client": "x" * 257}, "a client's id may have 256 characters, not 257"),
        (RULE | {"wt-node-dependencies": "{"}, "it must be JSON"),
        (RULE | {"wt-node-dependencies": "[" * 100_000}, "it must be JSON"),
        (RULE | {"wt-node-dependencies": "[]"}, "Expected type object but found type array"),
        (RULE | {"wt-node-dependencies": '{"a b":"1"}'}, "String does not match pattern"),
    ],
)
def test_metadata_that_say_nothing_sensible_are_refused(meta, message):
    """Each by its name, with the rule."""
    with pytest.raises(InvalidBody) as refused:
        read(meta)

    assert message in refused.value.message


@pytest.mark.parametrize(
    "meta",
    [
        {},
        {"color": "red"},
        RULE,
        RULE | {"auth0-extension-disabled": "yes", "color": "red"},
        RULE | {"auth0-extension-name": "client-credentials-exchange", "auth0-extension-order": "00"},
        RULE | {"auth0-extension-client": "shop", "auth0-extension-order": "+7"},
        RULE | {"wt-node-dependencies": '{ "lodash": "4.17.21" }'},
        {"auth0-extension-name": "password-exchange"},
        {"wt-compiler": "auth0-ext-compilers/client-credentials-exchange"},
    ],
)
def test_metadata_are_shown_as_they_were_sent(meta):
    """Letter by letter, as long as they say what is so."""
    assert meta == shown(made_of(meta))


def test_a_hook_of_the_management_api_has_the_metadata_of_one_from_the_command_line():
    """What `auth0 create` would have sent."""
    assert shown(a_hook()) == RULE | {
        "wt-compiler": "auth0-ext-compilers/client-credentials-exchange",
        "auth0-extension-disabled": "1",
    }
    policy = Policy(clients=("a", "b"), order=2)
    assert shown(a_hook(trigger="password-exchange", enabled=True, policy=policy, dependencies={"a": "1"})) == {
        "auth0-extension": "runtime",
        "auth0-extension-name": "password-exchange",
        "wt-compiler": "auth0-ext-compilers/password-exchange",
        "auth0-extension-client": "a,b",
        "auth0-extension-order": "2",
        "wt-node-dependencies": '{"a":"1"}',
    }


def test_what_the_management_api_changed_is_seen_in_the_metadata():
    """Enabled, disabled, bound, with other modules; the rest stays as it was sent."""
    meta = RULE | {
        "auth0-extension-name": "client-credentials-exchange",
        "auth0-extension-disabled": "1",
        "auth0-extension-client": "shop",
        "color": "red",
    }
    hook = made_of(meta)
    enabled = replace(hook, enabled=True)

    assert "auth0-extension-disabled" not in shown(enabled)
    assert shown(enabled)["auth0-extension-name"] == "client-credentials-exchange"
    assert shown(enabled)["color"] == "red"
    assert shown(replace(enabled, enabled=False)) == meta
    assert shown(replace(hook, policy=Policy()))["auth0-extension-name"] == "client-credentials-exchange"
    assert "auth0-extension-client" not in shown(replace(hook, policy=Policy()))
    assert shown(replace(hook, policy=Policy(order=5)))["auth0-extension-order"] == "5"


def test_a_program_without_its_point_gets_it_when_it_is_enabled():
    """Uploaded with a compiler only, enabled through the Management API: the metadata then say so."""
    hook = made_of({"wt-compiler": "auth0-ext-compilers/client-credentials-exchange"})

    assert shown(replace(hook, enabled=True)) == RULE | {
        "wt-compiler": "auth0-ext-compilers/client-credentials-exchange"
    }


def test_sending_back_what_was_shown_changes_no_policy():
    """Metadata know one client and no audience: more of them survive `auth0 enable`."""
    policy = Policy(clients=("a", "b"), audiences=("https://api/",), order=2, on_error="allow")
    seen = a_hook(policy=policy)
    meta = shown(seen)

    assert policy == policy_of(meta, read(meta), seen)
    other = meta | {"auth0-extension-client": "c"}
    assert replace(policy, clients=("c",)) == policy_of(other, read(other), seen)
    del other["auth0-extension-client"], other["auth0-extension-order"]
    assert replace(policy, clients=(), order=None) == policy_of(other, read(other), seen)


def test_kept_claims_and_the_secret_are_not_shown():
    """They lie beside the metadata; the secret is among the secrets."""
    claims = {"mb": 1, "pctx": {"a": "b"}}
    hook = a_hook(with_claims(RULE | {"auth0-extension-secret": ""}, claims), enabled=True)

    assert claims == claims_of(hook)
    assert shown(hook) == RULE
    assert claims_of(a_hook(with_claims(hook.meta, {}))) == {}
