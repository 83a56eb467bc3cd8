"""The broker of a chain: Mosquitto where it is installed, else the embedded one.

Both listen on the loopback only. They keep their state in memory, and that is on purpose: the
gateway publishes every open view again after each reconnect, and a device repeats its press
until it is answered, so a broker that comes back empty is right again by itself, while one
that comes back with yesterday's retained views is wrong.
"""

import getpass
import os
import shutil
import sys
from pathlib import Path
from typing import Literal

from alarm_protocol.runtime.broker_url import BrokerUrl
from simulator.core.errors import StackError
from simulator.files import write_atomically
from simulator.processes import Part, free_port
from simulator.secure_broker import place

BrokerKind = Literal["auto", "mosquitto", "embedded"]

_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
"""Where daemons live, which is not on the PATH of an ordinary user."""

MOSQUITTO_CONFIG = """\
# Written by alarm-simulator at every start; option names as of Mosquitto 2.0.11.

# Only this machine: nothing of a simulation may be reached from outside.
listener {port} 127.0.0.1
# Devices of a demo have no accounts. What makes a press credible is its own signature.
allow_anonymous true
# Stay who started it: the logs are theirs, and a change of user would undo the kernel's
# promise to end this broker together with its parent.
user {user}

# State in memory. Open alarms are published again by the gateway, presses are repeated by
# the devices; retained views from an earlier run would only be wrong.
persistence false
# A session without its client is forgotten after a day, or dead devices would pile up.
persistent_client_expiration 1d

# No small window: the default of 20 holds the gateway back to 20 messages a round trip.
# Clients state their own Receive Maximum, and that is honoured.
max_inflight_messages 0
# Room for a gateway that restarts: beyond this the broker drops, and devices repeat.
max_queued_messages 100000
# The same limit in bytes, so that the queue of one client can never eat the machine.
max_queued_bytes 268435456
# An unanswered QoS 0 heartbeat is worthless later; never store it for absent clients.
queue_qos0_messages false
# Far above the protocol's 4 KiB, so that oversized messages reach the gateway, which
# quarantines and counts them; far below what could hurt.
message_size_limit 2097152

# Without it the kernel gathers small packets (Nagle): 10 ms on the median alarm.
set_tcp_nodelay true
# A device or console that says nothing for so long is gone; its last will tells of it.
max_keepalive 300

# One file, only what went wrong and who came and went not: 10,000 devices would fill it.
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
"""

EMBEDDED_CONFIG = """\
# Written by alarm-simulator at every start, for the embedded rumqttd.
id = 0

[router]
id = 0
# Devices, gateway and consoles of the largest fleet on one machine.
max_connections = 10010
# How much one client is handed in one go.
max_outgoing_packet_count = 200
# Its log of messages is in memory: segments of 16 MiB, ten a topic filter, then the oldest go.
max_segment_size = 16777216
max_segment_count = 10

# Listeners speak one version each: MQTT 5 for everything of this project ...
[v5.1]
name = "v5"
listen = "127.0.0.1:{port}"
# Accept connections without a pause between them: a fleet comes all at once.
next_connection_delay_ms = 0
    [v5.1.connections]
    connection_timeout_ms = 60000
    # Above the protocol's 4 KiB, so that oversized messages reach the gateway's quarantine.
    max_payload_size = 2097152
    max_inflight_count = 1000
    # Allow any subscription; there is no list of topics to keep up to date.
    dynamic_filters = true

# ... and MQTT 3.1.1 for devices and tools that know nothing newer.
[v4.1]
name = "v4"
listen = "127.0.0.1:{port_v4}"
next_connection_delay_ms = 0
    [v4.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = 2097152
    max_inflight_count = 1000
    dynamic_filters = true
"""


def find_mosquitto() -> Path | None:
    """Return where Mosquitto is, or None where it is not installed."""
    folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS))
    found = shutil.which("mosquitto", path=folders)
    return Path(found) if found is not None else None


def check_tls(kind: BrokerKind) -> None:
    """Refuse a broker of our own that cannot speak TLS.

    Raises:
        StackError: It is the embedded one, or Mosquitto is not here; the text says what to do.
    """
    if kind == "embedded":
        raise StackError("the embedded broker speaks no TLS; leave --embedded out, or --tls")
    if find_mosquitto() is None:
        raise StackError(
            "--tls needs Mosquitto, which is not installed; install it (Debian: apt-get install "
            "mosquitto), or leave --tls out"
        )


class LocalBroker:
    """A broker of our own, as a part that can be started, stopped and killed.

    Args:
        kind: Which one.
        data_dir: Gets its settings and its log.
        port: Where it listens, if that is free.
        certs: A folder of `alarm-simulator certs`: it speaks TLS and wants a certificate of all.

    Attributes:
        kind: `mosquitto` or `embedded`.
        part: The process.
        url: Where MQTT 5 is spoken.
        url_v4: Where MQTT 3.1.1 is spoken; the same as `url` on Mosquitto.
    """

    def __init__(
        self,
        kind: BrokerKind,
        data_dir: Path,
        *,
        port: int | None = None,
        certs: Path | None = None,
    ) -> None:
        program = find_mosquitto()
        if certs is not None:
            check_tls(kind)
        if kind == "mosquitto" and program is None:
            raise StackError(
                "mosquitto is not installed; install it (Debian: apt-get install mosquitto), "
                "or use the embedded broker"
            )
        self.kind: Literal["mosquitto", "embedded"]
        log = data_dir / "logs" / "broker.log"
        main_port = free_port(port)
        self.url = BrokerUrl("127.0.0.1", main_port, tls=certs is not None)
        if program is not None and certs is not None:
            self.kind = "mosquitto"
            self.url_v4 = self.url
            command = [str(program), "-c", str(place(data_dir / "broker", certs, main_port))]
        elif program is not None and kind != "embedded":
            self.kind = "mosquitto"
            self.url_v4 = self.url
            config = data_dir / "mosquitto.conf"
            _write(config, MOSQUITTO_CONFIG.format(port=main_port, user=getpass.getuser()))
            command = [str(program), "-c", str(config)]
        else:
            self.kind = "embedded"
            self.url_v4 = BrokerUrl("127.0.0.1", _another_port(main_port), tls=False)
            config = data_dir / "embedded-broker.toml"
            _write(config, EMBEDDED_CONFIG.format(port=main_port, port_v4=self.url_v4.port))
            # Below `critical` it logs every packet as an error.
            quiet = ["--log-level", "CRITICAL"]
            command = [sys.executable, "-m", "iotcore", "--config", str(config), *quiet]
        self.part = Part("broker", command, log=log, port=main_port)


def _another_port(taken: int) -> int:
    port = free_port()
    return port if port != taken else _another_port(taken)


def _write(path: Path, text: str) -> None:
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise StackError(f"{path} cannot be written: {error.strerror}") from None
