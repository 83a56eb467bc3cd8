"""A console under schemathesis: what docs/openapi.yaml has, what it has not, and what is broken.

A supervisor is signed in; the broker is real, and a scripted gateway does what it is
told. What is tried follows from the seed, so that a failure comes again.
"""

import asyncio
import copy
import itertools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alarm_protocol.messages import AlarmView, TrackAction, action_kind
from alarm_protocol.units import CONSOLES, ConsoleId, TimestampMs
from dispatch.core.access import KINDS
from dispatch.feed import Feed, end_tasks
from dispatch.web.desk import CSRF_HEADER
from dispatch.web.session import DESK
from tests.helpers.accounts import MemoryBook, signed_in
from tests.helpers.openapi import DOCUMENT
from tests.integration.console_wire import Client, Gateway, answered, console_on, gateway_on, until
from tests.unit.dispatch.core.test_overview import make_overview
from tests.unit.dispatch.test_history import closed
from tests.unit.dispatch.views import RAISED_MS, make_view

if TYPE_CHECKING:
    from tests.integration.conftest import Mosquitto

pytestmark = pytest.mark.broker

SEED = 20_261_128
EXAMPLES = 25
"""Requests of each kind for an operation; the document's own edges come on top of them."""
ALARMS = tuple(f"aware-00012{number}.1" for number in range(5))
CLOSED = "aware-000200.1"
ENDING = "/api/session/end"
CONFIG = """\
headers = {{ Origin = "{origin}" }}

[auth.openapi]
{console} = {{ api_key = "{cookie}" }}
csrf = {{ api_key = "{token}" }}

# Who is signed out is led from a page to the door: that is no yes.
[[operations]]
include-path = ["/history", "/incident", "/supervision"]
checks.negative_data_rejection.expected-statuses = ["4xx", "303"]

# What asks for the live channel and upgrades to no WebSocket is 400.
[[operations]]
include-path = "/ws"
checks.positive_data_acceptance.expected-statuses = ["400"]
"""


def document_of(console: ConsoleId) -> dict[str, Any]:
    """Return the interface as one console has it: its own cookie and actions, alarms it knows."""
    document: dict[str, Any] = copy.deepcopy(DOCUMENT)
    for item in document["paths"].values():
        for parameter in item.get("parameters", ()):
            parameter["schema"] = {"type": "string", "enum": [*ALARMS, CLOSED, "aware-000999.1"]}
        for operation in item.values():
            if isinstance(operation, dict):
                operation["security"] = [one for one in operation["security"] if console in one]
    (path,) = document["paths"]["/static/{path}"]["get"]["parameters"]
    path["schema"] = {"type": "string", "enum": ["main.js", "icon.svg", "nothing.js"]}
    act = document["paths"]["/api/alarms/{alarm_id}/actions"]["post"]
    name = "".join(part.capitalize() for part in console.split("_"))
    schema = act["requestBody"]["content"]["application/json"]
    schema["schema"] = {"$ref": f"#/components/schemas/{name}Action"}
    return document


async def filled(feed: Feed, client: Client) -> dict[str, str]:
    """Give the console a history and an overview; return the headers of a supervisor."""
    feed.overview = make_overview(console=feed.console)
    feed.history.note(closed(CLOSED, console=feed.console))
    await feed.history.keep(TimestampMs(RAISED_MS))
    assert client.app is not None
    desk = client.app[DESK]
    book = desk._book
    assert isinstance(book, MemoryBook)
    book.put("Sef", "supervisor")
    return signed_in(desk, book, str(client.make_url("/")), "Sef")


async def lives(gateway: Gateway) -> None:
    """Say again and again that the gateway is up, as a real one does."""
    while True:
        await gateway.status()
        await asyncio.sleep(1)


async def schemathesis(
    folder: Path, console: ConsoleId, url: str, headers: dict[str, str], *options: str
) -> None:
    """Run it as a program of its own, with all its checks; fail where it found something."""
    token, cookie = headers[CSRF_HEADER], headers["Cookie"].partition("=")[2]
    document, config = folder / "openapi.json", folder / "schemathesis.toml"
    document.write_text(json.dumps(document_of(console)), encoding="utf-8")
    config.write_text(
        CONFIG.format(origin=headers["Origin"], console=console, cookie=cookie, token=token),
        encoding="utf-8",
    )
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config)),
        *("--no-color", "run", str(document), "--url", url.rstrip("/"), "--seed", str(SEED)),
        *("--max-examples", str(EXAMPLES), "--no-shrink", "--continue-on-failure"),
        *("--generation-database", "none", *options),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert 0 == process.returncode, said.decode()


@pytest.mark.parametrize("console", CONSOLES)
async def test_the_interface_keeps_its_word(
    mosquitto: "Mosquitto", tmp_path: Path, console: ConsoleId
) -> None:
    """No fault, no other status or shape, nothing taken that is wrong, no door left open."""
    versions = itertools.count(2)

    def does(action: TrackAction) -> AlarmView:
        # A new view each time: what is in one has to fit the wire.
        view = make_view(action.alarm_id, next(versions), console=console)
        return answered(view, action, outcome="done")

    async with (
        gateway_on(mosquitto.url) as gateway,
        console_on(mosquitto.url, console) as (feed, client),
    ):
        gateway.on_action = does
        for alarm_id in ALARMS:
            await gateway.view(make_view(alarm_id, console=console))
        await until(lambda: feed.board.open_count == len(ALARMS), "the alarms")
        headers, url = await filled(feed, client), str(client.make_url("/"))
        living = asyncio.create_task(lives(gateway))
        await schemathesis(tmp_path, console, url, headers, "--exclude-path", ENDING)
        assert KINDS[console] == tuple(
            kind for kind in KINDS[console] if kind in set(map(action_kind, gateway.actions))
        )
        # On its own, since it ends the session that all the others need.
        await schemathesis(tmp_path, console, url, headers, "--include-path", ENDING)
        await end_tasks((living,))
