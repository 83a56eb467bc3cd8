"""The account of a chaos run: what is lost, doubled or hidden is seen, and recovery is timed."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from alarm_protocol.messages import (
    AlarmView,
    Deadlines,
    OtherTrack,
    OwnTrack,
    ViewPress,
)
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId, DeviceId, PressId, TimestampMs
from simulator.chaos.errors import ChaosError
from simulator.chaos.evidence import Evidence, read_journal, verify_chain
from simulator.chaos.ledger import Ledger, Watch
from simulator.chaos.report import Round, duplicates, losses, overcounted, round_of

DEVICE = DeviceId("aware-000001")
FIRST, SECOND = AlarmId("aware-000001.1"), AlarmId("aware-000001.2")
AT = TimestampMs(0)


def view(
    console: ConsoleId,
    *presses: str,
    alarm: AlarmId = FIRST,
    version: int = 1,
    count: int | None = None,
) -> AlarmView:
    """Make a view that shows these presses."""
    return AlarmView(
        alarm_id=alarm,
        version=version,
        console=console,
        device_id=DEVICE,
        priority=1,
        test=False,
        status="open",
        reasons=(),
        doubts=(),
        remarks=(),
        raised_at_ms=AT,
        journaled_at_ms=AT,
        deadlines=Deadlines(),
        press_count=len(presses) if count is None else count,
        presses=tuple(
            ViewPress(
                press_id=PressId(name),
                sequence=1,
                trigger="press",
                pressed_at_ms=AT,
                received_at_ms=AT,
            )
            for name in presses
        ),
        household=None,
        own_track=OwnTrack(),
        other_track=OtherTrack(status="open"),
        timeline=(),
    )


def journal(folder: Path, *presses: tuple[str, int, AlarmId]) -> Evidence:
    """Write a journal's presses (id, sequence, alarm), and read them as the run does."""
    connection = sqlite3.connect(folder / "journal.sqlite3")
    connection.execute("CREATE TABLE journal (seq, device_id, kind, alarm_id, body)")
    for seq, (press_id, sequence, alarm) in enumerate(presses, 1):
        line = msgspec.json.encode({"press_id": press_id, "sequence": sequence}).decode()
        body = msgspec.json.encode({"line": line, "priority": 1})
        row = (seq, DEVICE, "pressed", alarm, body)
        connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    return read_journal(folder)


def whole(ledger: Ledger, name: str, at_us: int, alarm: AlarmId = FIRST) -> None:
    """Let a press be made, answered and shown."""
    ledger.pressed(PressId(name), DEVICE, at_us)
    ledger.answered(PressId(name), alarm, at_us + 10)
    for console in CONSOLES:
        ledger.viewed(console, view(console, name, alarm=alarm), at_us + 20)


def test_a_whole_press_is_missing_nowhere(tmp_path: Path) -> None:
    """A press that was answered, written and shown on both consoles is no loss."""
    ledger = Ledger()
    whole(ledger, "a", 100)
    found = journal(tmp_path, ("a", 1, FIRST))
    assert ledger.settled
    assert 0 == ledger.behind_with(DEVICE)
    assert [] == losses(ledger, found)
    assert (0, 0) == (duplicates(ledger, found), overcounted(ledger, found))
    assert {"answer": 10, "police": 20, "veilig_thuis": 20} == ledger.longest_us


def test_every_place_where_a_press_is_missing_is_named(tmp_path: Path) -> None:
    """A press that is missing anywhere is lost, and the account says where."""
    ledger = Ledger(round_number=7)
    ledger.pressed(PressId("a"), DEVICE, 1)
    ledger.viewed("police", view("police", "a"), 2)
    ledger.pressed(PressId("b"), DEVICE, 3)
    ledger.answered(PressId("b"), FIRST, 4)
    first, second = losses(ledger, journal(tmp_path, ("a", 1, FIRST)))
    assert ("answer", "veilig_thuis") == first.missing
    assert ("journal", "police", "veilig_thuis") == second.missing
    assert {7} == {first.round_number, second.round_number}
    assert not ledger.settled
    assert 2 == ledger.behind_with(DEVICE)


@pytest.mark.parametrize(
    "rows",
    [
        (("a", 1, FIRST), ("a", 1, FIRST)),
        (("a", 1, SECOND),),
    ],
)
def test_a_double_press_in_the_journal_is_seen(
    tmp_path: Path, rows: tuple[tuple[str, int, AlarmId], ...]
) -> None:
    """A press that was written twice, or under another alarm than was told, is a duplicate."""
    ledger = Ledger()
    whole(ledger, "a", 100)
    assert 1 == duplicates(ledger, journal(tmp_path, *rows))


def test_a_press_in_two_alarms_is_seen(tmp_path: Path) -> None:
    """A press that a console shows in two alarms, or that is answered twice over, is one too."""
    ledger = Ledger()
    whole(ledger, "a", 100)
    whole(ledger, "b", 200)
    ledger.viewed("police", view("police", "a", alarm=SECOND), 130)
    ledger.answered(PressId("b"), SECOND, 230)
    found = journal(tmp_path, ("a", 1, FIRST), ("b", 2, FIRST))
    assert 2 == duplicates(ledger, found)


def test_a_count_above_the_journal_is_seen(tmp_path: Path) -> None:
    """A view that counts more presses than were written is found by its count alone."""
    ledger = Ledger()
    whole(ledger, "a", 100)
    ledger.viewed("police", view("police", "a", version=2, count=2), 130)
    assert 1 == overcounted(ledger, journal(tmp_path, ("a", 1, FIRST)))


def test_order_is_told_and_forgiven(tmp_path: Path) -> None:
    """Presses and views that came in another order are counted; they are no loss."""
    ledger = Ledger()
    whole(ledger, "b", 100)
    ledger.viewed("police", view("police", "b", version=3), 130)
    ledger.viewed("police", view("police", "b", version=2), 140)
    found = journal(tmp_path, ("b", 2, FIRST), ("a", 1, FIRST))
    assert (1, 1) == (ledger.older_views, found.out_of_order)


def test_recovery_is_timed_from_the_end_of_the_fault() -> None:
    """First and all, answered and shown, each count from the end of the fault."""
    ledger = Ledger()
    ledger.pressed(PressId("before"), DEVICE, 500)
    watch = ledger.watch = Watch(1_000)
    whole(ledger, "after", 2_000)
    ledger.look(2_500)
    assert (2_010, 2_020, 0, 0) == (
        watch.answered_us, watch.shown_us, watch.all_answered_us, watch.all_shown_us
    )  # fmt: skip
    ledger.answered(PressId("before"), FIRST, 3_000)
    ledger.look(4_000)
    assert (4_000, False) == (watch.all_answered_us, watch.over)
    for console in CONSOLES:
        ledger.viewed(console, view(console, "before", version=2), 5_000)
    ledger.look(6_000)
    assert watch.over
    done = round_of(3, "gateway_kill", 200_000, watch, 12.34)
    times = (done.first_answered_ms, done.first_shown_ms, done.all_answered_ms, done.all_shown_ms)
    assert (1, 1, 3, 5) == times
    assert (200, 12.3, True) == (done.fault_ms, done.gateway_mib, done.recovered)


def test_what_did_not_recover_says_so() -> None:
    """A round in which something stayed away is not recovered."""
    done: Round = round_of(1, "broker_stop", 0, Watch(1_000, answered_us=2_000), 0.0)
    assert (1, None, False) == (done.first_answered_ms, done.all_answered_ms, done.recovered)


def test_a_missing_journal_is_named(tmp_path: Path) -> None:
    """Without a journal there is no account, and the error says which file."""
    with pytest.raises(ChaosError, match=r"journal\.sqlite3 cannot be read"):
        read_journal(tmp_path)


async def test_a_broken_chain_is_the_gateways_own_word(tmp_path: Path) -> None:
    """What `alarm-gateway verify-journal` says against a journal comes out as it is."""
    with pytest.raises(ChaosError, match="there is no journal in"):
        await verify_chain(tmp_path)
