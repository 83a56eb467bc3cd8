"""What is fuzzed: each target takes bytes, and only named errors may come out of it.

A target ends quietly for every input, good or bad; whatever it raises is a finding.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mqtt5

from alarm_gateway.adapters.chain import GENESIS, SALT_BYTES, Row, chained, record_of, verify_chain
from alarm_gateway.adapters.journal import FILE_NAME, Journal, read_rows
from alarm_gateway.adapters.snapshot import FILE_NAME as SNAPSHOT_NAME
from alarm_gateway.adapters.snapshot import Snapshot
from alarm_gateway.core.decode import alarm_input, supervision_input
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.errors import GatewayError
from alarm_gateway.core.policy import Policy
from alarm_protocol import codec, topics
from alarm_protocol.errors import MalformedPacketError, MessageTooLargeError, WireError
from alarm_protocol.runtime.mqtt_connection import Connection
from alarm_protocol.runtime.mqtt_framing import PacketReader
from alarm_protocol.runtime.mqtt_outbox import Outbox, OutgoingPublish
from alarm_protocol.signing import sign, signature_fits
from alarm_protocol.units import CONSOLES
from tests.fuzz import seeds
from tests.helpers.gateway import DEVICE, NOW_MS, REGISTRY
from tests.helpers.mqtt_memory import Link, VirtualLoop, settings

DECODERS: tuple[Callable[[bytes], Any], ...] = (
    codec.decode_heartbeat,
    codec.decode_link,
    codec.decode_feedback,
    codec.decode_presence,
    codec.decode_gateway_status,
    codec.decode_alarm_view,
    codec.decode_action,
)
PACKET_BYTES_MAX = 8_192
FULL_OPEN_EVERY = 8
"""Opening a journal for writing takes 8 MiB of room; most inputs are only read."""


class FindingError(Exception):
    """Something came out that may not: no named error, or a wrong result."""


def require(holds: bool, what: str) -> None:
    """Complain where something does not hold that always has to."""
    if not holds:
        raise FindingError(what)


def codec_target(data: bytes) -> None:
    """Every decoder reads it or raises `WireError`; what was read is written and read again."""
    for decode in DECODERS:
        try:
            message = decode(data)
        except WireError:
            continue
        try:
            again = codec.encode(message)
        except MessageTooLargeError:  # escapes in JSON can make it longer than it came
            continue
        require(decode(again) == message, f"{type(message).__name__} changed on its way")
    try:
        press, line, signature, malformed = codec.decode_press(data)
    except WireError:
        pass
    else:
        require(codec.decode_press_line(line) == press, "the line of a press reads otherwise")
        require(signature is None or bool(signature.strip()), "a blank signature")
        if not malformed:
            signed = codec.decode_press(codec.encode_press(press, None))
            require(signed.press == press, "a press changed on its way")
    text = data[:200].decode("utf-8", "replace")
    for parse in (topics.parse_device_topic, topics.parse_console_topic):
        with contextlib.suppress(WireError):
            parse(text)


def signing_target(data: bytes) -> None:
    """A signature fits what it was made for and nothing else, whatever the bytes are."""
    key, line = data[:32] or b"k", data[32:]
    topic = topics.press(DEVICE)
    made = sign(key, topic, line)
    require(len(made) == 64, "a signature of another length")
    require(signature_fits(key, topic, line, made.upper()), "a good signature does not fit")
    require(not signature_fits(key, topic, line + b"x", made), "a bad signature fits")
    require(not signature_fits(key, topic, line, data), "any bytes are a signature")
    with contextlib.suppress(WireError):
        _, text, signature, _ = codec.decode_press(data)
        signature_fits(key, topic, text.encode(), (signature or "").encode())


def framing_target(data: bytes) -> None:
    """However the bytes are cut, the same packets come out, and one named error at most."""
    cut = data[0] if data else 0
    whole, pieces = PacketReader(PACKET_BYTES_MAX), PacketReader(PACKET_BYTES_MAX)
    first = [packet.write() for packet in whole.feed(data)]
    second = []
    step = cut % 61 + 1
    for start in range(0, len(data), step):
        second += [packet.write() for packet in pieces.feed(data[start : start + step])]
    require(first == second, "the packets depend on how the bytes were cut")
    for reader in (whole, pieces):
        error = reader.error
        require(error is None or isinstance(error, MalformedPacketError), f"error {error!r}")


_loop = VirtualLoop()


def session_target(data: bytes) -> None:
    """A connection takes any bytes of a broker: it ends by a named error, never by a defect."""
    _loop.run_until_complete(_session(data))


async def _session(data: bytes) -> None:
    received: list[Any] = []
    outbox = Outbox(100)
    outbox.offer(OutgoingPublish("out/a", b"x", retain=False, on_done=None))
    connection = Connection(settings(), 1, outbox, received.extend)
    link = Link(connection)
    connection.connection_made(link)
    stage = data[0] % 3 if data else 0
    if stage:
        link.give(mqtt5.ConnAckPacket(receive_max=10))
        await asyncio.sleep(0)
    if stage > 1:
        granted = mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE
        link.give(mqtt5.SubAckPacket(65_535, [granted]))
        await asyncio.sleep(0)
    half = len(data) // 2
    for piece in (data[1:half], data[half:]):
        if not link.is_closing():
            link.give_bytes(piece)
            await asyncio.sleep(0)
    connection.abort()
    await asyncio.sleep(0)
    if connection.ready.done():
        connection.ready.exception()
    if connection.fault is not None:
        raise connection.fault


def gateway_target(data: bytes) -> None:
    """The gateway takes any payload on any topic; what it writes down can be folded again."""
    engine = Engine(Policy(), REGISTRY)
    given = [
        alarm_input(topics.press(DEVICE), data, 1),
        alarm_input(topics.press(DEVICE), data, 2),
        *(alarm_input(topics.actions(console), data, 3) for console in CONSOLES),
        alarm_input(data[:80].decode("utf-8", "replace"), data, 4),
        supervision_input(topics.heartbeat(DEVICE), data),
        supervision_input(topics.link(DEVICE), data),
        supervision_input(topics.presence(CONSOLES[0]), data),
    ]
    records = engine.receive([one for one in given if one is not None], NOW_MS)
    effects = engine.persisted(records)
    require(len(effects.acks) == 5, "a message was not acknowledged")
    rows, previous = [], GENESIS
    for seq, record in enumerate(records, 1):
        rows.append(chained(previous, seq, record, bytes(SALT_BYTES)))
        previous = rows[-1].hash
    require(verify_chain(rows).fault is None, "its own chain does not verify")
    again = Engine(Policy(), REGISTRY)
    again.recover(record_of(row) for row in rows)
    for record in records:
        same = again.state_of(record.device_id) == engine.state_of(record.device_id)
        require(same, "folding the journal gives another state")


def rows_target(data: bytes) -> None:
    """Rows with any body in them are read, folded and verified, or refused by name."""
    at = data[0] if data else 0
    rows = list(seeds.journal_rows())
    place = at % len(rows)
    kinds = ("body", "kind", "alarm_id", "version")
    kind = kinds[(data[1] if len(data) > 1 else 0) % len(kinds)]
    text = data[2:].decode("utf-8", "replace")
    value: Any = {
        "body": data[2:],
        "kind": text,
        "alarm_id": text,
        "version": int.from_bytes(data[2:9], "big"),
    }[kind]
    rows[place] = rows[place]._replace(**{kind: value})
    _fold(rows)
    report = verify_chain(rows)
    unchanged = rows[place] == seeds.journal_rows()[place]
    require(unchanged or report.fault is not None, "a changed row verifies")


def _fold(rows: list[Row]) -> None:
    engine = Engine(Policy(), REGISTRY)
    try:
        engine.recover(record_of(row) for row in rows)
        engine.open_views()
    except GatewayError:
        return


_folder = tempfile.TemporaryDirectory(prefix="aware-fuzz-", ignore_cleanup_errors=True)
_count = 0


def journal_target(data: bytes) -> None:
    """A journal file with damage is read, or refused by name; so is a damaged snapshot."""
    global _count  # noqa: PLW0603 - a counter of this process
    _count += 1
    folder = Path(_folder.name)
    for path in folder.iterdir():
        path.unlink()
    good, snapshot = seeds.journal_files()
    (folder / FILE_NAME).write_bytes(damaged(good, data))
    (folder / SNAPSHOT_NAME).write_bytes(damaged(snapshot, data))
    Snapshot(folder).load()
    with contextlib.suppress(GatewayError):
        rows = list(read_rows(folder))
        verify_chain(rows)
        _fold(rows)
    if _count % FULL_OPEN_EVERY == 0:
        with contextlib.suppress(GatewayError):
            _open(folder)


def _open(folder: Path) -> None:
    journal = Journal(folder, on_durable=lambda *_: None, on_failure=lambda _: None)
    try:
        Engine(Policy(), REGISTRY).recover(journal.records())
    finally:
        journal.close()


def damaged(good: bytes, data: bytes) -> bytes:
    """Damage a file as the bytes say: cut it, or write over places of it."""
    if len(data) < 3:
        return data
    kind, place = data[0] % 4, int.from_bytes(data[1:3], "big") % len(good)
    rest = data[3:]
    if kind == 0:
        return good[:place]
    if kind == 1:
        return good[:place] + rest
    if kind == 2:
        return good[:place] + rest + good[place + len(rest) :]
    changed = bytearray(good)
    for start in range(0, len(rest) - 2, 3):
        changed[int.from_bytes(rest[start : start + 2], "big") % len(good)] = rest[start + 2]
    return bytes(changed)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "codec": codec_target,
    "signing": signing_target,
    "framing": framing_target,
    "session": session_target,
    "gateway": gateway_target,
    "rows": rows_target,
    "journal": journal_target,
}
SHARES = {
    "codec": 26, "signing": 20, "framing": 24, "session": 12, "gateway": 8, "rows": 9.5,
    "journal": 0.5,
}  # fmt: skip
"""How much of all inputs each target gets, in percent: those that touch the disk get few."""
