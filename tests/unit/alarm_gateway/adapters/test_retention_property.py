"""Whatever happened before it, a purge changes no state that a start needs."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alarm_gateway.adapters.retention import (
    plan_purge,
)
from alarm_gateway.core.device_state import DeviceState
from alarm_gateway.core.effects import ViewDue
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.inputs import MaintenanceReceived, Tick
from alarm_gateway.core.policy import Policy
from alarm_protocol.messages import Note, Reopen
from alarm_protocol.units import AlarmId, DeviceId, TimestampMs
from tests.helpers.evidence import Story, recovered, rows_of
from tests.helpers.gateway import (
    DEVICE,
    NOW_MS,
    OTHER_DEVICE,
    REGISTRY,
    unreadable,
)


def shown(engine: Engine) -> list[ViewDue]:
    """Return what the consoles should hold, in an order that does not depend on the devices'."""
    return sorted(engine.open_views().views, key=lambda due: (due.console, due.alarm_id))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["press", "doubt", "test", "both", "confirm", "reopen", "note", "maintain", "bytes"]
        ),
        st.sampled_from([DEVICE, OTHER_DEVICE]),
        st.integers(1, 50),
    ),
    max_size=25,
)


def _play(steps: list[tuple[str, DeviceId, int]]) -> Story:
    story = Story()
    for what, device_id, after_ms in steps:
        story.at_ms += after_ms
        state = story.gateway.engine.state_of(device_id)
        alarm = state.alarm if state is not None else None
        alarm_id = alarm.alarm_id if alarm is not None else AlarmId(f"{device_id}.1")
        match what:
            case "press":
                story.press(device_id)
            case "doubt":
                story.press(device_id, signed=False)
            case "test":
                story.press(device_id, trigger="test")
            case "both":
                story.close(alarm_id, confirm=False)
            case "confirm":
                story.confirm(alarm_id)
            case "reopen":
                story.act("police", Reopen, alarm_id, reason="weer")
            case "note":
                story.act("veilig_thuis", Note, alarm_id, text="iets")
            case "maintain":
                received = MaintenanceReceived(device_id, TimestampMs(1), "Tom", "accu")
                story.gateway.take(received, now_ms=story.at_ms)
            case _:
                story.gateway.take(unreadable(), Tick(), now_ms=story.at_ms)
    return story


def _same(one: DeviceState | None, other: DeviceState | None, gone: set[AlarmId]) -> bool:
    if one is None or other is None:
        return one is other
    if one.alarm is not None and one.alarm.alarm_id in gone:
        return one.alarm.closed and DeviceState.__eq__(_without(one), other)
    return one == other


def _without(state: DeviceState) -> DeviceState:
    return replace(state, alarm=None)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(0, 60_000), st.integers(0, 60_000))
def test_whatever_happened_a_purge_changes_no_state(
    steps: list[tuple[str, DeviceId, int]], first_ms: int, more_ms: int
) -> None:
    """After one purge or two, folding gives each device as it was; only closed alarms are gone."""
    story = _play(steps)
    whole = recovered(story.records)
    rows = rows_of(story.records)
    remembered: dict[DeviceId, DeviceState] = {}
    gone: set[AlarmId] = set()
    for before_ms in (NOW_MS + first_ms, NOW_MS + first_ms + more_ms):
        plan = plan_purge(rows, remembered, before_ms)
        removed = set(plan.seqs)
        records = [record for seq, record in enumerate(story.records, 1)]
        assert all(records[seq - 1].at_ms < before_ms for seq in removed)
        gone |= plan.alarms
        rows = [row._replace(kind="purged") if row.seq in removed else row for row in rows]
        remembered = plan.kept
        engine = Engine(Policy(), REGISTRY)
        engine.restore(remembered.values())
        live = {row.seq for row in rows if not row.purged}
        engine.recover(record for seq, record in enumerate(story.records, 1) if seq in live)
        for device_id in (DEVICE, OTHER_DEVICE):
            assert _same(whole.state_of(device_id), engine.state_of(device_id), gone)
            assert engine.state_of(device_id) == plan.states.get(device_id)
        assert shown(whole) == shown(engine)
