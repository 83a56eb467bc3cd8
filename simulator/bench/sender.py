"""The process that presses: every packet made beforehand, each sent when it is due.

An event loop's timers have a grain of a millisecond, so this is a plain loop on a plain
socket: it sleeps until shortly before a press is due and looks at the clock from there on.
"""

import gc
import select
import socket
import time
from pathlib import Path

import msgspec

from alarm_protocol import topics
from alarm_protocol.codec import encode_press
from alarm_protocol.messages import Press
from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import parse_broker_url
from alarm_protocol.units import DeviceId, PressId, TimestampMs
from simulator.bench.orders import (
    SenderOrders,
    SenderTold,
    be_precise,
    now_ns,
    press_id,
    read_keys,
    read_orders,
    say_ready,
    write_times,
)
from simulator.bench.wire import (
    PACKET_ID_MAX,
    READ_BYTES,
    PacketCutter,
    connected_socket,
    publish_packet,
)

SPIN_NS = 20_000
"""How long before a press the clock is watched instead of slept."""
TOGETHER_MAX = 64
"""Presses in one write, where several are due at once."""
WINDOW = 60_000
ACKNOWLEDGED_S_MAX = 20.0
_S = 1_000_000_000


def make_packets(orders: SenderOrders) -> list[bytes]:
    """Sign and encode every press, as its device would at the time it is due."""
    devices = read_keys(orders.keys, min(orders.pool, orders.count))
    start_ms = clock.now_ms()
    packets = []
    for number in range(orders.count):
        device_id, key = devices[number % len(devices)]
        at_ms = TimestampMs(start_ms + round(number * 1_000 / orders.rate_per_s))
        press = Press(
            press_id=PressId(press_id(orders.run_id, number)),
            device_id=DeviceId(device_id),
            sequence=at_ms,
            pressed_at_ms=at_ms,
            sent_at_ms=at_ms,
            trigger="press",
            attempt=1,
            battery_pct=88,
        )
        payload = encode_press(press, key)
        topic = topics.press(press.device_id)
        packets.append(publish_packet(topic, payload, number % PACKET_ID_MAX + 1))
    return packets


class Sender:
    """Sends packets on a schedule and reads the broker's answers when there is time."""

    def __init__(self, link: socket.socket, packets: list[bytes], rate_per_s: float) -> None:
        self.sent_ns: list[int] = []
        self._link = link
        self._packets = packets
        self._gap_ns = _S / rate_per_s
        self._cutter = PacketCutter(lambda _topic, _payload: None)

    @property
    def acknowledged(self) -> int:
        """Presses that the broker took."""
        return self._cutter.acknowledged

    def due_ns(self, start_ns: int, number: int) -> int:
        """Return when a press is due."""
        return start_ns + round(number * self._gap_ns)

    def run(self, start_ns: int) -> None:
        """Send all of them."""
        packets, count, sent_ns = self._packets, len(self._packets), self.sent_ns
        send = self._link.sendall
        number = 0
        while number < count:
            due_ns = start_ns + round(number * self._gap_ns)
            if now_ns() < due_ns:
                self._wait(due_ns)
            elif number % TOGETHER_MAX == 0:
                self._read(0)
            while number - self._cutter.acknowledged > WINDOW:
                self._read(0.01)
            now = now_ns()
            end = number + 1
            while end < count and end - number < TOGETHER_MAX and self.due_ns(start_ns, end) <= now:
                end += 1
            send(packets[number] if end == number + 1 else b"".join(packets[number:end]))
            sent_ns += [now] * (end - number)
            number = end

    def _wait(self, due_ns: int) -> None:
        left_ns = due_ns - now_ns()
        if left_ns > 2 * SPIN_NS:
            self._read(0)
            left_ns = due_ns - now_ns()
        if left_ns > SPIN_NS:
            time.sleep((left_ns - SPIN_NS) / _S)
        while now_ns() < due_ns:
            pass

    def _read(self, wait_s: float) -> bool:
        """Take what the broker says, if it says anything."""
        if not select.select([self._link], [], [], wait_s)[0]:
            return False
        self._cutter.feed(self._link.recv(READ_BYTES))
        return True

    def finish(self) -> None:
        """Wait until the broker has taken all of them, or time is up."""
        until_ns = now_ns() + int(ACKNOWLEDGED_S_MAX * _S)
        while self.acknowledged < len(self._packets) and now_ns() < until_ns:
            self._read(0.1)


def main() -> None:
    """Make the packets, say when the first is due, send, and tell how it went."""
    orders = read_orders(SenderOrders)
    packets = make_packets(orders)
    link = connected_socket(parse_broker_url(orders.broker), f"{orders.run_id}-devices")
    sender = Sender(link, packets, orders.rate_per_s)
    be_precise(realtime=True)
    gc.collect()
    gc.freeze()
    gc.disable()
    start_ns = now_ns() + int(orders.start_after_s * _S)
    say_ready(f"sender start_ns={start_ns}")
    cpu_s = time.process_time()
    sender.run(start_ns)
    end_ns = now_ns()
    cpu_s = time.process_time() - cpu_s
    sender.finish()
    out = Path(orders.out)
    write_times(out.with_suffix(".sent"), sender.sent_ns)
    told = SenderTold(
        start_ns=start_ns, end_ns=end_ns, acknowledged=sender.acknowledged, cpu_s=cpu_s
    )
    out.write_bytes(msgspec.json.encode(told))


if __name__ == "__main__":
    main()
