"""The production broker of `mosquitto/` on this machine, and a client that does what it is told."""

import contextlib
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

import mqtt5

from alarm_protocol.runtime.mqtt_framing import PacketReader
from simulator.certs.authority import Authority
from simulator.certs.command import device_path, make_all, revoke_one
from simulator.secure_broker import hand_over, place

DEADLINE_S = 10.0

P = TypeVar("P", bound=mqtt5.Packet)


class SecureBroker:
    """Mosquitto with the production configuration, and the authority behind it."""

    def __init__(self, program: Path, folder: Path, host: str = "localhost") -> None:
        self.folder = folder
        self.certs = folder / "certs"
        make_all(self.certs, 3, (host,), 30)
        self.authority = Authority.read(self.certs)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"mqtts://localhost:{self.port}"
        self.log = folder / "mosquitto.log"
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self.configuration = place(folder, self.certs, self.port)

    def hand_over(self) -> None:
        """Give the broker what it needs of the authority's folder, and not the CA's key."""
        hand_over(self.folder, self.certs)

    def start(self) -> None:
        """Start it and wait until it says that it runs.

        It listens before it knows what to do with a SIGHUP, which would end it until then.
        """
        before = self._said(" running")
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [self._program, "-c", str(self.configuration)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._process = process
        deadline = time.monotonic() + DEADLINE_S
        while self._said(" running") == before:
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"mosquitto did not start: {self.log.read_text()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it in an orderly way."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)

    def revoke(self, name: str) -> None:
        """Revoke a certificate while it runs, as docs/broker.md says, and wait until it holds."""
        revoke_one(self.certs, name)
        self.hand_over()
        before = self._said("Reloading config.")
        if self._process is None:
            raise RuntimeError("the broker does not run")
        self._process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + DEADLINE_S
        while self._said("Reloading config.") == before:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the broker did not take the SIGHUP: {self.log.read_text()}")
            time.sleep(0.01)

    def _said(self, words: str) -> int:
        return self.log.read_text().count(words) if self.log.exists() else 0

    def path(self, name: str) -> Path:
        """Return where the files of a part or device are, without their ending."""
        return device_path(self.certs, name) if name.startswith("aware-") else self.certs / name

    def context(self, name: str | None, *, path: Path | None = None) -> ssl.SSLContext:
        """Return how `name` speaks TLS; None has no certificate."""
        context = ssl.create_default_context(cafile=self.certs / "ca.crt")
        if path is not None or name is not None:
            one = path or self.path(name or "")
            context.load_cert_chain(
                one.with_name(f"{one.name}.crt"), one.with_name(f"{one.name}.key")
            )
        return context

    def client(
        self, name: str | None, client_id: str | None = None, will: mqtt5.Will | None = None
    ) -> "RawClient":
        """Connect as `name`; the client id is what we say, whatever the broker makes of it."""
        return RawClient(self.port, self.context(name), client_id or name or "nobody", will)


class RawClient:
    """An MQTT 5 client that does nothing by itself, and answers with reason codes.

    Raises:
        OSError: The broker does not let us connect, or ends the connection.
    """

    def __init__(
        self,
        port: int,
        context: ssl.SSLContext | None,
        client_id: str,
        will: mqtt5.Will | None = None,
    ) -> None:
        self._packets: list[mqtt5.Packet] = []
        self._reader = PacketReader(1 << 20)
        self._next_id = 1
        plain = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        self._socket = (
            plain if context is None else context.wrap_socket(plain, server_hostname="localhost")
        )
        try:
            connect = mqtt5.ConnectPacket(client_id, clean_start=True, keep_alive=60, will=will)
            self._send(connect)
            self.connack = self.expect(mqtt5.ConnAckPacket)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def drop(self) -> None:
        """Vanish without a word, so that the broker publishes the will."""
        self._socket.close()

    def expect(self, kind: type[P], wanted: Callable[[P], bool] = lambda _: True) -> P:
        """Return the next packet of a kind, and leave the others."""
        while True:
            for packet in self._packets:
                if isinstance(packet, kind) and wanted(packet):
                    self._packets.remove(packet)
                    return packet
            data = self._socket.recv(65_536)
            if not data:
                raise ConnectionResetError("the broker closed the connection")
            self._packets += self._reader.feed(data)

    def _send(self, packet: mqtt5.Packet) -> None:
        # The broker may have hung up already; what it said before that is still to be read.
        with contextlib.suppress(OSError):
            self._socket.sendall(packet.write())

    def publish(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> int:
        """Publish at QoS 1 and return the broker's reason code."""
        number = self._number()
        self._send(
            mqtt5.PublishPacket(
                topic, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, retain=retain, packet_id=number
            )
        )
        return int(self.expect(mqtt5.PubAckPacket, lambda one: one.packet_id == number).reason_code)

    def subscribe(self, pattern: str) -> int:
        """Subscribe at QoS 0 and return the broker's reason code."""
        topic = mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS.AT_MOST_ONCE)
        self._send(mqtt5.SubscribePacket(self._number(), [topic]))
        return int(self.expect(mqtt5.SubAckPacket).reason_codes[0])

    def topics_until(self, last: str) -> list[str]:
        """Return the topics of what came, up to a message on `last`."""
        seen: list[str] = []
        while not seen or seen[-1] != last:
            seen.append(self.expect(mqtt5.PublishPacket).topic)
        return seen

    def _number(self) -> int:
        self._next_id += 1
        return self._next_id
