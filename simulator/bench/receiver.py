"""The process that receives: it notes when each press came to each place.

It stands for the devices (feedback) and, where no real consoles are measured, for both
consoles: it takes their views and confirms them in batches, as they do. It reads no message
whole: it finds the numbers of the presses in the bytes.
"""

import gc
import re
import selectors
import socket
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mqtt5
import msgspec

from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.messages import DELIVERIES_MAX, ConfirmDelivery, Delivery, Presence
from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import parse_broker_url
from alarm_protocol.units import CONSOLES, ActionId, AlarmId, ConsoleId
from simulator.bench.errors import BenchError
from simulator.bench.orders import (
    ReceiverOrders,
    ReceiverTold,
    Screen,
    be_precise,
    now_ns,
    press_pattern,
    read_orders,
    say_ready,
    write_times,
)
from simulator.bench.screens import FrameCutter, open_screen
from simulator.bench.wire import (
    PACKET_ID_MAX,
    READ_BYTES,
    OnMessage,
    PacketCutter,
    connected_socket,
    publish_packet,
    subscribe_packet,
)

CONFIRM_NS = 20_000_000
"""Longest that a view waits for its confirmation; a real console may take 50 ms."""
STRAGGLER_NS = 300_000_000
"""How long duplicates are looked out for after the last press has come."""
SLOW_BYTES = 2_048
SLOW_EVERY_NS = 100_000_000
_S = 1_000_000_000
_SUBACK = 9
_VERSION = re.compile(rb'"version": ?(\d+)')
ALL_FEEDBACK = f"{topics.ROOT}/devices/+/feedback"


class Stage:
    """A place to which presses come: when each first did, and how often."""

    def __init__(self, count: int) -> None:
        self.first_ns = array("Q", bytes(8 * count))
        self.times = array("Q", bytes(8 * count))
        self.missing = count

    def saw(self, number: int, at_ns: int) -> None:
        """Note a press, once for each message that shows it for the first time."""
        if number >= len(self.times):
            return
        self.times[number] += 1
        if not self.first_ns[number]:
            self.first_ns[number] = at_ns
            self.missing -= 1


@dataclass(slots=True)
class Tap:
    """A connection that is read."""

    link: socket.socket
    feed: Callable[[bytes], None]
    to_send: list[bytes]
    slow: bool = False


class Receiver:
    """All connections of one run."""

    def __init__(self, orders: ReceiverOrders) -> None:
        self.stages: dict[str, Stage] = {}
        self.confirmed = 0
        self.alarms: dict[str, set[bytes]] = {}
        self._orders = orders
        self._broker = parse_broker_url(orders.broker)
        self._numbers = press_pattern(orders.run_id)
        self._selector = selectors.DefaultSelector()
        self._now_ns = self._heard_ns = now_ns()
        self._missing = -1
        self._packet_id = 0
        self._due: dict[ConsoleId, list[Delivery]] = {}
        self._console_taps: dict[ConsoleId, Tap] = {}
        self._slow: list[Tap] = []
        self._cutters: list[PacketCutter] = []
        if orders.hop:
            self._subscribe("hop", topics.ALL_PRESSES, self._counting("hop"))
        if orders.feedback:
            self._subscribe("feedback", ALL_FEEDBACK, self._counting("feedback"))
        if orders.consoles:
            for console in CONSOLES:
                self._console(console)
        for screen in orders.screens:
            self._screen(screen)

    def _stage(self, name: str) -> Stage:
        return self.stages.setdefault(name, Stage(self._orders.count))

    def _subscribe(self, name: str, pattern: str, on_message: OnMessage) -> Tap:
        cutter = PacketCutter(on_message)
        will = None
        if name in CONSOLES:
            payload = encode(Presence(attached=False))
            topic = topics.presence(name)
            will = mqtt5.Will(topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True)
        link = connected_socket(self._broker, f"{self._orders.run_id}-{name}", will=will)
        link.sendall(subscribe_packet([pattern]))
        while _SUBACK not in cutter.others:
            cutter.feed(link.recv(READ_BYTES))
        self._cutters.append(cutter)
        return self._add(Tap(link, cutter.feed, cutter.to_send))

    def _add(self, tap: Tap) -> Tap:
        tap.link.setblocking(False)
        if tap.slow:
            self._slow.append(tap)
        else:
            self._selector.register(tap.link, selectors.EVENT_READ, tap)
        return tap

    def _console(self, console: ConsoleId) -> None:
        self._stage(console)
        self._due[console] = []
        self.alarms[console] = set()
        tap = self._subscribe(console, topics.alarm_views(console), self._viewing(console))
        self._console_taps[console] = tap
        presence = encode(Presence(attached=True, operators=1))
        packet = publish_packet(topics.presence(console), presence, self._next_id(), retain=True)
        self._send(tap, packet)

    def _screen(self, screen: Screen) -> None:
        link, rest = open_screen(screen.port, screen.cookie)
        stage, find = (None if screen.slow else self._stage(screen.stage)), self._numbers.findall

        def on_text(text: bytes) -> None:
            if stage is not None:
                # A page shows a press again with each change of its alarm; the first time counts.
                for number in map(int, find(text)):
                    if number < len(stage.times) and not stage.times[number]:
                        stage.saw(number, self._now_ns)

        cutter = FrameCutter(on_text)
        cutter.feed(rest)
        self._add(Tap(link, cutter.feed, cutter.to_send, slow=screen.slow))

    def _counting(self, name: str) -> OnMessage:
        stage, find = self._stage(name), self._numbers.findall

        def on_message(_topic: bytes, payload: bytes) -> None:
            for number in find(payload):
                stage.saw(int(number), self._now_ns)

        return on_message

    def _viewing(self, console: ConsoleId) -> OnMessage:
        stage, find, due = self._stage(console), self._numbers.findall, self._due[console]
        alarms = self.alarms[console]
        newest: dict[bytes, int] = {}

        def on_message(topic: bytes, payload: bytes) -> None:
            if not payload:
                return
            alarm_id = topic[topic.rfind(b"/") + 1 :]
            version = _VERSION.search(payload)
            numbers = find(payload)
            if numbers:
                alarms.add(alarm_id)
            if version is not None:
                number = int(version[1])
                due.append(Delivery(AlarmId(alarm_id.decode()), number))
                # A view shows its earlier presses again; only the newest version has news.
                if number > newest.get(alarm_id, 0):
                    newest[alarm_id] = number
                    numbers = [one for one in numbers if not stage.times[int(one)]]
            for one in numbers:
                stage.saw(int(one), self._now_ns)

        return on_message

    # -- the loop -----------------------------------------------------------------------

    def run(self) -> None:
        """Read until every press is at every place, or nothing comes any more."""
        end_file = Path(self._orders.out).with_suffix(".stop")
        confirm_ns = slow_ns = look_ns = self._now_ns
        while True:
            for key, _ in self._selector.select(0.01):
                self._read(key.data)
            now = now_ns()
            if now - confirm_ns > CONFIRM_NS or any(
                len(due) >= DELIVERIES_MAX for due in self._due.values()
            ):
                confirm_ns = now
                self._confirm()
            if self._slow and now - slow_ns > SLOW_EVERY_NS:
                slow_ns = now
                self._read_slowly()
            if now - look_ns > STRAGGLER_NS // 2:
                look_ns = now
                if end_file.exists() and self._over(now):
                    break
        self._confirm()

    def _over(self, now: int) -> bool:
        missing = sum(stage.missing for stage in self.stages.values())
        if missing != self._missing:
            self._missing, self._heard_ns = missing, now
        quiet_ns = now - self._heard_ns
        if not missing:
            return quiet_ns > STRAGGLER_NS
        return quiet_ns > self._orders.idle_s_max * _S

    def _read(self, tap: Tap) -> None:
        try:
            data = tap.link.recv(READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            raise BenchError("a connection of the measuring stand was closed")
        self._now_ns = now_ns()
        if self._orders.quick_ack and hasattr(socket, "TCP_QUICKACK"):
            tap.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        tap.feed(data)
        if tap.to_send:
            self._send(tap, b"".join(tap.to_send))
            tap.to_send.clear()

    def _read_slowly(self) -> None:
        for tap in self._slow:
            try:
                tap.feed(tap.link.recv(SLOW_BYTES))
            except BlockingIOError:
                continue

    @staticmethod
    def _send(tap: Tap, data: bytes) -> None:
        tap.link.setblocking(True)
        tap.link.sendall(data)
        tap.link.setblocking(False)

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % PACKET_ID_MAX + 1
        return self._packet_id

    def _confirm(self) -> None:
        for console, due in self._due.items():
            for start in range(0, len(due), DELIVERIES_MAX):
                batch = tuple(due[start : start + DELIVERIES_MAX])
                self.confirmed += len(batch)
                confirmation = ConfirmDelivery(
                    action_id=ActionId(f"{self._orders.run_id}-{console}-{self.confirmed}"),
                    at_ms=clock.now_ms(),
                    deliveries=batch,
                )
                topic = topics.actions(console)
                packet = publish_packet(topic, encode(confirmation), self._next_id())
                self._send(self._console_taps[console], packet)
            due.clear()


def main() -> None:
    """Subscribe, say so, note everything, and write it down."""
    orders = read_orders(ReceiverOrders)
    receiver = Receiver(orders)
    be_precise()
    gc.collect()
    gc.freeze()
    gc.disable()
    say_ready("receiver")
    cpu_s = time.process_time()
    receiver.run()
    out = Path(orders.out)
    for name, stage in receiver.stages.items():
        out.with_suffix(f".{name}.first").write_bytes(stage.first_ns.tobytes())
        write_times(out.with_suffix(f".{name}.times"), stage.times)
    told = ReceiverTold(
        stages=tuple(receiver.stages),
        confirmed=receiver.confirmed,
        alarms={name: len(seen) for name, seen in receiver.alarms.items()},
        cpu_s=time.process_time() - cpu_s,
    )
    out.write_bytes(msgspec.json.encode(told))


if __name__ == "__main__":
    main()
