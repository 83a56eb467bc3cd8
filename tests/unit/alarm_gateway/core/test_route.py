"""Two legal views of one alarm."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarm_gateway.core.device_state import AlarmState, Line, TrackState
from alarm_gateway.core.policy import Policy
from alarm_gateway.core.route import Router
from alarm_protocol.codec import decode_alarm_view
from alarm_protocol.households import SECTION_BYTES_MAX, Household, Member
from alarm_protocol.messages import (
    MESSAGE_BYTES_MAX,
    Location,
    OwnTrack,
    TimelineEntry,
    ViewPress,
)
from alarm_protocol.units import (
    CONSOLES,
    ActionId,
    AlarmId,
    ConsoleId,
    DeviceId,
    PressId,
    TimestampMs,
    other_console,
)
from tests.helpers.gateway import DEVICE, NOW_MS, Gateway, household, press

WIDE = "💥"
"""The widest character on the wire: four bytes."""


def alarm_of(gateway: Gateway) -> AlarmState:
    """Return the test device's alarm."""
    state = gateway.engine.state_of(DEVICE)
    assert state is not None
    assert state.alarm is not None
    return state.alarm


def encode_view(alarm: AlarmState, console: ConsoleId, home: Household | None) -> bytes:
    """Return an agency's view of an alarm."""
    router = Router({DEVICE: home} if home is not None else {}, Policy())
    (payload,) = [due.payload for due in router.views(alarm) if due.console == console]
    return payload


def shown_to(console: ConsoleId) -> bytes:
    """Return a view of a fresh press with a location."""
    gateway = Gateway()
    gateway.take(press(1, location=Location(latitude=52.1234, longitude=4.5)))
    return encode_view(alarm_of(gateway), console, household())


def test_the_police_see_nothing_of_veilig_thuis() -> None:
    """No field of Veilig Thuis's section is in the police's view."""
    payload = shown_to("police")
    assert b"THUIS" not in payload
    assert b"POLICE-Route" in payload


def test_veilig_thuis_sees_nothing_of_the_police() -> None:
    """No address, offender, weapon or location is in Veilig Thuis's view."""
    payload = shown_to("veilig_thuis")
    assert b"POLICE" not in payload
    assert b"52.1234" not in payload
    assert b"THUIS-Case" in payload


def test_the_police_see_where_the_device_is() -> None:
    """A unit drives to the place where the device was."""
    assert b"52.1234" in shown_to("police")


def test_an_unknown_device_has_no_household() -> None:
    """There is nothing to show, and the view says so."""
    gateway = Gateway()
    gateway.take(press(1))
    view = decode_alarm_view(encode_view(alarm_of(gateway), "police", None))
    assert None is view.household


@pytest.mark.parametrize("console", CONSOLES)
def test_each_console_has_one_other(console: ConsoleId) -> None:
    """Two control rooms, each the other's other."""
    assert console != other_console(console)
    assert console == other_console(other_console(console))


def test_only_the_police_have_15_minutes() -> None:
    """The norm to be on the scene is the police's, for priority 1."""
    gateway = Gateway()
    gateway.take(press(1))
    police, thuis = (
        decode_alarm_view(encode_view(alarm_of(gateway), console, None)) for console in CONSOLES
    )
    assert police.deadlines.on_scene_by_ms == NOW_MS + 900_000
    assert None is thuis.deadlines.on_scene_by_ms


def full_household(text: str) -> Household:
    """Return a household whose sections are as long as they may be."""
    home = household()
    police, thuis = home.police, home.veilig_thuis
    replace = msgspec.structs.replace
    for length in range(1, 300):
        long = text * length
        offender = replace(police.offender, description=long, vehicle=long)
        police_next = replace(
            police, offender=offender, weapons=long, route_notes=long, location_agreement=long
        )
        members = tuple(Member(name=(text * min(length, 80)), role="kind") for _ in range(8))
        thuis_next = replace(thuis, safety_plan=long, members=members)
        if len(msgspec.json.encode(police_next)) <= SECTION_BYTES_MAX:
            police = police_next
        if len(msgspec.json.encode(thuis_next)) <= SECTION_BYTES_MAX:
            thuis = thuis_next
    return replace(home, police=police, veilig_thuis=thuis)


LONG_LOCATION = Location(
    latitude=-52.123456789012345,
    longitude=-104.123456789012345,
    accuracy_m=999_999.123456789,
    fixed_at_ms=NOW_MS,
)


def full_alarm(presses: int, entries: int, text: str) -> AlarmState:
    """Return an alarm whose every field is as long as the wire allows."""
    device_id = DeviceId("d" * 64)
    entry = TimelineEntry(
        at_ms=NOW_MS,
        kind="safety_assessment",
        operator=text * 80,
        text=text * 500,
        action_id=ActionId("a" * 64),
        outcome="refused",
        acted_by=text * 80,
    )
    one = ViewPress(
        press_id=PressId("p" * 64),
        sequence=2**53 - 1,
        trigger="duress",
        pressed_at_ms=NOW_MS,
        received_at_ms=NOW_MS,
        claimed_device_id=DeviceId("c" * 64),
        battery_pct=100,
        location=LONG_LOCATION,
        doubts=("unknown_device", "unsigned", "device_mismatch"),
        remarks=("out_of_order", "delivered_late"),
    )
    track = TrackState(
        opened_at_ms=NOW_MS,
        own=OwnTrack(
            status="unit_assigned",
            escalation_level=2,
            accepted_at_ms=NOW_MS,
            accepted_by=text * 80,
            units=(text * 80,) * 8,
            on_scene_at_ms=NOW_MS,
            assessment=text * 500,
            conditions=text * 500,
            referred_to=("slachtofferhulp", "wijkagent", "lokaal_team"),
            handed_over_to=text * 80,
            closed_at_ms=NOW_MS,
            closed_by=text * 80,
            disposition="cancelled_by_user",
            close_reason=text * 500,
        ),
    )
    reasons = (
        "verified_press", "verified_hold", "verified_duress", "press_with_doubts", "unknown_device",
        "cancel_requested", "cancel_without_alarm", "test", "not_accepted", "console_unreachable",
    )  # fmt: skip
    return AlarmState(
        alarm_id=AlarmId(f"{device_id}.9999999999999999"),
        view_version=10**9,
        priority=1,
        test=False,
        reasons=reasons,
        doubts=(
            "unknown_device", "unsigned", "bad_signature", "sequence_reused",
            "device_out_of_service", "device_mismatch",
        ),
        remarks=("delivered_late", "clock_ahead", "out_of_order"),
        raised_at_ms=NOW_MS,
        changed_at_ms=TimestampMs(NOW_MS + 1),
        press_count=10**9,
        presses=(one,) * presses,
        police=track,
        veilig_thuis=track,
        timeline=(Line(None, entry),) * entries,
        timeline_count=10**6,
    )  # fmt: skip


@given(st.integers(1, 8), st.integers(1, 64), st.sampled_from(["a", "é", WIDE, '"', "\\", "\n"]))
def test_a_view_always_fits_the_wire(presses: int, entries: int, text: str) -> None:
    """However long names, notes and histories are, a view is at most 4 KiB and readable."""
    alarm = full_alarm(presses, entries, text)
    home = full_household(text)
    for console in CONSOLES:
        payload = encode_view(alarm, console, home)
        assert len(payload) <= MESSAGE_BYTES_MAX
        view = decode_alarm_view(payload)
        assert view.press_count == 10**9
        assert view.timeline_omitted == entries - len(view.timeline)


def test_a_note_of_ordinary_length_is_shown_whole() -> None:
    """Shortening is for the extremes, not for everyday notes."""
    gateway = Gateway()
    gateway.take(press(1))
    alarm = alarm_of(gateway)
    note = TimelineEntry(at_ms=NOW_MS, kind="note", operator="Ans", text="n" * 500)
    alarm = msgspec.structs.replace(alarm, timeline=(*alarm.timeline, Line(None, note)))
    view = decode_alarm_view(encode_view(alarm, "police", household()))
    assert view.timeline[-1].text == "n" * 500
