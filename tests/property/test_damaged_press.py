"""A press with fields that break the contract is an alarm all the same."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alarm_gateway.core.decode import alarm_input
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.inputs import Input, PressReceived
from alarm_gateway.core.policy import Policy
from alarm_protocol import topics
from alarm_protocol.codec import decode_alarm_view, decode_feedback, encode, encode_press
from alarm_protocol.signing import sign
from alarm_protocol.units import CONSOLES
from tests.helpers.gateway import DEVICE, NOW_MS, REGISTRY, key_of, press

TOPIC = topics.press(DEVICE)
GOOD: dict[str, Any] = {
    **json.loads(encode_press(press(3).press, None)),
    "sent_at_ms": NOW_MS,
    "battery_pct": 80,
    "location": {"latitude": 52.1, "longitude": 4.5, "accuracy_m": 8, "fixed_at_ms": NOW_MS},
}
MARKS = ("press_id", "trigger", "sequence", "pressed_at_ms")
# `json.dumps` writes NaN, Infinity and halves of surrogates too, which strict readers refuse.
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=80)
    | st.sampled_from(["\ud800", "a\udc00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """Return a press with some fields left out and some holding anything; one mark stays."""
    fields = dict(GOOD)
    for name in draw(st.sets(st.sampled_from(sorted(GOOD)))):
        fields[name] = draw(ANYTHING)
    kept = draw(st.sampled_from(MARKS))
    for name in draw(st.sets(st.sampled_from(sorted(GOOD)))) - {kept}:
        fields.pop(name, None)
    return fields


def received(fields: dict[str, Any], *, signed: bool = True) -> Input:
    """Return what the gateway reads of these fields."""
    line = json.dumps(fields).encode()
    signature = b"\n" + sign(key_of(DEVICE), TOPIC, line) if signed else b""
    return alarm_input(TOPIC, line + signature, 1)


@given(damaged(), st.booleans())
def test_whatever_is_wrong_with_a_press_it_is_an_alarm(
    fields: dict[str, Any], signed: bool
) -> None:
    """It is written, answered, shown on both consoles in readable views, and recovered the same."""
    one = received(fields, signed=signed)
    assert isinstance(one, PressReceived), one
    engine = Engine(Policy(), REGISTRY)
    records = engine.receive([one], NOW_MS)
    effects = engine.persisted(records)
    assert [1] == effects.acks
    (feedback,) = effects.feedback
    assert feedback.feedback == decode_feedback(encode(feedback.feedback))
    views = [decode_alarm_view(payload) for _, _, payload in effects.views]
    assert set(CONSOLES) == {view.console for view in views}
    named_another = one.press.device_id not in ("", DEVICE)
    for view in views:
        assert ("malformed_field" in view.remarks) is bool(one.malformed)
        assert ("unsigned" in view.doubts) is (not signed)
        assert ("device_mismatch" in view.doubts) is named_another
        doubtless = not view.doubts and one.press.trigger not in ("test", "cancel")
        assert (view.priority == 1) is doubtless
    again = Engine(Policy(), REGISTRY)
    again.recover(records)
    assert engine.state_of(DEVICE) == again.state_of(DEVICE)


@given(damaged())
def test_a_repeat_of_a_damaged_press_is_a_repeat(fields: dict[str, Any]) -> None:
    """It is answered again with the same id, and nothing is written twice."""
    engine = Engine(Policy(), REGISTRY)
    first = engine.receive([received(fields)], NOW_MS)
    told = engine.persisted(first).feedback
    repeat = engine.receive([received({**fields, "attempt": 2})], NOW_MS)
    assert [] == repeat
    assert told == engine.persisted(repeat).feedback


def test_a_number_that_cannot_be_read_is_not_held_against_a_press() -> None:
    """Two signed presses without a readable number are both beyond doubt, and both stand there."""
    engine = Engine(Policy(), REGISTRY)
    both = [received({**GOOD, "press_id": name, "sequence": "many"}) for name in ("one", "two")]
    for _, _, payload in engine.persisted(engine.receive(both, NOW_MS)).views:
        view = decode_alarm_view(payload)
        assert ((), 2, 1) == (view.doubts, view.press_count, view.priority)
