"""/api/v2/users."""

from __future__ import annotations

from urllib.parse import quote

import pytest

NEW = {
    "connection": "Username-Password-Authentication",
    "email": "joan@example.com",
    "username": "joan",
    "password": "hush-hush",
    "name": "Joan",
    "user_metadata": {"a": 1, "b": {"c": 2}},
    "app_metadata": {"roles": ["x"]},
}


async def test_the_way_of_a_user(tokens):
    """Made, signs in, is read, changed, removed."""
    token = await tokens.management_token()
    made = await tokens.manage("POST", "users", NEW, status=201, token=token)
    path = f"users/{quote(made['user_id'], safe='')}"

    assert {name: made[name] for name in made if name not in ("user_id", "created_at", "updated_at", "identities")} == {
        "email": "joan@example.com",
        "email_verified": False,
        "username": "joan",
        "name": "Joan",
        "blocked": False,
        "user_metadata": {"a": 1, "b": {"c": 2}},
        "app_metadata": {"roles": ["x"]},
    }
    assert made["identities"] == [
        {
            "connection": "Username-Password-Authentication",
            "user_id": made["user_id"].removeprefix("auth0|"),
            "provider": "auth0",
            "isSocial": False,
        }
    ]
    assert made["created_at"] == made["updated_at"]
    assert await tokens.manage("GET", path, token=token) == made
    assert await tokens.password(username="joan@example.com", password="hush-hush")
    await tokens.manage("PATCH", path, {"email": "j@example.com"}, token=token)
    assert await tokens.password(username="j@example.com", password="hush-hush")
    await tokens.manage("DELETE", path, status=204, token=token)
    await tokens.password(username="joan", password="hush-hush", status=400)


async def test_metadata_is_merged(tokens):
    """At its first level; null removes a member."""
    made = await tokens.manage("POST", "users", NEW, status=201)
    changed = await tokens.manage(
        "PATCH", f"users/{made['user_id']}", {"user_metadata": {"a": None, "b": {"d": 3}, "e": 4}}
    )

    assert changed["user_metadata"] == {"b": {"d": 3}, "e": 4}
    assert changed["app_metadata"] == {"roles": ["x"]}
    assert changed["updated_at"] >= made["updated_at"]


async def test_a_new_password_replaces_the_old_one(tokens):
    """And is in no answer."""
    user = await tokens.issuer.store.users.find(username="ada")
    changed = await tokens.manage("PATCH", f"users/{user.user_id}", {"password": "new-hush"})

    assert "hush" not in str(changed)
    assert "argon2" not in str(changed)
    await tokens.password(status=400)
    assert await tokens.password(password="new-hush")


async def test_an_id_of_ones_own_gets_the_provider(tokens):
    """As at Auth0."""
    made = await tokens.manage("POST", "users", NEW | {"user_id": "joan.1"}, status=201)

    assert made["user_id"] == "auth0|joan.1"


@pytest.mark.parametrize(
    "fields, status, message",
    [
        ({"username": "ADA"}, 409, "A user with the same username already exists."),
        ({"email": "Ada@Example.com"}, 409, "A user with the same email already exists."),
        ({"username": "a@b"}, 400, "does not match pattern"),
        ({"email": "nobody"}, 400, "on property email."),
        ({"password": ""}, 400, "too short (0 chars), minimum 1' on property password."),
        ({"password": None}, 400, "Expected type string but found type null' on property password."),
        ({"connection": "ldap"}, 400, "No enum match for: ldap; one of Username-Password-Authentication"),
        ({"user_id": "a b"}, 400, "on property user_id."),
        ({"password_hash": "x"}, 400, "Additional properties not allowed: password_hash"),
        ({"user_metadata": []}, 400, "Expected type object but found type array' on property user_metadata."),
    ],
)
async def test_a_wrong_user_is_named(tokens, fields, status, message):
    """By field and rule; the password is not repeated."""
    body = await tokens.manage("POST", "users", NEW | fields, status=status)

    assert message in body["message"]
    assert "hush" not in str(body)


async def test_a_user_has_a_name_or_an_address(tokens):
    """Otherwise nobody could sign in as it."""
    body = await tokens.manage("POST", "users", {"password": "hush-hush"}, status=400)

    assert "Missing required property: email' (or username)" in body["message"]


@pytest.mark.parametrize("name", ["user_metadata", "app_metadata"])
async def test_metadata_does_not_grow_without_limit(tokens, name):
    """What is measured is what is there after merging; a user whose metadata did not fit could never sign in again."""
    token = await tokens.management_token()
    path = f"users/{(await tokens.issuer.store.users.find(username='ada')).user_id}"
    await tokens.manage("PATCH", path, {name: {"a": "x" * 9_000}}, token=token)

    body = await tokens.manage("PATCH", path, {name: {"b": "x" * 9_000}}, status=400, token=token)
    assert "maximum 16384" in body["message"]
    assert f"on property {name}." in body["message"]
    body = await tokens.manage("POST", "users", NEW | {name: {"a": "x" * 17_000}}, status=400, token=token)
    assert f"on property {name}." in body["message"]

    changed = await tokens.manage("PATCH", path, {name: {"a": None, "b": "x" * 9_000}}, token=token)
    assert changed[name]["b"] == "x" * 9_000
    assert await tokens.password()
