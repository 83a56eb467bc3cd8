"""Why the gateway would treat one press as it does, said without running anything."""

from typing import NamedTuple

from rich.markup import escape
from rich.table import Table

from alarm_gateway.core.decide import decide
from alarm_gateway.core.device_state import DeviceState
from alarm_gateway.core.evolve import evolve
from alarm_gateway.core.inputs import PressReceived
from alarm_gateway.core.policy import Policy
from alarm_gateway.core.records import Pressed, Record
from alarm_protocol import topics
from alarm_protocol.codec import SignedPress
from alarm_protocol.households import Household
from alarm_protocol.units import DeviceId, TimestampMs

MEANINGS = {
    "unknown_device": "the device is not registered, so there is no key to check with",
    "unsigned": "there is no second line with a signature",
    "bad_signature": "the signature is not that of this device's key over this topic and line",
    "sequence_reused": "another signed press had this number: a cloned device or a stolen key",
    "device_out_of_service": "the device was taken out of service",
    "device_mismatch": "the payload names another device than the topic does",
    "delivered_late": "it was sent more than {late_after_s} s before now (SIA DC-09)",
    "clock_ahead": "it was sent more than {clock_ahead_after_s} s after now (SIA DC-09)",
    "out_of_order": "a press with a higher number came before it",
    "in_maintenance": "somebody works on this device",
    "malformed_field": "a field of it is missing or out of range; the rest was read",
    "verified_press": "signature, number and device are in order",
    "verified_hold": "the button was held, and everything is in order",
    "verified_duress": "the silent sign for being forced, and everything is in order",
    "press_with_doubts": "a known device, and something does not add up",
    "cancel_without_alarm": "a cancel that there is no open alarm for",
    "cancel_requested": "a cancel: it is noted, and never stops a dispatch",
    "test": "a test press",
    "not_accepted": "nobody accepted the alarm in time",
    "console_unreachable": "a console did not confirm the alarm in time",
    "device_silent": "the device fell silent soon after a press",
    "supervision_lost": "the device has fallen silent",
    "link_lost": "the device's connection is away",
    "battery_low": "the device's battery is nearly empty",
    "tamper": "somebody opened or moved the device",
    "clock_drift": "the device's clock is wrong",
    "flood": "too many messages of a kind, condensed into one alarm",
}
"""What each doubt, remark and reason means, in one sentence."""


class Explanation(NamedTuple):
    """What would become of a press: the fact that would be written, or None for a repeat."""

    device_id: DeviceId
    event: Pressed | None
    alarm_id: str | None


def state_from(
    device_id: DeviceId, records: list[Record], base: DeviceState | None = None
) -> DeviceState:
    """Return what a journal says of a device; `base` is what a purge left of its past."""
    state = base or DeviceState(device_id=device_id)
    for record in records:
        state = evolve(state, record)
    return state


def explain(
    signed: SignedPress,
    state: DeviceState,
    household: Household | None,
    now_ms: TimestampMs,
    policy: Policy,
) -> Explanation:
    """Judge a press on the topic of the state's device, as the running gateway would."""
    device_id = state.device_id
    received = PressReceived(
        device_id,
        topics.press(device_id),
        signed.press,
        signed.line,
        signed.signature,
        malformed=signed.malformed,
    )
    records = decide(state, received, now_ms, policy, household)
    if not records:
        known = state.find(signed.press)
        return Explanation(device_id, None, None if known is None else known.alarm_id)
    event = records[0].event
    return Explanation(
        device_id, event if isinstance(event, Pressed) else None, records[0].alarm_id
    )


def explanation_table(explanation: Explanation, policy: Policy) -> Table:
    """Lay an explanation out for a person."""
    table = Table(
        title=f"press of {explanation.device_id}", title_justify="left", show_header=False
    )
    for _ in range(3):
        table.add_column(overflow="fold")
    event = explanation.event
    if event is None:
        table.add_row("outcome", "repeat", f"of a press in alarm {explanation.alarm_id}: answered")
        return table
    outcome = "opens an alarm" if event.opened else "joins the open alarm"
    table.add_row("outcome", outcome, str(explanation.alarm_id))
    table.add_row("priority", str(event.priority), "1 is the highest, 4 the lowest")
    table.add_row("test", "yes" if event.test else "no", "")
    for name, codes in (
        ("doubt", event.doubts),
        ("remark", event.remarks),
        ("reason", event.reasons),
    ):
        for code in codes:
            table.add_row(name, code, _meaning(code, policy))
        if not codes:
            table.add_row(name, "none", "")
    return table


def _meaning(code: str, policy: Policy) -> str:
    text = MEANINGS.get(code, "").format(
        late_after_s=policy.times.late_after_s,
        clock_ahead_after_s=policy.times.clock_ahead_after_s,
    )
    rule = getattr(policy.priority, code, None)
    return text if rule is None else escape(f"{text} (policy: [priority] {code} = {rule})")
