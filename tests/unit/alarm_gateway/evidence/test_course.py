"""What is shared of an alarm: its course, and nobody in it."""

import os
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from alarm_gateway.adapters.chain import GENESIS, SALT_BYTES, Row, chained
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.core.inputs import RegistryChanged
from alarm_gateway.core.records import Record
from alarm_gateway.evidence.course import courses_of, write_courses
from alarm_protocol.messages import Location, Note
from alarm_protocol.units import ActionId
from tests.helpers.gateway import (
    DEVICE,
    FIRST_ALARM,
    NOW_MS,
    OTHER_DEVICE,
    Gateway,
    accept,
    acted,
    closed_by_both,
    household,
    press,
)

SECRETS = (
    DEVICE,
    OTHER_DEVICE,
    "Ans",
    "Bob",
    "press-1",
    "SECRET",
    "52.1",
    str(NOW_MS)[:8],
    "Synthetische",
    "done",
    "action_id",
)
"""Ids, people, a place, texts, and the time of day."""


def rows_of(records: list[Record]) -> list[Row]:
    """Chain records as a journal does."""
    rows: list[Row] = []
    last = GENESIS
    for seq, record in enumerate(records, 1):
        rows.append(chained(last, seq, record, os.urandom(SALT_BYTES)))
        last = rows[-1].hash
    return rows


def history() -> list[Row]:
    """Return an alarm with all that people wrote in it, and another home's press."""
    gateway = Gateway()
    place = Location(latitude=52.1601, longitude=4.497, accuracy_m=12.0)
    gateway.take(press(1, location=place))
    gateway.take(press(1, device_id=OTHER_DEVICE), now_ms=NOW_MS + 500)
    gateway.take(acted("police", accept("a0", "Bob")), now_ms=NOW_MS + 1_000)
    note = Note(
        action_id=ActionId("n1"),
        alarm_id=FIRST_ALARM,
        seen_version=1,
        operator="Bob",
        at_ms=NOW_MS,
        text="SECRET note about Synthetische Bewoner",
    )
    gateway.take(acted("police", note))
    changed = RegistryChanged(
        number=1, act="imported", by="Ans", reason="SECRET", households=(household(),)
    )
    gateway.take(changed)
    closed_by_both(gateway)
    return rows_of(gateway.journal)


def test_nobody_is_in_a_file_to_share(tmp_path: Path) -> None:
    """No id, no name, no text, no place and no time of day of anybody."""
    path = tmp_path / "courses.json"
    write_courses(courses_of(history()), path)
    text = path.read_text()
    assert [] == [secret for secret in SECRETS if secret in text]
    assert msgspec.json.decode(text)["pseudonymised"]


def test_the_course_of_an_alarm_is_there() -> None:
    """What happened, in which order, how long after the beginning, and by the same person again."""
    first, second = courses_of(history()).alarms
    assert ("alarm-1", "device-1", "alarm-2", "device-2") == (
        first.alarm,
        first.device,
        second.alarm,
        second.device,
    )
    assert [0, 1_000, 1_000] == [step.after_ms for step in first.steps[:3]]
    pressed, accepted, noted = (step.told for step in first.steps[:3])
    assert ("press", 1, ()) == (pressed["trigger"], pressed["priority"], pressed["doubts"])
    assert ("accept", "note") == (accepted["action"], noted["action"])
    assert accepted["operator"] == noted["operator"] == "operator-1"
    dispositions = [step.told["disposition"] for step in first.steps if "disposition" in step.told]
    assert ["genuine", "genuine"] == dispositions


def test_one_alarm_can_be_asked_for() -> None:
    """The other one is not in it; one that is not there is said so."""
    assert 1 == len(courses_of(history(), FIRST_ALARM).alarms)
    with pytest.raises(SettingsError, match=r"no alarm nobody\.1 in this journal"):
        courses_of(history(), "nobody.1")


def test_a_press_that_cannot_be_read_again_is_told_without_its_text() -> None:
    """In a journal that somebody changed, the rest is told all the same."""
    gateway = Gateway()
    gateway.take(press(1))
    (record,) = gateway.journal
    broken = replace(record, event=replace(record.event, line="SECRET"))
    (course,) = courses_of(rows_of([broken])).alarms
    assert "trigger" not in course.steps[0].told


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    """Sharing makes a new file."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="name a new file"):
        write_courses(courses_of(history()), tmp_path / "file")
