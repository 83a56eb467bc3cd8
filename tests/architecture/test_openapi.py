"""The published interface of the consoles: made from the code, whole, and sound in itself."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from alarm_protocol.runtime.broker_url import BrokerUrl
from dispatch.feed import Feed
from dispatch.settings import Settings
from dispatch.web.server import make_app
from tests.helpers.accounts import make_desk
from tests.helpers.openapi import DOCUMENT, OPERATIONS, references, resolved, validator
from tests.unit.dispatch.core.test_requests import COMPLETE

ROOT = Path(__file__).parents[2]
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def test_the_file_is_what_the_tool_writes() -> None:
    """Making the document anew changes nothing."""
    command = [sys.executable, "-m", "tools.make_openapi", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)


async def test_every_route_is_in_it_and_no_other() -> None:
    """What the server answers to is what is written; HEAD goes with GET."""
    broker = BrokerUrl("127.0.0.1", 9, tls=False)
    feed = Feed(Settings(console="police", broker=broker, host="127.0.0.1", port=0))
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in make_app(feed, make_desk()[0]).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert routes == set(OPERATIONS)


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    """Nothing is missing; what only the live channel carries is named where that is described."""
    found = set(references(DOCUMENT))
    assert all(resolved({"$ref": one}) for one in found)
    told = OPERATIONS["get", "/ws"].content["description"]
    unused = {name for name in SCHEMAS if f"#/components/schemas/{name}" not in found}
    assert {"Active", "Changes", "Opened", "PaintedRows", "Tick"} == unused
    assert all(f"`{name}`" in told for name in (*unused, "Snapshot"))


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    r"""JSON Schema 2020-12 takes it, and no pattern has Python's own `\Z`."""
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert r"\Z" not in str(SCHEMAS[name])


def test_operations_have_names_of_their_own() -> None:
    """A program that is made from the document needs one name for each."""
    names = [one.content["operationId"] for one in OPERATIONS.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("kind", "fields"), COMPLETE.items())
def test_each_action_fits_one_schema(kind: str, fields: dict[str, Any]) -> None:
    """What a page posts is what is written, and an action without its kind is not."""
    schema = OPERATIONS["post", "/api/alarms/{alarm_id}/actions"].content["requestBody"]
    check = validator(schema["content"]["application/json"]["schema"])
    check.validate({"kind": kind, **fields})
    assert not check.is_valid(fields)
    assert not check.is_valid({"kind": kind, **dict.fromkeys(fields or ("seen_version",), "\x00")})
