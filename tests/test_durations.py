from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from runtime.durations import BOUNDS, class_of, quantile


@given(st.floats(min_value=0, max_value=BOUNDS[-1]))
def test_a_duration_lies_within_its_class(ms):
    """Above the bound before, at most the bound of its own."""
    place = class_of(ms)
    assert (BOUNDS[place - 1] if place else -1.0) < ms <= BOUNDS[place]


def test_a_longer_one_than_all_has_a_class():
    """It counts as the longest that there is a bound for."""
    assert class_of(1e9) == len(BOUNDS)
    assert quantile({class_of(1e9): 1}, 0.5) == BOUNDS[-1]


def test_a_quantile_is_a_fifth_off_at_most():
    """Of a thousand durations between a tenth of a millisecond and ten seconds."""
    drawn = random.Random(7)
    durations = sorted(10 ** drawn.uniform(-1, 4) for _ in range(1000))
    counts = Counter(map(class_of, durations))

    for part in (0.01, 0.5, 0.9, 0.99):
        exact, found = durations[int(part * 1000)], quantile(counts, part)
        assert found is not None
        assert abs(found / exact - 1) < 0.2


def test_nothing_has_no_quantile():
    """Nor has a class that nothing is of."""
    assert quantile({}, 0.5) is None
    assert quantile({3: 0}, 0.5) is None
