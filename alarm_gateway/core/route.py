"""Who gets to see what: one alarm, two legal views.

A view is built from the agency's own section of the household and its own track; the other
agency's section is not even read here. What does not fit in 4 KiB is shortened from the
oldest history on; the journal has it whole.
"""

from typing import NamedTuple

from msgspec.structs import replace

from alarm_gateway.core.device_state import AlarmState, TrackState
from alarm_gateway.core.errors import InvariantError
from alarm_gateway.core.policy import Policy, ms
from alarm_protocol.codec import encode
from alarm_protocol.errors import MessageTooLargeError
from alarm_protocol.households import Household, HouseholdView
from alarm_protocol.messages import (
    AlarmView,
    Deadlines,
    OtherTrack,
    OwnTrack,
    TimelineEntry,
    ViewPress,
)
from alarm_protocol.units import (
    POLICE,
    VEILIG_THUIS,
    ConsoleId,
    TimestampMs,
    device_id_of,
)


class _Shape(NamedTuple):
    """How much history a view holds; `text_max` bounds each free text in it, in characters."""

    entries: int
    presses: int
    units: int
    text_max: int


_SHAPES = (
    _Shape(entries=12, presses=8, units=8, text_max=500),
    _Shape(entries=6, presses=4, units=8, text_max=500),
    _Shape(entries=4, presses=2, units=4, text_max=200),
    _Shape(entries=2, presses=1, units=2, text_max=60),
    _Shape(entries=1, presses=1, units=1, text_max=8),
)


def other_console(console: ConsoleId) -> ConsoleId:
    """Return the other control room."""
    return VEILIG_THUIS if console == POLICE else POLICE


def encode_view(
    alarm: AlarmState, console: ConsoleId, household: Household | None, policy: Policy
) -> bytes:
    """Write the view of this alarm that this console may have, at most 4 KiB.

    Raises:
        InvariantError: Even the shortest form is too long; the limits of the parts forbid it.
    """
    for shape in _SHAPES:
        try:
            return encode(_view(alarm, console, household, policy, shape))
        except MessageTooLargeError:
            continue
    raise InvariantError(f"the shortest view of {alarm.alarm_id} does not fit; limits are wrong")


def _view(
    alarm: AlarmState,
    console: ConsoleId,
    household: Household | None,
    policy: Policy,
    shape: _Shape,
) -> AlarmView:
    track = alarm.track(console)
    readable = _readable(alarm, console)
    entries = _entries(readable, shape)
    return AlarmView(
        alarm_id=alarm.alarm_id,
        version=alarm.view_version,
        console=console,
        device_id=device_id_of(alarm.alarm_id),
        priority=alarm.priority,
        test=alarm.test,
        status=track.status,
        reasons=alarm.reasons,
        doubts=alarm.doubts,
        remarks=alarm.remarks,
        raised_at_ms=alarm.raised_at_ms,
        journaled_at_ms=alarm.changed_at_ms,
        deadlines=_deadlines(alarm, console, track, policy),
        press_count=alarm.press_count,
        condensed_count=alarm.condensed,
        presses=_presses(alarm.presses[-shape.presses :], console),
        household=_section(household, console),
        own_track=_own(track.own, shape),
        other_track=OtherTrack(status=alarm.track(other_console(console)).status),
        timeline=entries,
        timeline_omitted=len(readable) - len(entries),
    )


def _section(household: Household | None, console: ConsoleId) -> HouseholdView | None:
    if household is None:
        return None
    return household.police if console == POLICE else household.veilig_thuis


def _presses(presses: tuple[ViewPress, ...], console: ConsoleId) -> tuple[ViewPress, ...]:
    """Leave the location to the police: they drive there, Veilig Thuis does not."""
    if console == POLICE or all(press.location is None for press in presses):
        return presses
    return tuple(replace(press, location=None) for press in presses)


def _readable(alarm: AlarmState, console: ConsoleId) -> tuple[TimelineEntry, ...]:
    """Return the lines of history that this agency may read."""
    return tuple(
        [line.entry for line in alarm.timeline if line.console is None or line.console == console]
    )


def _entries(mine: tuple[TimelineEntry, ...], shape: _Shape) -> tuple[TimelineEntry, ...]:
    if shape is _SHAPES[0]:
        return mine[-shape.entries :]
    return tuple(_short_entry(entry, shape.text_max) for entry in mine[-shape.entries :])


def _short_entry(entry: TimelineEntry, text_max: int) -> TimelineEntry:
    longest = max(len(entry.text or ""), len(entry.operator or ""), len(entry.acted_by or ""))
    if longest <= text_max:
        return entry
    return replace(
        entry,
        text=_cut(entry.text, text_max),
        operator=_cut(entry.operator, text_max),
        acted_by=_cut(entry.acted_by, text_max),
    )


def _own(own: OwnTrack, shape: _Shape) -> OwnTrack:
    if shape is _SHAPES[0]:
        return own
    return replace(
        own,
        accepted_by=_cut(own.accepted_by, shape.text_max),
        units=tuple(unit[: shape.text_max] for unit in own.units[-shape.units :]),
        assessment=_cut(own.assessment, shape.text_max),
        handed_over_to=_cut(own.handed_over_to, shape.text_max),
        closed_by=_cut(own.closed_by, shape.text_max),
        close_reason=_cut(own.close_reason, shape.text_max),
    )


def _cut(text: str | None, length_max: int) -> str | None:
    if text is None or len(text) <= length_max:
        return text
    return text[: length_max - 1] + "…"


def _deadlines(
    alarm: AlarmState, console: ConsoleId, track: TrackState, policy: Policy
) -> Deadlines:
    times = policy.times
    status = track.own.status
    if status in ("on_scene", "handed_over", "closed"):
        return Deadlines()
    accept_by_ms = escalate_by_ms = assess_by_ms = None
    if status == "open" and alarm.press_count:
        accept_by_ms = TimestampMs(track.opened_at_ms + ms(times.accept_within_s))
        escalate_by_ms = TimestampMs(track.opened_at_ms + ms(times.escalate_within_s))
    if console == VEILIG_THUIS and status != "assessed" and not alarm.test:
        assess_by_ms = alarm.assess_by_ms
    return Deadlines(
        accept_by_ms=accept_by_ms,
        escalate_by_ms=escalate_by_ms,
        on_scene_by_ms=_on_scene_by(alarm, console, policy),
        assess_by_ms=assess_by_ms,
    )


def _on_scene_by(alarm: AlarmState, console: ConsoleId, policy: Policy) -> TimestampMs | None:
    """Police, priority 1: a unit on the scene within 15 minutes."""
    if console != POLICE or alarm.priority != 1 or alarm.test or not alarm.press_count:
        return None
    return TimestampMs(alarm.raised_at_ms + ms(policy.times.on_scene_within_s))
