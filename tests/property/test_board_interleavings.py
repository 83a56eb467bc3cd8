"""The board under any order of events: reordered, repeated, interrupted, and cleared."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from alarm_protocol.messages import DELIVERIES_MAX, Delivery, TrackStatus
from alarm_protocol.units import AlarmId
from dispatch.core.board import Board
from tests.unit.dispatch.views import RAISED_MS, make_view

ALARMS = ("a.1", "a.2", "b.1")
STATUSES: tuple[TrackStatus, ...] = ("open", "accepted", "closed")


class Sent(NamedTuple):
    """A view comes."""

    alarm: str
    number: int


class Cleared(NamedTuple):
    """The gateway clears a topic."""

    alarm: str


versions = st.builds(Sent, st.sampled_from(ALARMS), st.integers(1, 6))
statuses = st.fixed_dictionaries(
    {(alarm, number): st.sampled_from(STATUSES) for alarm in ALARMS for number in range(1, 7)}
)
events = st.lists(
    st.one_of(
        versions,
        st.sampled_from(("interrupted", "asked", "confirmed")),
        st.builds(Cleared, st.sampled_from(ALARMS)),
    ),
    max_size=60,
)

Event = Sent | Cleared | str
Statuses = dict[tuple[str, int], TrackStatus]


class Model:
    """A board, driven by events, beside the plainest record of what it should hold."""

    def __init__(self, of: Statuses, *, alarms_max: int = 10) -> None:
        self.board = Board(alarms_max=alarms_max)
        self.newest: dict[str, int] = {}
        self.taken: set[Delivery] = set()
        self.confirmed: list[Delivery] = []
        self._of = of

    def apply(self, event: Event) -> None:
        """Let one event happen."""
        match event:
            case "interrupted":
                self.board.doubt_all()
            case "asked":
                self.board.ask(int(RAISED_MS))
            case "confirmed":
                batch = self.board.take_due()
                assert len(batch) <= DELIVERIES_MAX
                self.confirmed.extend(batch)
            case Cleared(alarm):
                held = self.board.get(AlarmId(alarm))
                self.board.gone(AlarmId(alarm))
                if held is not None and held.place == "open":
                    self.newest.pop(alarm, None)
            case Sent(alarm, number):
                view = make_view(alarm, number, status=self._of[alarm, number])
                if self.board.take(view, int(RAISED_MS)) == "shown":
                    held = self.board.get(view.alarm_id)
                    assert held is not None
                    assert number == held.view.version
                    self.taken.add(Delivery(view.alarm_id, number))
                    self.newest[alarm] = max(number, self.newest.get(alarm, 0))


@given(st.lists(versions, max_size=60), statuses)
def test_any_order_ends_at_the_newest_version(sent: list[Sent], of: Statuses) -> None:
    """Reordered and repeated views leave exactly the newest of each alarm, in its place."""
    board = Board()
    for alarm, number in sent:
        board.take(make_view(alarm, number, status=of[alarm, number]), int(RAISED_MS))
    newest = {alarm: max(n for a, n in sent if a == alarm) for alarm, _ in sent}
    held = {alarm: board.get(AlarmId(alarm)) for alarm in newest}
    assert newest == {alarm: one.view.version for alarm, one in held.items() if one is not None}
    waiting = {held.view.alarm_id for held in board.queue()}
    assert {alarm for alarm, n in newest.items() if of[alarm, n] != "closed"} == waiting


@given(events, statuses)
def test_only_versions_that_were_held_are_confirmed(happened: list[Event], of: Statuses) -> None:
    """Whatever happens in between, no confirmation names a version that was never shown."""
    model = Model(of, alarms_max=2)
    for event in happened:
        model.apply(event)
    model.apply("confirmed")
    assert set(model.confirmed) <= model.taken
    for alarm, number in model.newest.items():
        held = model.board.get(AlarmId(alarm))
        assert held is not None
        assert number == held.view.version


@given(events, statuses)
def test_an_open_alarm_leaves_only_by_closing_or_gone(happened: list[Event], of: Statuses) -> None:
    """No interruption, repetition or lack of room takes an alarm from the queue."""
    model = Model(of, alarms_max=2)
    for event in happened:
        before = {held.view.alarm_id for held in model.board.queue()}
        model.apply(event)
        after = {held.view.alarm_id for held in model.board.queue()}
        for left in before - after:
            closed = model.board.get(left)
            assert closed is not None
            assert closed.withdrawn or closed.view.status == "closed"
        assert len(after) <= 2


@given(events, statuses)
def test_what_is_unverified_is_asked_about_until_it_is_answered(
    happened: list[Event], of: Statuses
) -> None:
    """After an interruption, asking owes a confirmation of every alarm that was not repeated."""
    model = Model(of)
    for event in happened:
        model.apply(event)
    model.board.doubt_all()
    while model.board.take_due():
        pass
    model.board.ask(int(RAISED_MS))
    due = {delivery.alarm_id for delivery in model.board.take_due()}
    assert {held.view.alarm_id for held in model.board.queue()} == due
