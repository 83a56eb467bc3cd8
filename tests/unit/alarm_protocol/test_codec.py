"""Bytes to messages and back: the limits, and that every failure is a WireError."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from alarm_protocol import codec, messages, topics
from alarm_protocol.errors import MessageTooLargeError, ProtocolError, WireError
from alarm_protocol.messages import (
    DELIVERIES_MAX,
    MESSAGE_BYTES_MAX,
    ConfirmDelivery,
    Delivery,
    LinkState,
    Location,
    Note,
    Press,
)
from alarm_protocol.salvage import NO_DEVICE, NO_TIME
from alarm_protocol.signing import sign
from alarm_protocol.units import (
    TOKEN_PATTERN,
    ActionId,
    DeviceId,
    PressId,
    TimestampMs,
    alarm_id_of,
)

KEY = bytes(range(32))
PRESS = Press(
    press_id=PressId("01KAV3Q4W8F6T9M2X7B5C1D0EH"),
    device_id=DeviceId("aware-000123"),
    sequence=17,
    pressed_at_ms=TimestampMs(1_795_503_119_000),
    trigger="press",
    attempt=1,
)
NOTE = Note(
    action_id=ActionId("act-1"),
    alarm_id=alarm_id_of(DeviceId("aware-000123"), 4),
    seen_version=1,
    operator="centralist-1",
    at_ms=TimestampMs(1_795_503_119_000),
    text="x",
)
DECODERS: dict[str, Callable[[bytes], object]] = {
    "press": codec.decode_press,
    "heartbeat": codec.decode_heartbeat,
    "link": codec.decode_link,
    "feedback": codec.decode_feedback,
    "presence": codec.decode_presence,
    "gateway_status": codec.decode_gateway_status,
    "alarm_view": codec.decode_alarm_view,
    "action": codec.decode_action,
}


def reason_of(decode: Callable[[bytes], object], payload: bytes) -> str:
    """Return the reason of the WireError that decoding raises."""
    with pytest.raises(WireError) as caught:
        decode(payload)
    assert isinstance(caught.value, ProtocolError)
    assert str(caught.value).startswith(f"{caught.value.reason}: ")
    return caught.value.reason


def press_with(**changes: Any) -> bytes:
    """Return an unsigned press with some fields changed; `...` leaves a field out."""
    fields: dict[str, Any] = {**json.loads(codec.encode_press(PRESS, None)), **changes}
    return json.dumps({name: one for name, one in fields.items() if one is not ...}).encode()


BAD_BYTES = [
    pytest.param(b"", "empty", id="no bytes"),
    pytest.param(b"\xff\xfe", "not_utf8", id="not UTF-8"),
    pytest.param(b'{"x":"\xed\xa0\x80"}', "not_utf8", id="a raw surrogate"),
    pytest.param(b"x" * (MESSAGE_BYTES_MAX + 1), "too_large", id="one byte too many"),
    pytest.param(b"[" * (1 << 20), "too_large", id="1 MiB"),
    pytest.param(b"\xff" * (1 << 20), "too_large", id="1 MiB that is not UTF-8"),
    pytest.param(b"{", "invalid_json", id="cut short"),
    pytest.param(b" ", "invalid_json", id="a space"),
    pytest.param(b"\x00", "invalid_json", id="a zero byte"),
    pytest.param(b'\xef\xbb\xbf{"link":"up"}', "invalid_json", id="a byte order mark"),
    pytest.param(b'{"x":NaN}', "invalid_json", id="NaN"),
    pytest.param(b'{"x":-Infinity}', "invalid_json", id="Infinity"),
    pytest.param(b'{"x":"\\ud800"}', "invalid_json", id="a lone high surrogate"),
    pytest.param(b'{"x":"\\udc00 "}', "invalid_json", id="a lone low surrogate"),
    pytest.param(b'{"\\ud800":1}', "invalid_json", id="a lone surrogate in a name"),
    pytest.param(b'{"x":' + b"[" * 2_000 + b"]" * 2_000 + b"}", "invalid_json", id="deep lists"),
    pytest.param(b'{"x":' * 600 + b"1" + b"}" * 600, None, id="deep objects"),
    pytest.param(b"[]", "invalid_message", id="a list"),
    pytest.param(b"null", "invalid_message", id="null"),
    pytest.param(b"1", "invalid_message", id="a number"),
    pytest.param(b'"text"', "invalid_message", id="a string"),
    pytest.param(b"{}", "invalid_message", id="no fields"),
]


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize(("payload", "reason"), BAD_BYTES)
def test_bad_bytes_are_refused_by_name(name: str, payload: bytes, reason: str | None) -> None:
    """Whatever the bytes are, every decoder raises a WireError with the right reason."""
    found = reason_of(DECODERS[name], payload)
    assert found == reason or (reason is None and found.startswith("invalid_"))


@pytest.mark.parametrize(
    "changes",
    [
        {"press_id": ...},
        {"press_id": ""},
        {"press_id": "a b"},
        {"press_id": "x" * 65},
        {"press_id": 1},
        {"device_id": None},
        {"device_id": "a.b"},
        {"device_id": "a\n"},
        {"device_id": "a/press"},
        {"sequence": -1},
        {"sequence": 2**53},
        {"sequence": 10**300},
        {"sequence": 1.5},
        {"sequence": "1"},
        {"sequence": True},
        {"pressed_at_ms": -1},
        {"pressed_at_ms": 253_402_300_799_001},
        {"trigger": "PRESS"},
        {"trigger": None},
        {"attempt": 0},
        {"attempt": 1_000_001},
        {"battery_pct": 101},
        {"battery_pct": -1},
        {"location": []},
        {"location": {}},
        {"location": {"latitude": 90.1, "longitude": 0}},
        {"location": {"latitude": 0, "longitude": -180.1}},
        {"location": {"latitude": 0, "longitude": "4"}},
    ],
)
def test_a_field_out_of_order_is_named_and_the_rest_is_read(changes: dict[str, Any]) -> None:
    """A field that is missing, of a wrong type or out of its range costs that field alone."""
    signed = codec.decode_press(press_with(**changes))
    assert tuple(changes) == signed.malformed
    for name in set(PRESS.__struct_fields__) - set(changes):
        assert getattr(PRESS, name) == getattr(signed.press, name)
    assert codec.decode_press_line(signed.line) == signed.press
    whole = replace(
        signed.press,
        device_id=PRESS.device_id,
        pressed_at_ms=max(signed.press.pressed_at_ms, TimestampMs(0)),
    )
    assert () == codec.decode_press(codec.encode_press(whole, None)).malformed


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"sequence": "7"}, "sequence", 7),
        ({"sequence": 7.0}, "sequence", 7),
        ({"sequence": None}, "sequence", 0),
        ({"trigger": "PRESS"}, "trigger", "press"),
        ({"attempt": 0}, "attempt", 1),
        ({"device_id": "a.b"}, "device_id", NO_DEVICE),
        ({"pressed_at_ms": -1}, "pressed_at_ms", NO_TIME),
        ({"pressed_at_ms": -1, "sent_at_ms": 5}, "pressed_at_ms", 5),
        ({"battery_pct": 101}, "battery_pct", None),
        (
            {"location": {"latitude": 1, "longitude": 2, "accuracy_m": -1}},
            "location",
            Location(latitude=1, longitude=2),
        ),
        ({"location": {"latitude": 91, "longitude": 2}}, "location", None),
    ],
)
def test_what_cannot_be_read_says_least(changes: dict[str, Any], name: str, value: object) -> None:
    """In the place of a broken field stands what it surely means, or what says least."""
    assert getattr(codec.decode_press(press_with(**changes)).press, name) == value


def test_a_press_without_a_usable_id_keeps_the_name_it_is_given() -> None:
    """Repeats of it have the same made-up id, another press has another, and both fit the wire."""
    first, repeat = (
        codec.decode_press(press_with(press_id="a b", attempt=attempt)).press.press_id
        for attempt in (1, 2)
    )
    other = codec.decode_press(press_with(press_id="a b", sequence=8)).press.press_id
    assert first == repeat
    assert first != other
    assert re.match(TOKEN_PATTERN, first)


@pytest.mark.parametrize("payload", [b'{"link":"up"}', b'{"device_id":"aware-000001"}', b"[1]"])
def test_what_has_nothing_of_a_press_is_none(payload: bytes) -> None:
    """An object without an id, a number, a time or a trigger is no press."""
    assert reason_of(codec.decode_press, payload) == "invalid_message"


def test_the_limit_is_exactly_4_kib() -> None:
    """A payload of 4096 bytes is read, and one byte more is refused."""
    payload = b'{"link":"up"}'
    assert codec.decode_link(payload.ljust(4_096)) == LinkState(link="up")
    assert reason_of(codec.decode_link, payload.ljust(4_097)) == "too_large"


def test_unknown_fields_are_ignored() -> None:
    """A newer writer's fields do not stop an older reader."""
    payload = press_with(firmware="9.1", nested={"a": [1, {"b": None}]})
    assert codec.decode_press(payload).press == PRESS


def test_absent_fields_may_be_absent() -> None:
    """Location, battery and sending time may be left out, or be null."""
    assert codec.decode_press(press_with()).press == PRESS
    nulls = press_with(location=None, battery_pct=None, sent_at_ms=None)
    assert codec.decode_press(nulls).press == PRESS


def test_a_signed_press_comes_back_in_its_parts() -> None:
    """The message, its exact first line, and the signature over topic and line."""
    payload = codec.encode_press(PRESS, KEY)
    signed = codec.decode_press(payload)
    line, _, signature = payload.partition(b"\n")
    assert codec.SignedPress(PRESS, line.decode(), signature.decode()) == signed
    assert sign(KEY, topics.press(PRESS.device_id), line) == signature
    assert codec.decode_press_line(signed.line) == PRESS


@pytest.mark.parametrize("ending", [b"", b"\n", b"\n\n", b"\n \t\r\n"])
def test_without_a_second_line_there_is_no_signature(ending: bytes) -> None:
    """A press alone, or one followed by white space only, is unsigned and readable."""
    signed = codec.decode_press(codec.encode_press(PRESS, None) + ending)
    assert (signed.press, signed.signature) == (PRESS, None)


@pytest.mark.parametrize(
    "second",
    [b"x", b"0" * 63, b"0" * 64, b"{}", "é€😀".encode(), b"\x00", b"a\nb\nc", b"f" * 3_000],
)
def test_a_bad_second_line_stays_readable(second: bytes) -> None:
    """A signature of any form is kept for the gateway to judge, and loses no press."""
    signed = codec.decode_press(codec.encode_press(PRESS, None) + b"\n" + second)
    assert (signed.press, signed.signature) == (PRESS, second.decode())


def test_the_first_line_is_kept_byte_for_byte() -> None:
    """Spaces, order and a carriage return stay, for the signature covers them."""
    line = b' {"trigger": "press",' + codec.encode_press(PRESS, None)[1:] + b" \r"
    signed = codec.decode_press(line + b"\n" + sign(KEY, topics.press(PRESS.device_id), line))
    assert line == signed.line.encode()
    assert signed.press == PRESS


def test_absent_and_default_fields_are_not_written() -> None:
    """A press carries what it needs and no nulls."""
    assert b"null" not in codec.encode_press(PRESS, None)
    assert b"location" not in codec.encode_press(PRESS, None)


def test_encode_refuses_what_nobody_would_read() -> None:
    """A message of 4096 bytes is written, and a longer one is an error that says how long."""
    rest = len(codec.encode(NOTE)) - 1
    fitting = Note(**{**_fields(NOTE), "text": "x" * (MESSAGE_BYTES_MAX - rest)})
    assert len(codec.encode(fitting)) == MESSAGE_BYTES_MAX
    longer = Note(**{**_fields(NOTE), "text": "x" * (MESSAGE_BYTES_MAX - rest + 1)})
    with pytest.raises(MessageTooLargeError, match="a Note of 4097 bytes, at most 4096"):
        codec.encode(longer)


def _fields(note: Note) -> dict[str, Any]:
    return {name: getattr(note, name) for name in note.__struct_fields__}


def test_a_full_batch_of_confirmations_fits() -> None:
    """The most confirmations that a message may carry fit, with the longest ids."""
    alarm_id = alarm_id_of(DeviceId("x" * 64), 10**15)
    batch = ConfirmDelivery(
        action_id=ActionId("x" * 64),
        at_ms=TimestampMs(253_402_300_799_000),
        deliveries=(Delivery(alarm_id=alarm_id, version=10**9),) * DELIVERIES_MAX,
    )
    assert codec.decode_action(codec.encode(batch)) == batch


def test_confirmations_have_a_number_and_a_limit() -> None:
    """A message with no confirmation or with more than 32 is refused."""
    one = {"alarm_id": "d.1", "version": 1}
    frame = {"kind": "confirm_delivery", "action_id": "a", "at_ms": 1}
    for deliveries in ([], [one] * (DELIVERIES_MAX + 1)):
        payload = json.dumps({**frame, "deliveries": deliveries}).encode()
        assert reason_of(codec.decode_action, payload) == "invalid_message"


@pytest.mark.parametrize("kind", [None, 1, "", "Accept", "dispatch", ["accept"]])
def test_unknown_actions_are_invalid_messages(kind: object) -> None:
    """An action of a kind that version 1 does not know is refused."""
    payload = json.dumps({"kind": kind, "action_id": "a", "alarm_id": "d.1"}).encode()
    assert reason_of(codec.decode_action, payload) == "invalid_message"


@pytest.mark.parametrize("missing", ["disposition", "reason"])
def test_close_needs_disposition_and_reason(missing: str) -> None:
    """An alarm is never closed without saying what it was and why."""
    fields = {
        **json.loads(codec.encode(NOTE)),
        "kind": "close",
        "disposition": "genuine",
        "reason": "aangehouden",
    }
    assert isinstance(codec.decode_action(json.dumps(fields).encode()), messages.Close)
    del fields[missing]
    assert reason_of(codec.decode_action, json.dumps(fields).encode()) == "invalid_message"


def deeper(levels: int, action: Callable[[], Any]) -> Any:
    """Do something so many frames further down the stack."""
    return action() if levels == 0 else deeper(levels - 1, action)


@pytest.mark.parametrize("field", ["press_id", "note"])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_is_read_alike_wherever_the_stack_is(
    field: str, opening: str, closing: str
) -> None:
    """A press that is read once is read again from deeper down; the rest is refused by name.

    Decoders stop where the stack ends. A line that only just fitted would be in the journal, and
    no start could read it.
    """
    fields = press_with(**{field: ...})[1:-1].decode()
    for depth in (*range(1, 40), *range(300, 330), *range(850, 1_100)):
        value = opening * depth + "1" + closing * depth
        payload = f'{{{fields},"{field}":{value}}}'.encode()
        if depth < codec.NESTING_MAX:
            signed = codec.decode_press(payload)
            again = deeper(600, lambda line=signed.line: codec.decode_press_line(line))  # type: ignore[misc]
            assert again == signed.press
        else:
            assert reason_of(codec.decode_press, payload).startswith(("invalid_", "too_large"))


def test_brackets_in_texts_are_no_nesting() -> None:
    """However many brackets and quotes a text holds, it is one text."""
    text = '[{"\\' * 200
    assert PRESS == codec.decode_press(press_with(note=text)).press
