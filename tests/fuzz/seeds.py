"""Good inputs to begin with: one of every message, packet and record."""

import functools
import tempfile
from pathlib import Path

import mqtt5

from alarm_gateway.adapters.chain import Row
from alarm_gateway.adapters.journal import FILE_NAME, Journal
from alarm_gateway.adapters.snapshot import FILE_NAME as SNAPSHOT_NAME
from alarm_gateway.adapters.snapshot import Snapshot
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.policy import Policy
from alarm_gateway.core.records import Record
from alarm_protocol.codec import encode
from alarm_protocol.messages import (
    Accept,
    ConfirmDelivery,
    Delivery,
    GatewayStatus,
    Heartbeat,
    LinkState,
    Presence,
)
from alarm_protocol.units import CONSOLES, ActionId
from tests.helpers.evidence import Story, rows_of
from tests.helpers.gateway import DEVICE, FIRST_ALARM, NOW_MS, REGISTRY, press, views

_QOS_1 = mqtt5.QoS.AT_LEAST_ONCE


@functools.cache
def records() -> tuple[Record, ...]:
    """Return the records of an alarm that was lived through to its end."""
    story = Story()
    story.whole()
    story.press(DEVICE, 1_000)
    return tuple(story.records)


@functools.cache
def journal_rows() -> tuple[Row, ...]:
    """Return those records as rows of a journal."""
    return tuple(rows_of(records()))


@functools.cache
def journal_files() -> tuple[bytes, bytes]:
    """Return a journal file that holds those records, and a snapshot of their states."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = Journal(folder, on_durable=lambda *_: None, on_failure=lambda _: None)
        journal.start()
        journal.append(list(records()))
        journal.close()
        engine = Engine(Policy(), REGISTRY)
        engine.recover(records())
        Snapshot(folder).save(engine.take_changed(), {DEVICE: NOW_MS}, journal.head)
        return (folder / FILE_NAME).read_bytes(), (folder / SNAPSHOT_NAME).read_bytes()


@functools.cache
def messages() -> tuple[bytes, ...]:
    """Return one of every message of the wire."""
    signed = press(1)
    story = Story()
    effects = story.gateway.take(press(1), now_ms=NOW_MS)
    text = f"{signed.line}\n{signed.signature}".encode()
    said = {"action_id": ActionId("a-1"), "alarm_id": FIRST_ALARM, "at_ms": NOW_MS}
    accept = Accept(seen_version=1, operator="Ans", **said)  # type: ignore[arg-type] # one of each
    pairs = (Delivery(FIRST_ALARM, 1),)
    return (
        text,
        signed.line.encode(),
        encode(Heartbeat(device_id=DEVICE, sent_at_ms=NOW_MS, battery_pct=7, tamper=True)),
        encode(LinkState(link="down")),
        encode(effects.feedback[0].feedback),
        encode(Presence(attached=True, operators=2)),
        encode(GatewayStatus(status="up", at_ms=NOW_MS)),
        *(encode(views(effects, console)[0]) for console in CONSOLES),
        encode(accept),
        encode(ConfirmDelivery(action_id=ActionId("c"), at_ms=NOW_MS, deliveries=pairs)),
    )


@functools.cache
def packets() -> tuple[bytes, ...]:
    """Return one of every packet that a broker sends."""
    granted = mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE
    publish = mqtt5.PublishPacket("in/a", messages()[0], qos=_QOS_1, packet_id=7, retain=True)
    made = (
        mqtt5.ConnAckPacket(session_present=True, receive_max=10, server_keep_alive=30),
        mqtt5.SubAckPacket(65_535, [granted]),
        publish,
        mqtt5.PublishPacket("in/b", b"", user_properties=[("a", "b")]),
        mqtt5.PubAckPacket(1, reason_code=mqtt5.PubAckReasonCode.NOT_AUTHORIZED),
        mqtt5.PingRespPacket(),
        mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SERVER_BUSY),
    )
    single = [packet.write() for packet in made]
    return (*single, b"".join(single))


def of(target: str) -> list[bytes]:
    """Return good inputs for a target."""
    if target in ("framing", "session"):
        stages = (b"",) if target == "framing" else (b"\x00", b"\x01", b"\x02")
        return [stage + packet for stage in stages for packet in packets()]
    if target == "rows":
        rows = journal_rows()
        return [bytes([place, 0]) + row.body for place, row in enumerate(rows)]
    if target == "journal":
        return [bytes([kind, 16, 40, 1, 2, 3, 4, 5, 6]) for kind in range(4)]
    return list(messages())
