"""The board: newest versions win, what is held is confirmed, and nothing open is ever dropped."""

from alarm_protocol.messages import DELIVERIES_MAX, Delivery
from alarm_protocol.units import AlarmId
from dispatch.core.board import ASK_EVERY_MS, Board
from tests.unit.dispatch.views import RAISED_MS, make_view

ALARM = AlarmId("aware-000123.1")
NOW_MS = int(RAISED_MS) + 1_000


def held_version(board: Board, alarm_id: AlarmId = ALARM) -> int | None:
    """Return the version that the board holds."""
    held = board.get(alarm_id)
    return None if held is None else held.view.version


def test_a_new_alarm_is_shown_and_its_version_confirmed() -> None:
    """The first view of an alarm is on the board, and a confirmation of it is owed once."""
    board = Board()
    assert board.take(make_view(), NOW_MS) == "shown"
    assert [held.view for held in board.queue()] == [make_view()]
    assert board.take_due() == (Delivery(ALARM, 1),)
    assert board.take_due() == ()


def test_every_version_taken_is_confirmed() -> None:
    """Two versions in one batch give two confirmations."""
    board = Board()
    board.take(make_view(version=1), NOW_MS)
    board.take(make_view(version=2), NOW_MS)
    assert board.take_due() == (Delivery(ALARM, 1), Delivery(ALARM, 2))


def test_an_older_or_equal_version_changes_nothing_and_is_answered_with_what_is_held() -> None:
    """The gateway hears again which version is held; the board stays as it was."""
    board = Board()
    board.take(make_view(version=3), NOW_MS)
    board.take_due()
    for version in (2, 3):
        assert board.take(make_view(version=version, priority=4), NOW_MS) == "kept"
        assert held_version(board) == 3
        assert board.take_due() == (Delivery(ALARM, 3),)


def test_the_same_id_raised_later_is_another_alarm() -> None:
    """A gateway that begins anew counts from 1 again; its alarm must be seen."""
    board = Board()
    board.take(make_view(version=9), NOW_MS)
    later = make_view(version=1, raised_at_ms=RAISED_MS + 60_000)
    assert board.take(later, NOW_MS) == "shown"
    assert held_version(board) == 1
    assert board.take(make_view(version=10), NOW_MS) == "kept"


def test_the_queue_has_unaccepted_first_then_priority_then_the_oldest() -> None:
    """What nobody has taken comes first, whatever its priority."""
    board = Board()
    board.take(make_view("a.1", priority=1, status="accepted"), NOW_MS)
    board.take(make_view("b.1", priority=2, raised_at_ms=RAISED_MS + 1), NOW_MS)
    board.take(make_view("c.1", priority=2, raised_at_ms=RAISED_MS), NOW_MS)
    board.take(make_view("d.1", priority=1, raised_at_ms=RAISED_MS + 9), NOW_MS)
    assert [held.view.alarm_id for held in board.queue()] == ["d.1", "c.1", "b.1", "a.1"]


def test_a_closed_alarm_leaves_the_queue_and_is_confirmed() -> None:
    """It stays readable among the recently closed, and can be reopened by a newer version."""
    board = Board()
    board.take(make_view(), NOW_MS)
    board.take(make_view(version=2, status="closed"), NOW_MS)
    assert board.queue() == []
    assert [held.view.version for held in board.recently_closed()] == [2]
    assert Delivery(ALARM, 2) in board.take_due()
    board.gone(ALARM)
    board.take(make_view(version=3, status="accepted"), NOW_MS)
    assert [held.view.version for held in board.queue()] == [3]
    assert board.recently_closed() == []


def test_the_recently_closed_are_bounded_and_newest_first() -> None:
    """The oldest closed alarm makes room."""
    board = Board(closed_max=2)
    for number in (1, 2, 3):
        board.take(make_view(f"a.{number}", status="closed"), NOW_MS)
    assert [held.view.alarm_id for held in board.recently_closed()] == ["a.3", "a.2"]


def test_gone_withdraws_an_open_alarm_and_cancels_its_confirmation() -> None:
    """What the gateway does not have leaves the queue, marked, and may begin anew."""
    board = Board()
    board.take(make_view(version=7), NOW_MS)
    assert board.gone(ALARM) is True
    assert board.take_due() == ()
    assert [held.withdrawn for held in board.recently_closed()] == [True]
    assert board.take(make_view(version=1), NOW_MS) == "shown"
    assert held_version(board) == 1


def test_gone_of_a_closed_or_unknown_alarm_changes_nothing() -> None:
    """The gateway clears the topic of each closed alarm; that is no withdrawal."""
    board = Board()
    board.take(make_view(status="closed"), NOW_MS)
    assert board.gone(ALARM) is False
    assert board.gone(AlarmId("other.1")) is False
    assert [held.withdrawn for held in board.recently_closed()] == [False]


def test_a_full_board_keeps_what_it_has_and_leaves_the_rest_with_the_gateway() -> None:
    """No confirmation for what has no room, and room is used as soon as there is some."""
    board = Board(alarms_max=1)
    board.take(make_view("a.1"), NOW_MS)
    board.take_due()
    assert board.take(make_view("b.1"), NOW_MS) == "full"
    assert board.take_due() == ()
    assert board.turned_away_count == 1
    assert [held.view.alarm_id for held in board.queue()] == ["a.1"]
    assert board.take(make_view("a.1", 2), NOW_MS) == "shown"
    board.take(make_view("a.1", 3, status="closed"), NOW_MS)
    assert board.take(make_view("b.1"), NOW_MS) == "shown"
    assert board.turned_away_count == 0


def test_after_an_interruption_alarms_stay_until_the_gateway_speaks() -> None:
    """They are marked, asked about, and asked about again; a repeated view clears the mark."""
    board = Board()
    board.take(make_view("a.1"), NOW_MS)
    board.take(make_view("b.1"), NOW_MS)
    board.take_due()
    assert set(board.doubt_all()) == {"a.1", "b.1"}
    assert [held.verified for held in board.queue()] == [False, False]
    board.take(make_view("a.1"), NOW_MS)
    assert board.take_due() == (Delivery(AlarmId("a.1"), 1),)
    board.ask(NOW_MS)
    assert board.take_due() == (Delivery(AlarmId("b.1"), 1),)
    board.ask(NOW_MS + ASK_EVERY_MS - 1)
    assert board.take_due() == ()
    board.ask(NOW_MS + ASK_EVERY_MS)
    assert board.take_due() == (Delivery(AlarmId("b.1"), 1),)
    board.gone(AlarmId("b.1"))
    assert board.unverified_count == 0
    assert [(held.view.alarm_id, held.verified) for held in board.queue()] == [("a.1", True)]


def test_a_newer_version_verifies_too() -> None:
    """Whatever view comes, the gateway has the alarm."""
    board = Board()
    board.take(make_view(), NOW_MS)
    board.doubt_all()
    board.take(make_view(version=2), NOW_MS)
    assert [held.verified for held in board.queue()] == [True]
    assert board.unverified_count == 0


def test_a_closed_alarm_is_never_asked_about() -> None:
    """Only open alarms can be missing at the gateway."""
    board = Board()
    board.take(make_view(), NOW_MS)
    board.doubt_all()
    board.take(make_view(version=2, status="closed"), NOW_MS)
    board.take_due()
    board.ask(NOW_MS)
    assert board.take_due() == ()


def test_a_batch_of_confirmations_fits_one_message() -> None:
    """More than the limit go in several batches, none twice."""
    board = Board()
    for number in range(1, DELIVERIES_MAX + 4):
        board.take(make_view(f"a.{number}"), NOW_MS)
    assert board.due_count == DELIVERIES_MAX + 3
    assert [len(board.take_due()) for _ in range(3)] == [DELIVERIES_MAX, 3, 0]
