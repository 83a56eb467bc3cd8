"""First sights: once per connection, by operator, and no more of them than there is room for."""

from msgspec import structs

from alarm_protocol.messages import SIGHTINGS_MAX
from alarm_protocol.units import TimestampMs
from dispatch.core.sightings import Sightings
from tests.unit.dispatch.views import RAISED_MS, make_view

AT_MS = TimestampMs(RAISED_MS + 180)


def told(sightings: Sightings) -> list[tuple[str, str, int]]:
    """Take everything that is due."""
    found: list[tuple[str, str, int]] = []
    while (due := sightings.take_due()) is not None:
        found += [(due[0], one.alarm_id, one.version) for one in due[1]]
    return found


def test_only_the_first_sight_of_an_alarm_counts() -> None:
    """Another version, another page, another operator: the first stays."""
    sightings = Sightings()
    sightings.note(make_view("a.1"), 1, "Ans", AT_MS)
    sightings.note(make_view("a.1", 2), 2, "Bob", AT_MS)
    assert [("Ans", "a.1", 1)] == told(sightings)
    sightings.note(make_view("a.1", 3), 3, "Ans", AT_MS)
    assert [] == told(sightings)


def test_a_new_connection_is_told_again_what_was_first() -> None:
    """What a broken connection lost comes again, with the time of then."""
    sightings = Sightings()
    sightings.note(make_view("a.1"), 1, "Ans", AT_MS)
    first = sightings.take_due()
    sightings.again()
    assert first == sightings.take_due()
    assert first is not None
    assert AT_MS == first[1][0].at_ms


def test_a_message_has_one_operator_and_a_bounded_length() -> None:
    """Whose screen it was is said once; what does not fit comes in the next message."""
    sightings = Sightings()
    for number in range(SIGHTINGS_MAX + 1):
        sightings.note(make_view(f"a.{number + 1}"), 1, "Ans", AT_MS)
    sightings.note(make_view("b.1"), 1, "Bob", AT_MS)
    sizes = []
    while (due := sightings.take_due()) is not None:
        sizes.append((due[0], len(due[1])))
    assert [("Ans", SIGHTINGS_MAX), ("Ans", 1), ("Bob", 1)] == sizes


def test_a_version_that_the_board_does_not_hold_was_on_no_screen() -> None:
    """A page cannot have seen what did not come yet, or what never is."""
    sightings = Sightings()
    for version in (-1, 0, 2):
        sightings.note(make_view("a.1"), version, "Ans", AT_MS)
    assert [] == told(sightings)


def test_an_alarm_that_begins_anew_under_the_same_number_is_another() -> None:
    """Where the gateway's data was replaced, the new alarm has a first sight of its own."""
    sightings = Sightings()
    view = make_view("a.1")
    sightings.note(view, 1, "Ans", AT_MS)
    told(sightings)
    later = structs.replace(view, raised_at_ms=TimestampMs(RAISED_MS + 10_000))
    sightings.note(later, 1, "Bob", AT_MS)
    assert [("Bob", "a.1", 1)] == told(sightings)


def test_no_more_is_kept_than_there_is_room_for() -> None:
    """The oldest go first."""
    sightings = Sightings(kept_max=2)
    for number in (1, 2, 3):
        sightings.note(make_view(f"a.{number}"), 1, "Ans", AT_MS)
    sightings.again()
    assert ["a.2", "a.3"] == [alarm_id for _, alarm_id, _ in told(sightings)]
