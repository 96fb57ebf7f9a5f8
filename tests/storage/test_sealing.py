from __future__ import annotations

import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.storage.sealing import Sealer, Unsealable, derive_key

CALM = settings(deadline=None)  # other work may share the machine
KEY = bytes(range(32))
SEALER = Sealer(KEY)
ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@CALM
@given(context=ANY_TEXT, value=ANY_TEXT)
def test_what_was_sealed_opens(context: str, value: str) -> None:
    """Any text comes back as it was, lone surrogates included."""
    assert SEALER.open(context, SEALER.seal(context, value)) == value


@CALM
@given(context=ANY_TEXT, other=ANY_TEXT, value=ANY_TEXT)
def test_opens_in_its_own_context_only(context: str, other: str, value: str) -> None:
    """A sealed value that is copied to another hook, name or tenant does not open there."""
    sealed = SEALER.seal(context, value)

    if other != context:
        with pytest.raises(Unsealable):
            SEALER.open(other, sealed)


@CALM
@given(value=ANY_TEXT, data=st.data())
def test_any_flipped_bit_is_noticed(value: str, data: st.DataObject) -> None:
    """No bit of a sealed value, prefix and nonce included, can be changed."""
    sealed = bytearray(SEALER.seal("here", value))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(Unsealable):
        SEALER.open("here", bytes(sealed))


@CALM
@given(st.binary(max_size=80))
def test_any_bytes_are_refused_in_one_way(garbage: bytes) -> None:
    """No matter what a backend hands back, it is `Unsealable` and never another error."""
    with pytest.raises(Unsealable):
        SEALER.open("here", SEALER.seal("here", "")[:5] + garbage)
    with pytest.raises(Unsealable):
        SEALER.open("here", garbage)


def test_two_seals_of_one_value_differ() -> None:
    """Nonces do not repeat: equal secrets can not be seen to be equal."""
    assert len({SEALER.seal("here", "same") for _ in range(1000)}) == 1000


def test_another_key_is_named_and_the_value_is_not() -> None:
    """The operator reads that the key is another one; neither he nor the caller reads the value or a key."""
    with pytest.raises(Unsealable) as caught:
        Sealer(bytes(32)).open("t/h/NAME", SEALER.seal("t/h/NAME", "hunter2"))

    error = caught.value
    told = f"{error!r} {error.debug} {error.to_body()} {error.__cause__}"
    assert "sealed under key" in error.debug
    assert "t/h/NAME" in error.debug
    assert "hunter2" not in told
    assert KEY.hex() not in told


def test_seals_a_hook_s_secrets_each_for_its_name() -> None:
    """Secrets go through storage as name to sealed value, and none opens under another's name."""
    sealed = SEALER.seal_secrets("acme", "01H", {"A": "1", "B": "2"})

    assert SEALER.open_secrets("acme", "01H", sealed) == {"A": "1", "B": "2"}
    assert SEALER.open("acme/01H/A", sealed["A"]) == "1"
    with pytest.raises(Unsealable):
        SEALER.open_secrets("acme", "01H", {"A": sealed["B"]})
    with pytest.raises(Unsealable):
        SEALER.open_secrets("other", "01H", sealed)


def test_opened_secrets_show_names_only() -> None:
    """A log line or a traceback that has the secrets in it has no value in it."""
    secrets = SEALER.open_secrets("acme", "01H", SEALER.seal_secrets("acme", "01H", {"API_KEY": "hunter2"}))

    assert f"{secrets} {secrets!r} {[secrets]}" == "Secrets(API_KEY) Secrets(API_KEY) [Secrets(API_KEY)]"


def test_keys_for_other_purposes():
    """Each its own, the same each time: RFC 5869 with SHA-256, computed here by its definition."""
    extracted = hmac.digest(bytes(32), KEY, "sha256")
    assert derive_key(KEY, "tests") == hmac.digest(extracted, b"hookd tests\x01", "sha256")
    assert len({derive_key(KEY, "tests"), derive_key(KEY, "others"), derive_key(bytes(32), "tests"), KEY}) == 4


def test_older_keys_open_and_do_not_seal() -> None:
    """What an older key sealed opens, under its own name only, and is told from what the newest sealed."""
    both, newest = Sealer(bytes(32), KEY), Sealer(bytes(32))
    old, new = SEALER.seal("here", "1"), both.seal("here", "2")

    assert (both.open("here", old), both.open("here", new), newest.open("here", new)) == ("1", "2", "2")
    assert (both.is_newest(old), both.is_newest(new)) == (False, True)
    with pytest.raises(Unsealable):
        both.open("there", old)
    with pytest.raises(Unsealable):
        both.open("here", new[:5] + old[5:])


def test_a_secret_is_sealed_anew_for_its_own_place() -> None:
    """It opens with the newest key alone, and nowhere else."""
    both = Sealer(bytes(32), KEY)
    anew = both.reseal_secret("acme", "01H", "A", SEALER.seal_secrets("acme", "01H", {"A": "1"})["A"])

    assert Sealer(bytes(32)).open_secrets("acme", "01H", {"A": anew}) == {"A": "1"}
    with pytest.raises(Unsealable):
        both.reseal_secret("acme", "01H", "B", anew)


def test_derived_keys_rotate_with_theirs() -> None:
    """Each purpose has the older keys' keys, too."""
    sealed = Sealer(derive_key(KEY, "x")).seal("here", "1")

    assert Sealer.derived((bytes(32), KEY), "x").open("here", sealed) == "1"
    with pytest.raises(Unsealable):
        Sealer.derived((bytes(32), KEY), "y").open("here", sealed)
