"""What speaks against a press (doubts), and what an operator should know of it (remarks).

A doubt lowers the priority; nothing here ever drops a press. A late press is still a press:
a link that was down for an hour must not turn a cry for help into something less.
"""

from msgspec import Struct

from alarm_gateway.core.device_state import DeviceState
from alarm_gateway.core.inputs import PressReceived
from alarm_gateway.core.policy import Policy, ms
from alarm_protocol.households import Household
from alarm_protocol.messages import Doubt, Press, Remark
from alarm_protocol.salvage import NO_DEVICE, NO_TIME
from alarm_protocol.signing import signature_fits
from alarm_protocol.units import TimestampMs


class Verdict(Struct, frozen=True, gc=False):
    """What was found about one press."""

    doubts: tuple[Doubt, ...]
    remarks: tuple[Remark, ...]


def verify(
    state: DeviceState,
    received: PressReceived,
    household: Household | None,
    now_ms: TimestampMs,
    policy: Policy,
) -> Verdict:
    """Judge one press by its signature, its numbers and its times."""
    doubts = _doubts(received, household, now_ms)
    remarks: list[Remark] = []
    if not doubts and "sequence" not in received.malformed:
        if _number_was_used(state, received.press):
            doubts.append("sequence_reused")
        elif received.press.sequence < state.sequence_max:
            remarks.append("out_of_order")
    remarks += _times(received.press, now_ms, policy)
    if received.malformed:
        remarks.append("malformed_field")
    if now_ms < state.maintenance_until_ms:
        remarks.append("in_maintenance")
    return Verdict(tuple(doubts), tuple(remarks))


def _doubts(
    received: PressReceived, household: Household | None, now_ms: TimestampMs
) -> list[Doubt]:
    """Judge who sent it."""
    doubts: list[Doubt] = []
    if household is None:
        doubts.append("unknown_device")
    elif not household.in_service:
        doubts.append("device_out_of_service")
    if received.signature is None:
        doubts.append("unsigned")
    elif household is not None and not _signed_by(household, received, received.signature, now_ms):
        doubts.append("bad_signature")
    if received.press.device_id not in (received.device_id, NO_DEVICE):
        doubts.append("device_mismatch")
    return doubts


def _signed_by(
    household: Household, received: PressReceived, signature: str, now_ms: TimestampMs
) -> bool:
    """Tell whether the device's key made this signature, or, for a while, the one before."""
    line, signed = received.line.encode(), signature.encode()
    if signature_fits(bytes.fromhex(household.device_key_hex), received.topic, line, signed):
        return True
    previous = household.previous_key_hex
    if previous is None or now_ms >= household.previous_key_until_ms:
        return False
    return signature_fits(bytes.fromhex(previous), received.topic, line, signed)


def _times(press: Press, now_ms: TimestampMs, policy: Policy) -> list[Remark]:
    """Judge when it was sent (SIA DC-09: 40 s late, 20 s ahead)."""
    sent_at_ms = press.pressed_at_ms if press.sent_at_ms is None else press.sent_at_ms
    if sent_at_ms == NO_TIME:
        return []
    if now_ms - sent_at_ms > ms(policy.times.late_after_s):
        return ["delivered_late"]
    if sent_at_ms - now_ms > ms(policy.times.clock_ahead_after_s):
        return ["clock_ahead"]
    return []


def _number_was_used(state: DeviceState, press: Press) -> bool:
    """Whether another signed press had this number: a cloned device or a stolen key.

    Numbers that have left the memory count as used; that costs priority, not the alarm.
    """
    sequence = press.sequence
    if sequence <= state.sequence_floor:
        return True
    if sequence > state.sequence_max:
        return False
    return any(known.sequence == sequence for known in state.known)
