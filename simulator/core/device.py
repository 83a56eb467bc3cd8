"""The button in somebody's home, without its socket, clock or dice.

Rules that must live here and nowhere else:

1. A press is repeated (same `press_id`, `attempt` + 1, new `sent_at_ms`) until feedback on
   that press comes, and never after. The waits are 1, 2, 4, 8, 16, then always 30 s.
2. A press is never forgotten while it is unanswered. At most `PENDING_MAX` may wait; the
   next finger is then refused by name, because the alarm it would raise is under way already.
3. While the connection is down nothing is sent. All that waits goes out, oldest first and
   before anything else, as soon as the connection is back.
4. Feedback may come twice, late and in any order: what the device shows only moves forward.
5. The device is silent. What it shows is text; there is no bell.

Messages come out as values (`Outgoing`); time comes in as `now_ms`.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from alarm_protocol.codec import encode, encode_press
from alarm_protocol.messages import (
    Feedback,
    FeedbackStatus,
    Heartbeat,
    LinkState,
    Location,
    Press,
    Trigger,
)
from alarm_protocol.topics import feedback as feedback_topic
from alarm_protocol.topics import heartbeat as heartbeat_topic
from alarm_protocol.topics import link as link_topic
from alarm_protocol.topics import press as press_topic
from alarm_protocol.units import AlarmId, DeviceId, DurationMs, PressId, TimestampMs
from simulator.core.errors import DeviceStateError

RETRY_FIRST_MS = DurationMs(1_000)
RETRY_MAX_MS = DurationMs(30_000)
PENDING_MAX = 32
HISTORY_MAX = 64
"""Answered presses a device remembers, so that late feedback is told from foreign feedback."""

STATUS_ORDER: tuple[FeedbackStatus, ...] = (
    "received",
    "accepted",
    "unit_assigned",
    "on_scene",
    "closed",
)
_RANK = {status: rank for rank, status in enumerate(STATUS_ORDER)}

Shown = Literal["idle", "sending", "received", "accepted", "unit_assigned", "on_scene", "closed"]
"""The one word on the device: that of its newest press."""
FeedbackOutcome = Literal["answered", "advanced", "repeated", "unknown_press"]
"""`answered`: it ended the repeats of a press; `advanced`: the alarm is further than shown."""


class DeviceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a device was delivered with. Without `key` it sends unsigned presses."""

    device_id: DeviceId
    key: bytes | None
    heartbeat_every_ms: DurationMs = DurationMs(60_000)
    battery_pct: int | None = 100
    location: Location | None = None
    tamper: bool = False
    """Whether the device says that somebody opened or moved it."""


class Outgoing(NamedTuple):
    """A message for the broker. `press` is set where it is one, for who keeps count."""

    topic: str
    payload: bytes
    qos: Literal[0, 1]
    retain: bool
    press: Press | None = None


class PressRefused(NamedTuple):
    """The device takes no further press now."""

    reason: Literal["too_many_pending"]


@dataclass(slots=True)
class _Pending:
    """An unanswered press; `press` is its newest attempt, or attempt 1 while `sent` is 0."""

    press: Press
    sent: int
    due_ms: TimestampMs
    tries: int = 0
    """Sendings since the broker was reached last: what came before says nothing of it now."""


def retry_delay_ms(tries: int) -> DurationMs:
    """Return how long to wait for feedback after so many sendings on one connection."""
    return DurationMs(min(RETRY_FIRST_MS << min(tries - 1, 16), RETRY_MAX_MS))


class Device:
    """One device: what it has to send, and what it shows.

    Drive it with `connected`, `disconnected`, `press`, `feedback` and `poll`; ask
    `next_wake_ms` when to poll next.
    """

    __slots__ = (
        "_alarms", "_answered", "_heartbeat_at_ms", "_newest", "_online", "_pending", "_sequence",
        "settings",
    )  # fmt: skip

    def __init__(
        self, settings: DeviceSettings, *, sequence: int, heartbeat_at_ms: TimestampMs
    ) -> None:
        self.settings = settings
        self._sequence = sequence
        self._heartbeat_at_ms = heartbeat_at_ms
        self._online = False
        self._pending: dict[PressId, _Pending] = {}
        self._answered: dict[PressId, AlarmId] = {}
        self._alarms: dict[AlarmId, FeedbackStatus] = {}
        self._newest: PressId | None = None

    @property
    def device_id(self) -> DeviceId:
        """Who this is."""
        return self.settings.device_id

    @property
    def pending(self) -> tuple[PressId, ...]:
        """Unanswered presses, oldest first."""
        return tuple(self._pending)

    @property
    def feedback_topic(self) -> str:
        """The only topic this device listens to."""
        return feedback_topic(self.device_id)

    def shown(self) -> Shown:
        """Return what the device shows: how far its newest press, or that one's alarm, is."""
        if self._newest is None:
            return "idle"
        if self._newest in self._pending:
            return "sending"
        return self._alarms[self._answered[self._newest]]

    def link(self, state: Literal["up", "down"]) -> Outgoing:
        """Return the retained link message; `down` is also the last will."""
        return Outgoing(
            link_topic(self.device_id), encode(LinkState(link=state)), qos=1, retain=True
        )

    def connected(self, now_ms: TimestampMs) -> list[Outgoing]:
        """Take note that the broker is reached, and return all that waited for it."""
        self._online = True
        for pending in self._pending.values():
            pending.due_ms, pending.tries = now_ms, 0
        presses = self._due_presses(now_ms)
        return [*presses, self.link("up"), *self._due_heartbeat(now_ms)]

    def disconnected(self) -> None:
        """Take note that the broker is out of reach; presses wait until `connected`."""
        self._online = False

    def press(
        self, press_id: PressId, trigger: Trigger, now_ms: TimestampMs
    ) -> list[Outgoing] | PressRefused:
        """Take a press of the finger and return what to send at once.

        Raises:
            DeviceStateError: The press id was used before on this device.
        """
        if press_id in self._pending or press_id in self._answered:
            raise DeviceStateError(f"press id {press_id} was used before on {self.device_id}")
        if len(self._pending) >= PENDING_MAX:
            return PressRefused("too_many_pending")
        self._sequence += 1
        press = Press(
            press_id=press_id,
            device_id=self.device_id,
            sequence=self._sequence,
            pressed_at_ms=now_ms,
            trigger=trigger,
            attempt=1,
            battery_pct=self.settings.battery_pct,
            location=self.settings.location,
        )
        self._pending[press_id] = _Pending(press, sent=0, due_ms=now_ms)
        self._newest = press_id
        return self._due_presses(now_ms)

    def poll(self, now_ms: TimestampMs) -> list[Outgoing]:
        """Return what is due: repeats, oldest press first, then a heartbeat."""
        return [*self._due_presses(now_ms), *self._due_heartbeat(now_ms)]

    def next_wake_ms(self) -> TimestampMs | None:
        """Return when `poll` has something to send, or None while the connection is down."""
        if not self._online:
            return None
        dues = (pending.due_ms for pending in self._pending.values())
        return min((*dues, self._heartbeat_at_ms))

    def feedback(self, message: Feedback) -> FeedbackOutcome:
        """Take the gateway's answer. Repeats and overtaken answers change nothing."""
        press_id = message.press_id
        answered = self._pending.pop(press_id, None) is not None
        if answered:
            self._remember(press_id, message.alarm_id)
        elif self._answered.get(press_id) != message.alarm_id:
            return "unknown_press"
        known = self._alarms.get(message.alarm_id)
        advanced = known is None or _RANK[message.status] > _RANK[known]
        if advanced:
            self._alarms[message.alarm_id] = message.status
        if answered:
            return "answered"
        return "advanced" if advanced else "repeated"

    def _remember(self, press_id: PressId, alarm_id: AlarmId) -> None:
        """Keep the answered press, and forget the oldest beyond the limit.

        The newest press is never among those: at most `PENDING_MAX` can be answered after it.
        """
        self._answered[press_id] = alarm_id
        if len(self._answered) > HISTORY_MAX:
            alarm = self._answered.pop(next(iter(self._answered)))
            if alarm not in self._answered.values():
                del self._alarms[alarm]

    def _due_presses(self, now_ms: TimestampMs) -> list[Outgoing]:
        if not self._online:
            return []
        due = [pending for pending in self._pending.values() if pending.due_ms <= now_ms]
        return [self._send(pending, now_ms) for pending in due]

    def _send(self, pending: _Pending, now_ms: TimestampMs) -> Outgoing:
        pending.sent += 1
        pending.tries += 1
        pending.press = msgspec.structs.replace(
            pending.press, attempt=pending.sent, sent_at_ms=now_ms
        )
        pending.due_ms = TimestampMs(now_ms + retry_delay_ms(pending.tries))
        payload = encode_press(pending.press, self.settings.key)
        topic = press_topic(self.device_id)
        return Outgoing(topic, payload, qos=1, retain=False, press=pending.press)

    def _due_heartbeat(self, now_ms: TimestampMs) -> list[Outgoing]:
        """Return at most one heartbeat; those missed while offline are not made up for."""
        if not self._online or now_ms < self._heartbeat_at_ms:
            return []
        every = self.settings.heartbeat_every_ms
        missed = (now_ms - self._heartbeat_at_ms) // every
        self._heartbeat_at_ms = TimestampMs(self._heartbeat_at_ms + (missed + 1) * every)
        beat = Heartbeat(
            device_id=self.device_id,
            sent_at_ms=now_ms,
            battery_pct=self.settings.battery_pct,
            tamper=self.settings.tamper,
        )
        return [Outgoing(heartbeat_topic(self.device_id), encode(beat), qos=0, retain=False)]
