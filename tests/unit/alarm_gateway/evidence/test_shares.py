"""Percentiles and shares: exact, whatever the numbers are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarm_gateway.evidence.shares import percentile, rank_of, reaches

VALUES = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=200)
PERMILLE = st.integers(1, 1_000)


@given(VALUES, PERMILLE)
def test_a_percentile_is_the_smallest_value_that_enough_are_at_or_below(
    values: list[int], permille: int
) -> None:
    """That is what nearest rank means, said without ranks."""
    found = percentile(values, permille)
    assert found in values
    at_or_below = sum(one <= found for one in values)
    below = sum(one < found for one in values)
    assert reaches(at_or_below, len(values), permille)
    assert not reaches(below, len(values), permille)


@given(VALUES, PERMILLE, st.randoms(use_true_random=False))
def test_the_order_of_values_does_not_matter(
    values: list[int], permille: int, random: object
) -> None:
    """A percentile is of a set of values."""
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert percentile(values, permille) == percentile(shuffled, permille)


@given(VALUES, PERMILLE, PERMILLE)
def test_a_higher_percentile_is_never_lower(values: list[int], one: int, other: int) -> None:
    """It rises with the share, and the last is the longest."""
    low, high = sorted((one, other))
    assert percentile(values, low) <= percentile(values, high)  # type: ignore[operator]
    assert max(values) == percentile(values, 1_000)


@given(VALUES, PERMILLE, st.integers(0, 50))
def test_what_is_not_over_yet_counts_as_longer_than_all(
    values: list[int], permille: int, unfinished: int
) -> None:
    """A percentile that falls among the unfinished has no value; below them it is the same."""
    found = percentile(values, permille, unfinished)
    assert found == percentile([*values, *[math.inf] * unfinished], permille) or (
        found is None and percentile([*values, *[math.inf] * unfinished], permille) == math.inf
    )


@given(st.integers(0, 10_000), PERMILLE)
def test_a_share_is_reached_from_its_rank_on(count: int, permille: int) -> None:
    """The two ways to say 'so many of them' agree, without rounding."""
    rank = rank_of(count, permille)
    assert reaches(rank, count, permille)
    assert rank == 0 or not reaches(rank - 1, count, permille)


@pytest.mark.parametrize(
    ("values", "permille", "expected"),
    [
        ([15, 20, 35, 40, 50], 50, 15),
        ([15, 20, 35, 40, 50], 300, 20),
        ([15, 20, 35, 40, 50], 400, 20),
        ([15, 20, 35, 40, 50], 500, 35),
        ([15, 20, 35, 40, 50], 1_000, 50),
        (list(range(1, 201)), 985, 197),
        ([], 500, None),
    ],
)
def test_worked_examples(values: list[float], permille: int, expected: float | None) -> None:
    """The usual example of the nearest rank, and the 98.5% of EN 50518."""
    assert expected == percentile(values, permille)
