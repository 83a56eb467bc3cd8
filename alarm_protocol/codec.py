"""Bytes to messages and back, with the wire's limits.

`decode_*` raises `WireError` and nothing else, whatever the bytes are.
"""

import re
from typing import Generic, NamedTuple, TypeVar

import msgspec

from alarm_protocol.errors import MessageTooLargeError, WireError
from alarm_protocol.messages import (
    MESSAGE_BYTES_MAX,
    AlarmView,
    Feedback,
    GatewayStatus,
    Heartbeat,
    LinkState,
    OperatorAction,
    Overview,
    Presence,
    Press,
)
from alarm_protocol.salvage import salvage
from alarm_protocol.signing import sign
from alarm_protocol.topics import press as press_topic

T = TypeVar("T")

NESTING_MAX = 32
"""Levels in the line of a press. What decoders can take depends on how deep the stack is already;
a line that was read once is read again at recovery, from deeper down, and has to be readable."""
_MARKS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
"""Whole strings, and the brackets outside them."""

_encoder = msgspec.json.Encoder()


class SignedPress(NamedTuple):
    """A press as it came: the message, its exact first line, and the second line if any."""

    press: Press
    line: str
    signature: str | None
    malformed: tuple[str, ...] = ()
    """Fields that break the contract; the press holds what says least in their place."""


def _decode_text(payload: bytes) -> str:
    if len(payload) > MESSAGE_BYTES_MAX:
        raise WireError("too_large", f"{len(payload)} bytes, at most {MESSAGE_BYTES_MAX}")
    if not payload:
        raise WireError("empty", "no bytes at all")
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError("not_utf8", str(error)) from None


class _Codec(Generic[T]):
    """Decoder for one message type; every failure is a `WireError`."""

    def __init__(self, message_type: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(message_type)

    def __call__(self, payload: bytes) -> T:
        text = _decode_text(payload)
        return self.decode_text(text)

    def decode_text(self, text: str) -> T:
        try:
            return self._decoder.decode(text)
        except msgspec.ValidationError as error:
            raise WireError("invalid_message", str(error)) from None
        except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError) as error:
            raise WireError("invalid_json", str(error)) from None


_press = _Codec(Press)
decode_heartbeat = _Codec(Heartbeat)
decode_link = _Codec(LinkState)
decode_feedback = _Codec(Feedback)
decode_presence = _Codec(Presence)
decode_gateway_status = _Codec(GatewayStatus)
decode_overview = _Codec(Overview)
decode_alarm_view = _Codec(AlarmView)
decode_action: _Codec[OperatorAction] = _Codec(OperatorAction)  # type: ignore[arg-type] # a union is no type


def decode_press(payload: bytes) -> SignedPress:
    """Read a press: a JSON object, and on a second line its signature.

    A second line of any form is kept as it is: whether it verifies is for the gateway to
    judge, and a doubt never makes a press unreadable. Nor does a field out of order.
    """
    text = _decode_text(payload)
    line, newline, rest = text.partition("\n")
    signature = rest.strip() if newline else ""
    press, malformed = _press_line(line)
    return SignedPress(press, line, signature or None, malformed)


def _nesting(line: str) -> int:
    """Return how deep the arrays and objects of a JSON text go."""
    depth = deepest = 0
    for mark in _MARKS.findall(line):
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def decode_press_line(line: str) -> Press:
    """Read again the first line of a press that was readable before."""
    return _press_line(line)[0]


def _press_line(line: str) -> tuple[Press, tuple[str, ...]]:
    too_deep = line.count("[") + line.count("{") > NESTING_MAX and _nesting(line) > NESTING_MAX
    try:
        press = _press.decode_text(line)
    except WireError:
        saved = None if too_deep else salvage(line)
        if saved is None:
            raise
        return saved
    if too_deep:
        raise WireError("invalid_json", f"nested deeper than {NESTING_MAX} levels")
    return press, ()


def encode_press(press: Press, key: bytes | None) -> bytes:
    """Write a press for the topic of its own device, signed where a key is given."""
    line = _encoder.encode(press)
    if key is None:
        return line
    return line + b"\n" + sign(key, press_topic(press.device_id), line)


def encode(message: msgspec.Struct) -> bytes:
    """Write any message but a press.

    Raises:
        MessageTooLargeError: The message is above 4 KiB; its writer has to shorten it.
    """
    payload = _encoder.encode(message)
    if len(payload) > MESSAGE_BYTES_MAX:
        raise MessageTooLargeError(
            f"a {type(message).__name__} of {len(payload)} bytes, at most {MESSAGE_BYTES_MAX}"
        )
    return payload
