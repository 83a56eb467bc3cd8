"""The gateway's command line: one clear line and the right exit code."""

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from alarm_gateway.adapters.journal import Journal
from alarm_gateway.app import app
from alarm_gateway.core.records import Quarantined
from alarm_protocol.households import HouseholdFile
from tests.helpers.gateway import ALARM_RECORDS, household


def invoke(*arguments: object) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A data folder with one record of every kind."""
    disk = Journal(tmp_path / "data", on_durable=lambda *_: None, on_failure=lambda _: None)
    disk.start()
    disk.append(ALARM_RECORDS)
    disk.close()
    return tmp_path / "data"


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A registry of one household."""
    path = tmp_path / "households.json"
    file = HouseholdFile(
        format="aware-households", version=1, synthetic=True, households=(household(),)
    )
    path.write_bytes(msgspec.json.encode(file))
    return path


def test_a_good_journal_is_called_good(journal: Path) -> None:
    """The count and the last hash are shown, for comparing with a copy."""
    result = invoke("verify-journal", "--data-dir", journal)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"journal ok: {len(ALARM_RECORDS)} records, last hash ")


def test_a_missing_journal_is_exit_code_2(tmp_path: Path) -> None:
    """The folder was wrong, and the line says so."""
    result = invoke("verify-journal", "--data-dir", tmp_path)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "there is no journal" in result.stderr


def test_the_list_shows_every_alarm(journal: Path) -> None:
    """One row an alarm, with both tracks."""
    result = invoke("show", "--data-dir", journal)
    assert result.exit_code == 0
    assert "aware-000001.1" in result.stdout


def test_a_history_names_everything_that_happened(journal: Path) -> None:
    """A person can read what was pressed, done, refused, delivered and escalated."""
    output = invoke("show", "--data-dir", journal, "aware-000001.1").stdout
    for words in ("alarm raised", "accept", "refused: accept", "delivered", "escalated"):
        assert words in output


def test_what_could_not_be_read_is_listed(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it came, why it could not be read, how it begins, and how many more there were."""
    monkeypatch.setenv("COLUMNS", "200")
    output = " ".join(invoke("show", "--data-dir", journal, "--quarantined").stdout.split())
    quarantined = [r.event for r in ALARM_RECORDS if isinstance(r.event, Quarantined)]
    assert quarantined
    for event in quarantined:
        assert event.topic in output
        assert event.reason in output
    assert f"{len(quarantined)} kept, and " in output


def test_an_unknown_alarm_is_exit_code_2(journal: Path) -> None:
    """The line says how to find the ones there are."""
    result = invoke("show", "--data-dir", journal, "aware-000001.7")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--registry", "gone.json", "gone.json"),
        ("--broker", "localhost", "mqtt://host:port"),
        ("--policy", "gone.toml", "gone.toml"),
        ("--data-dir", "households.json", "is no folder"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_2(
    tmp_path: Path, registry: Path, option: str, value: str, words: str
) -> None:
    """A gateway that cannot start says why before it touches anything."""
    options = {
        "--broker": "mqtt://127.0.0.1:1",
        "--registry": str(registry),
        "--data-dir": str(tmp_path / "data"),
    }
    options[option] = value if option == "--broker" else str(tmp_path / value)
    result = invoke("run", *(part for pair in options.items() for part in pair))
    assert result.exit_code == 2
    lines = [line for line in result.stderr.splitlines() if line.startswith("alarm-gateway: ")]
    assert len(lines) == 1
    assert words in lines[0]


def test_every_command_explains_itself() -> None:
    """`--help` is there for the program and each command."""
    for command in ([], ["run"], ["verify-journal"], ["show"], ["maintenance"]):
        result = invoke(*command, "--help")
        assert result.exit_code == 0
        assert "Usage" in result.stdout


def test_maintenance_is_laid_down_for_a_gateway_that_does_not_run(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command says that it waits, and its file is there for the next start."""
    monkeypatch.setattr("alarm_gateway.app.COMMAND_TAKEN_S", 0.0)
    result = invoke(
        "maintenance", "aware-000001", "--data-dir", journal, "--by", "Tom", "--reason", "battery"
    )
    assert 0 == result.exit_code
    assert "no gateway runs here" in result.stdout
    assert 1 == len(list((journal / "commands").glob("*-aware-000001.json")))


def test_maintenance_of_an_impossible_device_is_exit_code_2(journal: Path) -> None:
    """A wrong name is told, not laid down."""
    result = invoke(
        "maintenance", "no such", "--data-dir", journal, "--by", "Tom", "--reason", "battery"
    )
    assert (2, 1) == (result.exit_code, len(result.stderr.splitlines()))
