"""The course of alarms without anybody in it: to share, to teach with, to play again.

Only what is named here gets out: numbers, and words that this program itself chose from. Texts
that people wrote, names, places, ids, the bytes of presses and the time of the clock do not; who
acts again is told by a number that is given out anew in every file.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from alarm_gateway.adapters.chain import Row, record_of
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.core.records import (
    Acted,
    Condensed,
    Delivered,
    DeliveredToBoth,
    Escalated,
    HomeChanged,
    Pressed,
    Record,
    Refused,
    SupervisionChanged,
)
from alarm_protocol.codec import decode_press_line
from alarm_protocol.errors import WireError
from alarm_protocol.messages import Close, action_kind

_TOLD: Mapping[type, tuple[str, ...]] = {
    Pressed: ("opened", "priority", "reasons", "test", "doubts", "remarks"),
    Acted: ("console",),
    Refused: ("console",),
    Delivered: ("console", "view_version"),
    DeliveredToBoth: ("view_version",),
    Escalated: ("console", "level", "reason"),
    SupervisionChanged: ("condition", "active", "effect", "priority", "category"),
    HomeChanged: ("act",),
    Condensed: ("unreadable", "presses", "faults", "opened", "priority"),
}


class Step(Struct, frozen=True, kw_only=True):
    """Something happened to an alarm."""

    after_ms: int
    """Since the first step of this alarm."""
    kind: str
    told: dict[str, Any]


class Course(Struct, frozen=True, kw_only=True):
    """One alarm from its beginning to its end."""

    alarm: str
    device: str
    steps: list[Step]


class Courses(Struct, frozen=True, kw_only=True):
    """A file to share."""

    format: str = "aware-courses"
    version: int = 1
    pseudonymised: bool = True
    alarms: list[Course]


class _Numbers:
    """Numbers in the order in which somebody is met; nothing leads back."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._given: dict[str, str] = {}

    def of(self, name: str) -> str:
        return self._given.setdefault(name, f"{self._what}-{len(self._given) + 1}")


def courses_of(rows: Iterable[Row], alarm_id: str | None = None) -> Courses:
    """Tell the course of every alarm, or of one, without anybody in it.

    Args:
        rows: The journal, or one alarm's rows.
        alarm_id: The alarm; without it all of them.

    Raises:
        SettingsError: There is none.
    """
    alarms, devices, people = _Numbers("alarm"), _Numbers("device"), _Numbers("operator")
    courses: dict[str, Course] = {}
    began_ms: dict[str, int] = {}
    for row in rows:
        if row.purged or row.alarm_id is None or alarm_id not in (None, row.alarm_id):
            continue
        course = courses.get(row.alarm_id)
        if course is None:
            began_ms[row.alarm_id] = row.at_ms
            course = courses[row.alarm_id] = Course(
                alarm=alarms.of(row.alarm_id), device=devices.of(row.device_id), steps=[]
            )
        record = record_of(row)
        after_ms = row.at_ms - began_ms[row.alarm_id]
        course.steps.append(Step(after_ms=after_ms, kind=record.kind, told=_told(record, people)))
    if not courses:
        raise SettingsError(f"there is no alarm {alarm_id or 'at all'} in this journal to share")
    return Courses(alarms=list(courses.values()))


def write_courses(courses: Courses, out: Path) -> None:
    """Write a file to share.

    Raises:
        SettingsError: It is there already, or cannot be made.
    """
    content = msgspec.json.format(msgspec.json.encode(courses), indent=2)
    try:
        with out.open("xb") as file:
            file.write(content + b"\n")
    except OSError as error:
        raise SettingsError(
            f"--out {out} cannot be made ({error.strerror}); name a new file"
        ) from (error)


def _told(record: Record, people: _Numbers) -> dict[str, Any]:
    event = record.event
    told = {name: getattr(event, name) for name in _TOLD.get(type(event), ())}
    if isinstance(event, Acted | Refused):
        told["action"] = action_kind(event.action)
        told["operator"] = people.of(f"{event.console}:{event.action.operator}")
        if isinstance(event.action, Close):
            told["disposition"] = event.action.disposition
    if isinstance(event, Pressed):
        try:
            press = decode_press_line(event.line)
        except WireError:
            return told
        told |= {"trigger": press.trigger, "attempt": press.attempt}
    return told
