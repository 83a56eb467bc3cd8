"""What was on the screens of this console's operators, until the gateway surely has it.

Of each alarm only the first sight counts. It is told once per connection: the gateway keeps the
first and takes repeats for what they are, and whatever a broken connection lost is told again.
"""

from itertools import islice
from typing import NamedTuple

from alarm_protocol.messages import SIGHTINGS_MAX, AlarmView, Sighting
from alarm_protocol.units import AlarmId, TimestampMs
from dispatch.core.board import ALARMS_MAX


class _First(NamedTuple):
    raised_at_ms: TimestampMs
    operator: str
    sighting: Sighting


class Sightings:
    """First sights of one console, at most `kept_max` of them; the oldest are forgotten."""

    def __init__(self, kept_max: int = ALARMS_MAX) -> None:
        self._kept_max = kept_max
        self._first: dict[AlarmId, _First] = {}
        self._due: dict[AlarmId, None] = {}

    def note(self, view: AlarmView, version: int, operator: str, now_ms: TimestampMs) -> None:
        """Hear that a version of this alarm, of which the board holds `view`, was painted."""
        alarm_id = view.alarm_id
        known = self._first.get(alarm_id)
        if known is not None and known.raised_at_ms == view.raised_at_ms:
            return
        if not 0 < version <= view.version:
            return
        self._first.pop(alarm_id, None)
        while len(self._first) >= self._kept_max:
            oldest = next(iter(self._first))
            del self._first[oldest]
            self._due.pop(oldest, None)
        sighting = Sighting(alarm_id=alarm_id, version=version, at_ms=now_ms)
        self._first[alarm_id] = _First(view.raised_at_ms, operator, sighting)
        self._due[alarm_id] = None

    def again(self) -> None:
        """Tell everything again: the other side may have missed it."""
        self._due = dict.fromkeys(self._first)

    def take_due(self) -> tuple[str, tuple[Sighting, ...]] | None:
        """Return what fits in one message, of one operator, and whose it is; None: nothing."""
        if not self._due:
            return None
        operator = self._first[next(iter(self._due))].operator
        theirs = (one for one in self._due if self._first[one].operator == operator)
        chosen = list(islice(theirs, SIGHTINGS_MAX))
        for alarm_id in chosen:
            del self._due[alarm_id]
        return operator, tuple(self._first[one].sighting for one in chosen)
