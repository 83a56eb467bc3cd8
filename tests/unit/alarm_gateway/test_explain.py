"""Explaining a press without running anything."""

from pathlib import Path
from typing import get_args

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from alarm_gateway.adapters.devices import Devices, Who
from alarm_gateway.adapters.press_file import read_press
from alarm_gateway.adapters.vault import FILE_VARIABLE, VARIABLE, Vault
from alarm_gateway.app import app
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.core.policy import Policy
from alarm_gateway.explain import MEANINGS, explain, explanation_table, state_from
from alarm_protocol import topics
from alarm_protocol.codec import SignedPress, encode_press
from alarm_protocol.households import HouseholdFile
from alarm_protocol.messages import Doubt, Remark
from tests.helpers.evidence import written
from tests.helpers.gateway import (
    ALARM_RECORDS,
    DEVICE,
    NOW_MS,
    OTHER_DEVICE,
    household,
    key_of,
    press,
)


def signed(number: int = 1, *, sign: bool = True) -> SignedPress:
    """Return a press as it is read from a file."""
    received = press(number, signed=sign)
    return SignedPress(received.press, received.line, received.signature)


def told(one: SignedPress, records: int = 0) -> str:
    """Return what a person reads, with so many records of history."""
    state = state_from(DEVICE, ALARM_RECORDS[:records])
    explanation = explain(one, state, household(), NOW_MS, Policy())
    console = Console(width=200)
    with console.capture() as captured:
        console.print(explanation_table(explanation, Policy()))
    return captured.get()


def test_a_good_press_opens_an_alarm_of_priority_1() -> None:
    """Outcome, priority, reason, and the policy's rule behind it."""
    text = told(signed())
    for words in ("opens an alarm", "aware-000001.1", "[priority] verified_press = 1"):
        assert words in text


def test_a_doubt_is_explained() -> None:
    """The doubt and what it means stand beside the priority it costs."""
    text = told(signed(sign=False))
    assert "unsigned" in text
    assert "no second line" in text
    assert "press_with_doubts = 2" in text


def test_history_counts() -> None:
    """With a journal a press is a repeat, or joins the open alarm."""
    assert "repeat" in told(signed(1), records=1)
    assert "joins the open alarm" in told(signed(2), records=1)


def test_every_doubt_and_remark_has_a_meaning() -> None:
    """No code is shown without words."""
    assert set() == {*get_args(Doubt), *get_args(Remark)} - set(MEANINGS)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a press and a registry."""
    (tmp_path / "press").write_bytes(encode_press(press(1).press, key_of(DEVICE)) + b"\n")
    file = HouseholdFile(
        format="aware-households", version=1, synthetic=True, households=(household(),)
    )
    (tmp_path / "households.json").write_bytes(msgspec.json.encode(file))
    return tmp_path


def invoke(files: Path, *more: str) -> Result:
    """Run the command."""
    options = ["--press", str(files / "press"), "--registry", str(files / "households.json")]
    return CliRunner().invoke(app, ["explain", *options, *more])


def test_the_command_explains_a_file(files: Path) -> None:
    """A press saved by an editor, with a last newline, still verifies."""
    result = invoke(files)
    assert 0 == result.exit_code
    assert "verified_press" in result.stdout


def test_the_registry_in_the_data_folder_says_whose_it_is(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is now: a device that was revoked since is doubted. Without its key nothing is said."""
    for name in (VARIABLE, FILE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    written(files / "data", [])
    devices = Devices(files / "data", Vault(b"\xab" * 32), make=True)
    devices.put(household(in_service=False), "revoked", Who("Tom", "lost", NOW_MS))
    devices.close()
    words = ["explain", "--press", str(files / "press"), "--data-dir", str(files / "data")]
    result = CliRunner().invoke(app, words)
    assert (2, True) == (result.exit_code, "--registry-key-file" in result.stderr)
    monkeypatch.setenv(VARIABLE, "ab" * 32)
    written(files / "elsewhere", [])
    result = CliRunner().invoke(app, [*words[:-1], str(files / "elsewhere")])
    assert (2, True) == (result.exit_code, "give --registry with" in result.stderr)
    result = CliRunner().invoke(app, words)
    assert (0, True) == (result.exit_code, "device_out_of_service" in result.stdout)
    assert "device_out_of_service" not in invoke(files, "--data-dir", str(files / "data")).stdout


def test_the_topic_can_be_told(files: Path) -> None:
    """On another device's topic the same press is doubted."""
    result = invoke(files, "--topic", topics.press(OTHER_DEVICE))
    assert "device_mismatch" in result.stdout


def test_what_cannot_be_read_is_one_line_with_the_reason(files: Path) -> None:
    """The reason is the one under which the gateway would quarantine it."""
    (files / "press").write_bytes(b"{")
    result = invoke(files)
    assert (2, 1) == (result.exit_code, len(result.stderr.splitlines()))
    assert "invalid_json" in result.stderr


@pytest.mark.parametrize("topic", ["", "aware/v1/consoles/police/actions", "x"])
def test_a_topic_of_no_device_is_refused(files: Path, topic: str) -> None:
    """A mistyped topic is no silent default."""
    with pytest.raises(SettingsError, match="none of a device"):
        read_press(files / "press", topic)
