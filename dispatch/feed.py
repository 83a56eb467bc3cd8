"""One console's line to the broker: views in, confirmations, actions and presence out.

The feed owns the board and keeps it over any interruption. It stands on aiomqtt, which
acknowledges a message as soon as it has come; that is fine here, because a view counts as
delivered only by this console's own confirmation, and the gateway repeats it until then.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable

import aiomqtt
import structlog
from paho.mqtt.subscribeoptions import SubscribeOptions

from alarm_protocol import topics
from alarm_protocol.codec import decode_alarm_view, decode_gateway_status, decode_overview, encode
from alarm_protocol.errors import WireError
from alarm_protocol.guidance import cards_of
from alarm_protocol.messages import ConfirmDelivery, Overview, Painted, Presence, TrackAction
from alarm_protocol.runtime.clock import now_ms
from alarm_protocol.trace import trace_id_of, trace_of
from alarm_protocol.units import ActionId, AlarmId
from dispatch.core.access import ViewRefusal, admit_overview, admit_topic, admit_view
from dispatch.core.answers import Answer, answers_in
from dispatch.core.board import Board
from dispatch.core.connection import Connection, Counters
from dispatch.core.errors import BrokerRefusedError
from dispatch.core.gateway import GatewayState, GatewayWatch
from dispatch.core.sightings import Sightings
from dispatch.history import History
from dispatch.mqtt_client import (
    ACTIONS_MAX,
    Line,
    dialled,
    is_failure,
    make_client,
    release,
    until_lost,
)
from dispatch.settings import Settings

CONFIRM_EVERY_S = 0.04
"""Confirmations gather this long; the contract allows 50 ms."""
REPORT_EVERY_S = 0.25
ANSWER_WITHIN_S = 5.0
DETACH_WITHIN_S = 1.0

Listener = Callable[[AlarmId | None], None]
"""Told of each alarm that changed, and with None of a changed connection. Must not block."""

log = structlog.get_logger("dispatch.feed")


class Feed:
    """Run it as one task; read `board` and `connection()` at any time."""

    def __init__(self, settings: Settings, history: History | None = None) -> None:
        self.console = settings.console
        self.board = Board()
        self.sightings = Sightings()
        self.counters = Counters()
        self.history = history or History(None)
        self.cards = cards_of(settings.guidance, settings.console)
        """The guidance card of this console, in Dutch and in English."""
        self.certificates = settings.certificates
        """When each certificate of this console ends."""
        self.overview: Overview | None = None
        """What the gateway said last for this console's supervisors."""
        self._settings = settings
        self._identifier = f"dispatch-{settings.console}-{secrets.token_hex(6)}"
        self._line = Line(settings)
        self._gateway = GatewayWatch()
        self._gateway_state: GatewayState = "unknown"
        self._client: aiomqtt.Client | None = None
        self._waiting: dict[ActionId, tuple[AlarmId, asyncio.Future[Answer]]] = {}
        self._listeners: list[Listener] = []
        self._due = asyncio.Event()
        self._operators = 0
        self._operators_changed = asyncio.Event()

    def connection(self) -> Connection:
        """Say how this console stands at this moment."""
        return Connection(
            broker="connected" if self._client is not None else "connecting",
            gateway=self._gateway.state(now_ms()),
            gateway_seen_at_ms=self._gateway.seen_at_ms,
            unverified=self.board.unverified_count,
            turned_away=self.board.turned_away_count,
            refused=self.counters.refused,
            malformed=self.counters.malformed,
        )

    @property
    def lets_us(self) -> bool:
        """Whether the broker refuses nothing that this console publishes."""
        return self._line.lets_us

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` at every change from now on; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def set_operators(self, operators: int) -> None:
        """State how many pages are open, for this console's presence."""
        if operators != self._operators:
            self._operators = operators
            self._operators_changed.set()

    async def act(self, action: TrackAction) -> Answer:
        """Send an action and wait at most `ANSWER_WITHIN_S` for the gateway's own answer.

        Never says `done` without that answer: not when the broker took the message, and not
        when the connection broke in between. An action that was answered before is not sent
        again, and of one that is on its way the one answer counts for all who ask.
        """
        held = self.board.get(action.alarm_id)
        for known in answers_in(held.view) if held is not None else ():
            if known.action_id == action.action_id:
                return known
        if action.action_id in self._waiting:
            return await self._answer_to(action.action_id)
        client = self._client
        if client is None:
            return Answer(action_id=action.action_id, outcome="not_connected")
        if len(self._waiting) >= ACTIONS_MAX:
            return Answer(action_id=action.action_id, outcome="busy")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[action.action_id] = (action.alarm_id, future)
        sending = asyncio.create_task(self._send(client, action), name="feed action")
        try:
            return await self._answer_to(action.action_id)
        finally:
            del self._waiting[action.action_id]
            sending.cancel()

    async def _answer_to(self, action_id: ActionId) -> Answer:
        _, future = self._waiting[action_id]
        await asyncio.wait((future,), timeout=ANSWER_WITHIN_S)
        return future.result() if future.done() else Answer(action_id=action_id, outcome="unknown")

    async def _send(self, client: aiomqtt.Client, action: TrackAction) -> None:
        try:
            await client.publish(
                topics.actions(self.console), encode(action), qos=1, timeout=ANSWER_WITHIN_S
            )
        except aiomqtt.MqttError as error:
            log.warning("action not sent for certain", action_id=action.action_id, error=str(error))
            self._answer(Answer(action_id=action.action_id, outcome="unknown"))

    async def run(self) -> None:
        """Stay connected until cancelled; whatever the broker does, try again."""
        while True:
            try:
                await self._connect()
            except (aiomqtt.MqttError, BrokerRefusedError, OSError) as error:
                why = self._line.why_lost(error)
                log.warning("broker lost", broker=str(self._settings.broker), error=why)
            except Exception:
                # A console that stops listening is worse than any fault met here: say it
                # loudly and begin again with a new connection.
                log.exception("fault in the feed", broker=str(self._settings.broker))
            finally:
                self._lost()
            await asyncio.sleep(self._line.pause_s())

    async def _connect(self) -> None:
        """Hold one connection until it breaks."""
        client = make_client(self._settings, self._identifier, self._read, self._line.logger)
        try:
            async with client:
                self._line.watch(client)
                await self._attach(client)
                self._tell(None)
                await self._serve(client)
        finally:
            await dialled(client)
            release(client)

    async def _attach(self, client: aiomqtt.Client) -> None:
        """Subscribe, which brings the whole retained state, and say that we are here."""
        for alarm_id in self.board.doubt_all():
            self._tell(alarm_id)
        once = SubscribeOptions(qos=1)
        views, overview = topics.alarm_views(self.console), topics.overview(self.console)
        wanted = (views, topics.GATEWAY_STATUS, overview)
        codes = await client.subscribe([(one, once) for one in wanted])
        failed = [is_failure(code) for code in codes]
        refused = [one for one, fails in zip(wanted, failed, strict=True) if fails]
        if refused not in ([], [overview]):
            raise BrokerRefusedError(
                f"the broker refuses {self.console} to read {views}; check its access list"
            )
        if refused:
            # Of an access list from before there were overviews: no reason to show no alarms.
            log.warning("the broker refuses the overview for supervisors", topic=overview)
        self._client = client
        self.counters.connections += 1
        self._line.attached()
        log.info("broker connected", broker=str(self._settings.broker), console=self.console)

    async def _serve(self, client: aiomqtt.Client) -> None:
        """Run the parts of one connection; the first that fails ends them all."""
        parts = [
            asyncio.create_task(part, name=f"feed {name}")
            for name, part in (
                ("views", until_lost(client)),
                ("confirmations", self._confirm(client)),
                ("sightings", self._report(client)),
                ("presence", self._announce(client)),
                ("watch", self._watch()),
            )
        ]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            await end_tasks(parts)
            await self._detach(client)

    async def _detach(self, client: aiomqtt.Client) -> None:
        """Take the presence back in an orderly end; a broken connection has its will for it."""
        self._client = None
        gone = encode(Presence(attached=False))
        topic = topics.presence(self.console)
        try:
            await client.publish(topic, gone, qos=1, retain=True, timeout=DETACH_WITHIN_S)
        except aiomqtt.MqttError as error:
            log.debug("presence left to the last will", error=str(error))

    def _lost(self) -> None:
        """Keep the board as it was, and fail every action that waits for an answer."""
        self._client = None
        self._gateway = self._gateway.unheard()
        self._gateway_state = "unknown"
        for action_id, (_, future) in self._waiting.items():
            if not future.done():
                future.set_result(Answer(action_id=action_id, outcome="unknown"))
        self._tell(None)

    def _read(self, message: aiomqtt.Message) -> None:
        payload = message.payload if isinstance(message.payload, bytes) else b""
        topic = message.topic.value
        try:
            self._take(topic, payload, retained=message.retain)
            trace = trace_of(getattr(message.properties, "UserProperty", ()))
            if trace is not None:
                log.info("a traced message is here", topic=topic, trace_id=trace_id_of(trace))
        except WireError as error:
            self.counters.malformed += 1
            log.warning("unreadable message", topic=topic, error=str(error))
        except Exception:
            # What raises here ends the connection, without a word of its own.
            log.exception("fault in the feed", topic=topic)
            raise

    def _take(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Take one message.

        Raises:
            WireError: The payload is not what belongs on this topic.
        """
        if topic == topics.GATEWAY_STATUS:
            status = decode_gateway_status(payload)
            self._gateway = self._gateway.heard(status, now_ms(), retained=retained)
            self._judge_gateway()
            return
        if topic == topics.overview(self.console):
            told = admit_overview(self.console, decode_overview(payload)) if payload else None
            if isinstance(told, ViewRefusal):
                self._refuse(topic, told)
            else:
                self.overview = told
            return
        place = admit_topic(self.console, topic)
        if isinstance(place, ViewRefusal):
            self._refuse(topic, place)
        elif not payload:
            self._take_gone(place.alarm_id)
        else:
            view = admit_view(self.console, place, decode_alarm_view(payload))
            if isinstance(view, ViewRefusal):
                self._refuse(topic, view)
                return
            self.counters.views += 1
            past = view.status == "closed" or self.board.may_have_closed(view)
            if past and not self.history.note(view):
                return  # not on the board and not confirmed, so the gateway repeats it
            if self.board.take(view, now_ms()) == "full":
                log.error("board full", alarm_id=view.alarm_id, open=self.board.open_count)
            self._due.set()
            for answer in answers_in(view):
                self._answer(answer)
            self._tell(view.alarm_id)

    def _take_gone(self, alarm_id: AlarmId) -> None:
        if self.board.gone(alarm_id):
            log.warning("open alarm withdrawn by the gateway", alarm_id=alarm_id)
        for action_id, (waiting_for, _) in tuple(self._waiting.items()):
            if waiting_for == alarm_id:
                self._answer(Answer(action_id=action_id, outcome="gone"))
        self._tell(alarm_id)

    def _refuse(self, topic: str, refusal: ViewRefusal) -> None:
        self.counters.refused += 1
        log.error("view refused", topic=topic, reason=refusal.reason)

    def _answer(self, answer: Answer) -> None:
        _, future = self._waiting.get(answer.action_id, (None, None))
        if future is not None and not future.done():
            future.set_result(answer)

    def _judge_gateway(self) -> None:
        """Notice when the gateway comes or goes; one that comes has to repeat what it has."""
        state = self._gateway.state(now_ms())
        if state == self._gateway_state:
            return
        log.info("gateway", state=state, was=self._gateway_state)
        if state == "up" and self._gateway_state in ("down", "silent"):
            for alarm_id in self.board.doubt_all():
                self._tell(alarm_id)
        self._gateway_state = state
        self._tell(None)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._judge_gateway()
            if self._gateway_state == "up":
                self.board.ask(now_ms())
                self._due.set()

    async def _confirm(self, client: aiomqtt.Client) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            await asyncio.sleep(CONFIRM_EVERY_S)
            while due := self.board.take_due():
                # What is closed is confirmed once it is kept: it never comes again after that.
                unkept = await self.history.keep(now_ms())
                deliveries = tuple(one for one in due if one.alarm_id not in unkept)
                if not deliveries:
                    continue
                message = ConfirmDelivery(
                    action_id=new_action_id(), at_ms=now_ms(), deliveries=deliveries
                )
                await client.publish(topics.actions(self.console), encode(message), qos=1)
                self.counters.confirmed += len(deliveries)

    async def _report(self, client: aiomqtt.Client) -> None:
        """Say what was on screens, beside everything else; on a new connection all of it."""
        self.sightings.again()
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            while (due := self.sightings.take_due()) is not None:
                message = Painted(
                    action_id=new_action_id(), at_ms=now_ms(), operator=due[0], sightings=due[1]
                )
                await client.publish(topics.actions(self.console), encode(message), qos=1)

    async def _announce(self, client: aiomqtt.Client) -> None:
        while True:
            self._operators_changed.clear()
            presence = encode(Presence(attached=True, operators=min(self._operators, 1_000)))
            await client.publish(topics.presence(self.console), presence, qos=1, retain=True)
            await self._operators_changed.wait()

    def _tell(self, alarm_id: AlarmId | None) -> None:
        for listener in tuple(self._listeners):
            listener(alarm_id)


async def end_tasks(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks until they are over, and leave their results unread.

    Once is not enough: before Python 3.12 `asyncio.wait_for`, on which aiomqtt stands,
    swallows a cancellation that comes in the same moment as its result.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        ended, pending = await asyncio.wait(pending, timeout=0.1)
        for task in ended:
            if not task.cancelled():
                task.exception()


def new_action_id() -> ActionId:
    """Name an action so that no other console ever uses the same name."""
    return ActionId(secrets.token_urlsafe(16))
