"""The engine: nothing visible before it is durable, everything answered, nothing twice."""

from typing import Any

import pytest

from alarm_gateway.core.effects import Effects
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import InvariantError
from alarm_gateway.core.inputs import (
    HeartbeatReceived,
    LinkReceived,
    PresenceReceived,
    Tick,
)
from alarm_gateway.core.policy import Policy
from alarm_protocol.messages import (
    Accept,
    Arrive,
    AssignUnit,
    Close,
    Disposition,
    Heartbeat,
    LinkState,
    Note,
    Presence,
    Reopen,
    SafetyAssessment,
)
from alarm_protocol.units import ActionId, AlarmId, ConsoleId, TimestampMs
from tests.helpers.gateway import (
    DEVICE,
    NOW_MS,
    OTHER_DEVICE,
    REGISTRY,
    STRANGER,
    Gateway,
    acted,
    confirmed,
    gone,
    press,
    statuses,
    unreadable,
    view,
    views,
)

ALARM = AlarmId("aware-000001.1")


def accept(action_id: str = "a1", operator: str = "Ans", alarm_id: AlarmId = ALARM) -> Accept:
    """Return an accept."""
    return Accept(
        action_id=ActionId(action_id),
        alarm_id=alarm_id,
        seen_version=1,
        operator=operator,
        at_ms=NOW_MS,
    )


def close(action_id: str = "c1", disposition: Disposition = "genuine") -> Close:
    """Return a close."""
    return Close(
        action_id=ActionId(action_id),
        alarm_id=ALARM,
        seen_version=1,
        operator="Ans",
        at_ms=NOW_MS,
        disposition=disposition,
        reason="done",
    )


def closed_by_both(gateway: Gateway) -> None:
    """Take the open alarm to its end at both agencies."""
    for console in ("police", "veilig_thuis"):
        gateway.take(acted(console, accept(f"a-{console}")))
        gateway.take(acted(console, close(f"c-{console}")))


def test_a_press_is_answered_and_shown_to_both_agencies() -> None:
    """One press: an acknowledgement, feedback to the device, a view for each console."""
    effects = Gateway().take(press(receipt=7))
    assert effects.acks == [7]
    assert [
        (due.device_id, due.feedback.status, due.feedback.alarm_id) for due in effects.feedback
    ] == [(DEVICE, "received", ALARM)]
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
    assert (shown.alarm_id, shown.version, shown.press_count) == (ALARM, 2, 2)
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
    assert (view(effects, "police").status, view(effects, "police").alarm_id) == ("open", ALARM)


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


@pytest.mark.parametrize("console", ["police", "veilig_thuis"])
def test_an_accept_is_shown_to_both_and_told_to_the_device(console: ConsoleId) -> None:
    """The agency's own view has all of it, the other's the status, the device one word."""
    gateway = Gateway()
    gateway.take(press(1))
    effects = gateway.take(acted(console, accept()))
    other: ConsoleId = "veilig_thuis" if console == "police" else "police"
    assert (
        view(effects, console).status,
        view(effects, console).own_track.accepted_by,
    ) == ("accepted", "Ans")
    assert (
        view(effects, other).status,
        view(effects, other).other_track.status,
    ) == ("open", "accepted")
    assert statuses(effects) == ["accepted"]
    assert view(effects, console).timeline[-1].outcome == "done"


def test_a_second_accept_is_refused_and_names_who_was_first() -> None:
    """Two operators race: the second is told who acted."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("police", accept("a1", "Ans")))
    effects = gateway.take(acted("police", accept("a2", "Bob")))
    answer = view(effects, "police").timeline[-1]
    assert (answer.action_id, answer.outcome, answer.acted_by) == ("a2", "refused", "Ans")
    assert view(effects, "police").own_track.accepted_by == "Ans"


def test_a_repeated_action_is_answered_again_and_not_done_twice() -> None:
    """The same action id is one action, however often it is sent."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("police", accept()))
    count = len(gateway.journal)
    effects = gateway.take(acted("police", accept(), receipt=4))
    assert (count, [4]) == (len(gateway.journal), effects.acks)
    assert view(effects, "police").timeline[-1].action_id == "a1"


def test_an_action_on_an_unknown_alarm_clears_it_at_the_console() -> None:
    """A console that holds an alarm the gateway does not know is put right."""
    effects = Gateway().take(acted("police", accept(alarm_id=AlarmId("aware-000001.9"))))
    assert gone(effects) == [("police", "aware-000001.9")]


def test_the_police_track_runs_to_its_end() -> None:
    """Accept, assign, arrive, close: the device hears of each step of the dispatch."""
    gateway = Gateway()
    gateway.take(press(1))
    base: dict[str, Any] = {
        "alarm_id": ALARM,
        "seen_version": 1,
        "operator": "Ans",
        "at_ms": NOW_MS,
    }
    heard = []
    effects = Effects()
    for action in (
        accept(),
        AssignUnit(action_id=ActionId("a2"), unit="LD-1201", **base),
        Arrive(action_id=ActionId("a3"), **base),
        Note(action_id=ActionId("a4"), text="Deur open", **base),
        close(),
    ):
        effects = gateway.take(acted("police", action))
        heard += statuses(effects)
    shown = view(effects, "police")
    assert heard == ["accepted", "unit_assigned", "on_scene"]
    assert (
        shown.status,
        shown.own_track.units,
        shown.own_track.disposition,
    ) == ("closed", ("LD-1201",), "genuine")


def test_the_device_hears_closed_when_both_agencies_are_done() -> None:
    """One agency's end is not the alarm's end."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("police", accept("a1")))
    assert statuses(gateway.take(acted("police", close("c1")))) == []
    gateway.take(acted("veilig_thuis", accept("a2")))
    assert statuses(gateway.take(acted("veilig_thuis", close("c2")))) == ["closed"]


def test_a_closed_view_stays_until_the_console_confirms_it() -> None:
    """A console that was away still learns of the end; then the topic is cleared."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("police", accept()))
    shown = view(gateway.take(acted("police", close())), "police")
    assert gone(gateway.take(confirmed("police", ALARM, shown.version - 1))) == []
    assert gone(gateway.take(confirmed("police", ALARM, shown.version))) == [("police", ALARM)]


def test_a_cleared_console_hears_no_more_of_the_alarm() -> None:
    """What the other agency still does is not this one's concern."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("police", accept()))
    shown = view(gateway.take(acted("police", close())), "police")
    gateway.take(confirmed("police", ALARM, shown.version))
    effects = gateway.take(acted("veilig_thuis", accept("a9")))
    assert (views(effects, "police"), len(views(effects, "veilig_thuis"))) == ([], 1)


def test_a_console_that_still_holds_a_cleared_alarm_is_cleared_again() -> None:
    """A broker may restore an old retained view; the confirmation gives it away."""
    gateway = Gateway()
    gateway.take(press(1))
    closed_by_both(gateway)
    for console in ("police", "veilig_thuis"):
        gateway.take(confirmed(console, ALARM, 5))
    assert gone(gateway.take(confirmed("police", ALARM, 1))) == [("police", ALARM)]


def test_a_reopened_alarm_is_back_with_its_history() -> None:
    """Reopening keeps what happened before."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("police", accept()))
    shown = view(gateway.take(acted("police", close())), "police")
    gateway.take(confirmed("police", ALARM, shown.version))
    reopen = Reopen(
        action_id=ActionId("r1"),
        alarm_id=ALARM,
        seen_version=3,
        operator="Bob",
        at_ms=NOW_MS,
        reason="again",
    )
    shown = view(gateway.take(acted("police", reopen)), "police")
    assert (shown.status, shown.own_track.accepted_by) == ("accepted", "Bob")
    assert [entry.kind for entry in shown.timeline] == ["raised", "accept", "close", "reopen"]


def test_an_action_of_the_other_agency_is_refused() -> None:
    """Veilig Thuis cannot dispatch, the police cannot assess."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("police", accept()))
    assessment = SafetyAssessment(
        action_id=ActionId("s1"),
        alarm_id=ALARM,
        seen_version=1,
        operator="Ans",
        at_ms=NOW_MS,
        text="x",
    )
    answer = view(gateway.take(acted("police", assessment)), "police").timeline[-1]
    assert answer.outcome == "refused"


def test_an_alarm_that_nobody_accepts_escalates_twice() -> None:
    """30 s: level 1 at that console. 60 s: level 2, and the other agency learns of it."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("veilig_thuis", accept()))
    for console in ("police", "veilig_thuis"):
        gateway.take(confirmed(console, ALARM, 2))
    assert views(gateway.take(Tick(), now_ms=NOW_MS + 29_999), "police") == []
    first = gateway.take(Tick(), now_ms=NOW_MS + 30_000)
    assert view(first, "police").own_track.escalation_level == 1
    assert view(first, "veilig_thuis").timeline[-1].kind != "escalated"
    second = gateway.take(Tick(), now_ms=NOW_MS + 60_000)
    assert view(second, "police").own_track.escalation_level == 2
    assert view(second, "veilig_thuis").timeline[-1].kind == "escalated"


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
    gateway.take(confirmed("veilig_thuis", ALARM, 1))
    assert gateway.take(Tick(), now_ms=NOW_MS + 1_999).views == []
    again = gateway.take(Tick(), now_ms=NOW_MS + 2_000)
    assert view(again, "police").version == 1
    escalated = view(gateway.take(Tick(), now_ms=NOW_MS + 4_000), "police")
    assert (escalated.version, escalated.reasons[-1]) == (2, "console_unreachable")


def test_a_confirmed_view_is_left_alone() -> None:
    """Receipts end the repeats."""
    gateway = Gateway()
    gateway.take(press(1))
    for console in ("police", "veilig_thuis"):
        gateway.take(confirmed(console, ALARM, 1))
    assert gateway.take(Tick(), now_ms=NOW_MS + 10_000).views == []


def test_a_confirmation_is_journalled_once_per_version() -> None:
    """When a console held which version is evidence; repeats of it are not."""
    gateway = Gateway()
    gateway.take(press(1))
    for _ in range(2):
        gateway.take(confirmed("police", ALARM, 1))
    assert [record.kind for record in gateway.journal] == ["pressed", "delivered"]


def test_a_confirmation_of_a_version_that_does_not_exist_is_ignored() -> None:
    """A console cannot confirm the future."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(confirmed("police", ALARM, 99))
    assert [record.kind for record in gateway.journal] == ["pressed"]


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
    assert gateway.engine.last_seen_ms == {DEVICE: NOW_MS, OTHER_DEVICE: NOW_MS}
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


def test_time_is_an_argument() -> None:
    """The engine's times are those it is given."""
    shown = view(Gateway().take(press(1), now_ms=TimestampMs(5)), "police")
    assert (
        shown.raised_at_ms,
        shown.journaled_at_ms,
        shown.deadlines.accept_by_ms,
    ) == (5, 5, 30_005)
