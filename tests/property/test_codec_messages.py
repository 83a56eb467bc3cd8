"""Every message that can be made survives the wire, and no bytes break a decoder."""

import json
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alarm_protocol import codec, messages, signing, topics
from alarm_protocol.errors import MessageTooLargeError, WireError
from alarm_protocol.messages import MESSAGE_BYTES_MAX

DECODERS: dict[type[msgspec.Struct], Callable[[bytes], Any]] = {
    messages.Heartbeat: codec.decode_heartbeat,
    messages.LinkState: codec.decode_link,
    messages.Feedback: codec.decode_feedback,
    messages.Presence: codec.decode_presence,
    messages.GatewayStatus: codec.decode_gateway_status,
    messages.AlarmView: codec.decode_alarm_view,
    messages.ConfirmDelivery: codec.decode_action,
    messages.Painted: codec.decode_action,
    **dict.fromkeys(get_args(messages.TrackAction), codec.decode_action),
}
"""How each message but a press is read."""
EVERY_DECODER = [codec.decode_press, *dict.fromkeys(DECODERS.values())]


def _text(shape: msgspec.inspect.StrType) -> st.SearchStrategy[str]:
    if shape.pattern is not None:
        # An ASCII alphabet keeps to the patterns of this protocol, and finds values fast.
        alphabet = st.characters(max_codepoint=127)
        return st.from_regex(shape.pattern, alphabet=alphabet)
    longest = 40 if shape.max_length is None else shape.max_length
    characters = st.characters(exclude_categories=["Cs"])
    return st.text(characters, min_size=shape.min_length or 0, max_size=longest)


def _integer(shape: msgspec.inspect.IntType) -> st.SearchStrategy[int]:
    return st.integers(shape.ge, 2**53 - 1 if shape.le is None else shape.le)


def _struct(shape: msgspec.inspect.StructType) -> st.SearchStrategy[msgspec.Struct]:
    required = {one.name: _strategy(one.type) for one in shape.fields if one.required}
    optional = {one.name: _strategy(one.type) for one in shape.fields if not one.required}
    fields = st.fixed_dictionaries(required, optional=optional)
    made: st.SearchStrategy[msgspec.Struct] = fields.map(lambda values: shape.cls(**values))
    return made


def _tuple(shape: msgspec.inspect.VarTupleType) -> st.SearchStrategy[tuple[Any, ...]]:
    longest = 4 if shape.max_length is None else shape.max_length
    items = st.lists(_strategy(shape.item_type), min_size=shape.min_length or 0, max_size=longest)
    return items.map(tuple)


def _float(shape: msgspec.inspect.FloatType) -> st.SearchStrategy[float]:
    return st.floats(shape.ge, shape.le, allow_nan=False, allow_infinity=False)


STRATEGIES: dict[type[msgspec.inspect.Type], Callable[[Any], st.SearchStrategy[Any]]] = {
    msgspec.inspect.StructType: _struct,
    msgspec.inspect.StrType: _text,
    msgspec.inspect.IntType: _integer,
    msgspec.inspect.FloatType: _float,
    msgspec.inspect.VarTupleType: _tuple,
    msgspec.inspect.BoolType: lambda _: st.booleans(),
    msgspec.inspect.NoneType: lambda _: st.none(),
    msgspec.inspect.LiteralType: lambda shape: st.sampled_from(shape.values),
    msgspec.inspect.UnionType: lambda shape: st.one_of([_strategy(one) for one in shape.types]),
}


def _strategy(shape: msgspec.inspect.Type) -> st.SearchStrategy[Any]:
    """Make values of a type, within the limits that its annotations set."""
    return STRATEGIES[type(shape)](shape)


def made_of(struct: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Make messages of one struct."""
    return _strategy(msgspec.inspect.type_info(struct))


presses = made_of(messages.Press)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("struct", DECODERS, ids=lambda struct: struct.__name__)
@given(data=st.data())
def test_round_trip(struct: type[msgspec.Struct], data: st.DataObject) -> None:
    """What is encoded decodes to the same message; what does not fit is never written."""
    message = data.draw(made_of(struct))
    size = len(msgspec.json.encode(message))
    if size > MESSAGE_BYTES_MAX:
        with pytest.raises(MessageTooLargeError, match=f"a {struct.__name__} of {size} bytes"):
            codec.encode(message)
        return
    payload = codec.encode(message)
    assert len(payload) <= MESSAGE_BYTES_MAX
    assert message == DECODERS[struct](payload)
    assert payload == codec.encode(DECODERS[struct](payload))


@given(press=presses, key=st.binary(min_size=16, max_size=64))
def test_a_press_round_trips_and_verifies(press: messages.Press, key: bytes) -> None:
    """A signed press fits the wire, comes back whole, and verifies on its own topic only."""
    payload = codec.encode_press(press, key)
    assert len(payload) <= MESSAGE_BYTES_MAX
    signed = codec.decode_press(payload)
    assert press == signed.press
    assert press == codec.decode_press_line(signed.line)
    assert signed.signature is not None
    line, signature = signed.line.encode(), signed.signature.encode()
    own = topics.press(press.device_id)
    assert signing.signature_fits(key, own, line, signature)
    assert not signing.signature_fits(key, own + "x", line, signature)
    assert not signing.signature_fits(key + b"x", own, line, signature)


@given(press=presses, second=st.text(st.characters(exclude_categories=["Cs"]), max_size=500))
def test_no_second_line_makes_a_press_unreadable(press: messages.Press, second: str) -> None:
    """Whatever stands where the signature should be, the press is read."""
    line = codec.encode_press(press, None)
    signed = codec.decode_press(line + b"\n" + second.encode())
    assert (press, line.decode()) == (signed.press, signed.line)
    assert (second.strip() or None) == signed.signature


@given(press=presses, more=st.dictionaries(st.text(min_size=1), json_values, max_size=3))
def test_fields_of_a_newer_writer_are_ignored(press: messages.Press, more: dict[str, Any]) -> None:
    """A field that version 1 does not know changes nothing."""
    known = json.loads(codec.encode_press(press, None))
    added = {f"new_{name}": value for name, value in more.items()}
    payload = msgspec.json.encode({**added, **known})
    if len(payload) <= MESSAGE_BYTES_MAX:
        assert press == codec.decode_press(payload).press


REASONS = {"too_large", "empty", "not_utf8", "invalid_json", "invalid_message"}


def refusal(read: Callable[[Any], object], given_: bytes | str) -> str | None:
    """Return the reason of the WireError that reading raises, or None where it raises none."""
    try:
        read(given_)
    except WireError as error:
        return error.reason
    return None


def only_wire_errors(payload: bytes) -> None:
    """Give the bytes to every decoder; nothing but a WireError may come out."""
    reasons = {refusal(decode, payload) for decode in EVERY_DECODER}
    assert reasons <= REASONS | {None}


@given(payload=st.binary(max_size=300) | st.binary(max_size=5_000))
@example(payload=b"")
@example(payload=b"[" * 4_096)
@example(payload=b'{"a":' * 800)
@example(payload=b'{"kind":"accept","operator":"\\ud800"}')
def test_any_bytes_give_a_message_or_a_wire_error(payload: bytes) -> None:
    """No bytes at all make a decoder raise anything but a WireError."""
    only_wire_errors(payload)


@given(value=json_values)
def test_any_json_gives_a_message_or_a_wire_error(value: Any) -> None:
    """Valid JSON of any shape is a message or refused by name, NaN and surrogates included."""
    only_wire_errors(json.dumps(value).encode())


@given(press=presses, at=st.integers(0, 700), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_press_is_read_or_refused(
    press: messages.Press, at: int, byte: int, cut: bool
) -> None:
    """One changed byte or a lost tail never gives another exception, and never verifies."""
    key = bytes(32)
    payload = codec.encode_press(press, key)
    at %= len(payload)
    damaged = payload[:at] if cut else payload[:at] + bytes([byte]) + payload[at + 1 :]
    try:
        signed = codec.decode_press(damaged)
    except WireError:
        return
    if damaged.lower() != payload.lower():
        signature = (signed.signature or "").encode()
        topic = topics.press(press.device_id)
        assert not signing.signature_fits(key, topic, signed.line.encode(), signature)


@given(topic=st.text() | st.from_regex(r"aware/v1/(devices|consoles)/[^/]*/[a-z]+(/.*)?"))
def test_any_topic_parses_back_or_is_refused(topic: str) -> None:
    """A topic that parses is exactly the one that its parts build; others are WireErrors."""
    reason = refusal(topics.parse_device_topic, topic)
    assert reason in {None, "invalid_topic"}
    if reason is None:
        device = topics.parse_device_topic(topic)
        assert f"{topics.ROOT}/devices/{device.device_id}/{device.channel}" == topic
    reason = refusal(topics.parse_console_topic, topic)
    assert reason in {None, "invalid_topic"}
    if reason is None:
        console = topics.parse_console_topic(topic)
        tail = f"/{console.alarm_id}" if console.alarm_id else ""
        assert f"{topics.ROOT}/consoles/{console.console}/{console.channel}{tail}" == topic
