"""Every rule of the checker can fail: those that no planted fault breaks are broken by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from alarm_gateway.core.effects import Effects
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.inputs import Input, PressReceived
from alarm_gateway.core.policy import Policy
from alarm_gateway.core.records import Delivered, FirstPainted, Record
from alarm_protocol import topics
from alarm_protocol.codec import decode_alarm_view, decode_press, encode, encode_press
from alarm_protocol.messages import AlarmView, Feedback, Press
from alarm_protocol.units import POLICE, AlarmId, DeviceId, PressId, TimestampMs
from dispatch.core.board import Board
from simulator.world.checker import Checker
from simulator.world.disk import Disk
from simulator.world.ending import check_boards, check_retained
from simulator.world.errors import RuleBrokenError
from simulator.world.homes import household_of, key_of
from simulator.world.loop import Loop
from simulator.world.plan import DevicePlan
from simulator.world.rules import RULES
from simulator.world.trace import Trace
from tests.world.planted import PLANTED

PLAN = DevicePlan(device_id="aware-000001", number=1)
DEVICE = DeviceId(PLAN.device_id)
ALARM = AlarmId("aware-000001.1")


class Bench:
    """A checker that has seen one genuine press become one alarm."""

    def __init__(self) -> None:
        self.loop = Loop()
        registry = {DEVICE: household_of(PLAN)}
        self.checker = Checker(self.loop, registry, Trace(self.loop))
        self.disk = Disk(self.loop, 1, self.checker.durable)
        self.engine = Engine(Policy(), registry)
        self.effects = self.take(self.press())

    def press(self) -> PressReceived:
        """Return the press."""
        now_ms = TimestampMs(self.loop.now_ms)
        press = Press(
            press_id=PressId("p1"), device_id=DEVICE, sequence=1, pressed_at_ms=now_ms,
            trigger="press", attempt=1,
        )  # fmt: skip
        message, line, signature, _ = decode_press(encode_press(press, key_of(PLAN)))
        return PressReceived(DEVICE, topics.press(DEVICE), message, line, signature)

    def take(self, *inputs: Input) -> Effects:
        """Receive, write, and return the effects."""
        records = self.engine.receive(inputs, TimestampMs(self.loop.now_ms))
        self.disk.keep(records)
        return self.engine.persisted(records)

    def view(self) -> AlarmView:
        """Return the view for the police."""
        return decode_alarm_view(self.effects.views[0].payload)

    def publish(self, view: AlarmView) -> None:
        """Show a view."""
        self.checker.published(topics.alarm_view(POLICE, view.alarm_id), encode(view))

    def record(self, version: int, shown: int = 1) -> Record:
        """Return the record of a delivery."""
        event = Delivered(console=POLICE, view_version=shown)
        return Record(
            device_id=DEVICE,
            version=version,
            at_ms=TimestampMs(self.loop.now_ms),
            alarm_id=ALARM,
            event=event,
        )


def changed_row(bench: Bench) -> None:
    """Write a row that is not what its hash says."""
    copy = Bench()
    row = copy.disk.rows[0]
    fresh = Checker(bench.loop, {DEVICE: household_of(PLAN)}, Trace(bench.loop))
    fresh.durable([row._replace(at_ms=row.at_ms + 1)])


def never_held(bench: Bench) -> None:
    """Confirm what no board has shown."""
    bench.disk.keep([bench.record(2)])


def gap(bench: Bench) -> None:
    """Leave a version out."""
    bench.disk.keep([bench.record(3)])


def low_priority(bench: Bench) -> None:
    """Show a genuine press at priority 2."""
    bench.publish(replace(bench.view(), priority=2))


def false_view(bench: Bench) -> None:
    """Show an alarm as accepted that nobody accepted."""
    bench.publish(replace(bench.view(), status="accepted"))


def believed(bench: Bench) -> None:
    """Tell a device of a press that is nowhere."""
    feedback = Feedback(
        press_id=PressId("p2"), alarm_id=ALARM, status="received",
        at_ms=TimestampMs(bench.loop.now_ms),
    )  # fmt: skip
    bench.checker.believed(DEVICE, feedback)


def back(bench: Bench) -> None:
    """Let a board go back."""
    view = bench.view()
    bench.checker.shown(POLICE, 1, replace(view, version=2))
    bench.checker.shown(POLICE, 1, view)


def empty_boards(bench: Bench) -> None:
    """End with an alarm that no board shows."""
    check_boards(bench.checker, {"police": Board(), "veilig_thuis": Board()}, 0, bench.loop.now_ms)


def left_over(bench: Bench) -> None:
    """End with a view of an alarm that does not exist."""
    check_retained(bench.checker, {topics.alarm_view(POLICE, AlarmId("aware-9.1")): b"{}"}, 0)


def painted_unseen(bench: Bench) -> None:
    """Say that a screen showed what no board has held."""
    event = FirstPainted(
        console=POLICE, operator="Ans", view_version=1, painted_at_ms=TimestampMs(1)
    )
    bench.disk.keep([replace(bench.record(2), event=event)])


BY_HAND: dict[str, Callable[[Bench], None]] = {
    "chain": changed_row,
    "confirmed": never_held,
    "painted": painted_unseen,
    "versions": gap,
    "priority": low_priority,
    "true views": false_view,
    "believed": believed,
    "board": back,
    "both boards": empty_boards,
    "cleared": left_over,
}


@pytest.mark.parametrize("rule", BY_HAND)
def test_a_rule_that_is_broken_by_hand_is_named(rule: str) -> None:
    """The checker raises that rule, and none before."""
    bench = Bench()
    bench.publish(bench.view()) if rule == "board" else None
    with pytest.raises(RuleBrokenError) as caught:
        BY_HAND[rule](bench)
    assert rule == caught.value.rule


def test_what_is_right_breaks_no_rule() -> None:
    """The bench itself, its view and a confirmation of what was held pass."""
    bench = Bench()
    bench.publish(bench.view())
    bench.checker.shown(POLICE, 1, bench.view())
    bench.disk.keep([bench.record(2)])


def test_every_rule_has_a_test_in_which_it_fails() -> None:
    """By hand, or as the first rule that a planted fault may break."""
    planted = {rule for planted in PLANTED.values() for rule in planted.rules}
    assert set(RULES) == planted | set(BY_HAND)


def test_the_page_explains_every_rule() -> None:
    """The table in docs/world.md has each rule with its sentence."""
    page = (Path(__file__).parents[2] / "docs" / "world.md").read_text(encoding="utf-8")
    assert [] == [name for name, text in RULES.items() if f"| {name} | {text} |" not in page]


def test_the_checker_knows_nothing_of_the_engine() -> None:
    """Of the gateway its modules see the row format only, and no rule of the engine's."""
    folder = Path(__file__).parents[2] / "simulator" / "world"
    seen = {
        line.split()[1]
        for name in ("checker", "facts", "genuine", "lateness", "ending", "trace", "rules")
        for line in (folder / f"{name}.py").read_text(encoding="utf-8").splitlines()
        if line.startswith("from alarm_gateway")
    }
    assert {"alarm_gateway.adapters.chain"} == seen
