"""The engine: nothing visible before it is durable, every press answered, nothing twice."""

import pytest

from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import InvariantError
from alarm_gateway.core.inputs import (
    HeartbeatReceived,
    LinkReceived,
    PresenceReceived,
)
from alarm_gateway.core.policy import Policy
from alarm_protocol.messages import (
    Heartbeat,
    LinkState,
    Presence,
)
from tests.helpers.gateway import (
    DEVICE,
    FIRST_ALARM,
    NOW_MS,
    OTHER_DEVICE,
    REGISTRY,
    STRANGER,
    Gateway,
    accept,
    acted,
    close,
    closed_by_both,
    press,
    statuses,
    unreadable,
    view,
    views,
)


def test_a_press_is_answered_and_shown_to_both_agencies() -> None:
    """One press: an acknowledgement, feedback to the device, a view for each console."""
    effects = Gateway().take(press(receipt=7))
    assert effects.acks == [7]
    assert [
        (due.device_id, due.feedback.status, due.feedback.alarm_id) for due in effects.feedback
    ] == [(DEVICE, "received", FIRST_ALARM)]
    assert [due.console for due in effects.views] == ["police", "veilig_thuis"]
    assert (
        view(effects, "police").version,
        view(effects, "police").priority,
        view(effects, "police").status,
    ) == (1, 1, "open")


def test_nothing_leaves_the_engine_before_its_records_are_durable() -> None:
    """`receive` gives records and nothing else; the effects wait for `persisted`."""
    engine = Engine(Policy(), REGISTRY)
    first = engine.receive([press(1, receipt=1)], NOW_MS)
    second = engine.receive([press(2, receipt=2)], NOW_MS)
    effects = engine.persisted(first)
    assert effects.acks == [1]
    assert view(effects, "police").version == 1
    assert engine.persisted(second).acks == [2]


def test_a_view_shows_only_what_is_durable() -> None:
    """A press that was decided later and is not written yet is not in an earlier view."""
    engine = Engine(Policy(), REGISTRY)
    first = engine.receive([press(1)], NOW_MS)
    engine.receive([press(2)], NOW_MS)
    assert view(engine.persisted(first), "police").press_count == 1


def test_an_answer_to_a_repeat_waits_for_the_press_it_repeats() -> None:
    """A repeat has no records of its own, and may still not overtake the disk."""
    engine = Engine(Policy(), REGISTRY)
    first = engine.receive([press(1)], NOW_MS)
    repeat = engine.receive([press(1, attempt=2, receipt=9)], NOW_MS)
    assert repeat == []
    with pytest.raises(InvariantError):
        engine.persisted(repeat)
    engine.persisted(first)
    assert engine.persisted(repeat).acks == [9]


def test_records_that_were_never_decided_are_a_defect() -> None:
    """`persisted` takes the oldest pending records only."""
    with pytest.raises(InvariantError):
        Engine(Policy(), REGISTRY).persisted([])


def test_an_exact_repeat_makes_no_second_alarm_and_is_answered_again() -> None:
    """The device repeats until it is answered, so each repeat gets its answer."""
    gateway = Gateway()
    gateway.take(press(1))
    effects = gateway.take(press(1, attempt=2, sent_at_ms=NOW_MS + 5, receipt=3))
    assert (statuses(effects), effects.acks, effects.views) == (["received"], [3], [])
    assert len(gateway.journal) == 1


def test_a_repeat_after_a_restart_is_still_a_repeat() -> None:
    """What was seen is in the journal, so a restart forgets nothing."""
    gateway = Gateway()
    gateway.take(press(1))
    effects = gateway.restarted().take(press(1, attempt=2))
    assert (statuses(effects), effects.views) == (["received"], [])


def test_another_press_with_the_same_press_id_is_not_swallowed() -> None:
    """A device that starts its ids anew is not silenced by its own past."""
    gateway = Gateway()
    gateway.take(press(1, press_id="p"))
    effects = gateway.take(press(2, press_id="p", pressed_at_ms=NOW_MS + 60_000))
    assert view(effects, "police").press_count == 2


def test_a_forged_double_sent_first_cannot_hide_the_real_press() -> None:
    """The verified press counts, although its unsigned double was there before it."""
    gateway = Gateway()
    forged = gateway.take(press(1, signed=False))
    assert view(forged, "police").priority == 2
    real = gateway.take(press(1))
    assert (view(real, "police").priority, view(real, "police").press_count) == (1, 2)
    assert gateway.take(press(1, signed=False, attempt=2)).views == []


def test_a_second_press_joins_the_open_alarm() -> None:
    """Each press is journalled and shown; the alarm stays one."""
    gateway = Gateway()
    gateway.take(press(1))
    effects = gateway.take(press(2))
    shown = view(effects, "veilig_thuis")
    assert (shown.alarm_id, shown.version, shown.press_count) == (FIRST_ALARM, 2, 2)
    assert [one.press_id for one in shown.presses] == ["press-1", "press-2"]


def test_a_press_after_the_end_opens_the_next_alarm() -> None:
    """Once both agencies closed, a press is a new alarm."""
    gateway = Gateway()
    gateway.take(press(1))
    closed_by_both(gateway)
    assert view(gateway.take(press(2)), "police").alarm_id == "aware-000001.2"


def test_a_press_reopens_the_track_that_was_closed_already() -> None:
    """One agency was done, the other not: the new press is open again for both."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("police", accept()))
    gateway.take(acted("police", close()))
    effects = gateway.take(press(2))
    assert (view(effects, "police").status, view(effects, "police").alarm_id) == (
        "open",
        FIRST_ALARM,
    )


def test_a_real_press_takes_an_accepted_test_back_to_open() -> None:
    """Whoever accepted a test has not accepted the real alarm."""
    gateway = Gateway()
    gateway.take(press(1, trigger="test"))
    gateway.take(acted("police", accept()))
    shown = view(gateway.take(press(2)), "police")
    assert (shown.status, shown.test, shown.priority) == ("open", False, 1)


def test_a_press_of_an_unknown_device_is_an_alarm() -> None:
    """Never drop for doubt."""
    shown = view(Gateway().take(press(device_id=STRANGER)), "police")
    assert (shown.priority, shown.doubts, shown.household) == (3, ("unknown_device",), None)


def test_a_press_naming_another_device_belongs_to_its_topic() -> None:
    """The broker vouches for the topic; the claim is shown as a doubt."""
    shown = view(Gateway().take(press(device_id=OTHER_DEVICE, on_topic_of=DEVICE)), "police")
    assert (shown.device_id, shown.presses[0].claimed_device_id) == (DEVICE, OTHER_DEVICE)
    assert "device_mismatch" in shown.doubts


def test_what_cannot_be_read_is_quarantined_and_acknowledged() -> None:
    """It is written down and never blocks what comes after it."""
    gateway = Gateway()
    effects = gateway.take(unreadable(receipt=5), press(1))
    assert effects.acks == [5]
    assert [record.kind for record in gateway.journal] == ["quarantined", "pressed"]
    assert view(effects, "police").priority == 1


def test_supervision_is_remembered_and_not_journalled() -> None:
    """Heartbeats, links and presence change what is known, and write nothing."""
    gateway = Gateway()
    beat = Heartbeat(device_id=DEVICE, sent_at_ms=NOW_MS)
    gateway.take(
        HeartbeatReceived(DEVICE, beat),
        LinkReceived(OTHER_DEVICE, LinkState(link="up")),
        PresenceReceived("police", Presence(attached=True, operators=2)),
    )
    assert gateway.journal == []
    assert gateway.engine.seen_ms == {DEVICE: NOW_MS, OTHER_DEVICE: NOW_MS}
    assert gateway.engine.consoles["police"].operators == 2


def test_all_open_views_can_be_asked_for() -> None:
    """After a reconnect the broker gets back what it may have lost."""
    gateway = Gateway()
    gateway.take(press(1), press(1, device_id=OTHER_DEVICE))
    shown = views(gateway.engine.open_views(), "police")
    assert {"aware-000001.1", "aware-000002.1"} == {one.alarm_id for one in shown}
    assert shown == views(gateway.restarted().engine.open_views(), "police")


def test_open_views_show_durable_state_only() -> None:
    """A reconnect between decision and disk shows nothing that is not written."""
    engine = Engine(Policy(), REGISTRY)
    engine.receive([press(1)], NOW_MS)
    assert engine.open_views().views == []


def test_a_journal_with_a_gap_is_not_recovered() -> None:
    """A missing record would be a silent change of the past."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(press(2))
    with pytest.raises(InvariantError, match="from version 0 to 2"):
        Engine(Policy(), REGISTRY).recover(gateway.journal[1:])
