"""Registry and policy files: read whole, or refused in one line that names the place."""

from pathlib import Path

import msgspec
import pytest

from alarm_gateway.adapters.policy_file import read_policy
from alarm_gateway.adapters.registry import read_registry
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.core.policy import Policy
from alarm_gateway.core.records import FLOOD
from alarm_protocol.households import Household, HouseholdFile
from tests.helpers.gateway import DEVICE, OTHER_DEVICE, household


def registry_file(folder: Path, *households: Household) -> Path:
    """Write a registry."""
    file = HouseholdFile(
        format="aware-households", version=1, synthetic=True, households=households
    )
    path = folder / "households.json"
    path.write_bytes(msgspec.json.encode(file))
    return path


def test_a_registry_is_read_by_device(tmp_path: Path) -> None:
    """Every household is found by its device's id."""
    path = registry_file(tmp_path, household(), household(OTHER_DEVICE))
    assert {DEVICE: household(), OTHER_DEVICE: household(OTHER_DEVICE)} == read_registry(path)


def test_a_missing_registry_says_how_to_make_one(tmp_path: Path) -> None:
    """The line names the file and the command that makes it."""
    with pytest.raises(SettingsError, match=r"gone\.json .*alarm-simulator households"):
        read_registry(tmp_path / "gone.json")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format":"x"}', "\x00\xff"])
def test_a_broken_registry_is_refused(tmp_path: Path, text: str) -> None:
    """Half a registry is none."""
    path = tmp_path / "households.json"
    path.write_text(text, "latin-1")
    with pytest.raises(SettingsError, match=r"households\.json is not a household file"):
        read_registry(path)


def test_a_wrong_field_is_named_with_its_place(tmp_path: Path) -> None:
    """Among thousands of households the faulty one is found by its number."""
    path = registry_file(tmp_path, household(), household(OTHER_DEVICE))
    path.write_text(path.read_text().replace('"device_id":"aware-000002"', '"device_id":7'))
    with pytest.raises(SettingsError, match=r"\$\.households\[1\]\.device_id"):
        read_registry(path)


def test_the_gateways_own_name_is_refused(tmp_path: Path) -> None:
    """No device may pass for the flood alarm."""
    path = registry_file(tmp_path, household(FLOOD))
    with pytest.raises(SettingsError, match="household 1: device_id: a part's own name"):
        read_registry(path)


def test_a_device_twice_is_refused(tmp_path: Path) -> None:
    """One button is in one home."""
    path = registry_file(tmp_path, household(), household())
    with pytest.raises(
        SettingsError, match="household 2: device_id: the same device as in household 1"
    ):
        read_registry(path)


def test_a_section_that_would_not_fit_a_view_is_refused(tmp_path: Path) -> None:
    """What could not be shown in an emergency is refused on a quiet day."""
    long = msgspec.structs.replace(
        household().police, weapons="é" * 300, route_notes="é" * 300, location_agreement="é" * 300
    )
    path = registry_file(tmp_path, msgspec.structs.replace(household(), police=long))
    with pytest.raises(SettingsError, match="household 1: police: the section takes"):
        read_registry(path)


def test_without_a_policy_file_the_defaults_hold() -> None:
    """No file is a policy too."""
    assert Policy() == read_policy(None)


def test_a_policy_file_is_read(tmp_path: Path) -> None:
    """A rule in the file wins over the default."""
    path = tmp_path / "policy.toml"
    path.write_text("[times]\naccept_within_s = 20\n")
    assert read_policy(path).times.accept_within_s == 20


def test_a_missing_policy_is_named(tmp_path: Path) -> None:
    """A file that was asked for and is not there is no default."""
    with pytest.raises(SettingsError, match=r"policy .*gone\.toml cannot be read"):
        read_policy(tmp_path / "gone.toml")


@pytest.mark.parametrize(
    "text", ["[priority", "[priority]\nprez = 1", "[times]\nlate_after_s = 'x'"]
)
def test_a_broken_policy_is_refused(tmp_path: Path, text: str) -> None:
    """A typing error does not silently become a default."""
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"policy\.toml is not a policy"):
        read_policy(path)
