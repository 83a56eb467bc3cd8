"""The checker: looks at every step and knows nothing of the engine's code.

It sees rows, messages, acknowledgements and boards as data, works out for itself what must
hold, and raises `RuleBrokenError` at the first thing that does not. The rules that look at the
journal and at what becomes visible are here; those of time are in `lateness.py`, those at the
end of a run in `ending.py`.
"""

import hashlib
from collections.abc import Mapping

from alarm_gateway.adapters.chain import Row
from alarm_protocol.codec import (
    decode_action,
    decode_alarm_view,
    decode_feedback,
    decode_press,
)
from alarm_protocol.errors import WireError
from alarm_protocol.households import Household
from alarm_protocol.messages import (
    AlarmView,
    ConfirmDelivery,
    Feedback,
    Painted,
    Press,
    TrackAction,
    Trigger,
)
from alarm_protocol.topics import parse_console_topic
from alarm_protocol.units import POLICE, VEILIG_THUIS, ConsoleId, DeviceId, PressId
from simulator.world.client import Received
from simulator.world.errors import RuleBrokenError
from simulator.world.facts import (
    DELIVERED_KINDS,
    PAINTED,
    AlarmFacts,
    Fact,
    Facts,
    PressKey,
    consoles_of,
    key_of,
)
from simulator.world.genuine import Judge
from simulator.world.homes import LATITUDE_TEXT, secret_of
from simulator.world.lateness import Lateness
from simulator.world.loop import Loop
from simulator.world.trace import Trace

_OTHER: dict[ConsoleId, ConsoleId] = {POLICE: VEILIG_THUIS, VEILIG_THUIS: POLICE}
_ACTION_OF = {"accepted": "accept", "unit_assigned": "assign_unit", "on_scene": "arrive"}
FLOOD_KINDS = ("condensed",)
"""Rows that count what is not written one by one."""


class Checker:
    """Watches one run.

    Args:
        loop: Time.
        registry: Every known device, to verify presses without the gateway's help.
        trace: Keeps what is worth telling.
    """

    def __init__(self, loop: Loop, registry: Mapping[DeviceId, Household], trace: Trace) -> None:
        self.facts = Facts()
        self.pressed_keys: dict[tuple[str, str], Trigger] = {}
        """Every press of a finger that its device has not forgotten."""
        self.forgotten: set[tuple[str, str]] = set()
        self.durable_keys: set[PressKey] = set()
        self.durable_ids: dict[tuple[str, str], set[str]] = {}
        """By device and press id: the alarms that a press is in."""
        self.verified: set[PressKey] = set()
        self.answered: set[tuple[str, str]] = set()
        self.counted: set[tuple[str, str]] = set()
        """Presses that the gateway says it has counted in a flood: never those of known devices."""
        self.trusted_ids: set[tuple[str, str]] = set()
        """Presses of devices that can prove who they are."""
        self._loop = loop
        self._judge = Judge(registry)
        self._trace = trace
        self._lateness = Lateness(loop, self.facts)
        self._last_hash = bytes(32)
        self._seq = 0
        self._versions: dict[str, int] = {}
        self._sequence_max: dict[str, int] = {}
        self._quarantined: set[tuple[str, int]] = set()
        self._floods: set[str] = set()
        """Alarms in which messages were counted instead of written one by one."""
        self._payloads: dict[tuple[ConsoleId, str, int], bytes] = {}
        self._shown: dict[tuple[ConsoleId, str], set[int]] = {}
        self._held: dict[tuple[ConsoleId, int, str], tuple[int, int]] = {}

    def _broken(self, rule: str, text: str) -> RuleBrokenError:
        return RuleBrokenError(rule, self._loop.since_start_ms, text)

    def note(self, who: str, text: str) -> None:
        """Hear of something worth telling."""
        self._trace.note(who, text)

    # -- the journal --------------------------------------------------------------------

    def durable(self, rows: list[Row]) -> None:
        """See rows the moment they are on the disk."""
        for row in rows:
            self._chain(row)
            press, trusted = self._judge.row(row)
            fact = self.facts.take(row, trusted=trusted)
            self._trace.row(fact)
            if press is not None:
                self._pressed_row(fact, press, trusted=trusted)
            elif row.kind in ("acted", "refused"):
                self._answer_row(fact)
            elif row.kind in DELIVERED_KINDS:
                self._delivered_row(fact)
            elif row.kind == PAINTED:
                self._painted_row(fact)
            elif row.kind == "quarantined":
                self._quarantined.add((fact.body["topic"], fact.body["size_bytes"]))
            elif row.kind in FLOOD_KINDS:
                self._floods.add(row.alarm_id or "")
            self._ended_row(fact)
            self._lateness.row(fact)

    def _ended_row(self, fact: Fact) -> None:
        """Rule `tests`: only a test or a fault ever ends by itself, never what somebody pressed."""
        alarm = fact.alarm
        if alarm is None:
            return
        by_itself = fact.row.kind == "expired" or fact.body.get("effect") == "ended"
        if by_itself and (alarm.real or (alarm.press_count and not alarm.test_only)):
            raise self._broken("tests", f"{alarm.alarm_id} ends by itself, and somebody pressed")

    def _chain(self, row: Row) -> None:
        """Rule `chain` and `versions`: nothing missing, nothing changed, no version twice."""
        head = "\0".join(
            (
                str(row.seq), row.device_id, str(row.version), str(row.at_ms), row.kind,
                row.alarm_id or "", "",
            )
        ).encode()  # fmt: skip
        cover, body = row.salt, row.body
        if row.kind == "pressed":
            cut = body.index(b',"doubts":')
            cover, body = hashlib.sha256(row.salt + body[:cut]).digest(), body[cut:]
        digest = hashlib.sha256(head + cover + body).digest()
        expected = hashlib.sha256(self._last_hash + digest).digest()
        if row.seq != self._seq + 1 or row.hash != expected:
            raise self._broken("chain", f"row {row.seq} does not follow from row {self._seq}")
        self._seq, self._last_hash = row.seq, row.hash
        version = self._versions.get(row.device_id, 0)
        if row.version != version + 1:
            raise self._broken(
                "versions",
                f"{row.device_id} goes from version {version} to {row.version} ({row.kind})",
            )
        self._versions[row.device_id] = row.version

    def _pressed_row(self, fact: Fact, press: Press, *, trusted: bool) -> None:
        row = fact.row
        key = key_of(row.device_id, press)
        doubts = fact.body["doubts"]
        stale = press.sequence <= self._sequence_max.get(row.device_id, -1)
        if not trusted and not doubts:
            raise self._broken("doubts", f"press {press.press_id} does not verify, no doubt named")
        if trusted and doubts and not (doubts == ["sequence_reused"] and stale):
            raise self._broken("doubts", f"genuine press {press.press_id} is doubted: {doubts}")
        again = key in (self.verified if trusted else self.durable_keys)
        if again:
            raise self._broken("twice", f"press {press.press_id} is in the journal again")
        self.durable_keys.add(key)
        if trusted:
            self.verified.add(key)
            before = self._sequence_max.get(row.device_id, -1)
            self._sequence_max[row.device_id] = max(before, press.sequence)
        self.durable_ids.setdefault((row.device_id, press.press_id), set()).add(row.alarm_id or "")
        self._one_alarm(fact, press)

    def _one_alarm(self, fact: Fact, press: Press) -> None:
        """Rule `twice`: a press opens an alarm where none is open, and joins it otherwise."""
        row = fact.row
        number = self.facts.numbers.get(row.device_id, 0)
        if fact.alarm is None or not self.facts.is_newest(row.alarm_id or ""):
            raise self._broken("twice", f"press {press.press_id} joins {row.alarm_id}, long over")
        if row.alarm_id != f"{row.device_id}.{number}":
            raise self._broken("twice", f"alarm {row.alarm_id} is number {number} of its device")
        earlier = self.facts.alarms.get(f"{row.device_id}.{number - 1}")
        if fact.opened and earlier is not None and not earlier.closed:
            raise self._broken("twice", f"{row.alarm_id} opened while {earlier.alarm_id} is open")

    def _answer_row(self, fact: Fact) -> None:
        console, action = fact.body["console"], fact.body["action"]
        key = (console, action["action_id"])
        if key in self.answered:
            raise self._broken("answers", f"action {key[1]} of {console} is answered again")
        self.answered.add(key)
        if fact.row.kind == "acted" and action["kind"] == "accept" and fact.alarm is not None:
            before = fact.alarm.history.get(fact.alarm.version - 1)
            if before is None or before.statuses[console] != "open":
                raise self._broken("answers", f"{fact.alarm.alarm_id} is accepted twice")

    def _delivered_row(self, fact: Fact) -> None:
        version = fact.body["view_version"]
        for console in consoles_of(fact.body):
            if version not in self._shown.get((console, fact.row.alarm_id or ""), ()):
                raise self._broken(
                    "confirmed", f"{console} never held version {version} of {fact.row.alarm_id}"
                )

    def _painted_row(self, fact: Fact) -> None:
        """Rule `painted`: once for an alarm and console, and only what was on its board."""
        console, version = fact.body["console"], fact.body["view_version"]
        painted = [] if fact.alarm is None else [one[0] for one in fact.alarm.painted]
        shown = self._shown.get((console, fact.row.alarm_id or ""), ())
        if painted.count(console) > 1 or version not in shown:
            raise self._broken("painted", f"{console}: version {version} of {fact.row.alarm_id}")

    # -- what becomes visible -----------------------------------------------------------

    def published(self, topic: str, payload: bytes) -> None:
        """See the gateway hand a view or feedback to its session."""
        self._trace.bytes(topic, payload)
        if topic.endswith("/feedback"):
            self._feedback(topic.split("/")[3], decode_feedback(payload))
            return
        place = parse_console_topic(topic)
        alarm = self.facts.alarms.get(place.alarm_id or "")
        if payload:
            self._secrets(place.console, payload)
            self._view(place.console, alarm, decode_alarm_view(payload), payload)
        elif (
            alarm is not None
            and self.facts.is_newest(alarm.alarm_id)
            and not alarm.tracks[place.console].ever_cleared
        ):
            raise self._broken(
                "gone", f"{alarm.alarm_id} is taken from {place.console}, which is not done"
            )

    def _feedback(self, device_id: str, feedback: Feedback) -> None:
        key = (device_id, feedback.press_id)
        written = feedback.alarm_id in self.durable_ids.get(key, ())
        if not written and (feedback.alarm_id not in self._floods or key in self.trusted_ids):
            raise self._broken(
                "durable first",
                f"'{feedback.status}' for press {feedback.press_id}, which is not in the journal",
            )
        alarm = self.facts.alarms[feedback.alarm_id]
        self.counted.update(() if written else (key,))
        wanted = _ACTION_OF.get(feedback.status)
        if (wanted and wanted not in alarm.told) or (
            feedback.status == "closed" and not alarm.closed_once
        ):
            raise self._broken(
                "durable first", f"'{feedback.status}' for {alarm.alarm_id} is not in the journal"
            )

    def _secrets(self, console: ConsoleId, payload: bytes) -> None:
        """Rule `secrets`: nothing of what only the other agency may know is in the bytes."""
        other = _OTHER[console]
        found = secret_of(other).encode() in payload
        if found or (console != POLICE and LATITUDE_TEXT.encode() in payload):
            raise self._broken("secrets", f"a view for {console} holds what is for {other} only")

    def _view(
        self, console: ConsoleId, alarm: AlarmFacts | None, view: AlarmView, payload: bytes
    ) -> None:
        name = f"version {view.version} of {view.alarm_id} for {console}"
        moment = None if alarm is None else alarm.history.get(view.version)
        if moment is None:
            raise self._broken("durable first", f"{name} is shown and not in the journal")
        before = self._payloads.setdefault((console, view.alarm_id, view.version), payload)
        if before != payload:
            raise self._broken("one version", f"{name} was shown with another content before")
        shown = (view.status, view.other_track.status, view.press_count)
        true = (moment.statuses[console], moment.statuses[_OTHER[console]], moment.press_count)
        if shown != true or view.own_track.escalation_level != moment.levels[console]:
            raise self._broken("true views", f"{name} shows {shown}, the journal says {true}")
        if view.test and moment.real:
            raise self._broken("tests", f"{name} is marked as a test, and somebody pressed")
        if moment.trusted and view.priority != 1:
            raise self._broken("priority", f"{name} has priority {view.priority}")
        for entry in view.timeline:
            if entry.action_id is not None and (console, entry.action_id) not in self.answered:
                raise self._broken("durable first", f"{name} answers {entry.action_id} too early")

    def acked(self, message: Received) -> None:
        """See the gateway acknowledge a message: what it says must be in the journal."""
        topic, payload = message.topic, message.payload
        self._trace.bytes(f"ack {topic}", payload)
        try:
            if topic.endswith("/press"):
                device_id = topic.split("/")[3]
                press, line, signature, _ = decode_press(payload)
                trusted = self._judge.verifies(device_id, press, line, signature)
                known = self.verified if trusted else self.durable_keys
                # A number used before makes a press doubtful, and then it stands there as such.
                fine = key_of(device_id, press) in known or (
                    trusted and key_of(device_id, press) in self.durable_keys
                    and press.sequence <= self._sequence_max.get(device_id, -1)
                ) or (not trusted and bool(self._floods))  # fmt: skip
            else:
                console = parse_console_topic(topic).console
                fine = self._is_known(console, decode_action(payload))
        except WireError:
            fine = (topic, len(payload)) in self._quarantined or bool(self._floods)
        if not fine:
            raise self._broken(
                "durable first", f"a message on {topic} is acknowledged and not in the journal"
            )

    def _is_known(
        self, console: ConsoleId, action: TrackAction | ConfirmDelivery | Painted
    ) -> bool:
        if isinstance(action, Painted):
            alarms = [self.facts.alarms.get(one.alarm_id) for one in action.sightings]
            newest = [one for one in alarms if one and self.facts.is_newest(one.alarm_id)]
            return all(console in [seen[0] for seen in one.painted] for one in newest)
        if not isinstance(action, ConfirmDelivery):
            known = (console, action.action_id) in self.answered
            return known or not self.facts.is_newest(action.alarm_id)
        for pair in action.deliveries:
            alarm = self.facts.alarms.get(pair.alarm_id)
            if alarm is None or not self.facts.is_newest(pair.alarm_id):
                continue
            if alarm.tracks[console].confirmed < pair.version <= alarm.version:
                return False
        return True

    # -- the other parts ----------------------------------------------------------------

    def gateway_up(self, life: int) -> None:
        """See the gateway begin a life."""
        self._trace.note("gateway", f"begins life {life}")
        self._lateness.gateway_up()

    def gateway_down(self, why: str) -> None:
        """See the gateway die."""
        self._trace.note("gateway", f"dies: {why}")
        self._lateness.gateway_down()

    def hindered(self, until_ms: int) -> None:
        """Learn that the gateway or its disk cannot be quick before this moment."""
        self._lateness.hindered(until_ms)

    def tick(self) -> None:
        """See the gateway's clock tick."""
        self._lateness.tick()

    def arrived(self, message: Received) -> None:
        """See a message reach the living gateway."""
        if not message.topic.endswith("/press"):
            return
        device_id = message.topic.split("/")[3]
        try:
            press, line, signature, _ = decode_press(message.payload)
        except WireError:
            return
        key = key_of(device_id, press)
        trusted = self._judge.verifies(device_id, press, line, signature)
        if trusted:
            self.trusted_ids.add((device_id, press.press_id))
        if trusted and key not in self.verified:
            self._trace.note(device_id, f"press {press.press_id} reaches the gateway")
            self._lateness.arrived(key)

    def pressed(self, device_id: DeviceId, press_id: PressId, trigger: Trigger) -> None:
        """See a finger press a button."""
        self._trace.note(device_id, f"takes press {press_id} ({trigger})")
        self.pressed_keys[device_id, press_id] = trigger

    def rebooted(self, device_id: DeviceId, forgotten: tuple[str, ...]) -> None:
        """See a device restart and forget its unanswered presses."""
        self._trace.note(device_id, f"restarts and forgets {len(forgotten)} presses")
        self.forgotten.update((device_id, press_id) for press_id in forgotten)

    def believed(self, device_id: DeviceId, feedback: Feedback) -> None:
        """See a device take feedback: rule `believed`."""
        self._trace.note(device_id, f"hears '{feedback.status}' for {feedback.press_id}")
        key = (device_id, feedback.press_id)
        if key not in self.durable_ids and key not in self.counted:
            raise self._broken(
                "believed", f"{device_id} believes press {feedback.press_id} received; it is lost"
            )

    def shown(self, console: ConsoleId, life: int, view: AlarmView) -> None:
        """See what a board holds of an alarm after a view came in: it never goes back."""
        self._shown.setdefault((console, view.alarm_id), set()).add(view.version)
        key = (console, life, view.alarm_id)
        before = self._held.get(key)
        if before is not None and (view.raised_at_ms, view.version) < before:
            raise self._broken(
                "board", f"{console} goes back to version {view.version} of {view.alarm_id}"
            )
        if before is None or before[1] != view.version:
            self._trace.note(console, f"shows version {view.version} of {view.alarm_id}")
        self._held[key] = (view.raised_at_ms, view.version)
