"""The published contract, its schemas, the topics and the structs say the same."""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from alarm_protocol import codec, messages, signing, topics
from alarm_protocol.units import CONSOLES
from tests.helpers.openapi import references

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ASYNCAPI: dict[str, Any] = yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))
CHANNELS: dict[str, Any] = ASYNCAPI["channels"]
OPERATIONS: dict[str, Any] = ASYNCAPI["operations"]
MESSAGES: dict[str, Any] = ASYNCAPI["components"]["messages"]

DECODERS: dict[str, Callable[[bytes], Any]] = {
    "devicePress": lambda payload: codec.decode_press(payload).press,
    "deviceHeartbeat": codec.decode_heartbeat,
    "deviceLink": codec.decode_link,
    "deviceFeedback": codec.decode_feedback,
    "consoleAlarm": codec.decode_alarm_view,
    "consoleActions": codec.decode_action,
    "consolePresence": codec.decode_presence,
    "gatewayStatus": codec.decode_gateway_status,
    "consoleOverview": codec.decode_overview,
}
"""How each channel's messages are read."""

QOS_AND_RETAIN = {
    "devicePress": (1, False),
    "deviceHeartbeat": (0, False),
    "deviceLink": (1, True),
    "deviceFeedback": (1, False),
    "consoleAlarm": (1, True),
    "consoleActions": (1, False),
    "consolePresence": (1, True),
    "gatewayStatus": (1, True),
    "consoleOverview": (1, True),
}
SENT_BY_GATEWAY = {"deviceFeedback", "consoleAlarm", "consoleOverview", "gatewayStatus"}


def resolve(reference: str) -> Any:
    """Follow a `$ref` inside the document."""
    node: Any = ASYNCAPI
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def schema_file(message: dict[str, Any]) -> Path:
    """Return the schema file that a message's payload points to."""
    return DOCS / str(message["payload"]["schema"]["$ref"])


def schema_of(message: dict[str, Any]) -> dict[str, Any]:
    """Read the schema of a message's payload."""
    schema: dict[str, Any] = json.loads(schema_file(message).read_text(encoding="utf-8"))
    return schema


def message_names(channel: str) -> list[str]:
    """Return the names of the messages on a channel."""
    return [one["$ref"].rpartition("/")[2] for one in CHANNELS[channel]["messages"].values()]


def topic_builders() -> dict[str, str]:
    """Return what each public function of `topics` builds, from its arguments' names."""
    built: dict[str, str] = {"GATEWAY_STATUS": topics.GATEWAY_STATUS}
    for name, function in inspect.getmembers(topics, inspect.isfunction):
        if function.__module__ == topics.__name__ and not name.startswith(("_", "parse_")):
            arguments = [f"{{{one}}}" for one in inspect.signature(function).parameters]
            built[name] = function(*arguments)
    return built


def message_structs() -> dict[str, type[msgspec.Struct]]:
    """Return every public struct that `messages` defines."""
    return {
        name: struct
        for name, struct in inspect.getmembers(messages, inspect.isclass)
        if issubclass(struct, msgspec.Struct)
        and struct.__module__ == messages.__name__
        and not name.startswith("_")
    }


EXAMPLES = [
    pytest.param(channel, name, example["payload"], id=f"{name}-{example['name']}")
    for channel in CHANNELS
    for name in message_names(channel)
    for example in MESSAGES[name].get("examples", [])
]


def test_schemas_are_those_of_the_structs() -> None:
    """Generating the schemas anew changes nothing."""
    script = ROOT / "tools" / "make_schemas.py"
    command = [sys.executable, str(script), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", sorted((DOCS / "schemas").glob("*.json")), ids=lambda p: p.name)
def test_schemas_are_valid_and_portable(path: Path) -> None:
    r"""Each file is JSON Schema draft 07 without Python's own `\Z`, complete in itself."""
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    assert r"\\Z" not in path.read_text(encoding="utf-8")
    definitions = {f"#/definitions/{name}" for name in schema.get("definitions", {})}
    assert definitions == set(references(schema))


def test_every_channel_has_a_topic_builder_and_every_builder_a_channel() -> None:
    """The addresses are the topics that `topics` builds, no more and no fewer."""
    built = {topic for topic in topic_builders().values() if "+" not in topic}
    assert {channel["address"] for channel in CHANNELS.values()} == built


def test_every_subscription_filter_matches_exactly_one_channel() -> None:
    """No filter that a part subscribes to misses its channel or takes in another."""
    constants = {name: text for name, text in vars(topics).items() if name.startswith("ALL_")}
    filters = {name: text for name, text in topic_builders().items() if "+" in text}
    assert len(constants) == 5
    for name, text in (constants | filters).items():
        pattern = re.escape(text.replace("{console}", "+")).replace(r"\+", "[^/]+")
        matching = [one for one in CHANNELS.values() if re.fullmatch(pattern, one["address"])]
        assert len(matching) == 1, name


@pytest.mark.parametrize("name", CHANNELS)
def test_parameters_are_those_of_the_address(name: str) -> None:
    """Each channel declares the parameters of its address, and the consoles by name."""
    channel = CHANNELS[name]
    assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel.get("parameters", {}))
    for parameter, reference in channel.get("parameters", {}).items():
        if parameter == "console":
            assert list(CONSOLES) == resolve(reference["$ref"])["enum"]


def test_every_struct_is_a_message_on_a_channel_or_inside_one() -> None:
    """No struct of `messages` is left out of the contract, and none is made up."""
    on_channels = {name for channel in CHANNELS for name in message_names(channel)}
    assert set(MESSAGES) == on_channels
    described = [message for message in MESSAGES.values() if "payload" in message]
    names = {message["name"] for message in described}
    inside = {name for message in described for name in schema_of(message).get("definitions", {})}
    structs = message_structs()
    assert names <= set(structs)
    assert set(structs) == names | (inside & set(structs))
    for message in described:
        assert message["name"] == schema_of(message)["title"]
    files = {schema_file(message).name for message in described}
    present = {path.name for path in (DOCS / "schemas").glob("*.json")}
    assert present == files | {"household_file.json"}


def test_every_message_with_a_payload_has_an_example() -> None:
    """A reader finds at least one example of each message."""
    lacking = [name for name, one in MESSAGES.items() if "payload" in one and not one["examples"]]
    assert not lacking


@pytest.mark.parametrize(("channel", "name", "payload"), EXAMPLES)
def test_examples_fit_schema_and_codec(channel: str, name: str, payload: Any) -> None:
    """Each example is valid by its schema and decodes to the struct of its name."""
    jsonschema.Draft7Validator(schema_of(MESSAGES[name])).validate(payload)
    decoded = DECODERS[channel](json.dumps(payload).encode())
    assert MESSAGES[name]["name"] == type(decoded).__name__
    again = json.loads(msgspec.json.encode(decoded))
    assert payload == {key: value for key, value in again.items() if key in payload}
    if channel == "consoleAlarm":
        assert payload["console"] == payload["household"]["agency"]


def test_the_signed_example_verifies() -> None:
    """The bytes that the contract shows as a signed press are one."""
    example = MESSAGES["press"]["x-wire-example"]
    signed = codec.decode_press(example["payload"].encode())
    device = topics.parse_device_topic(example["topic"])
    assert ("press", signed.press.device_id) == (device.channel, device.device_id)
    assert signed.signature is not None
    key = bytes.fromhex(example["key_hex"])
    line, signature = signed.line.encode(), signed.signature.encode()
    assert signing.signature_fits(key, example["topic"], line, signature)


def test_operations_cover_every_channel_with_its_qos_and_retain() -> None:
    """Each channel has one operation, from the gateway's side, as the design lists it."""
    by_channel = {one["channel"]["$ref"].rpartition("/")[2]: one for one in OPERATIONS.values()}
    assert len(OPERATIONS) == len(by_channel)
    assert set(CHANNELS) == set(by_channel) == set(DECODERS)
    for channel, operation in by_channel.items():
        assert operation["action"] == ("send" if channel in SENT_BY_GATEWAY else "receive")
        binding = resolve(operation["bindings"]["$ref"])["mqtt"]
        assert QOS_AND_RETAIN[channel] == (binding["qos"], binding["retain"]), channel


STRUCTURE: dict[str, Any] = {
    "type": "object",
    "required": ["asyncapi", "info", "channels", "operations", "components"],
    "additionalProperties": False,
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "id": {"type": "string", "pattern": "^urn:"},
        "defaultContentType": {"const": "application/json"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "properties": {"version": {"pattern": r"^\d+\.\d+\.\d+$"}},
        },
        "servers": {
            "additionalProperties": {
                "type": "object",
                "required": ["host", "protocol"],
                "properties": {"protocol": {"enum": ["mqtt", "mqtts"]}},
            }
        },
        "channels": {
            "additionalProperties": {
                "type": "object",
                "required": ["address", "messages"],
                "additionalProperties": False,
                "properties": dict.fromkeys(
                    ("address", "title", "description", "parameters", "messages"), True
                ),
            }
        },
        "operations": {
            "additionalProperties": {
                "type": "object",
                "required": ["action", "channel", "summary", "bindings"],
                "additionalProperties": False,
                "properties": {
                    "action": {"enum": ["send", "receive"]},
                    **dict.fromkeys(("channel", "summary", "bindings"), True),
                },
            }
        },
        "components": {
            "type": "object",
            "properties": {
                "messages": {
                    "additionalProperties": {
                        "type": "object",
                        "required": ["name", "title", "contentType"],
                        "patternProperties": {"^x-": {}},
                        "additionalProperties": False,
                        "properties": {
                            **dict.fromkeys(("name", "title", "contentType", "description"), True),
                            "examples": {"type": "array", "minItems": 1},
                            "payload": {
                                "type": "object",
                                "required": ["schemaFormat", "schema"],
                                "additionalProperties": False,
                                "properties": {
                                    "schemaFormat": {
                                        "const": "application/schema+json;version=draft-07"
                                    },
                                    "schema": {"required": ["$ref"]},
                                },
                            },
                        },
                    }
                }
            },
        },
    },
}
"""The part of AsyncAPI 3.0.0 that the document uses, as strict as the standard."""


def test_the_document_has_the_structure_of_asyncapi_3() -> None:
    """The document holds what AsyncAPI 3.0 asks for, under the names that it gives."""
    jsonschema.Draft7Validator(STRUCTURE).validate(ASYNCAPI)


def test_every_reference_leads_somewhere() -> None:
    """Each `$ref` is a place in the document or a file beside it."""
    for reference in references(ASYNCAPI):
        if reference.startswith("#/"):
            assert resolve(reference) is not None
        else:
            assert (DOCS / reference).is_file(), reference
