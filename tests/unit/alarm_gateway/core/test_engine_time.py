"""The engine and time: escalation, and views that nobody confirms."""

from alarm_gateway.core.inputs import (
    Tick,
)
from alarm_gateway.core.records import Escalated
from alarm_protocol.units import TimestampMs
from tests.helpers.gateway import (
    FIRST_ALARM,
    NOW_MS,
    Gateway,
    accept,
    acted,
    close,
    confirmed,
    press,
    view,
    views,
)


def test_an_alarm_that_nobody_accepts_escalates_twice() -> None:
    """30 s: level 1 at that console. 60 s: level 2, and the other agency learns of it."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("veilig_thuis", accept()))
    for console in ("police", "veilig_thuis"):
        gateway.take(confirmed(console, FIRST_ALARM, 2))
    assert views(gateway.take(Tick(), now_ms=NOW_MS + 29_999), "police") == []
    first = gateway.take(Tick(), now_ms=NOW_MS + 30_000)
    assert view(first, "police").own_track.escalation_level == 1
    assert "escalated" == view(first, "police").timeline[-1].kind
    assert "escalated" not in [entry.kind for entry in view(first, "veilig_thuis").timeline]
    second = gateway.take(Tick(), now_ms=NOW_MS + 60_000)
    assert view(second, "police").own_track.escalation_level == 2
    assert "escalated_further" == view(second, "police").timeline[-1].kind
    assert "other_escalated" == view(second, "veilig_thuis").timeline[-1].kind


def test_an_escalation_that_came_due_while_the_gateway_was_down_is_made_up_for() -> None:
    """A restart is no reason for silence."""
    gateway = Gateway()
    gateway.take(press(1))
    restarted = gateway.restarted()
    effects = restarted.take(Tick(), now_ms=NOW_MS + 61_000)
    assert views(effects, "police")[-1].own_track.escalation_level == 2


def test_an_unconfirmed_view_is_published_again_and_then_escalated() -> None:
    """2 s without a confirmation: once more; still none: the console is unreachable."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(confirmed("veilig_thuis", FIRST_ALARM, 1))
    assert gateway.take(Tick(), now_ms=NOW_MS + 1_999).views == []
    again = gateway.take(Tick(), now_ms=NOW_MS + 2_000)
    assert view(again, "police").version == 1
    escalated = view(gateway.take(Tick(), now_ms=NOW_MS + 4_000), "police")
    assert (escalated.version, escalated.reasons[-1]) == (2, "console_unreachable")


def test_what_the_other_agency_does_never_postpones_that_a_console_is_unreachable() -> None:
    """An alarm that keeps changing is no reason to wait for a console that holds none of it."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(confirmed("veilig_thuis", FIRST_ALARM, 1))
    gateway.take(Tick(), now_ms=NOW_MS + 2_000)
    gateway.take(acted("veilig_thuis", accept()), now_ms=NOW_MS + 3_900)
    escalated = view(gateway.take(Tick(), now_ms=NOW_MS + 4_000), "police")
    assert escalated.reasons[-1] == "console_unreachable"


def test_a_real_press_does_not_wait_for_the_repeat_of_the_test_before_it() -> None:
    """A console that is slow to confirm one version gets 2 s for the next, not what is left."""
    gateway = Gateway()
    gateway.take(press(1, trigger="test"))
    gateway.take(confirmed("veilig_thuis", FIRST_ALARM, 1))
    for second in (2, 4, 8, 16):
        gateway.take(Tick(), now_ms=NOW_MS + second * 1_000)
    gateway.take(confirmed("police", FIRST_ALARM, 2))
    gateway.take(press(2, trigger="duress"), now_ms=NOW_MS + 17_000)
    gateway.take(confirmed("veilig_thuis", FIRST_ALARM, 3))
    assert view(gateway.take(Tick(), now_ms=NOW_MS + 19_000), "police").version == 3
    escalated = view(gateway.take(Tick(), now_ms=NOW_MS + 21_000), "police")
    assert escalated.timeline[-1].text == "console_unreachable"


def test_a_track_that_opens_again_escalates_in_its_own_time() -> None:
    """Its 30 s count although the other agency's next level is due later."""
    gateway = Gateway()
    gateway.take(press(1))
    for second in (2, 4):
        gateway.take(Tick(), now_ms=NOW_MS + second * 1_000)
    gateway.take(acted("veilig_thuis", accept()), now_ms=NOW_MS + 5_000)
    gateway.take(acted("veilig_thuis", close()), now_ms=NOW_MS + 6_000)
    again = gateway.restarted()
    again.take(press(2), now_ms=NOW_MS + 8_000)
    again.take(Tick(), now_ms=NOW_MS + 38_000)
    levels = [record.event for record in again.journal if isinstance(record.event, Escalated)]
    assert ("veilig_thuis", 1, "not_accepted") in [
        (event.console, event.level, event.reason) for event in levels
    ]


def test_what_is_still_on_its_way_is_not_sent_again() -> None:
    """Repeats would stand behind their originals and delay everything; escalation goes on."""
    gateway = Gateway()
    gateway.take(press(1))
    assert [] == gateway.take(Tick(congested=True), now_ms=NOW_MS + 2_000).views
    escalated = view(gateway.take(Tick(congested=True), now_ms=NOW_MS + 4_000), "police")
    assert "console_unreachable" == escalated.reasons[-1]
    assert [] == gateway.take(Tick(congested=True), now_ms=NOW_MS + 6_500).views
    assert 2 == len(gateway.take(Tick(), now_ms=NOW_MS + 20_000).views)


def test_a_confirmed_view_is_left_alone() -> None:
    """Receipts end the repeats."""
    gateway = Gateway()
    gateway.take(press(1))
    for console in ("police", "veilig_thuis"):
        gateway.take(confirmed(console, FIRST_ALARM, 1))
    assert gateway.take(Tick(), now_ms=NOW_MS + 10_000).views == []


def test_a_confirmation_is_journalled_once_per_version() -> None:
    """When a console held which version is evidence; repeats of it are not."""
    gateway = Gateway()
    gateway.take(press(1))
    for _ in range(2):
        gateway.take(confirmed("police", FIRST_ALARM, 1))
    assert [record.kind for record in gateway.journal] == ["pressed", "delivered"]


def test_a_console_that_asks_again_is_answered_once() -> None:
    """A confirmation without news is a question; the confirmation of the answer is none."""
    gateway = Gateway()
    gateway.take(press(1))
    assert views(gateway.take(confirmed("police", FIRST_ALARM, 1)), "police") == []
    asked = gateway.take(confirmed("police", FIRST_ALARM, 1), now_ms=NOW_MS + 60_000)
    assert view(asked, "police").version == 1
    again = gateway.take(confirmed("police", FIRST_ALARM, 1), now_ms=NOW_MS + 60_050)
    assert views(again, "police") == []
    later = gateway.take(confirmed("police", FIRST_ALARM, 1), now_ms=NOW_MS + 65_000)
    assert view(later, "police").version == 1


def test_a_confirmation_of_a_version_that_does_not_exist_is_ignored() -> None:
    """A console cannot confirm the future."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(confirmed("police", FIRST_ALARM, 99))
    assert [record.kind for record in gateway.journal] == ["pressed"]


def test_time_is_an_argument() -> None:
    """The engine's times are those it is given."""
    shown = view(Gateway().take(press(1), now_ms=TimestampMs(5)), "police")
    assert (
        shown.raised_at_ms,
        shown.journaled_at_ms,
        shown.deadlines.accept_by_ms,
    ) == (5, 5, 30_005)


def test_both_consoles_confirming_together_are_one_fact() -> None:
    """One record stands for both, and says no more than what was confirmed."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(*(confirmed(console, FIRST_ALARM, 1) for console in ("police", "veilig_thuis")))
    assert ["pressed", "delivered_to_both"] == [record.kind for record in gateway.journal]
    assert [] == gateway.take(Tick(), now_ms=NOW_MS + 10_000).views


def test_one_console_confirming_twice_together_is_not_both() -> None:
    """The other console has confirmed nothing, and is published to again."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(*(confirmed("police", FIRST_ALARM, 1) for _ in range(2)))
    assert ["pressed", "delivered"] == [record.kind for record in gateway.journal]
    assert 2 == len(gateway.take(Tick(), now_ms=NOW_MS + 2_000).views)


def test_where_one_of_two_has_news_the_other_is_answered() -> None:
    """A confirmation without news is a question, also beside one that is none."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(confirmed("police", FIRST_ALARM, 1))
    both = [confirmed(console, FIRST_ALARM, 1) for console in ("police", "veilig_thuis")]
    asked = gateway.take(*both, now_ms=NOW_MS + 60_000)
    assert ["pressed", "delivered", "delivered"] == [record.kind for record in gateway.journal]
    assert 1 == view(asked, "police").version
