"""What the journal says, worked out anew: the checker's own reading of it.

Rows are read as plain JSON, with nothing of the engine's own rules: how far an agency is, which
version an alarm has and what was pressed follows from the rows and from the contract alone.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from alarm_gateway.adapters.chain import Row
from alarm_protocol.codec import decode_press_line
from alarm_protocol.errors import WireError
from alarm_protocol.messages import Press
from alarm_protocol.units import CONSOLES, ConsoleId

REAL_TRIGGERS = ("press", "hold", "duress")
DELIVERED_KINDS = ("delivered", "delivered_to_both")
PAINTED = "first_painted"
SILENT_KINDS = (*DELIVERED_KINDS, PAINTED)
"""Facts about an alarm that make no new version of its views."""
ENDED = "ended"
"""A fault that ends its alarm makes two versions: the fault is over, the alarm is closed."""

_STATUS_AFTER = {
    "accept": "accepted",
    "reopen": "accepted",
    "arrive": "on_scene",
    "hand_over": "handed_over",
    "close": "closed",
}
_KEEPS_FURTHER = {
    "assign_unit": ("unit_assigned", ("on_scene",)),
    "safety_assessment": ("assessed", ("handed_over",)),
}
"""These lead to a status, unless the track is further already."""


class PressKey(NamedTuple):
    """What makes a press this press: a repeat has the same."""

    device_id: str
    press_id: str
    sequence: int
    pressed_at_ms: int
    trigger: str


def key_of(device_id: str, press: Press) -> PressKey:
    """Return what tells this press from others on the topic of a device."""
    return PressKey(device_id, press.press_id, press.sequence, press.pressed_at_ms, press.trigger)


class Moment(NamedTuple):
    """An alarm as one version of its views has to show it."""

    statuses: dict[ConsoleId, str]
    levels: dict[ConsoleId, int]
    press_count: int
    real: bool
    trusted: bool


@dataclass(slots=True)
class TrackFacts:
    """How far one agency is."""

    opened_at_ms: int
    opened_version: int
    status: str = "open"
    level: int = 0
    confirmed: int = 0
    closed_version: int = 0
    unreachable: bool = False
    """Its console was called unreachable since it was opened."""
    ever_cleared: bool = False
    openings: int = 1

    @property
    def cleared(self) -> bool:
        """Closed, and the console has confirmed it."""
        return 0 < self.closed_version <= self.confirmed

    def open_again(self, at_ms: int, version: int) -> None:
        """Put it before the operators anew."""
        self.opened_at_ms, self.opened_version = at_ms, version
        self.status, self.level, self.closed_version = "open", 0, 0
        self.unreachable = False
        self.openings += 1


@dataclass(slots=True)
class AlarmFacts:
    """One alarm."""

    alarm_id: str
    device_id: str
    tracks: dict[ConsoleId, TrackFacts]
    version: int = 1
    changed_at_ms: int = 0
    press_count: int = 0
    test_only: bool = False
    real: bool = False
    """Somebody pressed who did not test."""
    trusted: bool = False
    """And that press is signed by a device in service."""
    history: dict[int, Moment] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    """Kinds of actions that were done on it."""
    closed_once: bool = False
    painted: list[tuple[str, int, int]] = field(default_factory=list)
    """On which console's screen, which version, when."""

    @property
    def closed(self) -> bool:
        """Whether both agencies are done."""
        return all(track.status == "closed" for track in self.tracks.values())

    def remember(self) -> None:
        """Keep what the newest version has to show."""
        self.history[self.version] = Moment(
            {console: track.status for console, track in self.tracks.items()},
            {console: track.level for console, track in self.tracks.items()},
            self.press_count,
            self.real,
            self.trusted,
        )
        self.closed_once = self.closed_once or self.closed


class Fact(NamedTuple):
    """A row, read."""

    row: Row
    body: dict[str, Any]
    press: Press | None
    alarm: AlarmFacts | None
    """The alarm that it is about, after it."""
    opened: bool


class Facts:
    """Everything that is durable."""

    def __init__(self) -> None:
        self.alarms: dict[str, AlarmFacts] = {}
        self.live: dict[str, AlarmFacts] = {}
        """Alarms that some console still has to do with."""
        self.newest: dict[str, str] = {}
        """By device: its newest alarm."""
        self.numbers: dict[str, int] = {}
        """By device: how many alarms it has had."""

    def take(self, row: Row, *, trusted: bool) -> Fact:
        """Read one more row; `trusted` tells whether a press in it verifies."""
        body: dict[str, Any] = msgspec.json.decode(row.body)
        press = press_in(body)
        alarm = None if row.alarm_id is None else self.alarms.get(row.alarm_id)
        opened = row.alarm_id is not None and _opens(body)
        if opened:
            alarm = self._open(row)
        elif alarm is not None and row.kind not in SILENT_KINDS:
            alarm.version += 1 + (body.get("effect") == ENDED)
        if alarm is not None:
            self._apply(alarm, row, body, opened=opened)
            if press is not None:
                _press(alarm, press, row.at_ms, trusted=trusted, opened=opened)
            if row.kind not in SILENT_KINDS:
                alarm.changed_at_ms = row.at_ms
                alarm.remember()
            if all(track.cleared for track in alarm.tracks.values()):
                self.live.pop(alarm.alarm_id, None)
            elif self.is_newest(alarm.alarm_id):
                self.live[alarm.alarm_id] = alarm
        return Fact(row, body, press, alarm, opened)

    def _open(self, row: Row) -> AlarmFacts:
        alarm_id = row.alarm_id or ""
        tracks = {console: TrackFacts(row.at_ms, 1) for console in CONSOLES}
        alarm = self.alarms[alarm_id] = AlarmFacts(alarm_id, row.device_id, tracks)
        self.live.pop(self.newest.get(row.device_id, ""), None)
        self.newest[row.device_id] = alarm_id
        self.numbers[row.device_id] = self.numbers.get(row.device_id, 0) + 1
        return alarm

    def _apply(self, alarm: AlarmFacts, row: Row, body: dict[str, Any], *, opened: bool) -> None:
        if row.kind == "expired" or body.get("effect") == ENDED:
            for one in alarm.tracks.values():
                if one.status != "closed":
                    one.status, one.closed_version = "closed", alarm.version
            return
        if row.kind in SILENT_KINDS:
            _told(alarm, row, body)
            return
        track = alarm.tracks.get(body.get("console", ""))
        if track is None or opened:
            return
        if row.kind == "acted":
            kind = body["action"]["kind"]
            alarm.told.add(kind)
            track.status = status_after(track.status, kind)
            track.closed_version = alarm.version if track.status == "closed" else 0
            if kind == "reopen":
                track.level = 0
        elif row.kind == "escalated":
            track.level = max(track.level, body["level"])
            track.unreachable = track.unreachable or body["reason"] == "console_unreachable"
        track.ever_cleared = track.ever_cleared or track.cleared

    def is_newest(self, alarm_id: str) -> bool:
        """Whether its device has had no other alarm since."""
        alarm = self.alarms.get(alarm_id)
        return alarm is not None and self.newest[alarm.device_id] == alarm_id


def _told(alarm: AlarmFacts, row: Row, body: dict[str, Any]) -> None:
    """Note what a console says of its board or of a screen."""
    if row.kind == PAINTED:
        alarm.painted.append((body["console"], body["view_version"], body["painted_at_ms"]))
        return
    for console in consoles_of(body):
        holder = alarm.tracks[console]
        holder.confirmed = max(holder.confirmed, body["view_version"])
        holder.ever_cleared = holder.ever_cleared or holder.cleared


def consoles_of(body: dict[str, Any]) -> tuple[ConsoleId, ...]:
    """Return who confirmed, by a row about a delivery: the console that it names, or both."""
    named: ConsoleId | None = body.get("console")
    return CONSOLES if named is None else (named,)


def _press(alarm: AlarmFacts, press: Press, at_ms: int, *, trusted: bool, opened: bool) -> None:
    """Let a press join: what was closed, or was a test or a fault only, opens again."""
    real = press.trigger in REAL_TRIGGERS
    was_test = alarm.test_only
    if opened:
        alarm.test_only = press.trigger == "test"
    elif real:
        alarm.test_only = False
    first = alarm.press_count == 0 or (was_test and not alarm.test_only)
    for track in alarm.tracks.values():
        if not opened and (first or track.status == "closed"):
            track.open_again(at_ms, alarm.version)
    alarm.press_count += 1
    alarm.real = alarm.real or real
    alarm.trusted = alarm.trusted or (real and trusted)


def press_in(body: dict[str, Any]) -> Press | None:
    """Return the press in a row's body, if there is one."""
    line = body.get("line")
    if not isinstance(line, str):
        return None
    try:
        return decode_press_line(line)
    except WireError:
        return None


def _opens(body: dict[str, Any]) -> bool:
    return body.get("opened") is True or body.get("effect") == "opened"


def status_after(status: str, kind: str) -> str:
    """Return how far a track is after an action that was done."""
    if kind in _KEEPS_FURTHER:
        leads_to, further = _KEEPS_FURTHER[kind]
        return status if status in further else leads_to
    return _STATUS_AFTER.get(kind, status)
