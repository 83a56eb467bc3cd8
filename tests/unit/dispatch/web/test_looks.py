"""The record of looks: on disk before anything is shown, once, unaltered, and never in the way."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from alarm_protocol.units import AlarmId
from dispatch.app import main
from dispatch.core.errors import LooksError
from dispatch.core.looks import Look, What
from dispatch.core.sessions import Session
from dispatch.feed import Feed
from dispatch.looks import LookBook, looks_folder, read_looks
from dispatch.web.desk import Desk
from dispatch.web.server import make_app
from tests.helpers.accounts import OPERATOR, MemoryBook, signed_in
from tests.helpers.openapi import OPERATIONS, conforms
from tests.integration.console_wire import until
from tests.unit.dispatch.test_history import closed
from tests.unit.dispatch.views import RAISED_MS, make_view
from tests.unit.dispatch.web.conftest import Client

ALARM = AlarmId("aware-000123.1")
NEXT = AlarmId("aware-000123.2")


class SlowBook(LookBook):
    """A record whose disk waits for a word; and one that tells what was asked of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "police")
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def before(self, session: Session, alarms: Collection[AlarmId], what: What) -> bool:
        """Wait, then write."""
        self.asked.set()
        await self.go_on.wait()
        return await super().before(session, alarms, what)


@pytest.fixture
def book(tmp_path: Path) -> SlowBook:
    """Give a record on disk that waits for nothing, unless a test clears `go_on`."""
    slow = SlowBook(tmp_path / "looks")
    slow.go_on.set()
    return slow


@pytest.fixture
async def client(
    feed: Feed, office: tuple[Desk, MemoryBook], book: SlowBook
) -> AsyncIterator[Client]:
    """Serve a console with an alarm, which writes down who looks."""
    desk, accounts = office
    feed.board.take(make_view(), RAISED_MS)
    async with TestClient(TestServer(make_app(feed, desk, looks=book))) as client:
        client.session.headers.update(signed_in(desk, accounts, str(client.make_url("/"))))
        yield client


def session(key: str = "one", name: str = OPERATOR) -> Session:
    """Return somebody's session."""
    return Session(key=key, name=name, credential_id="c", started_at_ms=0, seen_at_ms=0)


def written(book: LookBook) -> list[Look]:
    """Return what is in the record."""
    return list(read_looks(book._folder))


async def test_a_page_shows_nothing_before_it_is_written(client: Client, book: SlowBook) -> None:
    """While the record waits for its disk the page has no alarm; then it has."""
    book.go_on.clear()
    async with client.ws_connect("/ws") as page:
        await book.asked.wait()
        first = asyncio.create_task(page.receive_json())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(first), 0.1)
        assert not book._folder.exists()
        book.go_on.set()
        assert [ALARM] == [row["alarm_id"] for row in (await first)["alarms"]]
        (look,) = written(book)
    assert (OPERATOR, ALARM, "shown", "police") == (
        look.operator,
        look.alarm_id,
        look.operation_name,
        look.console,
    )


async def test_later_alarms_and_programs_are_written_too(
    client: Client, feed: Feed, book: SlowBook
) -> None:
    """What changes on an open page, and what is asked for without one."""
    async with client.ws_connect("/ws") as page:
        await page.receive_json()
        feed.board.take(make_view("aware-000777.1"), RAISED_MS)
        feed._tell(AlarmId("aware-000777.1"))
        while (await page.receive_json())["type"] != "changes":
            pass
    feed.board.take(make_view("aware-000888.1"), RAISED_MS)
    await (await client.get("/api/alarms")).read()
    listed = [(one, "listed") for one in (ALARM, "aware-000777.1", "aware-000888.1")]
    found = [(look.alarm_id, look.operation_name) for look in written(book)]
    assert [(ALARM, "shown"), ("aware-000777.1", "shown")] == found[:2]
    assert listed == sorted(found[2:])
    assert 1 == len({look.trace_id for look in written(book)})


async def test_a_disk_that_hangs_hides_no_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for once; what comes then is shown at once, and written when it is back."""
    monkeypatch.setattr("dispatch.looks.WRITTEN_WITHIN_S", 0.05)
    back = threading.Event()

    class Hanging(LookBook):
        def _append(self, looks: list[Look]) -> None:
            back.wait(20)
            super()._append(looks)

    book = Hanging(tmp_path / "looks", "police")
    with capture_logs() as lines:
        for number in range(5):
            await book.before(session(str(number)), [ALARM], "shown")
    assert ["the disk for looks hangs; alarms are shown all the same"] == [
        line["event"] for line in lines
    ]
    back.set()
    async with asyncio.timeout(20):
        await book.before(session("later"), [ALARM], "shown")
        while book._is_writing:
            await asyncio.sleep(0.01)
    assert 6 == len(written(book))


async def test_what_was_seen_before_waits_for_nobody_elses_look(tmp_path: Path) -> None:
    """While a new look is being written, an alarm that is in the record is shown at once."""
    go_on = threading.Event()
    go_on.set()

    class Waiting(LookBook):
        def _append(self, looks: list[Look]) -> None:
            go_on.wait(20)
            super()._append(looks)

    book = Waiting(tmp_path / "looks", "police")
    await book.before(session(), [ALARM], "shown")
    go_on.clear()
    new = asyncio.create_task(book.before(session(), [NEXT], "shown"))
    same = asyncio.create_task(book.before(session(), [NEXT], "shown"))
    while not book._is_writing:
        await asyncio.sleep(0)
    await book.before(session(), [ALARM], "shown")
    assert (False, False) == (new.done(), same.done())
    go_on.set()
    await asyncio.gather(new, same)
    assert [ALARM, NEXT] == [look.alarm_id for look in written(book)]


async def test_a_look_is_written_once_for_each_session(book: LookBook) -> None:
    """Ticks and new versions are no new looks; another session's are."""
    for key in ("one", "one", "two"):
        await asyncio.gather(*(book.before(session(key), [ALARM], "shown") for _ in range(5)))
    assert 2 == len(written(book))


async def test_the_record_tells_homes_apart_without_naming_them(book: LookBook) -> None:
    """One pseudonym for one home, another for another, the same after a restart."""
    await book.before(session(), [ALARM, AlarmId("aware-000009.1")], "shown")
    again = LookBook(book._folder, "police")
    await again.before(session("two"), [NEXT], "shown")
    first, other, later = (look.data_subject_id for look in written(book))
    assert first == later
    assert first != other
    text = next(book._folder.glob("*.jsonl")).read_text()
    assert "Synthetische" not in text
    assert "Leiden" not in text
    assert {0o600} == {path.stat().st_mode & 0o777 for path in book._folder.iterdir()}


@pytest.mark.parametrize("how", ["changed", "removed", "first removed"])
async def test_an_altered_record_shows(book: LookBook, how: str) -> None:
    """A name that was changed, and a line that was taken out."""
    for number in range(3):
        await book.before(session(str(number)), [ALARM], "shown")
    path = next(book._folder.glob("*.jsonl"))
    lines = path.read_text().splitlines(keepends=True)
    if how == "changed":
        lines[1] = lines[1].replace(OPERATOR, "A. Nder")
    else:
        del lines[1 if how == "removed" else 0]
    path.write_text("".join(lines))
    with pytest.raises(LooksError, match="was changed, or lines before it are missing"):
        written(book)


async def test_a_line_that_was_cut_off_goes(book: LookBook) -> None:
    """After a power cut the record goes on behind its last whole line."""
    await book.before(session(), [ALARM], "shown")
    path = next(book._folder.glob("*.jsonl"))
    path.write_bytes(path.read_bytes() + b'{"look":{"at_ms":')
    await LookBook(book._folder, "police").before(session("two"), [ALARM], "shown")
    assert 2 == len(written(book))


async def test_a_disk_that_fails_hides_no_alarm(
    client: Client, book: SlowBook, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page shows it, the log says so, and the look is written once the disk is back."""
    book._folder.write_text("no folder")
    async with client.ws_connect("/ws") as page:
        assert 1 == len((await page.receive_json())["alarms"])
    assert "looks at alarms cannot be written" in "".join(capsys.readouterr())
    book._folder.unlink()
    await book.before(session("two"), [NEXT], "shown")
    assert [ALARM, NEXT] == [look.alarm_id for look in written(book)]


async def test_a_queue_that_changes_does_not_try_a_failed_disk_again(
    book: SlowBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a page shows anyhow costs one attempt; what waits for the record tries each time."""
    attempts = 0

    def fails(_looks: list[Look]) -> None:
        nonlocal attempts
        attempts += 1
        raise OSError(28, "no space")

    monkeypatch.setattr(book, "_append", fails)
    for _ in range(3):
        assert not await book.before(session(), [ALARM], "shown")
    assert 1 == attempts
    for _ in range(3):
        assert not await book.before(session(), [ALARM], "opened")
    assert 4 == attempts


async def test_what_is_closed_waits_for_the_record(
    client: Client, feed: Feed, book: SlowBook
) -> None:
    """503 while the look cannot be written, and 200 for an open alarm; then all is there."""
    feed.history.note(closed("aware-000777.1"))
    await feed.history.keep(RAISED_MS)
    book._folder.write_text("no folder")
    paths = ("/api/history", "/api/history.csv", "/api/incidents/{alarm_id}")
    for path in paths:
        response = await client.get(path.format(alarm_id="aware-000777.1"))
        assert 503 == response.status
        await conforms(OPERATIONS["get", path], response)
        assert "look_not_written" == (await response.json())["error"]
    assert 200 == (await client.get(f"/api/incidents/{ALARM}")).status
    assert book.due
    book._folder.unlink()
    for path in paths:
        assert 200 == (await client.get(path.format(alarm_id="aware-000777.1"))).status
    assert 0 == book.due
    assert {("aware-000777.1", "listed"), ("aware-000777.1", "opened"), (ALARM, "opened")} <= {
        (look.alarm_id, look.operation_name) for look in written(book)
    }


async def test_who_opens_an_alarm_on_the_page_is_on_record(client: Client, book: SlowBook) -> None:
    """Once for a session, and only of alarms that are on the board."""
    async with client.ws_connect("/ws") as page:
        await page.receive_json()
        for alarm_id in ("nobody.1", ALARM, ALARM):
            await page.send_json({"type": "opened", "alarm_id": alarm_id})
        await client.get("/api/session")
        await until(lambda: len(written(book)) == 2, "the look")
    assert [(ALARM, "shown"), (ALARM, "opened")] == [
        (look.alarm_id, look.operation_name) for look in written(book)
    ]


async def test_the_command_shows_who_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it, or the looks at one alarm, or of one person."""
    accounts = tmp_path / "police.json"
    record = LookBook(looks_folder(accounts), "police")
    await record.before(session(), [ALARM, NEXT], "shown")
    await record.before(session("two", "A. Nder"), [NEXT], "acted")
    shown = []
    for words in ((), ("--alarm", ALARM), ("--operator", "A. Nder")):
        command = ["dispatch-console", "looks", "--accounts", str(accounts), *words]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit):
            main()
        text = capsys.readouterr().out
        shown.append((text.count(ALARM), text.count(NEXT), text.count("A. Nder")))
    assert [(1, 2, 1), (1, 0, 0), (0, 1, 1)] == shown


def test_fields_have_their_known_names() -> None:
    """Those of the Logboek Dataverwerkingen that readers of such logs look for."""
    names = set(Look.__struct_fields__)
    assert {"trace_id", "operation_name", "processing_activity_id", "data_subject_id"} <= names
