"""The board of one console: which alarms it holds, and which it owes a confirmation.

Rules:
1. Newer versions replace older ones whole; an older or equal one is answered with a
   confirmation of what is held, since the gateway may have missed that confirmation.
2. Only what is held is confirmed. A full board confirms nothing new, so that the gateway keeps
   the alarm, repeats it and escalates; it never drops an open alarm to make room.
3. A lost connection never removes an alarm. After a new subscription, or when the gateway
   comes back, everything held is *unverified* until its view comes again; as long as it does
   not, it is confirmed again every `ASK_EVERY_MS`: the gateway answers with a view, or by
   clearing the topic of an alarm that it does not have.
4. A number that begins anew (same alarm id, raised later) is another alarm: the gateway's data
   was replaced. It wins whatever its version is.
"""

from typing import Literal

from msgspec import Struct, structs

from alarm_protocol.messages import DELIVERIES_MAX, AlarmView, Delivery
from alarm_protocol.units import AlarmId

ALARMS_MAX = 10_000
CLOSED_MAX = 100
DUE_MAX = 4 * ALARMS_MAX
ASK_EVERY_MS = 5_000

Place = Literal["open", "closed"]
Outcome = Literal["shown", "kept", "full"]
"""Of a view: now on the board; an older or equal one, so nothing changed; no room for it."""


class Held(Struct, frozen=True, kw_only=True):
    """One alarm on the board.

    `verified` is False where the gateway has not repeated it since the last interruption.
    `withdrawn` marks one that the gateway cleared without having closed it.
    """

    view: AlarmView
    place: Place
    received_at_ms: int
    verified: bool = True
    withdrawn: bool = False


def queue_key(view: AlarmView) -> tuple[bool, int, int, str]:
    """Order of the queue: unaccepted first, then priority, then the oldest."""
    return (view.status != "open", view.priority, view.raised_at_ms, view.alarm_id)


def _age_of(view: AlarmView) -> tuple[int, int]:
    return (view.raised_at_ms, view.version)


class Board:
    """All alarms of one console. Every method is told the time; nothing here reads a clock."""

    def __init__(self, *, alarms_max: int = ALARMS_MAX, closed_max: int = CLOSED_MAX) -> None:
        self._alarms_max = alarms_max
        self._closed_max = closed_max
        self._open: dict[AlarmId, Held] = {}
        self._closed: dict[AlarmId, Held] = {}
        self._due: dict[AlarmId, dict[int, None]] = {}
        self._due_count = 0
        self._asked_at_ms: dict[AlarmId, int] = {}
        self._turned_away: dict[AlarmId, None] = {}

    def take(self, view: AlarmView, now_ms: int) -> Outcome:
        """Take a view of this console, whichever way it came."""
        held = self.get(view.alarm_id)
        if held is not None and not held.withdrawn and _age_of(view) <= _age_of(held.view):
            self._verify(held)
            self._owe(held.view)
            return "kept"
        if view.status == "closed":
            self._close(Held(view=view, place="closed", received_at_ms=now_ms))
        elif view.alarm_id not in self._open and len(self._open) >= self._alarms_max:
            if len(self._turned_away) < self._alarms_max:
                self._turned_away[view.alarm_id] = None
            return "full"
        else:
            self._closed.pop(view.alarm_id, None)
            self._open[view.alarm_id] = Held(view=view, place="open", received_at_ms=now_ms)
        self._turned_away.pop(view.alarm_id, None)
        self._asked_at_ms.pop(view.alarm_id, None)
        self._owe(view)
        return "shown"

    def gone(self, alarm_id: AlarmId) -> bool:
        """Take the gateway's word that it has no such alarm; return whether one left the queue.

        It stays readable among the closed ones, but a later view of it begins anew.
        """
        self._turned_away.pop(alarm_id, None)
        self._asked_at_ms.pop(alarm_id, None)
        self._due_count -= len(self._due.pop(alarm_id, {}))
        held = self._open.get(alarm_id)
        if held is None:
            return False
        self._close(structs.replace(held, place="closed", verified=True, withdrawn=True))
        return True

    def doubt_all(self) -> tuple[AlarmId, ...]:
        """Mark every open alarm as unverified (rule 3); return those that changed."""
        changed = tuple(alarm_id for alarm_id, held in self._open.items() if held.verified)
        for alarm_id in changed:
            self._open[alarm_id] = structs.replace(self._open[alarm_id], verified=False)
        self._asked_at_ms = dict.fromkeys(self._open, 0)
        return changed

    def ask(self, now_ms: int) -> None:
        """Owe another confirmation of what is unverified. Call it while the gateway is up."""
        for alarm_id, asked_at_ms in self._asked_at_ms.items():
            if not asked_at_ms or now_ms - asked_at_ms >= ASK_EVERY_MS:
                self._asked_at_ms[alarm_id] = now_ms
                self._owe(self._open[alarm_id].view)

    def take_due(self) -> tuple[Delivery, ...]:
        """Return the confirmations for one message, and owe them no longer."""
        due: list[Delivery] = []
        while self._due and len(due) < DELIVERIES_MAX:
            alarm_id, versions = next(iter(self._due.items()))
            version = next(iter(versions))
            del versions[version]
            if not versions:
                del self._due[alarm_id]
            due.append(Delivery(alarm_id=alarm_id, version=version))
        self._due_count -= len(due)
        return tuple(due)

    @property
    def due_count(self) -> int:
        """How many confirmations are owed."""
        return self._due_count

    @property
    def turned_away_count(self) -> int:
        """How many alarms had no room and are left with the gateway."""
        return len(self._turned_away)

    def get(self, alarm_id: AlarmId) -> Held | None:
        """Look an alarm up, open or recently closed."""
        return self._open.get(alarm_id) or self._closed.get(alarm_id)

    def may_have_closed(self, view: AlarmView) -> bool:
        """Tell whether this alarm may have been closed before; never so of a first version."""
        held = self.get(view.alarm_id)
        return view.version > 1 and (held is None or held.place == "closed")

    def queue(self) -> list[Held]:
        """All open alarms, the most urgent first."""
        return sorted(self._open.values(), key=lambda held: queue_key(held.view))

    def recently_closed(self) -> list[Held]:
        """The last closed alarms, the newest first."""
        return list(reversed(self._closed.values()))

    @property
    def open_count(self) -> int:
        """How many open alarms are held."""
        return len(self._open)

    @property
    def unverified_count(self) -> int:
        """How many of them the gateway has not repeated since the last interruption."""
        return len(self._asked_at_ms)

    def _close(self, held: Held) -> None:
        alarm_id = held.view.alarm_id
        self._open.pop(alarm_id, None)
        self._closed.pop(alarm_id, None)
        self._closed[alarm_id] = held
        while len(self._closed) > self._closed_max:
            del self._closed[next(iter(self._closed))]

    def _verify(self, held: Held) -> None:
        self._asked_at_ms.pop(held.view.alarm_id, None)
        if not held.verified:
            self._open[held.view.alarm_id] = structs.replace(held, verified=True)

    def _owe(self, view: AlarmView) -> None:
        versions = self._due.get(view.alarm_id, {})
        # Past the limit the gateway simply repeats the view, and it is owed again then.
        if view.version not in versions and self._due_count < DUE_MAX:
            versions[view.version] = None
            self._due[view.alarm_id] = versions
            self._due_count += 1
