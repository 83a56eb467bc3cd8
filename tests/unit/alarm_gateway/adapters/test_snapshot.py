"""The snapshot: a copy that is believed only where it fits."""

from pathlib import Path

import pytest

from alarm_gateway.adapters import snapshot as module
from alarm_gateway.adapters.journal import Head, Journal
from alarm_gateway.adapters.snapshot import EMPTY, FILE_NAME, Snapshot
from alarm_gateway.core.device_state import DeviceState
from alarm_gateway.core.engine import Engine
from alarm_gateway.core.policy import Policy
from tests.helpers.gateway import (
    ALARM_RECORDS,
    DEVICE,
    NOW_MS,
    OTHER_DEVICE,
    REGISTRY,
    Gateway,
    press,
)

HEAD = Head(7, b"h" * 32)


def states(*numbers: int) -> list[DeviceState]:
    """Return the states of a few devices with an alarm each."""
    gateway = Gateway()
    for number in numbers:
        gateway.take(press(number, device_id=DEVICE if number == 1 else OTHER_DEVICE))
    return gateway.engine.take_changed()


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """States, signs of life and the row come back equal."""
    saved = states(1, 2)
    Snapshot(tmp_path).save(saved, {DEVICE: NOW_MS}, HEAD)
    loaded = Snapshot(tmp_path).load()
    assert (HEAD, {DEVICE: NOW_MS}) == (loaded.head, loaded.seen_ms)
    assert sorted(saved, key=lambda one: one.device_id) == sorted(
        loaded.states, key=lambda one: one.device_id
    )


def test_a_later_save_replaces_only_what_changed(tmp_path: Path) -> None:
    """A snapshot is written by what is new in it, and holds everything."""
    one = Snapshot(tmp_path)
    one.save(states(1), {}, Head(1, b"a" * 32))
    one.save(states(2), {}, HEAD)
    assert {DEVICE, OTHER_DEVICE} == {state.device_id for state in one.load().states}


def test_no_snapshot_is_an_empty_one(tmp_path: Path) -> None:
    """A first start has none."""
    assert EMPTY == Snapshot(tmp_path).load()


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_broken_snapshot_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    """It is a copy: when in doubt it is thrown away."""
    (tmp_path / FILE_NAME).write_bytes(content)
    assert EMPTY == Snapshot(tmp_path).load()


def test_a_snapshot_of_another_version_is_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """States made by other rules are folded anew, not believed."""
    Snapshot(tmp_path).save(states(1), {}, HEAD)
    monkeypatch.setattr(module, "fingerprint", lambda: "another")
    assert EMPTY == Snapshot(tmp_path).load()
    Snapshot(tmp_path).save(states(2), {}, HEAD)
    assert [OTHER_DEVICE] == [state.device_id for state in Snapshot(tmp_path).load().states]


def test_what_could_not_be_saved_goes_along_the_next_time(tmp_path: Path) -> None:
    """A full disk costs one snapshot and no state."""
    one = Snapshot(tmp_path / "data")
    with pytest.raises(OSError, match="cannot be written"):
        one.save(states(1), {}, HEAD)
    (tmp_path / "data").mkdir()
    one.save(states(2), {}, HEAD)
    assert {DEVICE, OTHER_DEVICE} == {state.device_id for state in one.load().states}


def test_a_journal_knows_its_own_rows(tmp_path: Path) -> None:
    """A snapshot fits a journal only if its row is there with its hash."""
    journal = Journal(tmp_path, on_durable=lambda *_: None, on_failure=lambda _: None)
    journal.start()
    journal.append(ALARM_RECORDS)
    journal.close()
    journal = Journal(tmp_path, on_durable=lambda *_: None, on_failure=lambda _: None)
    assert journal.holds(journal.head)
    assert journal.holds(EMPTY.head)
    assert not journal.holds(Head(journal.head.seq, b"x" * 32))
    assert not journal.holds(Head(99, journal.head.hash))
    assert ALARM_RECORDS[3:] == list(journal.records(after_seq=3))
    journal.close()


def test_snapshot_and_tail_give_the_folded_state() -> None:
    """Wherever the snapshot was taken, a start from it equals a start from the first row."""
    whole = Engine(Policy(), REGISTRY)
    whole.recover(ALARM_RECORDS)
    for cut in range(len(ALARM_RECORDS) + 1):
        early = Engine(Policy(), REGISTRY)
        early.recover(ALARM_RECORDS[:cut])
        late = Engine(Policy(), REGISTRY)
        late.restore(early.take_changed())
        late.recover(ALARM_RECORDS[cut:])
        assert whole.state_of(DEVICE) == late.state_of(DEVICE)
        assert whole.open_views() == late.open_views()
