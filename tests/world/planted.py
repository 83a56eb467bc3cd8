"""Deliberate faults for the gateway: each breaks one promise, in the way that bugs do.

They live in the tests only. `PLANTED` names each one, the recipe of a gateway that has it, and
the rules by which the checker may notice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from alarm_gateway.core.device_state import AlarmState
from alarm_gateway.core.effects import GONE, Effects, ViewDue
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.inputs import Input, PressReceived
from alarm_gateway.core.intake import Intake
from alarm_gateway.core.policy import Policy
from alarm_gateway.core.records import Record
from alarm_gateway.core.timers import Timers
from alarm_protocol.codec import decode_alarm_view, encode
from alarm_protocol.households import Household
from alarm_protocol.units import CONSOLES, VEILIG_THUIS, DeviceId, TimestampMs
from simulator.world.gateway import Gateway
from simulator.world.world import Recipe
from tests.world.planted_decisions import (
    AcceptsTwice,
    BelievesEverybody,
    BelievesOneConsoleForBoth,
    DropsOnDoubt,
    EscalatesLate,
    ForgetsConfirmations,
    HidesBehindTests,
    MergesSecondPresses,
    MergesTwins,
    NeverCallsUnreachable,
    NeverEscalates,
    SwallowsGarbage,
)

Registry = Mapping[DeviceId, Household]


def with_intake(kind: type[Intake]) -> Recipe:
    """Return a gateway whose engine decides with another intake."""

    class Faulty(Engine):
        def __init__(self, policy: Policy, registry: Registry) -> None:
            super().__init__(policy, registry)
            self._intake = kind(policy, registry, self._devices, self._durable)

    return Recipe(make_engine=Faulty)


# -- order of journal and everything else -------------------------------------------------


class AcksFirst(Gateway):
    """Acknowledge before fsync: what the broker forgot is lost in a crash."""

    def _submit(self, inputs: list[Input]) -> None:
        for received in inputs:
            if received.receipt is not None:
                self._ack(received.receipt)
        super()._submit(inputs)


class PublishesFirst(Gateway):
    """Publish before fsync: a console may see an alarm that a crash undoes."""

    def _submit(self, inputs: list[Input]) -> None:
        records = self.engine.receive(inputs, TimestampMs(self._loop.now_ms))
        self._perform(self.engine.persisted(records))
        self.journal.append(records)

    def _durable(self, groups: list[list[Record]]) -> None:
        self._head = len(self._disk.rows)


class AnswersRepeatsFirst(Gateway):
    """Answer a repeat at once, while the press that it repeats is not durable yet."""

    def _submit(self, inputs: list[Input]) -> None:
        now_ms = TimestampMs(self._loop.now_ms)
        repeats = [one for one in inputs if isinstance(one, PressReceived) and self._knows(one)]
        for repeat in repeats:
            batch = self.engine._intake.take([repeat], now_ms)
            self._perform(Effects(acks=batch.acks, feedback=batch.feedback))
        super()._submit([one for one in inputs if one not in repeats])

    def _knows(self, received: PressReceived) -> bool:
        state = self.engine.state_of(received.device_id)
        return state is not None and state.find(received.press) in state.known


class LosesTheTail(Gateway):
    """Forget the newest record of the journal at recovery."""

    def _records(self, after_seq: int) -> Iterator[Record]:
        records = list(super()._records(after_seq))
        return iter(records[:-1])


class TrustsOldSnapshots(Gateway):
    """Write a snapshot as if it held more than it does."""

    def _save(self) -> None:
        if self._head > 3:
            self._disk.snapshot.save((), self.engine.seen_ms, self._head)


class SilentAfterReconnect(Gateway):
    """Skip the open views after a reconnect, however much the broker forgot."""

    def _state(self, connected: bool) -> None:
        if connected:
            self._say_up()


class Dawdles(Gateway):
    """Let a press wait until half a second of other work is done."""

    def _submit(self, inputs: list[Input]) -> None:
        if any(isinstance(one, PressReceived) for one in inputs):
            self._loop.after(500, self._of_this_life(super()._submit), inputs)
            return
        super()._submit(inputs)


# -- effects ------------------------------------------------------------------------------


class ForgetsPresses(Engine):
    """Recover without the memory by which repeats are told."""

    def recover(self, records: Iterable[Record]) -> int:
        """Recover, and leave something out."""
        count = super().recover(records)
        for device_id, state in self._devices.items():
            self._devices[device_id] = replace(state, known=(), known_doubtful=())
        return count


class ForgetsDeadlines(Engine):
    """Recover every alarm, and none of what was due for it."""

    def recover(self, records: Iterable[Record]) -> int:
        """Recover, and leave something out."""
        count = super().recover(records)
        self._intake.timers = Timers()
        return count


class ShowsDecisions(Engine):
    """After a reconnect show what is decided, durable or not."""

    def open_views(self) -> Effects:
        """Show the wrong states."""
        effects = Effects()
        for device_id in self._durable:
            alarm = self._devices[device_id].alarm
            if alarm is not None:
                self._publish(effects, alarm)
        return effects


class ForgetsToClear(Engine):
    """Leave the views of what is over with the broker."""

    def persisted(self, records: list[Record]) -> Effects:
        """Leave some of the effects out."""
        effects = super().persisted(records)
        effects.views = [due for due in effects.views if due.payload != GONE]
        return effects


class ClearsTooEarly(Engine):
    """Take an alarm from both consoles as soon as one of them has closed it."""

    def _publish(self, effects: Effects, alarm: AlarmState) -> None:
        super()._publish(effects, alarm)
        if "closed" in (alarm.police.status, alarm.veilig_thuis.status):
            effects.views += [ViewDue(console, alarm.alarm_id, GONE) for console in CONSOLES]


class LeaksTheLocation(Engine):
    """Show Veilig Thuis where the device is, which is for the police only."""

    def _publish(self, effects: Effects, alarm: AlarmState) -> None:
        super()._publish(effects, alarm)
        for place, due in enumerate(effects.views):
            if due.console == VEILIG_THUIS and due.payload and alarm.alarm_id == due.alarm_id:
                view = decode_alarm_view(due.payload)
                shown = alarm.presses[-len(view.presses) :] if view.presses else ()
                payload = encode(replace(view, presses=shown, timeline=()))
                effects.views[place] = due._replace(payload=payload)


class ReusesVersions(Engine):
    """Give a change by an operator the version that was there before it."""

    def _publish(self, effects: Effects, alarm: AlarmState) -> None:
        last = alarm.timeline[-1].entry if alarm.timeline else None
        if last is not None and last.kind == "accept":
            alarm = replace(alarm, view_version=alarm.view_version - 1)
        super()._publish(effects, alarm)


class PublishesToOneOnly(Engine):
    """Tell the police alone."""

    def persisted(self, records: list[Record]) -> Effects:
        """Leave some of the effects out."""
        effects = super().persisted(records)
        effects.views = [due for due in effects.views if due.console != VEILIG_THUIS]
        return effects


class NeverAnswers(Engine):
    """Leave devices without feedback on presses that came twice."""

    def receive(self, inputs: Sequence[Input], now_ms: TimestampMs) -> list[Record]:
        """Leave the answers out."""
        records = super().receive(inputs, now_ms)
        self._pending[-1].feedback.clear()
        return records


class Planted(NamedTuple):
    """A fault and how it may show."""

    recipe: Recipe
    rules: tuple[str, ...]


def _gateway(kind: type[Gateway], *rules: str) -> Planted:
    return Planted(Recipe(make_gateway=kind), rules)


def _intake(kind: type[Intake], *rules: str) -> Planted:
    return Planted(with_intake(kind), rules)


def _engine(kind: type[Engine], *rules: str) -> Planted:
    return Planted(Recipe(make_engine=kind), rules)


PLANTED: dict[str, Planted] = {
    "acknowledge before fsync": _gateway(AcksFirst, "durable first"),
    "publish before fsync": _gateway(PublishesFirst, "durable first"),
    "answer a repeat before its press is durable": _gateway(AnswersRepeatsFirst, "durable first"),
    "lose the tail on recovery": _gateway(LosesTheTail, "versions", "invariant"),
    "a snapshot that holds less than it says": _gateway(
        TrustsOldSnapshots, "versions", "invariant"
    ),
    "skip the open views after a reconnect": _gateway(
        SilentAfterReconnect, "both boards", "cleared", "unreachable"
    ),
    "a press waits behind other work": _gateway(Dawdles, "no waiting"),
    "forget a confirmation": _intake(ForgetsConfirmations, "durable first"),
    "take one console's word for both": _intake(BelievesOneConsoleForBoth, "confirmed"),
    "merge a second genuine press into a repeat": _intake(MergesSecondPresses, "durable first"),
    "merge presses that come in one read": _intake(MergesTwins, "durable first"),
    "drop on doubt": _intake(DropsOnDoubt, "durable first", "received"),
    "believe everybody": _intake(BelievesEverybody, "doubts"),
    "a test hides a real press": _intake(HidesBehindTests, "tests", "true views"),
    "never escalate": _intake(NeverEscalates, "escalation"),
    "escalate five seconds late": _intake(EscalatesLate, "escalation"),
    "never call a console unreachable": _intake(NeverCallsUnreachable, "unreachable"),
    "accept twice": _intake(AcceptsTwice, "answers"),
    "swallow what cannot be read": _intake(SwallowsGarbage, "durable first"),
    "forget dedupe after a restart": _engine(ForgetsPresses, "twice", "doubts"),
    "forget deadlines at a restart": _engine(ForgetsDeadlines, "escalation", "unreachable"),
    "show what is not durable after a reconnect": _engine(ShowsDecisions, "durable first"),
    "forget to clear": _engine(ForgetsToClear, "cleared"),
    "clear too early": _engine(ClearsTooEarly, "gone"),
    "leak the location to the other agency": _engine(LeaksTheLocation, "secrets"),
    "reuse a version": _engine(ReusesVersions, "one version", "true views"),
    "publish to one console only": _engine(
        PublishesToOneOnly, "unreachable", "both boards", "answers"
    ),
    "never answer a device": _engine(NeverAnswers, "received"),
}
