"""The floor: a relay with two outputs and nothing else. No checks, no journal, no feedback.

It stands on the same session as the gateway, so that what the gateway takes beyond it is the
gateway's own work.
"""

import asyncio

from alarm_protocol import topics
from alarm_protocol.runtime.broker_url import parse_broker_url
from alarm_protocol.runtime.loop import run_async
from alarm_protocol.runtime.mqtt_session import (
    MqttSession,
    Received,
    SessionSettings,
    SessionState,
)
from alarm_protocol.units import CONSOLES, alarm_id_of
from simulator.bench.orders import RelayOrders, read_orders, say_ready


async def run(orders: RelayOrders) -> None:
    """Forward until the process is ended."""

    def forward(batch: list[Received]) -> None:
        for topic, payload, _, receipt, _ in batch:
            device_id = topics.parse_device_topic(topic).device_id
            for console in CONSOLES:
                session.publish(topics.alarm_view(console, alarm_id_of(device_id, 1)), payload)
            if receipt is not None:
                session.ack(receipt)

    def state(new: SessionState) -> None:
        if new.connected:
            say_ready("relay")

    session = MqttSession(
        SessionSettings(
            broker=parse_broker_url(orders.broker),
            client_id="bench-relay",
            subscriptions=((topics.ALL_PRESSES, 1),),
            clean_start=True,
            session_expiry_s=0,
            receive_max=2_000,
        ),
        on_batch=forward,
        on_state=state,
    )
    await session.run()


async def _main() -> None:
    await asyncio.gather(run(read_orders(RelayOrders)))


if __name__ == "__main__":
    run_async(_main())
