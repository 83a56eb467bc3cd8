"""A virtual MQTT broker: sessions, retained messages, wills, QoS 0 and 1, and its own bad days.

Delivery at QoS 1 is at least once: what a client has not acknowledged comes again, marked,
when it connects again; and while the weather duplicates, anything may come twice.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import mqtt5

from simulator.world.loop import Loop, dice_of
from simulator.world.weather import Weather
from simulator.world.wire import Wire

BROKER_RECEIVE_MAX = 100
QUEUE_MAX = 10_000
"""Messages kept for one absent client; beyond it the broker drops the newest, as Mosquitto."""
PACKET_ID_MAX = 65_535


class Message(NamedTuple):
    """One message on its way to a client."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class Port(Protocol):
    """The client's end of a wire."""

    def connack(self, wire: Wire, *, session_present: bool) -> None:
        """Hear that the broker accepts."""

    def deliver(self, wire: Wire, message: Message, packet_id: int | None) -> None:
        """Take a message."""

    def puback(self, wire: Wire, packet_id: int) -> None:
        """Hear that the broker has a message."""

    def lost(self, wire: Wire) -> None:
        """Notice that the connection is gone."""


class Attach(NamedTuple):
    """CONNECT and SUBSCRIBE in one: what a client wants."""

    client_id: str
    filters: tuple[tuple[str, int], ...]
    kept: bool
    clean: bool
    receive_max: int
    will: Message | None


@dataclass(slots=True)
class Session:
    """What the broker keeps for one client."""

    wants: Attach
    port: Port | None = None
    wire: Wire | None = None
    filters: dict[str, int] = field(default_factory=dict)
    in_flight: dict[int, Message] = field(default_factory=dict)
    queue: deque[Message] = field(default_factory=deque)
    next_id: int = 1


class Saved(NamedTuple):
    """The state of a broker as it once wrote it down."""

    retained: dict[str, bytes]
    sessions: dict[str, tuple[Attach, dict[str, int], tuple[Message, ...]]]


class Broker:
    """The one broker of a world."""

    def __init__(self, loop: Loop, weather: Weather, seed: int) -> None:
        self.up = True
        self.retained: dict[str, bytes] = {}
        self.heard: deque[tuple[str, bytes]] = deque(maxlen=64)
        """What an eavesdropper could repeat."""
        self._loop = loop
        self._weather = weather
        self._dice = dice_of(seed, "broker")
        self._sessions: dict[str, Session] = {}
        self._routes: dict[str, tuple[tuple[Session, int], ...]] = {}
        self._exact: dict[str, list[tuple[Session, int]]] = {}
        self._wild: list[tuple[str, Session, int]] = []

    # -- connections --------------------------------------------------------------------

    def attach(self, port: Port, wire: Wire, wants: Attach) -> None:
        """Take a client in; one with the same name is put out."""
        if not self.up:
            self._drop(wire, port)
            return
        old = self._sessions.get(wants.client_id)
        if old is not None and old.wire is not None and old.port is not None:
            before, its_port = old.wire, old.port
            self._leave(old, with_will=True)
            self._drop(before, its_port)
        session = self._sessions.get(wants.client_id)
        present = session is not None and not wants.clean
        if session is None or wants.clean:
            session = self._sessions[wants.client_id] = Session(wants)
            self._forget_routes()
        session.wants, session.port, session.wire = wants, port, wire
        wire.down("", _connack, port, wire, present)
        self._repeat(session)
        for pattern, qos in wants.filters:
            self._subscribe(session, pattern, qos)
        self._pump(session)

    def _subscribe(self, session: Session, pattern: str, qos: int) -> None:
        """Add a subscription; what is retained comes with a new one only."""
        if pattern in session.filters:
            return
        session.filters[pattern] = qos
        self._forget_routes()
        if "+" not in pattern:
            payload = self.retained.get(pattern)
            if payload is not None:
                session.queue.append(Message(pattern, payload, qos, retain=True))
            return
        for topic, payload in self.retained.items():
            if matches(pattern, topic):
                session.queue.append(Message(topic, payload, qos, retain=True))

    def _repeat(self, session: Session) -> None:
        """Send again what was never acknowledged."""
        again = list(session.in_flight.values())
        session.in_flight.clear()
        if self._weather.reorder and again:
            again += session.queue
            session.queue.clear()
            self._dice.shuffle(again)
        session.queue.extendleft(reversed(again))

    def closed(self, wire: Wire, *, with_will: bool = True) -> None:
        """Notice that a client is gone."""
        session = self._sessions.get(wire.client_id)
        if session is not None and session.wire is wire:
            self._leave(session, with_will=with_will)

    def _leave(self, session: Session, *, with_will: bool) -> None:
        session.wire = session.port = None
        will = session.wants.will
        if not session.wants.kept:
            del self._sessions[session.wants.client_id]
            self._forget_routes()
        if with_will and will is not None:
            self._spread(will)

    def _drop(self, wire: Wire, port: Port) -> None:
        wire.cut()
        self._loop.after(1, port.lost, wire)

    def kick(self, client_id: str) -> None:
        """Break the connection of a client; both sides notice."""
        session = self._sessions.get(client_id)
        if session is not None and session.wire is not None and session.port is not None:
            wire, port = session.wire, session.port
            self._leave(session, with_will=True)
            self._drop(wire, port)

    def kick_if(self, client_id: str, wire: object) -> None:
        """Break this very connection of a client; a newer one is left alone."""
        session = self._sessions.get(client_id)
        if session is not None and session.wire is wire:
            self.kick(client_id)

    def numb(self, client_id: str) -> Wire | None:
        """Let a connection die without anybody noticing; return it."""
        session = self._sessions.get(client_id)
        if session is None or session.wire is None:
            return None
        session.wire.silent = True
        return session.wire

    def forget(self, client_id: str) -> None:
        """Lose the session of a client, and its connection with it."""
        self.kick(client_id)
        self._sessions.pop(client_id, None)
        self._forget_routes()

    # -- its own life -------------------------------------------------------------------

    def save(self) -> Saved:
        """Write the state down."""
        return Saved(
            dict(self.retained),
            {
                name: (
                    session.wants,
                    dict(session.filters),
                    (*session.in_flight.values(), *session.queue),
                )
                for name, session in self._sessions.items()
                if session.wants.kept
            },
        )

    def stop(self) -> None:
        """End at once: every connection breaks, and no will is spoken."""
        self.up = False
        for session in list(self._sessions.values()):
            if session.wire is not None and session.port is not None:
                wire, port = session.wire, session.port
                session.wire = session.port = None
                self._drop(wire, port)

    def start(self, saved: Saved) -> None:
        """Begin with what was written down."""
        self.up = True
        self.retained = dict(saved.retained)
        self._forget_routes()
        self._sessions = {}
        for name, (wants, filters, waiting) in saved.sessions.items():
            session = self._sessions[name] = Session(wants)
            session.filters = dict(filters)
            session.queue = deque(waiting)

    # -- messages -----------------------------------------------------------------------

    def publish(self, wire: Wire, packet: bytes) -> None:
        """Take a PUBLISH from a client and acknowledge it."""
        session = self._sessions.get(wire.client_id)
        if session is None or session.wire is not wire or session.port is None:
            return
        read = mqtt5.read(memoryview(packet))[0]
        if not isinstance(read, mqtt5.PublishPacket):
            return
        qos = int(read.qos)
        if qos == 0 and wire.chance(self._weather.drop_pct):
            return
        payload = read.payload or b""
        if read.topic.endswith(("/press", "/actions")):
            self.heard.append((read.topic, payload))
        self._spread(Message(read.topic, payload, qos, bool(read.retain)))
        if read.packet_id is not None:
            wire.down("", session.port.puback, wire, read.packet_id)

    def _spread(self, message: Message) -> None:
        topic, payload, qos, retain = message
        if retain:
            if payload:
                self.retained[topic] = payload
            else:
                self.retained.pop(topic, None)
        for session, wanted_qos in self._route(topic):
            if session.wire is None and (qos == 0 or wanted_qos == 0):
                continue
            if len(session.queue) < QUEUE_MAX:
                session.queue.append(Message(topic, payload, min(qos, wanted_qos), retain=False))
                self._pump(session)

    def _route(self, topic: str) -> tuple[tuple[Session, int], ...]:
        route = self._routes.get(topic)
        if route is None:
            if not self._exact and not self._wild:
                self._index()
            wild = (
                (session, qos) for pattern, session, qos in self._wild if matches(pattern, topic)
            )
            route = self._routes[topic] = (*self._exact.get(topic, ()), *wild)
        return route

    def _index(self) -> None:
        """Keep filters for one topic apart: there is one for each device."""
        for session in self._sessions.values():
            for pattern, qos in session.filters.items():
                if "+" in pattern:
                    self._wild.append((pattern, session, qos))
                else:
                    self._exact.setdefault(pattern, []).append((session, qos))

    def _forget_routes(self) -> None:
        self._routes.clear()
        self._exact.clear()
        self._wild.clear()

    def _pump(self, session: Session) -> None:
        """Send as much as the client's Receive Maximum allows."""
        wire, port = session.wire, session.port
        while wire is not None and port is not None and session.queue:
            message = session.queue[0]
            if message.qos == 0:
                session.queue.popleft()
                if not wire.chance(self._weather.drop_pct):
                    wire.down(message.topic, port.deliver, wire, message, None)
                continue
            if len(session.in_flight) >= session.wants.receive_max:
                return
            session.queue.popleft()
            packet_id = session.next_id
            while packet_id in session.in_flight:
                packet_id = packet_id % PACKET_ID_MAX + 1
            session.next_id = packet_id % PACKET_ID_MAX + 1
            session.in_flight[packet_id] = message
            wire.down(message.topic, port.deliver, wire, message, packet_id)
            if wire.chance(self._weather.duplicate_pct):
                wire.down(message.topic, port.deliver, wire, message, packet_id)

    def acknowledged(self, wire: Wire, packet_id: int) -> None:
        """Forget what a client has taken."""
        session = self._sessions.get(wire.client_id)
        if session is not None and session.wire is wire:
            session.in_flight.pop(packet_id, None)
            self._pump(session)


def _connack(port: Port, wire: Wire, session_present: bool) -> None:
    port.connack(wire, session_present=session_present)


def matches(pattern: str, topic: str) -> bool:
    """Tell whether a topic falls under a filter; `+` stands for one level."""
    if pattern == topic:
        return True
    if "+" not in pattern:
        return False
    wanted, given = pattern.split("/"), topic.split("/")
    return len(wanted) == len(given) and all(
        one in ("+", other) for one, other in zip(wanted, given, strict=True)
    )
