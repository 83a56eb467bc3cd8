"""The pump between engine, journal and broker: what has to hold where it can go wrong."""

from pathlib import Path

import pytest

from alarm_gateway.adapters.journal import Head
from alarm_gateway.adapters.mqtt_port import MqttPort
from alarm_gateway.core.effects import Effects
from alarm_gateway.core.engine import Engine
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
