"""A button for the hand: Enter presses, and what the alarm centre answers is shown.

It stands on paho-mqtt while the gateway and the fleet stand on another MQTT stack, so that
one bug cannot hide itself on both sides of the wire. All state is touched by the main thread
only: paho's thread and the thread that reads the keyboard put what happened into one queue.
"""

import contextlib
import queue
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, Literal, NamedTuple

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from alarm_protocol.codec import decode_feedback
from alarm_protocol.errors import WireError
from alarm_protocol.messages import Feedback, FeedbackStatus, Trigger
from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import BrokerUrl
from alarm_protocol.runtime.tls import LastError, TlsFiles, context_for, in_words, unanswered
from alarm_protocol.trace import TRACE_PROPERTY, trace_id_of
from alarm_protocol.units import TimestampMs
from simulator import ids
from simulator.core.device import PENDING_MAX, Device, Outgoing, PressRefused
from simulator.steady_clock import SteadyClock

KEEP_ALIVE_S = 30
RECONNECT_S_MIN = 1
RECONNECT_S_MAX = 5
EVENTS_MAX = 10_000
"""Beyond this paho's thread waits, and with it the broker."""
_GOODBYE_S = 2.0
_IDLE_S = 0.5

_KEYS: dict[str, Trigger] = {"": "press", "h": "hold", "d": "duress", "t": "test", "c": "cancel"}
_HELP = "Enter = press, h = hold, d = duress, t = test, c = cancel, q = quit"
_MEANING: dict[FeedbackStatus, str] = {
    "received": "received: the alarm centre has your alarm",
    "accepted": "accepted: an operator has taken your alarm",
    "unit_assigned": "unit assigned: help is on its way",
    "on_scene": "on scene: help is there",
    "closed": "closed: your alarm is dealt with",
}


class _Event(NamedTuple):
    kind: Literal["keyboard", "up", "down", "feedback", "refused"]
    text: str = ""
    payload: bytes = b""
    number: int = 0
    """Of a message that the broker refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonSettings:
    """Where the button connects, and how long it waits for answers after its last input.

    Attributes:
        trace: Whether each press carries a W3C `traceparent`, which is shown.
    """

    broker: BrokerUrl
    wait_s: float = 10.0
    tls: ssl.SSLContext | None = None
    trace: bool = False


class Button:
    """One device in the hand: keyboard in, text out, paho-mqtt in between."""

    def __init__(
        self,
        device: Device,
        settings: ButtonSettings,
        *,
        keyboard: IO[str] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._device = device
        self._settings = settings
        self._keyboard = keyboard or sys.stdin
        self._say_line = say or _print
        self._steady = SteadyClock()
        self._events: queue.Queue[_Event] = queue.Queue(EVENTS_MAX)
        self._lines: queue.Queue[str | None] = queue.Queue(PENDING_MAX)
        self._closing = threading.Event()
        self._presses = 0
        self._refused = 0
        self._ended = False
        self._last_down = ""
        self._press_numbers: set[int] = set()
        """What paho calls the presses of this connection."""
        self._refusals_said: set[str] = set()
        self._paho = LastError("button.mqtt")
        self._answered = False
        """Whether the broker spoke on this connection (thread of paho)."""
        self._client = self._make_client()

    def run(self) -> int:
        """Work until the input ends or `q`; return 0 only if every press was answered."""
        self._say(f"{self._device.device_id}: {_HELP}")
        self._say(f"connecting to {self._settings.broker} ...")
        broker = self._settings.broker
        self._client.connect_async(broker.host, broker.port, keepalive=KEEP_ALIVE_S)
        self._client.loop_start()
        threading.Thread(target=self._read_keyboard, name="keyboard", daemon=True).start()
        try:
            self._loop()
        except KeyboardInterrupt:
            self._say("interrupted")
        finally:
            self._goodbye()
        return self._verdict()

    def _loop(self) -> None:
        give_up_s: float | None = None
        while True:
            if self._ended:
                now_s = clock.monotonic_s()
                if give_up_s is None:
                    give_up_s = now_s + self._settings.wait_s
                    if self._device.pending:
                        self._say(f"waiting up to {self._settings.wait_s:g} s for answers ...")
                if not self._device.pending or now_s >= give_up_s:
                    return
            with contextlib.suppress(queue.Empty):
                self._handle(self._events.get(timeout=self._pause_s()))
            self._take_lines()
            self._publish(self._device.poll(self._steady.now_ms()))

    def _take_lines(self) -> None:
        """Press for each line typed, as far as the device takes presses; the rest waits."""
        while not self._ended and len(self._device.pending) < PENDING_MAX:
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                return
            if line is None:
                self._ended = True
            else:
                self._key(line.strip().lower())

    def _pause_s(self) -> float:
        wake_ms = self._device.next_wake_ms()
        if wake_ms is None:
            return _IDLE_S
        return min(_IDLE_S, max(0, wake_ms - self._steady.now_ms()) / 1000)

    def _handle(self, event: _Event) -> None:
        if event.kind == "up":
            self._last_down = ""
            self._say(f"connected to {self._settings.broker}")
            self._publish(self._device.connected(self._steady.now_ms()))
        elif event.kind == "down":
            self._down(event.text)
        elif event.kind == "feedback":
            self._feedback(event.payload)
        elif event.kind == "refused":
            self._refusal(event)

    def _key(self, key: str) -> None:
        if key == "q":
            self._ended = True
            return
        trigger = _KEYS.get(key)
        if trigger is None:
            self._say(f"unknown key {key[:20]!r}; {_HELP}")
            return
        now_ms = self._steady.now_ms()
        outgoing = self._device.press(ids.press_id(now_ms), trigger, now_ms)
        self._presses += 1
        if isinstance(outgoing, PressRefused):
            self._refused += 1
            self._say("not pressed: too many presses wait for an answer already")
            return
        if not outgoing:
            self._say(f"{trigger} kept: it goes out as soon as the broker is reached")
        self._publish(outgoing)

    def _down(self, why: str) -> None:
        self._device.disconnected()
        self._refusals_said.clear()
        if why != self._last_down:
            self._last_down = why
            self._say(f"no connection to {self._settings.broker} ({why}); trying again ...")

    def _refusal(self, event: _Event) -> None:
        """Say once a connection that a broker which let us in does not let us speak."""
        what = "press" if event.number in self._press_numbers else "word of its link"
        if what not in self._refusals_said:
            self._refusals_said.add(what)
            self._say(
                f"the broker refuses this button's {what}:"
                f" is it the certificate of another device? [{event.text}]"
            )

    def _feedback(self, payload: bytes) -> None:
        try:
            message: Feedback = decode_feedback(payload)
        except WireError as error:
            self._say(f"an answer that cannot be read: {error}")
            return
        outcome = self._device.feedback(message)
        if outcome in ("answered", "advanced"):
            self._say(f"{_MEANING[message.status]} [{message.alarm_id}, press {message.press_id}]")

    def _publish(self, messages: list[Outgoing]) -> None:
        for message in messages:
            press, properties, traced = message.press, None, ""
            if press is not None and self._settings.trace:
                trace = ids.traceparent(press.press_id)
                properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
                properties.UserProperty = (TRACE_PROPERTY, trace)
                traced = f", trace {trace_id_of(trace)}"
            sent = self._client.publish(
                message.topic, message.payload, message.qos, message.retain, properties
            )
            if press is not None:
                self._press_numbers.add(sent.mid)
                said = f"{press.trigger} sent, attempt {press.attempt}"
                self._say(f"{said} [press {press.press_id}{traced}]")

    def _goodbye(self) -> None:
        """Say on purpose that the link goes down, so that nobody takes it for a failure."""
        self._closing.set()
        if self._client.is_connected():
            down = self._device.link("down")
            sent = self._client.publish(down.topic, down.payload, qos=down.qos, retain=down.retain)
            try:
                sent.wait_for_publish(_GOODBYE_S)
            except (RuntimeError, ValueError):
                self._say("the broker went away before the goodbye; its last will speaks for us")
        self._client.disconnect()
        self._client.loop_stop()

    def _verdict(self) -> int:
        unanswered = len(self._device.pending) + self._refused
        if unanswered:
            self._say(f"NOT answered: {unanswered} of {self._presses} presses")
            return 1
        if self._presses:
            self._say(f"all {self._presses} presses were answered")
        else:
            self._say("nothing was pressed")
        return 0

    def _say(self, text: str) -> None:
        self._say_line(f"{_time_of(self._steady.now_ms())} {text}")

    def _read_keyboard(self) -> None:
        """Turn lines into events (thread `keyboard`)."""
        for line in self._keyboard:
            self._lines.put(line)
            self._tell(_Event("keyboard"))
        self._lines.put(None)
        self._tell(_Event("keyboard"))

    def _tell(self, event: _Event) -> None:
        """Hand an event to the main thread; wait for room, but not beyond the end."""
        while not self._closing.is_set():
            with contextlib.suppress(queue.Full):
                self._events.put(event, timeout=_IDLE_S)
                return

    def _make_client(self) -> Client:
        broker = self._settings.broker
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"button-{self._device.device_id}",
            protocol=MQTTv5,
        )
        down = self._device.link("down")
        client.will_set(down.topic, down.payload, qos=down.qos, retain=down.retain)
        client.reconnect_delay_set(RECONNECT_S_MIN, RECONNECT_S_MAX)
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        tls = self._settings.tls or context_for(broker, TlsFiles())
        if tls is not None:
            client.tls_set_context(tls)
        client.enable_logger(self._paho.logger)
        client.on_socket_open = _no_delay
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    # Callbacks below run on paho's thread; they only put events into the queue.

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, _p: Any
    ) -> None:
        self._answered = True
        if code.is_failure:
            self._tell(_Event("down", f"refused: {code}"))
            return
        client.subscribe(self._device.feedback_topic, qos=1)

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _p: Any
    ) -> None:
        if any(code.is_failure for code in codes):
            self._tell(_Event("down", "the broker refused the subscription to feedback"))
            return
        # Only now: a press sent before the subscription could be answered to nobody.
        self._tell(_Event("up"))

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        # paho calls this while it handles the error, and hands it to nobody.
        error = sys.exc_info()[1]
        why = "nobody listens there or it is out of reach"
        if isinstance(error, ssl.SSLError | ConnectionResetError):
            why = unanswered(in_words(str(error)), tls=self._settings.broker.tls)
        self._tell(_Event("down", why))

    def _on_disconnect(
        self,
        _client: Client,
        _data: Any,
        _flags: DisconnectFlags,
        code: ReasonCode,
        _p: Properties | None,
    ) -> None:
        why = self._paho.take() or f"connection lost: {code}"
        if not self._answered:
            why = unanswered(why, tls=self._settings.broker.tls)
        self._answered = False
        self._tell(_Event("down", why))

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, code: ReasonCode, _p: Properties
    ) -> None:
        if code.is_failure:
            # paho holds a lock here that the main thread wants too: never wait for room.
            with contextlib.suppress(queue.Full):
                self._events.put_nowait(_Event("refused", str(code).lower(), number=mid))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._tell(_Event("feedback", payload=bytes(message.payload)))


def _no_delay(_client: Client, _data: Any, opened: Any) -> None:
    """Switch Nagle's algorithm off, which paho leaves on: it adds 10 ms to the median."""
    if isinstance(opened, socket.socket):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _time_of(now_ms: TimestampMs) -> str:
    return datetime.fromtimestamp(now_ms / 1000, tz=UTC).astimezone().strftime("%H:%M:%S")


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
