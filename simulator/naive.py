"""The naive control: the gateway's job, done the obvious way with aiomqtt.

One message at a time: decode, check the signature, insert and commit, publish both views and
the answer. It is what one would write in an afternoon, and honest work: it keeps what it
acknowledges end to end, TCP_NODELAY is set, and the library's usual event loop is used. It
has no priorities, no escalation, no repeats and no confirmations.
"""

import asyncio
import hmac
import json
import socket
import sqlite3
import sys
from pathlib import Path
from typing import Any

import aiomqtt

from alarm_protocol.runtime import clock
from alarm_protocol.runtime.broker_url import parse_broker_url

_SCHEMA = "CREATE TABLE IF NOT EXISTS presses (press_id TEXT PRIMARY KEY, body TEXT)"


def _homes(path: str) -> dict[str, dict[str, Any]]:
    file = json.loads(Path(path).read_bytes())
    return {home["device_id"]: home for home in file["households"]}


def _open(data_dir: Path) -> sqlite3.Connection:
    data_dir.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(data_dir / "naive.sqlite3")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute(_SCHEMA)
    database.commit()
    return database


async def _press(
    client: aiomqtt.Client,
    database: sqlite3.Connection,
    homes: dict[str, dict[str, Any]],
    message: aiomqtt.Message,
) -> None:
    topic = str(message.topic)
    device_id = topic.split("/")[3]
    line, _, signature = bytes(message.payload or b"").partition(b"\n")
    press = json.loads(line)
    home = homes[device_id]
    key = bytes.fromhex(home["device_key_hex"])
    expected = hmac.digest(key, topic.encode() + b"\n" + line, "sha256").hex().encode()
    doubts = [] if hmac.compare_digest(expected, signature) else ["bad_signature"]
    database.execute(
        "INSERT OR IGNORE INTO presses VALUES (?, ?)", (press["press_id"], line.decode())
    )
    database.commit()
    alarm_id = f"{device_id}.1"
    for console in ("police", "veilig_thuis"):
        view = {
            "alarm_id": alarm_id,
            "version": 1,
            "console": console,
            "device_id": device_id,
            "priority": 2 if doubts else 1,
            "status": "open",
            "doubts": doubts,
            "raised_at_ms": clock.now_ms(),
            "presses": [press],
            "household": home[console],
        }
        target = f"aware/v1/consoles/{console}/alarms/{alarm_id}"
        await client.publish(target, json.dumps(view), qos=1, retain=True)
    answer = {"press_id": press["press_id"], "alarm_id": alarm_id, "status": "received"}
    await client.publish(f"aware/v1/devices/{device_id}/feedback", json.dumps(answer), qos=1)


async def _main(broker: str, registry: str, data_dir: str) -> None:
    homes = _homes(registry)
    url = parse_broker_url(broker)
    database = _open(Path(data_dir))
    async with aiomqtt.Client(
        url.host,
        url.port,
        username=url.username,
        password=url.password,
        identifier="naive-gateway",
        protocol=aiomqtt.ProtocolVersion.V5,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    ) as client:
        await client.subscribe("aware/v1/devices/+/press", qos=1)
        sys.stdout.write("ready naive\n")
        sys.stdout.flush()
        async for message in client.messages:
            await _press(client, database, homes, message)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:4]))
