"""What must hold at the end of a run, and whenever everything has come to rest before."""

from collections.abc import Iterable, Mapping

from alarm_protocol.topics import parse_console_topic
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId
from dispatch.core.board import Board
from simulator.world.checker import Checker
from simulator.world.errors import RuleBrokenError
from simulator.world.facts import AlarmFacts


def check_presses(checker: Checker, pending: Iterable[tuple[str, str]], at_ms: int) -> None:
    """Require that every press of a device that lived on is in the journal, and answered.

    Raises:
        RuleBrokenError: `received`.
    """
    for device_id, press_id in checker.pressed_keys:
        key = (device_id, press_id)
        known = key in checker.durable_ids or key in checker.counted
        if not known and key not in checker.forgotten:
            raise RuleBrokenError("received", at_ms, f"press {press_id} never came to the journal")
    for device_id, press_id in pending:
        raise RuleBrokenError("received", at_ms, f"{device_id} still repeats press {press_id}")


def check_boards(
    checker: Checker, boards: Mapping[ConsoleId, Board], at_ms: int, unchanged_since_ms: int
) -> None:
    """Require that both boards show every open alarm at its newest version, and no other.

    Args:
        checker: What the journal says.
        boards: What is shown.
        at_ms: Virtual time since the start, in milliseconds.
        unchanged_since_ms: Alarms that changed after this moment are still on their way.

    Raises:
        RuleBrokenError: `both boards`.
    """
    for alarm in checker.facts.live.values():
        if alarm.changed_at_ms <= unchanged_since_ms:
            for console in CONSOLES:
                _check_held(alarm, console, boards[console], at_ms)
    for console in CONSOLES:
        for held in boards[console].queue():
            view = held.view
            known = checker.facts.alarms.get(view.alarm_id)
            if known is None or (
                known.tracks[console].status == "closed"
                and known.changed_at_ms <= unchanged_since_ms
            ):
                raise RuleBrokenError(
                    "both boards", at_ms, f"{console} still shows {view.alarm_id}, which is over"
                )


def _check_held(alarm: AlarmFacts, console: ConsoleId, board: Board, at_ms: int) -> None:
    track = alarm.tracks[console]
    if track.status == "closed":
        if not track.cleared:
            raise RuleBrokenError(
                "both boards", at_ms, f"{console} never confirmed the end of {alarm.alarm_id}"
            )
        return
    held = board.get(AlarmId(alarm.alarm_id))
    if held is None or held.place != "open" or held.withdrawn:
        raise RuleBrokenError("both boards", at_ms, f"{console} does not show {alarm.alarm_id}")
    if held.view.version != alarm.version:
        raise RuleBrokenError(
            "both boards",
            at_ms,
            f"{console} shows version {held.view.version} of {alarm.alarm_id}, "
            f"the newest is {alarm.version}",
        )
    if track.confirmed < alarm.version or not held.verified:
        raise RuleBrokenError(
            "both boards",
            at_ms,
            f"{console} holds version {alarm.version} of {alarm.alarm_id}, and the gateway "
            f"knows of {track.confirmed} (verified: {held.verified})",
        )


def check_retained(checker: Checker, retained: Mapping[str, bytes], at_ms: int) -> None:
    """Require that the broker keeps the views of alarms that are not over, and no others.

    Raises:
        RuleBrokenError: `cleared`.
    """
    for topic in retained:
        if "/alarms/" not in topic:
            continue
        place = parse_console_topic(topic)
        alarm = checker.facts.alarms.get(place.alarm_id or "")
        if alarm is None or alarm.tracks[place.console].cleared:
            raise RuleBrokenError(
                "cleared", at_ms, f"the broker still keeps {place.alarm_id} for {place.console}"
            )
