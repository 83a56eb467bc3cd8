"""Who gets to see what: one alarm, two legal views.

A view is built from the agency's own section of the household and its own track; the other
agency's section is not even read here. What does not fit in 4 KiB is shortened from the
oldest history on; the journal has it whole.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from alarm_gateway.core.device_state import AlarmState, TrackState
from alarm_gateway.core.effects import ViewDue
from alarm_gateway.core.errors import InvariantError
from alarm_gateway.core.policy import Policy, ms
from alarm_protocol.households import Household
from alarm_protocol.messages import (
    MESSAGE_BYTES_MAX,
    Deadlines,
    Doubt,
    OtherTrack,
    OwnTrack,
    Remark,
    TimelineEntry,
    TrackStatus,
    ViewPress,
)
from alarm_protocol.units import (
    CONSOLES,
    POLICE,
    VEILIG_THUIS,
    AlarmId,
    ConsoleId,
    DeviceId,
    TimestampMs,
    device_id_of,
    other_console,
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


_write = msgspec.json.Encoder().encode
_NOTHING_DUE = frozenset({"on_scene", "handed_over", "closed"})
_NO_HOUSEHOLD = Raw(b"null")


class _Facts(Struct, frozen=True, gc=False, kw_only=True):
    """What a view says to both agencies; with a `_Share` it makes up an `AlarmView`."""

    alarm_id: AlarmId
    version: int
    device_id: DeviceId
    priority: int
    test: bool
    reasons: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    remarks: tuple[Remark, ...]
    raised_at_ms: TimestampMs
    journaled_at_ms: TimestampMs
    press_count: int
    condensed_count: int


class _Share(Struct, frozen=True, gc=False, kw_only=True):
    """What a view says to one agency alone."""

    console: ConsoleId
    status: TrackStatus
    deadlines: Deadlines
    presses: tuple[ViewPress, ...]
    household: Raw
    own_track: OwnTrack
    other_track: OtherTrack
    timeline: tuple[TimelineEntry, ...]
    timeline_omitted: int


class Router:
    """Writes the views of alarms. What stays the same is written once.

    Args:
        registry: Every known device and its household.
        policy: When something must have happened.
    """

    def __init__(self, registry: Mapping[DeviceId, Household], policy: Policy) -> None:
        self._registry = registry
        times = policy.times
        self._accept_ms = ms(times.accept_within_s)
        self._escalate_ms = ms(times.escalate_within_s)
        self._on_scene_ms = ms(times.on_scene_within_s)
        self._sections: dict[ConsoleId, dict[DeviceId, Raw]] = {one: {} for one in CONSOLES}

    def forget(self, device_id: DeviceId) -> None:
        """Write a household anew the next time: the registry was changed."""
        for sections in self._sections.values():
            sections.pop(device_id, None)

    def views(self, alarm: AlarmState) -> list[ViewDue]:
        """Write the view of each agency that still has to do with this alarm, at most 4 KiB each.

        Raises:
            InvariantError: Even the shortest form is too long; the limits of the parts forbid it.
        """
        device_id = device_id_of(alarm.alarm_id)
        facts = _write(
            _Facts(
                alarm_id=alarm.alarm_id,
                version=alarm.view_version,
                device_id=device_id,
                priority=alarm.priority,
                test=alarm.test,
                reasons=alarm.reasons,
                doubts=alarm.doubts,
                remarks=alarm.remarks,
                raised_at_ms=alarm.raised_at_ms,
                journaled_at_ms=alarm.changed_at_ms,
                press_count=alarm.press_count,
                condensed_count=alarm.condensed,
            )
        )
        views: list[ViewDue] = []
        for console in CONSOLES:
            if not alarm.track(console).cleared:
                # Joined, the two are one byte shorter: two braces become one comma.
                share = self._share(alarm, console, device_id, MESSAGE_BYTES_MAX + 1 - len(facts))
                payload = b"%b,%b" % (facts[:-1], share[1:])
                views.append(ViewDue(console, alarm.alarm_id, payload))
        return views

    def _share(
        self, alarm: AlarmState, console: ConsoleId, device_id: DeviceId, bytes_max: int
    ) -> bytes:
        """Write one agency's own part, with as much history as fits."""
        track, other = alarm.track(console), alarm.track(other_console(console))
        readable = _readable(alarm, console)
        section = self._sections[console].get(device_id) or self._section(device_id, console)
        deadlines = self._deadlines(alarm, console, track)
        other_track = OtherTrack(status=other.own.status)
        for shape in _SHAPES:
            entries = _entries(readable, shape)
            share = _write(
                _Share(
                    console=console,
                    status=track.own.status,
                    deadlines=deadlines,
                    presses=_presses(alarm.presses[-shape.presses :], console),
                    household=section,
                    own_track=_own(track.own, shape),
                    other_track=other_track,
                    timeline=entries,
                    timeline_omitted=len(readable) - len(entries),
                )
            )
            if len(share) <= bytes_max:
                return share
        raise InvariantError(
            f"the shortest view of {alarm.alarm_id} does not fit; limits are wrong"
        )

    def _deadlines(self, alarm: AlarmState, console: ConsoleId, track: TrackState) -> Deadlines:
        status = track.own.status
        if status in _NOTHING_DUE:
            return Deadlines()
        accept_by_ms = escalate_by_ms = on_scene_by_ms = assess_by_ms = None
        if status == "open" and alarm.press_count:
            accept_by_ms = TimestampMs(track.opened_at_ms + self._accept_ms)
            escalate_by_ms = TimestampMs(track.opened_at_ms + self._escalate_ms)
        if console == VEILIG_THUIS:
            if status != "assessed" and not alarm.test:
                assess_by_ms = alarm.assess_by_ms
        elif alarm.priority == 1 and alarm.press_count and not alarm.test:
            # Dutch police, priority 1: a unit on the scene within 15 minutes.
            on_scene_by_ms = TimestampMs(alarm.raised_at_ms + self._on_scene_ms)
        return Deadlines(
            accept_by_ms=accept_by_ms,
            escalate_by_ms=escalate_by_ms,
            on_scene_by_ms=on_scene_by_ms,
            assess_by_ms=assess_by_ms,
        )

    def _section(self, device_id: DeviceId, console: ConsoleId) -> Raw:
        """Write an agency's section of a household; the other's is not read here."""
        household = self._registry.get(device_id)
        if household is None:
            return _NO_HOUSEHOLD
        own = household.police if console == POLICE else household.veilig_thuis
        section = self._sections[console][device_id] = Raw(_write(own))
        return section


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
        conditions=_cut(own.conditions, shape.text_max),
        handed_over_to=_cut(own.handed_over_to, shape.text_max),
        closed_by=_cut(own.closed_by, shape.text_max),
        close_reason=_cut(own.close_reason, shape.text_max),
    )


def _cut(text: str | None, length_max: int) -> str | None:
    if text is None or len(text) <= length_max:
        return text
    return text[: length_max - 1] + "…"
