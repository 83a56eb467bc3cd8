"""The port between broker and engine: what is acknowledged when, and what may gather."""

import asyncio

import pytest

from alarm_gateway.adapters import mqtt_port
from alarm_gateway.adapters.mqtt_port import MqttPort
from alarm_gateway.core.effects import Effects, ViewDue
from alarm_gateway.core.inputs import DeliveriesConfirmed, Input, PaintedReported, PressReceived
from alarm_protocol import topics
from alarm_protocol.codec import encode, encode_press
from alarm_protocol.messages import ConfirmDelivery, Delivery, Painted, Sighting
from alarm_protocol.runtime.broker_url import parse_broker_url
from alarm_protocol.runtime.mqtt_session import Received
from alarm_protocol.units import CONSOLES, ActionId, ConsoleId
from tests.helpers.gateway import DEVICE, FIRST_ALARM, NOW_MS, key_of, press

WAIT_S = 10


class Port:
    """A port without a broker, what it hands to the engine, and what it acknowledges."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[list[Input]] = []
        self.acked: list[int] = []
        self.backlog = 0
        self.came = asyncio.Event()
        self.port = MqttPort(
            parse_broker_url("mqtt://127.0.0.1:1"),
            tls=None,
            supervision_tls=None,
            on_alarm_lane=self._take,
            on_supervision=lambda _inputs: None,
            on_state=lambda _name, _state: None,
            on_refusal=lambda _name, _refusal: None,
        )
        lane = type(self.port.alarm_lane)
        monkeypatch.setattr(lane, "ack", lambda _lane, receipt: self.acked.append(receipt))
        monkeypatch.setattr(lane, "backlog", property(lambda _lane: self.backlog))

    def _take(self, inputs: list[Input]) -> None:
        self.batches.append(inputs)
        self.came.set()

    def hear(self, *messages: Received) -> None:
        """Let messages arrive together."""
        self.port._alarm_batch(list(messages))

    def durable(self, *receipts: int) -> None:
        """Let what these receipts stand for be durable."""
        self.port.perform(Effects(acks=list(receipts)))


def pressed(number: int) -> Received:
    """Return a press whose receipt is its number."""
    payload = encode_press(press(number).press, key_of(DEVICE))
    return Received(topics.press(DEVICE), payload, False, number)


def confirmed(console: ConsoleId, receipt: int) -> Received:
    """Return a console's confirmation."""
    message = ConfirmDelivery(
        action_id=ActionId("c"), at_ms=NOW_MS, deliveries=(Delivery(FIRST_ALARM, 1),)
    )
    return Received(topics.actions(console), encode(message), False, receipt)


async def test_acknowledgements_leave_in_the_order_of_arrival(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """MQTT 5, 4.6: what is durable sooner waits for what came before it."""
    port = Port(monkeypatch)
    port.hear(pressed(1), confirmed("police", 2), pressed(3))
    port.durable(3)
    assert [] == port.acked
    port.durable(1)
    assert [1] == port.acked
    port.durable(2)
    assert [1, 2, 3] == port.acked


async def test_confirmations_gather_and_presses_do_not_wait_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A press goes on at once; both consoles' confirmations go on a little later, together."""
    port = Port(monkeypatch)
    port.hear(confirmed(CONSOLES[0], 1), pressed(2))
    port.hear(confirmed(CONSOLES[1], 3))
    (first,) = port.batches
    assert [PressReceived] == [type(one) for one in first]
    port.came.clear()
    await asyncio.wait_for(port.came.wait(), WAIT_S)
    assert [DeliveriesConfirmed] * 2 == [type(one) for one in port.batches[1]]


async def test_what_was_on_a_screen_waits_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on with the confirmations: a press beside it is alone in its batch."""
    port = Port(monkeypatch)
    sighting = Sighting(alarm_id=FIRST_ALARM, version=1, at_ms=NOW_MS)
    report = Painted(action_id=ActionId("p"), at_ms=NOW_MS, operator="Ans", sightings=(sighting,))
    port.hear(Received(topics.actions("police"), encode(report), False, 1), pressed(2))
    (first,) = port.batches
    assert [PressReceived] == [type(one) for one in first]
    port.came.clear()
    await asyncio.wait_for(port.came.wait(), WAIT_S)
    assert [PaintedReported] == [type(one) for one in port.batches[1]]


async def test_many_confirmations_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """What gathers is bounded: when it is enough it goes on at once, and once only."""
    port = Port(monkeypatch)
    many = mqtt_port.CONFIRMATIONS_HELD_MAX
    port.hear(*(confirmed("police", number) for number in range(1, many + 1)))
    assert [many] == [len(batch) for batch in port.batches]
    port.hear(confirmed("police", many + 1))
    port.came.clear()
    await asyncio.wait_for(port.came.wait(), WAIT_S)
    assert [many, 1] == [len(batch) for batch in port.batches]


async def test_effects_that_come_after_the_goodbye_harm_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What became durable while the gateway left is published after its next start."""
    port = Port(monkeypatch)
    await port.port.alarm_lane.close(drain_s=0)
    port.port.perform(Effects(views=[ViewDue("police", FIRST_ALARM, b"{}")]))
    assert 1 == port.port.unsent


async def test_nothing_is_acknowledged_while_the_broker_lags(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Back-pressure: above the high mark nothing, and below half of it everything again."""
    port = Port(monkeypatch)
    port.hear(pressed(1), pressed(2))
    port.backlog = mqtt_port.BACKLOG_HIGH + 1
    port.durable(1)
    port.backlog = mqtt_port.BACKLOG_HIGH - 1
    port.durable(2)
    assert [] == port.acked
    port.backlog = mqtt_port.BACKLOG_HIGH // 2 - 1
    port.port.release_acks()
    assert [1, 2] == port.acked
