"""The registry changes while the gateway runs: at once, in the journal, and no press is lost."""

import msgspec
from msgspec.structs import replace

from alarm_gateway.core.inputs import HeartbeatReceived, RegistryChanged, Tick
from alarm_gateway.core.records import REGISTRY, DevicesChanged, HomeChanged, RegistryAct
from alarm_protocol.households import Household
from alarm_protocol.messages import Heartbeat
from alarm_protocol.units import TimestampMs
from tests.helpers.gateway import (
    DEVICE,
    NOW_MS,
    STRANGER,
    Gateway,
    closed_by_both,
    household,
    key_of,
    press,
    view,
    views,
)

NEW_KEY = b"n" * 32
UNTIL_MS = TimestampMs(NOW_MS + 60_000)


def changed(*homes: Household, act: RegistryAct = "imported", number: int = 1) -> RegistryChanged:
    """Return a change of the registry by Tom."""
    return RegistryChanged(number=number, act=act, by="Tom", reason="why", households=homes)


def rotated() -> Household:
    """Return the device with a new key, and the old one until a minute later."""
    return replace(
        household(),
        device_key_hex=NEW_KEY.hex(),
        previous_key_hex=key_of(DEVICE).hex(),
        previous_key_until_ms=UNTIL_MS,
    )


def test_a_new_device_is_known_at_once() -> None:
    """What was a stranger's press before is a verified one after the change."""
    gateway = Gateway()
    assert ("unknown_device",) == view(gateway.take(press(device_id=STRANGER)), "police").doubts
    gateway.take(changed(household(STRANGER), act="added"))
    pressed = gateway.take(press(2, device_id=STRANGER))
    assert 1 == view(pressed, "police").priority
    assert household(STRANGER).police == msgspec.convert(
        view(pressed, "police").household, type=type(household().police)
    )


def test_a_change_of_an_open_alarm_is_shown_at_once() -> None:
    """The consoles get the new address under a higher version, and a line that says why."""
    gateway = Gateway()
    before = view(gateway.take(press()), "police")
    moved = replace(household(), police=replace(household().police, municipality="Delft"))
    after = gateway.take(changed(moved))
    assert "Delft" == view(after, "police").household.municipality  # type: ignore[union-attr]
    assert before.version + 1 == view(after, "police").version
    for console in ("police", "veilig_thuis"):
        assert "device_imported" == view(after, console).timeline[-1].kind
    again = gateway.restarted()
    assert before.version + 1 == view(again.engine.open_views(), "police").version


def test_a_revoked_devices_press_is_an_alarm_with_a_doubt() -> None:
    """Taken out of service, it is never dropped: priority 2, and the doubt is named."""
    gateway = Gateway()
    gateway.take(changed(household(in_service=False), act="revoked"))
    shown = view(gateway.take(press()), "police")
    assert (2, ("device_out_of_service",)) == (shown.priority, shown.doubts)


def test_a_revoked_device_is_not_missed() -> None:
    """A button that was collected may be silent."""
    gateway = Gateway()
    gateway.take(HeartbeatReceived(DEVICE, Heartbeat(device_id=DEVICE, sent_at_ms=NOW_MS)))
    gateway.take(changed(household(in_service=False), act="revoked"))
    gateway.take(HeartbeatReceived(DEVICE, Heartbeat(device_id=DEVICE, sent_at_ms=NOW_MS)))
    assert {} == dict(gateway.engine.seen_ms)
    assert [] == gateway.take(Tick(), now_ms=NOW_MS + 10**9).views


def test_both_keys_are_good_during_the_overlap() -> None:
    """A device that has its new key, and one that has not yet, are both believed."""
    gateway = Gateway()
    gateway.take(changed(rotated(), act="key_rotated"))
    assert () == view(gateway.take(press(1, key=NEW_KEY)), "police").doubts
    assert () == view(gateway.take(press(2)), "police").doubts
    assert ("bad_signature",) == view(gateway.take(press(3, key=b"x" * 32)), "police").doubts


def test_the_old_key_is_doubted_from_the_end_of_the_overlap_on() -> None:
    """To the millisecond; the press is an alarm all the same."""
    gateway = Gateway()
    gateway.take(changed(rotated(), act="key_rotated"))
    assert () == view(gateway.take(press(1), now_ms=UNTIL_MS - 1), "police").doubts
    closed_by_both(gateway)
    late = view(gateway.take(press(2), now_ms=UNTIL_MS), "police")
    assert (2, ("bad_signature",)) == (late.priority, late.doubts)
    assert () == view(gateway.take(press(3, key=NEW_KEY)), "police").presses[-1].doubts


def test_nothing_is_in_force_before_it_is_durable() -> None:
    """Between the decision and the disk the registry is the old one, also in a view."""
    gateway = Gateway()
    records = gateway.engine.receive([changed(household(in_service=False))], NOW_MS)
    pressed = gateway.engine.receive([press()], NOW_MS)
    gateway.engine.persisted(records)
    assert () == view(gateway.engine.persisted(pressed), "police").doubts
    assert ("device_out_of_service",) == view(gateway.take(press(2)), "police").presses[-1].doubts


def test_the_journal_says_who_changed_what_and_no_key() -> None:
    """One record for the act, one for the alarm that it touches; nothing of a home is in them."""
    gateway = Gateway()
    gateway.take(press())
    gateway.take(changed(rotated(), act="key_rotated", number=7))
    act, touched = gateway.journal[-2:]
    assert REGISTRY == act.device_id
    assert (
        DevicesChanged(
            number=7,
            act="key_rotated",
            by="Tom",
            reason="why",
            devices=(DEVICE,),
            key_overlap_until_ms=UNTIL_MS,
        )
        == act.event
    )
    assert HomeChanged(act="key_rotated") == touched.event
    written = msgspec.json.encode([act, touched])
    secrets = (NEW_KEY.hex(), key_of(DEVICE).hex(), "Synthetische", "POLICE", "THUIS")
    assert [] == [one for one in secrets if one.encode() in written]


def test_a_change_is_written_once() -> None:
    """After a restart the registry tells its changes again; the journal has them already."""
    gateway = Gateway()
    gateway.take(changed(household(), number=3))
    again = gateway.restarted()
    assert 3 == again.engine.registry_number
    again.take(changed(household(), number=3))
    again.take(changed(household(), number=4))
    acts = [record.event for record in again.journal if record.device_id == REGISTRY]
    assert [3, 4] == [act.number for act in acts if isinstance(act, DevicesChanged)]


def test_a_closed_alarm_is_left_alone() -> None:
    """A change makes no news of what is over."""
    gateway = Gateway()
    gateway.take(press())
    closed_by_both(gateway)
    assert [] == views(gateway.take(changed(household())), "police")
