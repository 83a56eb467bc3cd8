"""The process that does something else beside the presses: beats, garbage, or reconnects."""

import contextlib
import gc
import select
import signal
import socket
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import mqtt5
import msgspec

from alarm_protocol import topics
from alarm_protocol.codec import encode
from alarm_protocol.messages import Heartbeat, LinkState
from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import BrokerUrl, parse_broker_url
from alarm_protocol.units import DeviceId
from simulator.bench.orders import (
    NoiseOrders,
    NoiseTold,
    now_ns,
    read_keys,
    read_orders,
    say_ready,
)
from simulator.bench.wire import (
    PACKET_ID_MAX,
    READ_BYTES,
    connect_packet,
    connected_socket,
    open_socket,
    publish_packet,
    read_connack,
    subscribe_packet,
)
from simulator.fleet_processes import allow_files

GARBAGE = (b"", b"\xff\xfe\x00", b"{", b'{"press_id":1}', b"[" * 600, b"x" * 5_000)
_S = 1_000_000_000


class _Ended(Exception):  # noqa: N818 - no error: how the runner says that it is enough
    """The runner asked for the end."""


def _end(_number: int, _frame: object) -> None:
    raise _Ended


def paced(rate_per_s: float, act: Callable[[int], None]) -> None:
    """Do something again and again, at a rate, catching up where it was held up."""
    start_ns, gap_ns = now_ns(), _S / rate_per_s
    for number in count():
        wait_ns = start_ns + round(number * gap_ns) - now_ns()
        if wait_ns > 0:
            time.sleep(wait_ns / _S)
        act(number)


def heartbeats(orders: NoiseOrders, devices: list[str], did: Callable[[], None]) -> None:
    """Publish heartbeats of many devices at QoS 0."""
    link = connected_socket(parse_broker_url(orders.broker), "bench-heartbeats")

    def beat(number: int) -> None:
        device_id = DeviceId(devices[number % len(devices)])
        message = Heartbeat(device_id=device_id, sent_at_ms=clock.now_ms(), battery_pct=90)
        link.sendall(publish_packet(topics.heartbeat(device_id), encode(message), None))
        did()

    say_ready("noise")
    paced(orders.rate_per_s, beat)


def unreadable(orders: NoiseOrders, devices: list[str], did: Callable[[], None]) -> None:
    """Publish what is no press on the topics of presses, at QoS 1."""
    link = connected_socket(parse_broker_url(orders.broker), "bench-unreadable")

    def spoil(number: int) -> None:
        topic = topics.press(DeviceId(devices[number % len(devices)]))
        payload = GARBAGE[number % len(GARBAGE)]
        link.sendall(publish_packet(topic, payload, number % PACKET_ID_MAX + 1))
        if select.select([link], [], [], 0)[0]:
            link.recv(READ_BYTES)
        did()

    say_ready("noise")
    paced(orders.rate_per_s, spoil)


def _connect(broker: BrokerUrl, device: str) -> socket.socket:
    """Connect as a device does: with a last will, a subscription, and its link state."""
    device_id = DeviceId(device)
    down, up = encode(LinkState(link="down")), encode(LinkState(link="up"))
    topic = topics.link(device_id)
    will = mqtt5.Will(topic, payload=down, qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True)
    link = open_socket(broker)
    link.sendall(
        connect_packet(broker, f"bench-{device}", will=will)
        + subscribe_packet([topics.feedback(device_id)])
        + publish_packet(topic, up, 1, retain=True)
    )
    read_connack(link)
    return link


def reconnects(orders: NoiseOrders, devices: list[str], did: Callable[[], None]) -> None:
    """Connect a fleet; once the presses run, cut all its links and connect each again."""
    allow_files(len(devices) + 64)
    broker = parse_broker_url(orders.broker)
    links = [_connect(broker, device) for device in devices]
    say_ready("noise")
    go = Path(orders.out).with_suffix(".go")
    while not go.exists():
        time.sleep(0.01)
    for link in links:
        link.close()

    def again(number: int) -> None:
        if number == len(devices):
            signal.pause()
        links[number] = _connect(broker, devices[number])
        did()

    paced(orders.rate_per_s, again)


_KINDS = {"heartbeats": heartbeats, "unreadable": unreadable, "reconnects": reconnects}


def main() -> None:
    """Make noise until the runner ends it, and tell how much there was."""
    orders = read_orders(NoiseOrders)
    devices = [device for device, _ in read_keys(orders.keys, orders.devices)]
    gc.disable()
    signal.signal(signal.SIGTERM, _end)
    done = [0, 0, 0]

    def did() -> None:
        done[0] += 1
        done[2] = now_ns()
        done[1] = done[1] or done[2]

    with contextlib.suppress(_Ended):
        _KINDS[orders.kind](orders, devices, did)
    told = NoiseTold(done=done[0], seconds=(done[2] - done[1]) / _S)
    Path(orders.out).write_bytes(msgspec.json.encode(told))


if __name__ == "__main__":
    main()
