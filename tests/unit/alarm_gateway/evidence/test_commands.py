"""The commands: what they print, what they refuse, and with which exit code."""

import json
import sqlite3
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alarm_gateway.adapters.devices import Devices, Who
from alarm_gateway.adapters.journal import read_rows
from alarm_gateway.adapters.registry import read_registry
from alarm_gateway.adapters.vault import FILE_VARIABLE, VARIABLE, Vault
from alarm_gateway.app import app
from alarm_gateway.core.records import Record
from alarm_gateway.evidence.words import DOUBTS, REASONS, REMARKS
from alarm_gateway.explain import MEANINGS
from alarm_protocol.codec import encode_press
from tests.helpers.evidence import YEAR_MS, Story, registry_file, written
from tests.helpers.gateway import DEVICE, NOW_MS, OTHER_DEVICE, key_of, press

ALARM = f"{DEVICE}.1"
LONG_AGO_MS = NOW_MS - 7 * YEAR_MS
TOM = Who("Tom", "delivery", NOW_MS)


def invoke(*arguments: object, stdin: bytes | None = None) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, [str(one) for one in arguments], input=stdin)


def refused(result: Result, words: str) -> None:
    """Check that a command ended with one clear line and exit code 2."""
    assert (2, 1) == (result.exit_code, len(result.stderr.splitlines())), result.stderr
    assert result.stderr.startswith("alarm-gateway: ")
    assert words in result.stderr


def records() -> list[Record]:
    """Tell of an alarm of seven years ago, and an open one."""
    story = Story(LONG_AGO_MS)
    story.whole()
    story.at_ms = NOW_MS
    story.press(OTHER_DEVICE)
    return story.records


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a journal and a registry."""
    written(tmp_path / "data", records())
    registry_file(tmp_path)
    return tmp_path


def export(folder: Path, *more: object, alarm: str = ALARM) -> Result:
    """Run the export; later options win."""
    options = {
        "--data-dir": folder / "data",
        "--registry": folder / "households.json",
        "--console": "police",
        "--out": folder / "out.zip",
    } | dict(zip(more[::2], more[1::2], strict=True))
    return invoke("export", alarm, *(part for pair in options.items() for part in pair))


def test_export_says_what_it_wrote(folder: Path) -> None:
    """One line with the counts and the last hash, which the journal's holder can confirm."""
    result = export(folder)
    assert 0 == result.exit_code
    assert "12 records, 10 withheld" in result.stdout
    rows = list(read_rows(folder / "data"))
    assert rows[-1].hash.hex() in result.stdout
    again = invoke("verify-journal", "--data-dir", folder / "data", "--row", len(rows))
    assert f"row {len(rows)}: hash {rows[-1].hash.hex()}" in again.stdout
    with zipfile.ZipFile(folder / "out.zip") as archive:
        assert None is archive.testzip()


def test_the_registry_in_the_data_folder_is_enough(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its key it gives the same bytes as the file it came from; without, nothing at all."""
    for name in (VARIABLE, FILE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    assert 0 == export(folder).exit_code
    from_file = (folder / "out.zip").read_bytes()
    (folder / "out.zip").unlink()
    homes = read_registry(folder / "households.json").values()
    Devices(folder / "data", Vault(b"\xab" * 32), make=True).take(homes, TOM)
    (folder / "key").write_text("ab" * 32)
    (folder / "other").write_text("cd" * 32)
    words = ("export", ALARM, "--data-dir", folder / "data", "--out", folder / "out.zip")
    asked = (*words, "--console", "police")
    refused(invoke(*asked), "--registry-key-file")
    refused(invoke(*asked, "--registry-key-file", folder / "other"), "another key")
    assert not (folder / "out.zip").exists()
    assert 0 == invoke(*asked, "--registry-key-file", folder / "key").exit_code
    assert from_file == (folder / "out.zip").read_bytes()


def test_a_wrong_export_is_refused(folder: Path) -> None:
    """Each wrong option is one line, and no file is left."""
    refused(export(folder, alarm="aware-000001.9"), "there is no alarm aware-000001.9")
    refused(export(folder, alarm="nonsense"), "there is no alarm nonsense")
    refused(export(folder, "--data-dir", folder), "there is no journal")
    refused(export(folder, "--registry", folder / "gone.json"), "gone.json")
    refused(export(folder, "--out", folder / "gone" / "out.zip"), "cannot be written")
    assert 2 == export(folder, "--console", "fire").exit_code
    assert not (folder / "out.zip").exists()


def test_export_of_a_broken_journal_is_exit_code_1(folder: Path) -> None:
    """Nothing that does not prove anything is written."""
    with sqlite3.connect(folder / "data" / "journal.sqlite3") as connection:
        connection.execute("UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 5")
    connection.close()
    result = export(folder)
    assert (1, 1) == (result.exit_code, len(result.stderr.splitlines()))
    assert "broken at row 5" in result.stderr


def test_purge_counts_first_and_then_does_what_it_said(folder: Path) -> None:
    """A dry run changes nothing; the purge has the same numbers."""
    before = (folder / "data" / "journal.sqlite3").read_bytes()
    options = ("purge", "--data-dir", folder / "data", "--older-than", "5y")
    dry = invoke(*options, "--dry-run")
    assert "would purge 22 rows of 1 alarms closed before 20" in dry.stdout
    assert before == (folder / "data" / "journal.sqlite3").read_bytes()
    done = invoke(*options)
    assert dry.stdout.removeprefix("would purge")[:20] == done.stdout.removeprefix("purged")[:20]
    verified = invoke("verify-journal", "--data-dir", folder / "data")
    assert "journal ok: 24 records, 22 of them purged" in verified.stdout
    assert ALARM not in invoke("show", "--data-dir", folder / "data").stdout
    assert f"{OTHER_DEVICE}.1" in invoke("show", "--data-dir", folder / "data").stdout
    assert "22 purged rows" in invoke("norms", "--data-dir", folder / "data").stdout


def test_a_wrong_purge_is_refused(folder: Path) -> None:
    """No guess at what is to be removed."""
    refused(invoke("purge", "--data-dir", folder / "data", "--older-than", "5"), "no length")
    refused(invoke("purge", "--data-dir", folder, "--older-than", "5y"), "there is no journal")


def test_norms_are_printed_and_given_as_json(folder: Path) -> None:
    """The same figures, for people and for programs."""
    data = ("norms", "--data-dir", folder / "data")
    assert "EN 50518*" in invoke(*data).stdout
    report = json.loads(invoke(*data, "--json").stdout)
    assert ("aware-norms", 2) == (report["format"], report["alarms"])
    assert LONG_AGO_MS == report["from_ms"]
    period = invoke(*data, "--json", "--from", "2026-11-24", "--to", "2026-11-25T00:00+01:00")
    assert 1 == json.loads(period.stdout)["alarms"]


def test_a_wrong_period_is_refused(folder: Path) -> None:
    """Dates that are none, or the wrong way round."""
    data = ("norms", "--data-dir", folder / "data")
    refused(invoke(*data, "--from", "soon"), "no date or time")
    refused(invoke(*data, "--from", "2026-11-02", "--to", "2026-11-01"), "is not before")
    refused(invoke("norms", "--data-dir", folder), "there is no journal")


def explained(folder: Path, content: bytes, *more: object) -> str:
    """Explain a press that comes on standard input."""
    registry = folder / "households.json"
    result = invoke("explain", "--press", "-", "--registry", registry, *more, stdin=content)
    assert 0 == result.exit_code, result.stderr
    return result.stdout


def signed(number: int, **options: object) -> bytes:
    """Return the bytes of a press."""
    one = press(number, **options)  # type: ignore[arg-type]
    return encode_press(one.press, key_of(DEVICE))


def test_explain_takes_the_time_that_it_is_told(folder: Path) -> None:
    """Whether a press is late depends on when it comes."""
    content = signed(9, pressed_at_ms=NOW_MS)
    assert "delivered_late" in explained(folder, content, "--now-ms", NOW_MS + 40_001)
    assert "delivered_late" not in explained(folder, content, "--now-ms", NOW_MS + 40_000)


def test_explain_knows_presses_that_were_purged(folder: Path) -> None:
    """A replay of a purged press is explained as the repeat that it is."""
    invoke("purge", "--data-dir", folder / "data", "--older-than", "5y")
    data = ("--data-dir", folder / "data", "--now-ms", NOW_MS)
    assert "repeat" in explained(folder, signed(1, pressed_at_ms=LONG_AGO_MS), *data)
    assert f"{DEVICE}.2" in explained(folder, signed(9), *data)


def test_everything_explain_can_name_has_a_meaning() -> None:
    """Reasons of faults and delays too: a press may join an alarm that has them."""
    assert set() == {*DOUBTS, *REMARKS, *REASONS} - set(MEANINGS)


def test_every_command_explains_itself() -> None:
    """`--help` names every option with its meaning."""
    for command in ("explain", "export", "purge", "norms", "verify-journal"):
        result = invoke(command, "--help")
        assert 0 == result.exit_code
        assert "Usage" in result.stdout
