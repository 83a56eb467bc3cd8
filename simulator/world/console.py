"""A console's process: the real board, and the thin loop that `dispatch/feed.py` runs around it.

A connection of its own each time: what was not sent when one broke is not sent later, and
whoever waits for an answer then gets `unknown`.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from alarm_protocol import topics
from alarm_protocol.codec import decode_alarm_view, decode_gateway_status, encode
from alarm_protocol.errors import WireError
from alarm_protocol.messages import ConfirmDelivery, Painted, Presence, TrackAction
from alarm_protocol.units import ActionId, AlarmId, ConsoleId, TimestampMs
from dispatch.core.access import ViewRefusal, admit_topic, admit_view
from dispatch.core.answers import Answer, answers_in
from dispatch.core.board import Board
from dispatch.core.gateway import GatewayState, GatewayWatch
from dispatch.core.sightings import Sightings
from simulator.world.broker import Message
from simulator.world.client import Client, ClientSettings, Net, Received
from simulator.world.homes import secret_of
from simulator.world.witness import Witness

CONFIRM_EVERY_MS = 40
ANSWER_WITHIN_MS = 5_000
WATCH_EVERY_MS = 1_000
ACTIONS_MAX = 64

OnAnswer = Callable[[Answer], None]


@dataclass(slots=True)
class _Waiting:
    alarm_id: AlarmId
    tell: OnAnswer


class Console:
    """One control room's console over all its lives.

    Args:
        net: Where it connects.
        console: Whose it is.
        witness: Sees its board.
        on_view: Hears of each alarm that may have changed.
    """

    def __init__(
        self, net: Net, console: ConsoleId, witness: Witness, on_view: Callable[[AlarmId], None]
    ) -> None:
        self.console = console
        self.board = Board()
        self.alive = False
        self.lives = 0
        self.slow_ms = 0
        self.refused = 0
        self.malformed = 0
        self._connections = 0
        self._inbox: deque[Received] = deque()
        self._net = net
        self._loop = net.loop
        self._witness = witness
        self._on_view = on_view

    # -- life ---------------------------------------------------------------------------

    @property
    def client_id(self) -> str:
        """Name of this life's client."""
        return f"dispatch-{self.console}-{self.lives}"

    @property
    def connected(self) -> bool:
        """Whether an action can be sent at this moment."""
        return self.alive and self._client.connected

    @property
    def due_count(self) -> int:
        """Confirmations that are owed."""
        return self.board.due_count

    def start(self) -> None:
        """Begin with an empty board."""
        self.lives += 1
        self.alive = True
        self.board = Board()
        self._sightings = Sightings()
        self._watch = GatewayWatch()
        self._state: GatewayState = "unknown"
        self._waiting: dict[ActionId, _Waiting] = {}
        self._confirm_planned = False
        self._confirmations = 0
        self._client = Client(
            self._net,
            ClientSettings(
                client_id=self.client_id,
                filters=((topics.alarm_views(self.console), 1), (topics.GATEWAY_STATUS, 1)),
                will=Message(
                    topics.presence(self.console),
                    encode(Presence(attached=False)),
                    1,
                    retain=True,
                ),
                kept=False,
                clean=True,
                forgets=True,
                retry_ms=(250, 10_000),
            ),
            on_message=self._receive,
            on_state=self._link,
        )
        self._client.start()
        self._loop.after(WATCH_EVERY_MS, self._look, self.lives)

    def stop(self, for_ms: int) -> None:
        """End at once, board and all, and begin anew after a while."""
        if not self.alive:
            return
        self.alive = False
        self._connections += 1
        self._inbox.clear()
        self._client.die()
        self._lost()
        self._loop.after(for_ms, self.start)

    def _link(self, connected: bool) -> None:
        if not self.alive:
            return
        self._connections += 1
        self._inbox.clear()  # what waited goes with its connection, as in the feed
        if connected:
            self.board.doubt_all()
            self._sightings.again()
            presence = encode(Presence(attached=True, operators=1))
            self._client.publish(topics.presence(self.console), presence, retain=True)
            self._plan_confirmation()
        else:
            self._watch = self._watch.unheard()
            self._state = "unknown"
            self._lost()

    def _lost(self) -> None:
        for action_id in tuple(self._waiting):
            self._answer(Answer(action_id=action_id, outcome="unknown"))

    # -- in -----------------------------------------------------------------------------

    def _receive(self, message: Received) -> None:
        """Take messages one after the other, each as slowly as this console is by then."""
        if not self.slow_ms and not self._inbox:
            self._take(message)
            return
        self._inbox.append(message)
        if len(self._inbox) == 1:
            self._loop.after(self.slow_ms, self._work, self._connections)

    def _work(self, connection: int) -> None:
        if not self.alive or connection != self._connections or not self._inbox:
            return
        self._take(self._inbox.popleft())
        if self._inbox:
            self._loop.after(self.slow_ms, self._work, connection)

    def _take(self, message: Received) -> None:
        try:
            self._read(message)
        except WireError:
            self.malformed += 1

    def _read(self, message: Received) -> None:
        topic, payload, retained, _ = message
        now_ms = self._loop.now_ms
        if topic == topics.GATEWAY_STATUS:
            status = decode_gateway_status(payload)
            self._watch = self._watch.heard(status, now_ms, retained=retained)
            self._judge()
            return
        place = admit_topic(self.console, topic)
        if isinstance(place, ViewRefusal):
            self.refused += 1
        elif not payload:
            self._gone(place.alarm_id)
        else:
            view = admit_view(self.console, place, decode_alarm_view(payload))
            if isinstance(view, ViewRefusal):
                self.refused += 1
                return
            self.board.take(view, now_ms)
            held = self.board.get(view.alarm_id)
            if held is not None:
                self._witness.shown(self.console, self.lives, held.view)
                operator = f"{secret_of(self.console)} screen"
                self._sightings.note(held.view, held.view.version, operator, TimestampMs(now_ms))
            self._plan_confirmation()
            for answer in answers_in(view):
                self._answer(answer)
            self._on_view(view.alarm_id)

    def _gone(self, alarm_id: AlarmId) -> None:
        self.board.gone(alarm_id)
        for action_id, waiting in tuple(self._waiting.items()):
            if waiting.alarm_id == alarm_id:
                self._answer(Answer(action_id=action_id, outcome="gone"))
        self._on_view(alarm_id)

    def _judge(self) -> None:
        """Notice when the gateway comes or goes; one that comes has to repeat what it has."""
        state = self._watch.state(self._loop.now_ms)
        if state == self._state:
            return
        if state == "up" and self._state in ("down", "silent"):
            self.board.doubt_all()
        self._state = state

    def _look(self, life: int) -> None:
        if not self.alive or life != self.lives:
            return
        if self._client.connected:
            self._judge()
            if self._state == "up":
                self.board.ask(self._loop.now_ms)
                self._plan_confirmation()
        self._loop.after(WATCH_EVERY_MS, self._look, life)

    # -- out ----------------------------------------------------------------------------

    def _plan_confirmation(self) -> None:
        if not self._confirm_planned and self.board.due_count:
            self._confirm_planned = True
            self._loop.after(CONFIRM_EVERY_MS, self._confirm, self.lives)

    def _confirm(self, life: int) -> None:
        if life != self.lives:
            return
        self._confirm_planned = False
        if not self.connected:
            return
        while deliveries := self.board.take_due():
            self._confirmations += 1
            message = ConfirmDelivery(
                action_id=ActionId(f"{self.client_id}-c{self._confirmations}"),
                at_ms=TimestampMs(self._loop.now_ms),
                deliveries=deliveries,
            )
            self._client.publish(topics.actions(self.console), encode(message))
        while (due := self._sightings.take_due()) is not None:
            self._confirmations += 1
            report = Painted(
                action_id=ActionId(f"{self.client_id}-c{self._confirmations}"),
                at_ms=TimestampMs(self._loop.now_ms),
                operator=due[0],
                sightings=due[1],
            )
            self._client.publish(topics.actions(self.console), encode(report))

    def act(self, action: TrackAction, tell: OnAnswer) -> None:
        """Send an action; `tell` hears the gateway's own answer, or that there was none."""
        if not self.connected:
            tell(Answer(action_id=action.action_id, outcome="not_connected"))
            return
        if len(self._waiting) >= ACTIONS_MAX:
            tell(Answer(action_id=action.action_id, outcome="busy"))
            return
        self._waiting[action.action_id] = _Waiting(action.alarm_id, tell)
        self._client.publish(topics.actions(self.console), encode(action))
        unknown = Answer(action_id=action.action_id, outcome="unknown")
        self._loop.after(ANSWER_WITHIN_MS, self._answer, unknown)

    def _answer(self, answer: Answer) -> None:
        waiting = self._waiting.pop(answer.action_id, None)
        if waiting is not None:
            waiting.tell(answer)
