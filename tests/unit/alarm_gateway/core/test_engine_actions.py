"""The engine and the operators: done, refused, answered, cleared."""

from typing import Any

import pytest

from alarm_gateway.core.effects import Effects
from alarm_protocol.messages import (
    Arrive,
    AssignUnit,
    Conditions,
    Note,
    Refer,
    Reopen,
    SafetyAssessment,
)
from alarm_protocol.units import ActionId, AlarmId, ConsoleId
from tests.helpers.gateway import (
    FIRST_ALARM,
    NOW_MS,
    Gateway,
    accept,
    acted,
    close,
    closed_by_both,
    confirmed,
    gone,
    press,
    statuses,
    view,
    views,
)


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
        "alarm_id": FIRST_ALARM,
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
    assert gone(gateway.take(confirmed("police", FIRST_ALARM, shown.version - 1))) == []
    assert gone(gateway.take(confirmed("police", FIRST_ALARM, shown.version))) == [
        ("police", FIRST_ALARM)
    ]


def test_a_cleared_console_hears_no_more_of_the_alarm() -> None:
    """What the other agency still does is not this one's concern."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("police", accept()))
    shown = view(gateway.take(acted("police", close())), "police")
    gateway.take(confirmed("police", FIRST_ALARM, shown.version))
    effects = gateway.take(acted("veilig_thuis", accept("a9")))
    assert (views(effects, "police"), len(views(effects, "veilig_thuis"))) == ([], 1)


def test_a_console_that_still_holds_a_cleared_alarm_is_cleared_again() -> None:
    """A broker may restore an old retained view; the confirmation gives it away."""
    gateway = Gateway()
    gateway.take(press(1))
    closed_by_both(gateway)
    for console in ("police", "veilig_thuis"):
        gateway.take(confirmed(console, FIRST_ALARM, 5))
    assert gone(gateway.take(confirmed("police", FIRST_ALARM, 1))) == [("police", FIRST_ALARM)]


def test_a_reopened_alarm_is_back_with_its_history() -> None:
    """Reopening keeps what happened before."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("police", accept()))
    shown = view(gateway.take(acted("police", close())), "police")
    gateway.take(confirmed("police", FIRST_ALARM, shown.version))
    reopen = Reopen(
        action_id=ActionId("r1"),
        alarm_id=FIRST_ALARM,
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
        alarm_id=FIRST_ALARM,
        seen_version=1,
        operator="Ans",
        at_ms=NOW_MS,
        text="x",
    )
    answer = view(gateway.take(acted("police", assessment)), "police").timeline[-1]
    assert answer.outcome == "refused"


def test_agreements_and_referrals_are_veilig_thuis_alone() -> None:
    """The newest agreement holds, a party is named once, and the police learn of neither."""
    gateway = Gateway()
    gateway.take(press(1))
    gateway.take(acted("veilig_thuis", accept()))

    def do(number: int, kind: Any, **fields: str) -> Effects:
        action = kind(
            action_id=ActionId(f"v-{number}"), alarm_id=FIRST_ALARM, seen_version=1,
            operator="Vera", at_ms=NOW_MS, **fields,
        )  # fmt: skip
        return gateway.take(acted("veilig_thuis", action))

    do(1, Conditions, text="CANARY geen contact")
    do(2, Conditions, text="CANARY kinderen bij oma")
    do(3, Refer, party="wijkagent", text="CANARY stopgesprek")
    do(4, Refer, party="slachtofferhulp")
    effects = do(5, Refer, party="wijkagent")
    shown = view(effects, "veilig_thuis")
    assert ("accepted", "CANARY kinderen bij oma", ("wijkagent", "slachtofferhulp")) == (
        shown.status, shown.own_track.conditions, shown.own_track.referred_to,
    )  # fmt: skip
    assert [
        ("conditions", "CANARY geen contact"),
        ("conditions", "CANARY kinderen bij oma"),
        ("refer", "wijkagent: CANARY stopgesprek"),
        ("refer", "slachtofferhulp"),
        ("refer", "wijkagent"),
    ] == [(entry.kind, entry.text) for entry in shown.timeline[-5:]]
    police = view(effects, "police")
    assert ("open", None, ()) == (
        police.status, police.own_track.conditions, police.own_track.referred_to,
    )  # fmt: skip
    assert "CANARY" not in repr(police)
    assert "wijkagent" not in repr(police)
