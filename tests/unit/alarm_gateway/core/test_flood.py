"""Too many doubtful messages become a count; a press without doubts never does."""

from alarm_gateway.core.flood import Gate
from alarm_gateway.core.inputs import PressReceived
from alarm_gateway.core.policy import FloodRules, Policy
from alarm_protocol.units import DeviceId, TimestampMs
from tests.helpers.gateway import (
    DEVICE,
    NOW_MS,
    Gateway,
    press,
    statuses,
    unreadable,
    view,
    views,
)

STRICT = Policy(flood=FloodRules(messages_per_minute=2))


def strangers(count: int, first: int = 1) -> list[PressReceived]:
    """Return presses of so many unknown devices."""
    return [press(1, device_id=DeviceId(f"bogus-{first + n}"), receipt=n) for n in range(count)]


def test_a_gate_lets_its_number_pass_and_fills_by_the_minute() -> None:
    """Two a minute: two at once, and one more each 30 s."""
    gate = Gate(2)
    times = (0, 0, 0, 29_999, 30_000, 30_001, 90_000, 90_000, 90_000)
    passed = [gate.passes(TimestampMs(NOW_MS + at)) for at in times]
    assert [True, True, False, False, True, False, True, True, False] == passed


def test_unknown_devices_beyond_the_limit_are_one_alarm_with_a_count() -> None:
    """Each is answered and acknowledged, and the screen shows one line."""
    gateway = Gateway(STRICT)
    effects = gateway.take(*strangers(100))
    shown = {str(one.alarm_id): one for one in views(effects, "police")}
    assert {"bogus-1.1", "bogus-2.1", "gateway-flood.1"} == set(shown)
    assert (98, 3) == (shown["gateway-flood.1"].condensed_count, shown["gateway-flood.1"].priority)
    assert (100, 100) == (len(effects.acks), statuses(effects).count("received"))
    assert 3 == len(gateway.journal)


def test_a_flood_goes_on_in_the_same_alarm() -> None:
    """The count rises; no second alarm is opened."""
    gateway = Gateway(STRICT)
    gateway.take(*strangers(10))
    shown = view(gateway.take(*strangers(10, first=11)), "police")
    assert ("gateway-flood.1", 18, 2) == (shown.alarm_id, shown.condensed_count, shown.version)


def test_unreadable_messages_beyond_the_limit_are_counted() -> None:
    """The first ones are kept for the supervisor to look at, the rest is a number."""
    gateway = Gateway(STRICT)
    effects = gateway.take(*(unreadable(receipt=n) for n in range(50)))
    assert ["quarantined", "quarantined", "condensed"] == [one.kind for one in gateway.journal]
    assert 50 == len(effects.acks)


def test_a_press_without_doubts_is_never_counted() -> None:
    """In the middle of a flood a genuine press is an alarm of its own, at once."""
    gateway = Gateway(STRICT)
    effects = gateway.take(*strangers(50), press(1), *strangers(50, first=51))
    shown = {str(one.alarm_id): one for one in views(effects, "police")}
    assert 1 == shown["aware-000001.1"].priority


def test_the_first_doubtful_press_of_a_known_device_is_an_alarm_in_any_flood() -> None:
    """It may be real; only more of the same on its open alarm are counted."""
    gateway = Gateway(STRICT)
    gateway.take(*strangers(50))
    first = gateway.take(press(1, signed=False))
    assert (2, 1) == (view(first, "police").priority, view(first, "police").press_count)
    more = gateway.take(*(press(n, signed=False) for n in range(2, 20)))
    assert (1, 18) == (view(more, "police").press_count, view(more, "police").condensed_count)
    assert 18 == statuses(more).count("received")


def test_a_runaway_device_loses_no_press_and_hides_none() -> None:
    """Signed presses are each written and shown, however many come."""
    gateway = Gateway(STRICT)
    effects = gateway.take(*(press(n) for n in range(1, 201)))
    assert 200 == view(effects, "police").press_count
    assert 200 == sum(record.device_id == DEVICE for record in gateway.journal)


def test_a_real_press_joins_what_was_only_counted() -> None:
    """A flood on a device's own alarm does not keep the real press from raising it."""
    gateway = Gateway(STRICT)
    gateway.take(*(press(n, signed=False) for n in range(1, 20)))
    shown = view(gateway.take(press(100)), "police")
    assert 1 == shown.priority


def test_after_a_restart_the_flood_alarm_goes_on() -> None:
    """Counts are in the journal like everything else."""
    gateway = Gateway(STRICT)
    gateway.take(*strangers(10))
    shown = views(gateway.restarted().engine.open_views(), "police")
    flood = next(one for one in shown if one.alarm_id == "gateway-flood.1")
    assert 8 == flood.condensed_count
