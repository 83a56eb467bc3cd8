"""The pauses of a console between two connections."""

from dispatch.core.pauses import Pauses


def test_pauses_grow_with_each_failure_and_begin_again_with_a_connection() -> None:
    """An absent broker is asked ever less often; one that was there is asked at once."""
    pauses = Pauses(0.5, 10.0)
    assert [0.5, 1, 2, 4, 8, 10, 10] == [pauses.after(None) for _ in range(7)]
    assert 0.5 == pauses.after(3_600.0)
    assert 0.5 == pauses.after(None)


def test_connections_that_do_not_last_make_it_wait_too() -> None:
    """Whoever is pushed out at every return comes back less and less often, until one holds."""
    pauses = Pauses(0.5, 10.0)
    assert [0.5, 1, 2, 4, 8, 10, 10] == [pauses.after(9.9) for _ in range(7)]
    assert 7 == pauses.short_lived
    assert 10 == pauses.after(None)
    assert (0.5, 0) == (pauses.after(10.0), pauses.short_lived)


def test_it_never_counts_beyond_all_numbers() -> None:
    """A broker that is away for years is no fault of arithmetic."""
    pauses = Pauses(0.5, 10.0)
    assert {10.0} == {pauses.after(None) for _ in range(2_000)} - {0.5, 1, 2, 4, 8}
