"""The command line: complete help, and one line for what is wrong."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator import cli

runner = CliRunner()


def fail(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run the command as a person would; return what it says when it ends with exit code 2."""
    monkeypatch.setattr(sys, "argv", ["alarm-simulator", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("command", ["households", "fleet", "button", "demo"])
def test_every_option_has_help(command: str) -> None:
    """`--help` works for each command, and no parameter is left without a sentence."""
    shown = runner.invoke(cli.app, [command, "--help"])
    assert shown.exit_code == 0
    found = next(one for one in cli.app.registered_commands if one.callback.__name__ == command)  # type: ignore[union-attr] # all have one
    assert found.callback is not None
    for hint in found.callback.__annotations__.values():
        if hint is not None:
            assert hint.__metadata__[0].help


def test_households_are_made(tmp_path: Path) -> None:
    """The command writes the file and says what it made."""
    out = tmp_path / "h.json"
    done = runner.invoke(cli.app, ["households", "--count", "3", "--seed", "9", "--out", str(out)])
    assert done.exit_code == 0
    assert done.stdout == f"{out}: 3 synthetic households, seed 9\n"
    assert out.exists()


def test_a_missing_file_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A household file that is not there is named, with the command that makes one."""
    path = tmp_path / "none.json"
    said = fail(monkeypatch, capsys, "button", "--device", "aware-000001", "--registry", str(path))
    assert said.startswith(f"alarm-simulator: household file {path} does not exist; ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--broker", "tcp://x"], "'tcp://x' is not of the form mqtt://host:port"),
        (["--key-hex", "xyz"], "--key-hex is not hexadecimal"),
        (["--key-hex", "abcd"], "--key-hex is too short"),
    ],
)
def test_a_wrong_option_of_the_button_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: list[str],
    says: str,
) -> None:
    """A wrong address or key is named, and what is right is shown."""
    said = fail(monkeypatch, capsys, "button", "--device", "aware-000001", *words)
    assert says in said
    assert said.count("\n") == 1


def test_a_device_id_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An id that would break the topic is refused before anything is sent."""
    said = fail(monkeypatch, capsys, "button", "--device", "a/b", "--key-hex", "ab" * 32)
    assert "device id 'a/b' is not one" in said


def test_unattended_without_presses_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A run that presses nothing could not lose anything: it is refused, not passed."""
    words = ("demo", "--headless", "--rate", "0", "--data-dir", str(tmp_path))
    assert "--rate must be above 0" in fail(monkeypatch, capsys, *words)
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_is_a_file_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The message names the folder and the option."""
    path = tmp_path / "file"
    path.touch()
    said = fail(monkeypatch, capsys, "demo", "--data-dir", str(path))
    assert said.startswith(f"alarm-simulator: data folder {path} cannot be used: ")
