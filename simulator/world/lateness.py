"""The rules of time: no press waits, no escalation is late or early, a deaf console is noticed.

A gateway that is down, stands still or has a slow disk is hindered; nothing is late before
that is over. All times in milliseconds.
"""

import heapq
from typing import NamedTuple

from alarm_protocol.units import CONSOLES, ConsoleId
from simulator.world.errors import RuleBrokenError
from simulator.world.facts import AlarmFacts, Fact, Facts, PressKey, TrackFacts, key_of
from simulator.world.loop import START_MS, Loop

TICK_MS = 250
PRESS_MS_MAX = 100
"""From the arrival of a press to its row on the disk: two writes and a little."""
ACCEPT_MS = 30_000
ESCALATE_MS = 60_000
LEVELS_MS = {1: ACCEPT_MS, 2: ESCALATE_MS}
SLACK_MS = PRESS_MS_MAX
UNREACHABLE_MS = 6_000
"""2 s for a confirmation, 2 s for a second try, and what ticks and disk take."""


class _Deadline(NamedTuple):
    due_ms: int
    number: int
    alarm_id: str
    console: ConsoleId
    opening: int
    level: int
    """0: an unconfirmed view has to be noticed."""


class Lateness:
    """Keeps deadlines of its own, and compares."""

    def __init__(self, loop: Loop, facts: Facts) -> None:
        self._loop = loop
        self._facts = facts
        self._hindered_until_ms = 0
        self._waiting: dict[PressKey, int] = {}
        self._deadlines: list[_Deadline] = []
        self._count = 0

    def _broken(self, rule: str, text: str) -> RuleBrokenError:
        return RuleBrokenError(rule, self._loop.since_start_ms, text)

    # -- hindrances ---------------------------------------------------------------------

    def gateway_up(self) -> None:
        """The gateway can be quick from now on."""
        self.hindered(self._loop.now_ms)

    def gateway_down(self) -> None:
        """What had arrived and was not written is lost with the process; it comes again."""
        self._waiting.clear()

    def hindered(self, until_ms: int) -> None:
        """Nothing is late before this moment."""
        self._hindered_until_ms = max(self._hindered_until_ms, until_ms)

    # -- presses ------------------------------------------------------------------------

    def arrived(self, key: PressKey) -> None:
        """A press that is not in the journal has reached the gateway."""
        self._waiting.setdefault(key, self._loop.now_ms)

    def _check_presses(self) -> None:
        for key, arrived_ms in self._waiting.items():
            waits_ms = self._loop.now_ms - max(arrived_ms, self._hindered_until_ms)
            if waits_ms > PRESS_MS_MAX:
                raise self._broken(
                    "no waiting", f"press {key.press_id} has waited for {waits_ms} ms"
                )
            return

    # -- rows ---------------------------------------------------------------------------

    def row(self, fact: Fact) -> None:
        """See a row: it may end a wait, begin a deadline, or be an escalation."""
        alarm = fact.alarm
        if fact.press is not None:
            self._check_presses()
            self._waiting.pop(key_of(fact.row.device_id, fact.press), None)
            if alarm is not None:
                self._watch(alarm, fact.row.at_ms)
        elif fact.row.kind == "escalated" and alarm is not None:
            console = fact.body["console"]
            track = alarm.tracks[console]
            if fact.body["reason"] == "not_accepted":
                self._escalated(alarm, console, track, fact)
            elif track.confirmed >= track.opened_version:
                raise self._broken(
                    "unreachable", f"{console} confirmed {alarm.alarm_id} and is called unreachable"
                )

    def _watch(self, alarm: AlarmFacts, at_ms: int) -> None:
        for console in CONSOLES:
            track = alarm.tracks[console]
            if track.opened_at_ms == at_ms and track.status == "open":
                for level, wait_ms in LEVELS_MS.items():
                    self._arm(track.opened_at_ms + wait_ms, alarm, console, level)
                self._arm(track.opened_at_ms, alarm, console, 0)

    def _arm(self, due_ms: int, alarm: AlarmFacts, console: ConsoleId, level: int) -> None:
        self._count += 1
        opening = alarm.tracks[console].openings
        deadline = _Deadline(due_ms, self._count, alarm.alarm_id, console, opening, level)
        heapq.heappush(self._deadlines, deadline)

    def _escalated(
        self, alarm: AlarmFacts, console: ConsoleId, track: TrackFacts, fact: Fact
    ) -> None:
        level = fact.body["level"]
        if track.status != "open":
            raise self._broken("escalation", f"{alarm.alarm_id} is {track.status} at {console}")
        due_ms = track.opened_at_ms + LEVELS_MS[level]
        if fact.row.at_ms < due_ms:
            raise self._broken(
                "escalation",
                f"{alarm.alarm_id} reaches level {level} at {console} "
                f"{due_ms - fact.row.at_ms} ms too early",
            )
        late_ms = fact.row.at_ms - max(due_ms, self._hindered_until_ms)
        if late_ms > TICK_MS + SLACK_MS:
            raise self._late(alarm.alarm_id, console, level, late_ms)

    def _late(self, alarm_id: str, console: str, level: int, late_ms: int) -> RuleBrokenError:
        return self._broken(
            "escalation", f"{alarm_id} reaches level {level} at {console} {late_ms} ms late"
        )

    # -- time ---------------------------------------------------------------------------

    def tick(self) -> None:
        """Look at what should have happened by now."""
        self._check_presses()
        now_ms = self._loop.now_ms
        allowed_ms = TICK_MS + SLACK_MS
        while self._deadlines and self._deadlines[0].due_ms + allowed_ms < now_ms:
            deadline = heapq.heappop(self._deadlines)
            alarm = self._facts.alarms[deadline.alarm_id]
            track = alarm.tracks[deadline.console]
            if track.openings != deadline.opening or not self._facts.is_newest(deadline.alarm_id):
                continue
            if deadline.level == 0:
                self._check_reached(deadline, alarm, track)
            elif track.status == "open" and track.level < deadline.level:
                if self._hindered_until_ms + allowed_ms >= now_ms:
                    again = deadline._replace(due_ms=self._hindered_until_ms)
                    heapq.heappush(self._deadlines, again)
                    continue
                late_ms = now_ms - max(deadline.due_ms, self._hindered_until_ms)
                raise self._late(alarm.alarm_id, deadline.console, deadline.level, late_ms)

    def _check_reached(self, deadline: _Deadline, alarm: AlarmFacts, track: TrackFacts) -> None:
        """Rule `unreachable`: a console that does not confirm an alarm is called by its name."""
        if track.unreachable or track.confirmed >= track.opened_version:
            return
        since_ms = max(track.opened_at_ms, self._hindered_until_ms)
        if self._loop.now_ms < since_ms + UNREACHABLE_MS:
            again = deadline._replace(due_ms=since_ms + UNREACHABLE_MS)
            heapq.heappush(self._deadlines, again)
            return
        raise self._broken(
            "unreachable",
            f"{deadline.console} has not confirmed {alarm.alarm_id} since "
            f"{(since_ms - START_MS) / 1_000:g} s, and nobody says so",
        )
