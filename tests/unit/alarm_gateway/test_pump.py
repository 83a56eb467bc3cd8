"""The pump between engine, journal and broker: what has to hold where it can go wrong."""

import asyncio
from pathlib import Path

import pytest

from alarm_gateway.adapters.journal import Head
from alarm_gateway.adapters.mqtt_port import MqttPort
from alarm_gateway.core.effects import Effects
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import InvariantError
from alarm_gateway.core.policy import Policy
from alarm_gateway.pump import Pump
from alarm_gateway.settings import Settings
from alarm_protocol.runtime.broker_url import parse_broker_url
from tests.helpers.gateway import NOW_MS, REGISTRY, press


class TroubleError(Exception):
    """Whatever may go wrong while publishing."""


async def test_a_snapshot_knows_the_row_of_what_was_given_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where publishing fails: states without their row would contradict the journal."""

    def fails(_port: MqttPort, _effects: Effects) -> None:
        raise TroubleError

    engine = Engine(Policy(), REGISTRY)
    settings = Settings(broker=parse_broker_url("mqtt://127.0.0.1:1"), data_dir=tmp_path)
    pump = Pump(settings, engine, on_ready=lambda: None)
    monkeypatch.setattr(MqttPort, "perform", fails)
    records = engine.receive([press(1)], NOW_MS)
    head = Head(len(records), b"h" * 32)
    try:
        with pytest.raises(TroubleError):
            pump._durable([records], head)
        assert head == pump._keeper.head
    finally:
        pump._journal.close()


async def test_a_defect_in_a_callback_ends_the_gateway(tmp_path: Path) -> None:
    """An engine that does not fit its journal any more must not go on taking presses."""
    settings = Settings(broker=parse_broker_url("mqtt://127.0.0.1:1"), data_dir=tmp_path)
    engine = Engine(Policy(), REGISTRY)
    pump = Pump(settings, engine, on_ready=lambda: None)
    running = asyncio.create_task(pump.run(asyncio.Event()))
    await asyncio.sleep(0)
    other = Engine(Policy(), REGISTRY).receive([press(1)], NOW_MS)
    pump._later(pump._durable, [other], Head(1, b"h" * 32))
    with pytest.raises(InvariantError):
        await asyncio.wait_for(running, 20)
