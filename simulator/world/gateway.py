"""The gateway's process around the real engine.

What `alarm_gateway/pump.py` does with threads and sockets is done here with a virtual disk and
a virtual broker. It dies at any step it is told to.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from alarm_gateway.core.decode import alarm_input, supervision_input
from alarm_gateway.core.effects import Effects
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.inputs import Input, Tick
from alarm_gateway.core.policy import Policy
from alarm_gateway.core.records import Record
from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.households import Household
from alarm_protocol.messages import GatewayStatus
from alarm_protocol.units import DeviceId, TimestampMs
from simulator.world.broker import Message
from simulator.world.client import Client, ClientSettings, Net, Received
from simulator.world.disk import Disk, Journal
from simulator.world.errors import DiedError
from simulator.world.loop import dice_of
from simulator.world.plan import CrashStep
from simulator.world.witness import Witness

TICK_MS = 250
STATUS_MS = 2_000
RECOVER_MS = 20
SNAPSHOT_MS = 30_000
ALARM_CLIENT = "alarm-gateway-alarms"
SUPERVISION_CLIENT = "alarm-gateway-supervision"
_DOWN = encode(GatewayStatus(status="down", at_ms=TimestampMs(0)))

MakeEngine = Callable[[Policy, Mapping[DeviceId, Household]], Engine]


class GatewayParts(NamedTuple):
    """What a gateway is made of; tests put faulty parts in."""

    make_engine: MakeEngine
    policy: Policy
    registry: Mapping[DeviceId, Household]


class Gateway:
    """The gateway over all its lives.

    Args:
        net: Where it connects.
        disk: What outlives it.
        parts: Engine, policy and households.
        witness: Sees all that it does.
    """

    def __init__(self, net: Net, disk: Disk, parts: GatewayParts, witness: Witness) -> None:
        self.alive = False
        self.lives = 0
        self.since_ms = 0
        """When this life began."""
        self.crash_at: CrashStep | None = None
        self.crash_for_ms = 0
        self._net = net
        self._loop = net.loop
        self._disk = disk
        self._parts = parts
        self._witness = witness
        self._dice = dice_of(net.seed, "gateway")
        self._paused_until_ms = 0

    # -- life ---------------------------------------------------------------------------

    def start(self) -> None:
        """Recover from the disk, connect, and work."""
        self.lives += 1
        self.since_ms = self._loop.now_ms
        self.alive = True
        self._paused_until_ms = 0
        self._inbox: list[Received] = []
        self._messages: dict[int, Received] = {}
        self._in_journal = 0
        self._status_due_ms = 0
        self._snapshot_due_ms = self._loop.now_ms + SNAPSHOT_MS
        self._head = len(self._disk.rows)
        self.engine = self._parts.make_engine(self._parts.policy, self._parts.registry)
        self._recover()
        self._witness.gateway_up(self.lives)
        self.journal = Journal(
            self._disk,
            self._loop,
            on_durable=self._of_this_life(self._durable),
            on_failure=self._of_this_life(self._fail),
        )
        self.alarm_lane = Client(
            self._net,
            ClientSettings(
                client_id=ALARM_CLIENT,
                filters=((topics.ALL_PRESSES, 1), (topics.ALL_ACTIONS, 1)),
                will=Message(topics.GATEWAY_STATUS, _DOWN, 1, retain=True),
                receive_max=2_000,
                by_hand=True,
            ),
            on_message=self._take,
            on_state=self._of_this_life(self._state),
        )
        self.supervision_lane = Client(
            self._net,
            ClientSettings(
                client_id=SUPERVISION_CLIENT,
                filters=(
                    (topics.ALL_HEARTBEATS, 0),
                    (topics.ALL_LINKS, 1),
                    (topics.ALL_PRESENCE, 1),
                ),
                kept=False,
                clean=True,
                receive_max=500,
            ),
            on_message=self._of_this_life(self._supervise),
            on_state=lambda _connected: None,
        )
        self.alarm_lane.start()
        self.supervision_lane.start()
        self._loop.after(0, self._of_this_life(self._beat))

    def _recover(self) -> None:
        """Begin with the snapshot, fold the rows that came after it, and watch devices again."""
        snapshot = self._disk.snapshot
        self.engine.restore(snapshot.read())
        self.engine.recover(self._records(snapshot.seq))
        self.engine.resume_watch(snapshot.seen, TimestampMs(self._loop.now_ms))

    def _records(self, after_seq: int) -> Iterator[Record]:
        return self._disk.records(after_seq)

    def _save(self) -> None:
        """Write a snapshot of what is durable."""
        self._disk.snapshot.save(self.engine.take_changed(), self.engine.seen_ms, self._head)

    def die(self, why: str, back_in_ms: int) -> None:
        """End at once, as by `kill -9`, and come back after a while."""
        if not self.alive:
            return
        self.alive = False
        self.crash_at = None
        self._witness.gateway_down(why)
        self.journal.crash()
        self.alarm_lane.die()
        self.supervision_lane.die()
        self._loop.after(back_in_ms + RECOVER_MS, self.start)

    def pause(self, for_ms: int) -> None:
        """Stand still, as by SIGSTOP."""
        self._paused_until_ms = max(self._paused_until_ms, self._loop.now_ms + for_ms)
        self._witness.hindered(self._paused_until_ms)

    def _of_this_life(self, callback: Callable[..., None]) -> Callable[..., None]:
        """Let a callback run only while this process lives, and only when it is not paused."""
        life = self.lives

        def guarded(*args: object) -> None:
            if not self.alive or self.lives != life:
                return
            if self._paused_until_ms > self._loop.now_ms:
                self._loop.at(self._paused_until_ms, guarded, *args)
                return
            try:
                callback(*args)
            except DiedError as died:
                self.die(f"at the step '{died}'", self.crash_for_ms)

        return guarded

    def _step(self, step: CrashStep) -> None:
        """Come to a step; die there if that is the plan."""
        if self.crash_at == step:
            self.crash_at = None
            raise DiedError(step)

    def _fail(self, why: str) -> None:
        """Stop rather than go on without a journal; whoever watches the process starts it again."""
        self.die(why, 500 + int(self._dice.random() * 1_500))

    def _beat(self) -> None:
        self._submit([Tick()])
        if self._loop.now_ms >= self._snapshot_due_ms:
            self._snapshot_due_ms = self._loop.now_ms + SNAPSHOT_MS
            self._save()
        if self.alarm_lane.connected and self._loop.now_ms >= self._status_due_ms:
            self._status_due_ms = self._loop.now_ms + STATUS_MS
            self._say_up()
        self._witness.tick()
        self._loop.after(TICK_MS, self._of_this_life(self._beat))

    # -- the way of a press -------------------------------------------------------------

    def _take(self, message: Received) -> None:
        """Gather what comes in the same moment: one read from a socket brings it together."""
        if not self.alive:
            return
        self._witness.arrived(message)
        self._inbox.append(message)
        if len(self._inbox) == 1:
            self._loop.after(0, self._of_this_life(self._read))

    def _read(self) -> None:
        batch, self._inbox = self._inbox, []
        self._step("received")
        for message in batch:
            if message.receipt is not None:
                self._messages[message.receipt] = message
        self._submit([alarm_input(topic, payload, receipt) for topic, payload, _, receipt in batch])

    def _supervise(self, message: Received) -> None:
        received = supervision_input(message.topic, message.payload)
        if received is not None:
            self._submit([received])

    def _submit(self, inputs: list[Input]) -> None:
        records = self.engine.receive(inputs, TimestampMs(self._loop.now_ms))
        if not records and not self._in_journal:
            self._perform(self.engine.persisted(records))
            return
        if records:
            self._step("decided")
        self._in_journal += 1
        self.journal.append(records)
        if records:
            self._step("appended")

    def _durable(self, groups: list[list[Record]]) -> None:
        if any(groups):
            self._step("durable")
        self._in_journal -= len(groups)
        for records in groups:
            effects = self.engine.persisted(records)
            if records:
                self._step("shown")
            self._perform(effects)
        self._head = len(self._disk.rows)

    # -- out ----------------------------------------------------------------------------

    def _perform(self, effects: Effects) -> None:
        """Publish what is durable, and only then acknowledge what caused it."""
        for console, alarm_id, payload in effects.views:
            self._publish(topics.alarm_view(console, alarm_id), payload, retain=True)
            self._step("published")
        for device_id, feedback in effects.feedback:
            self._publish(topics.feedback(device_id), encode(feedback))
        for receipt in effects.acks:
            self._ack(receipt)
        if effects.acks:
            self._step("acked")

    def _publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._witness.published(topic, payload)
        self.alarm_lane.publish(topic, payload, retain=retain)

    def _ack(self, receipt: int) -> None:
        message = self._messages.pop(receipt, None)
        if message is not None:
            self._witness.acked(message)
        self.alarm_lane.ack(receipt)

    def _say_up(self) -> None:
        status = GatewayStatus(status="up", at_ms=TimestampMs(self._loop.now_ms))
        self.alarm_lane.publish(topics.GATEWAY_STATUS, encode(status), retain=True)

    def _state(self, connected: bool) -> None:
        if connected:
            # The broker may have lost what it retained; the consoles' state is ours to restore.
            self._messages.clear()
            self._say_up()
            self._perform(self.engine.open_views())
