from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from runtime.ulid import Ulids, is_ulid, least_at

MOMENTS = st.floats(min_value=0, max_value=2**48 / 1000 - 2)


def test_begins_with_the_time_as_the_specification_writes_it() -> None:
    """1469918176385 ms is 01ARYZ6S41: the example of the ULID specification."""
    assert Ulids().new(1469918176.385)[:10] == "01ARYZ6S41"


@given(MOMENTS)
def test_has_26_characters_of_crockford_base32(at: float) -> None:
    """Every id fits the Management API's path pattern, and is as long as Auth0's (contract-full 5.1)."""
    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", Ulids().new(at))


@given(st.lists(MOMENTS, max_size=20))
def test_each_is_greater_than_the_one_before(moments: list[float]) -> None:
    """Ids rise strictly, whatever the clock does."""
    ulids = Ulids()

    made = [ulids.new(at) for at in moments]

    assert made == sorted(set(made))


def test_two_makers_do_not_make_the_same() -> None:
    """Ids of processes that never spoke with each other differ in 80 random bits."""
    assert Ulids().new(1.0) != Ulids().new(1.0)


@given(MOMENTS)
def test_moments_are_between_ids(moment: float) -> None:
    """Ids of a millisecond before are less, its own are not."""
    assert len(least_at(moment)) == 26
    assert Ulids().new(max(0.0, moment - 0.002)) < least_at(moment) <= Ulids().new(moment) or moment < 0.002


def test_ids_are_of_crockfords_alphabet() -> None:
    """No I, L, O, U; 26 characters; the first at most 7 (ULID specification)."""
    assert is_ulid("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")
    for wrong in ("8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "7ZZZZZZZZZZZZZZZZZZZZZZZZI", "7ZZ", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ\n"):
        assert not is_ulid(wrong)
