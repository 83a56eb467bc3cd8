"""The evidence file: it proves what it shows, and shows nothing that is not the agency's."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from alarm_gateway.adapters.chain import GENESIS, Row, chained, record_of
from alarm_gateway.adapters.journal import read_rows
from alarm_gateway.adapters.retention import purge, read_states
from alarm_gateway.core.errors import JournalError, SettingsError
from alarm_gateway.core.inputs import Tick, Unreadable
from alarm_gateway.core.records import FLOOD
from alarm_gateway.evidence.collect import Collected, collect
from alarm_gateway.evidence.package import package_bytes, write_package
from alarm_gateway.evidence.verify import Broken, main, verify
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId, TimestampMs
from tests.helpers.evidence import LATITUDE, LONGITUDE, YEAR_MS, Story, rows_of, written
from tests.helpers.gateway import DEVICE, NOW_MS, OTHER_DEVICE, household, key_of, press

ALARM = AlarmId(f"{DEVICE}.1")


def story() -> Story:
    """Tell of an alarm between two of another device."""
    one = Story()
    one.press(OTHER_DEVICE)
    one.whole()
    one.close(AlarmId(f"{OTHER_DEVICE}.1"), reason="OTHER-Reason")
    one.press(OTHER_DEVICE)
    return one


ROWS = rows_of(story().records)
SECRETS = {
    "police": ("THUIS-",),
    "veilig_thuis": (
        "POLICE-", str(LATITUDE), str(LONGITUDE), "52.16", "4.49", "latitude", "accuracy",
    ),
}  # fmt: skip


def collected(console: ConsoleId, rows: list[Row] | None = None) -> Collected:
    """Collect the evidence on the alarm."""
    return collect(ROWS if rows is None else rows, ALARM, console, household())


def exported(folder: Path, console: ConsoleId, rows: list[Row] | None = None) -> Path:
    """Write the evidence file."""
    path = folder / f"{console}.zip"
    write_package(collected(console, rows), path)
    return path


def everything_in(path: Path) -> str:
    """Return all text in a zip file, names and raw bytes included."""
    with zipfile.ZipFile(path) as archive:
        parts = [archive.read(name).decode() for name in archive.namelist()]
        return "\n".join([*archive.namelist(), *parts, path.read_bytes().decode("latin-1")])


@pytest.mark.parametrize("console", CONSOLES)
def test_no_secret_of_the_other_agency_is_anywhere_in_the_file(
    tmp_path: Path, console: ConsoleId
) -> None:
    """Not its household, not its actions, operators or units; and no location for Veilig Thuis."""
    text = everything_in(exported(tmp_path, console))
    assert [] == [word for word in SECRETS[console] if word in text]
    own = "POLICE-" if console == "police" else "THUIS-"
    for word in ("Operator", "Note", "Reason"):
        assert own + word in text
    assert household().device_key_hex not in text
    assert "OTHER-Reason" not in text
    assert OTHER_DEVICE not in text


@pytest.mark.parametrize("console", CONSOLES)
def test_what_is_withheld_cannot_be_guessed_from_its_digest(
    tmp_path: Path, console: ConsoleId
) -> None:
    """No salt of a row that is withheld or sealed is in the file: a guess cannot be tried out."""
    text = everything_in(exported(tmp_path, console))
    shown = {line.seq: line for line in collected(console).evidence.records}
    for row in ROWS:
        line = shown.get(row.seq)
        sealed = line is not None and row.kind == "pressed" and console == "veilig_thuis"
        assert (row.salt.hex() in text) == (line is not None and not sealed), row.seq


def test_the_police_have_the_exact_text_and_place_of_a_press(tmp_path: Path) -> None:
    """The line and signature of the device are the evidence."""
    first = collected("police").evidence.records[0]
    record = record_of(ROWS[first.seq - 1])
    assert first.event["line"] == record.event.line  # type: ignore[union-attr]
    assert str(LATITUDE) in everything_in(exported(tmp_path, "police"))


@pytest.mark.parametrize("console", CONSOLES)
def test_the_other_agency_is_its_status_and_nothing_else(console: ConsoleId) -> None:
    """Each change of status with its time, as the console showed it."""
    changes = [one.status for one in collected(console).evidence.other_agency]
    expected = {
        "police": ["open", "accepted", "assessed", "handed_over", "closed"],
        "veilig_thuis": [
            "open", "accepted", "unit_assigned", "on_scene", "closed", "accepted", "closed",
        ],
    }  # fmt: skip
    assert expected[console] == changes


@pytest.mark.parametrize("console", CONSOLES)
def test_the_file_proves_itself_with_nothing_but_python(tmp_path: Path, console: ConsoleId) -> None:
    """`verify.py` runs from the unpacked file, isolated from every installed package."""
    path = exported(tmp_path, console)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    program = tmp_path / "unpacked" / "verify.py"
    last = collected(console).evidence.chain.last_hash
    command = [sys.executable, "-I", "-S", str(program)]
    for more in ([], [str(path)], ["--last-hash", last.upper()]):
        done = subprocess.run(
            [*command, *more], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert (0, "") == (done.returncode, done.stderr)
        assert last in done.stdout
    wrong = subprocess.run(
        [*command, "--last-hash", "00"], capture_output=True, text=True, check=False
    )
    assert 1 == wrong.returncode
    assert wrong.stderr.startswith("BROKEN: ")


def test_where_there_is_no_evidence_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong folder or file is one line and exit code 2."""
    (tmp_path / "no.zip").write_bytes(b"no zip")
    for place in (tmp_path, tmp_path / "no.zip", tmp_path / "gone.zip"):
        assert 2 == main([str(place)])
        assert 1 == len(capsys.readouterr().err.splitlines())


def test_the_same_journal_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two exports can be compared byte for byte."""
    first = exported(tmp_path, "police").read_bytes()
    assert first == exported(tmp_path, "police").read_bytes()
    with zipfile.ZipFile(tmp_path / "police.zip") as archive:
        assert {(1980, 1, 1, 0, 0, 0)} == {one.date_time for one in archive.infolist()}


def forged(tmp_path: Path, name: str, old: str, new: str, *, manifest: bool = True) -> Path:
    """Change a file of the evidence, and its manifest along with it."""
    content = package_bytes(collected("police"))
    text = content[name].decode()
    assert old in text
    content[name] = text.replace(old, new, 1).encode()
    if manifest:
        listed = json.loads(content["manifest.json"])
        listed["sha256"][name] = hashlib.sha256(content[name]).hexdigest()
        content["manifest.json"] = json.dumps(listed).encode()
    for one, data in content.items():
        (tmp_path / one).write_bytes(data)
    return tmp_path


DIGEST = collected("police").digests[3].hex()
LAST = collected("police").evidence.chain.last_hash


@pytest.mark.parametrize(
    ("name", "old", "new", "manifest"),
    [
        ("geschiedenis.html", "POLICE-Unit", "POLICE-Van", False),
        ("records.json", "POLICE-Unit", "POLICE-Van", True),
        ("records.json", '"disposition": "genuine"', '"disposition": "mispress"', True),
        ("records.json", '"at_ms": 1795503119', '"at_ms": 1795503118', True),
        ("records.json", '"seq": 3,', '"seq": 4,', True),
        ("records.json", f'"alarm_id": "{ALARM}"', '"alarm_id": "aware-000009.1"', True),
        ("records.json", LAST, "00" * 32, True),
        ("records.json", '\\"latitude\\":52', '\\"latitude\\":53', True),
        ("records.json", '"latitude": 52.160127', '"latitude": 53.160127', True),
        ("chain.txt", DIGEST, "00" * 32, True),
        ("chain.txt", "5 ", "6 ", True),
        ("chain.txt", "2 ", "3 ", True),
    ],
)
def test_a_forgery_shows(tmp_path: Path, name: str, old: str, new: str, manifest: bool) -> None:
    """Whatever is changed, also with the manifest, does not fit the chain any more."""
    with pytest.raises(Broken):
        verify(forged(tmp_path, name, old, new, manifest=manifest))


def test_a_record_shown_twice_is_a_forgery(tmp_path: Path) -> None:
    """Each member of the chain happened once."""
    evidence = json.loads(package_bytes(collected("police"))["records.json"])
    old = json.dumps(evidence["records"][1])
    content = package_bytes(collected("police"))
    evidence["records"].insert(1, json.loads(old))
    content["records.json"] = json.dumps(evidence).encode()
    listed = json.loads(content["manifest.json"])
    listed["sha256"]["records.json"] = hashlib.sha256(content["records.json"]).hexdigest()
    content["manifest.json"] = json.dumps(listed).encode()
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(Broken, match="there twice"):
        verify(tmp_path)


def test_a_forger_who_rewrites_the_whole_chain_meets_the_last_hash(tmp_path: Path) -> None:
    """Whoever makes a whole new chain has another last hash than the journal's holder."""
    records = story().records
    fake: list[Row] = []
    previous = GENESIS
    for seq, record in enumerate(records[:-1], 1):
        fake.append(chained(previous, seq, record, b"f" * 16))
        previous = fake[-1].hash
    path = exported(tmp_path, "police", fake)
    verify(path)
    with pytest.raises(Broken, match="not at the hash that was given"):
        verify(path, LAST)


def test_a_broken_journal_gives_no_evidence() -> None:
    """What proves nothing is not handed out as proof."""
    for broken in (
        [*ROWS[:6], ROWS[6]._replace(at_ms=1), *ROWS[7:]],
        [*ROWS[:6], *ROWS[7:]],
        ROWS[1:],
    ):
        with pytest.raises(JournalError, match="is broken"):
            collected("police", broken)
    with pytest.raises(JournalError, match="row 1 is missing"):  # long before the alarm
        collect(ROWS[1:], AlarmId(f"{OTHER_DEVICE}.2"), "police", None)


def test_an_alarm_that_is_not_there_is_told() -> None:
    """Also one that was purged."""
    with pytest.raises(SettingsError, match=r"there is no alarm aware-000001\.7"):
        collect(ROWS, AlarmId(f"{DEVICE}.7"), "police", household())


def test_evidence_reaches_over_purged_rows(tmp_path: Path) -> None:
    """A later alarm is proven past rows whose content is gone."""
    one = Story()
    one.whole(OTHER_DEVICE)
    one.press(DEVICE)
    one.at_ms = NOW_MS + 3 * YEAR_MS
    alarm = one.press(OTHER_DEVICE)
    written(tmp_path, one.records)
    purge(tmp_path, TimestampMs(NOW_MS + YEAR_MS), TimestampMs(one.at_ms))
    base = read_states(tmp_path)
    for alarm_id, device_id in ((AlarmId(f"{DEVICE}.1"), DEVICE), (alarm, OTHER_DEVICE)):
        found = collect(
            read_rows(tmp_path), alarm_id, "police", household(device_id), base.get(device_id)
        )
        write_package(found, tmp_path / "out.zip")
        assert "unaltered" in verify(tmp_path / "out.zip")
    with pytest.raises(SettingsError, match="or it was purged"):
        collect(
            read_rows(tmp_path), AlarmId(f"{OTHER_DEVICE}.1"), "police", None, base[OTHER_DEVICE]
        )


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    """Whole or not there, and no half file beside it."""
    (tmp_path / "taken.zip").mkdir()
    with pytest.raises(SettingsError, match="cannot be written"):
        write_package(collected("police"), tmp_path / "taken.zip")
    with pytest.raises(SettingsError, match="cannot be written"):
        write_package(collected("police"), tmp_path / "gone" / "x.zip")
    assert ["taken.zip"] == [path.name for path in tmp_path.iterdir()]


def test_a_flood_is_told_as_counts_and_names_nobody(tmp_path: Path) -> None:
    """The devices in a flood are other people's homes."""
    one = Story()
    for number in range(40):
        received = Unreadable("aware/v1/devices/aware-000009/press", b"\xff", "not_utf8", None)
        one.gateway.take(received, now_ms=NOW_MS + number)
    for number in range(50):
        one.gateway.take(
            press(number + 1, device_id=OTHER_DEVICE, on_topic_of=f"stranger-{number}"),  # type: ignore[arg-type]
            now_ms=NOW_MS + 100 + number,
        )
    one.gateway.take(Tick(), now_ms=NOW_MS + 1_000)
    alarm_id = AlarmId(f"{FLOOD}.1")
    found = collect(rows_of(one.records), alarm_id, "police", None)
    assert found.evidence.condensed
    write_package(found, tmp_path / "flood.zip")
    assert "stranger-" not in everything_in(tmp_path / "flood.zip")
    assert "unaltered" in verify(tmp_path / "flood.zip")


def test_no_device_key_is_in_the_file(tmp_path: Path) -> None:
    """The key signs presses; evidence does not need it."""
    text = everything_in(exported(tmp_path, "police"))
    assert key_of(DEVICE).decode() not in text
    assert key_of(DEVICE).hex() not in text
