"""Synthetic households: the same for a seed, valid, marked, and small enough for the wire."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alarm_protocol.households import SECTION_BYTES_MAX, SIGNS, HouseholdFile
from simulator import households, registry
from simulator.core.errors import RegistryError
from simulator.places import MUNICIPALITIES, PLACES


@pytest.fixture(scope="module")
def many() -> HouseholdFile:
    """A file large enough to meet every choice that the generator makes."""
    return households.generate(3_000, seed=7)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two files made from one seed are equal byte for byte; another seed gives another file."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        households.write(households.generate(50, seed), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(-(2**63), 2**64))
def test_any_seed_gives_a_valid_file(seed: int) -> None:
    """Whatever the seed is, the wire's own types take the households, and they fit."""
    file = households.generate(10, seed)
    read = msgspec.json.decode(msgspec.json.encode(file), type=HouseholdFile)
    assert file.households == read.households


def test_a_larger_count_only_adds() -> None:
    """The first households do not change when more are asked for: their devices stay theirs."""
    few, more = households.generate(20, 3), households.generate(60, 3)
    assert few.households == more.households[:20]


def test_the_file_reads_back(tmp_path: Path) -> None:
    """What was written is what is read, checked by the wire's own types."""
    file = households.generate(40, 5)
    households.write(file, tmp_path / "h.json")
    read = registry.load(tmp_path / "h.json")
    assert file.households == read.households
    assert read.seed == 5


def test_everything_says_that_it_is_synthetic(many: HouseholdFile) -> None:
    """The file, each section and each case reference are marked."""
    assert many.synthetic
    for home in many.households:
        assert home.police.synthetic
        assert home.veilig_thuis.synthetic
        assert home.veilig_thuis.case_reference.startswith("SYN-")


def test_sections_fit_the_wire(many: HouseholdFile) -> None:
    """Each agency's section fits the room that an alarm view has for it."""
    sections = [part for home in many.households for part in (home.police, home.veilig_thuis)]
    assert max(len(msgspec.json.encode(part)) for part in sections) <= SECTION_BYTES_MAX


def test_a_section_that_outgrows_its_room_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is checked where sections are made, and the message names the device."""
    monkeypatch.setattr(households, "SECTION_BYTES_MAX", 100)
    with pytest.raises(RegistryError, match=r"a section of aware-000001 has .* at most 100"):
        households.generate(1, 1)


def test_all_municipalities_are_lived_in(many: HouseholdFile) -> None:
    """Households are spread over the 18 municipalities of Hollands Midden and no others."""
    assert len(MUNICIPALITIES) == 18
    assert {home.police.municipality for home in many.households} == set(MUNICIPALITIES)


def test_addresses_are_where_they_say(many: HouseholdFile) -> None:
    """Postcode and coordinates belong to the town, in the form that Dutch postcodes have."""
    places = {place.name: place for place in PLACES}
    for home in many.households:
        place = places[home.police.address.place]
        digits, letters = home.police.address.postcode.split()
        assert place.postcode_first <= int(digits) <= place.postcode_last
        assert re.fullmatch(r"[A-EGHJ-NPR-TV-XZ]{2}", letters)
        assert letters not in ("SA", "SD", "SS")
        assert abs(home.police.latitude - place.latitude) < 0.01
        assert abs(home.police.longitude - place.longitude) < 0.01


def test_devices_and_keys_are_all_different(many: HouseholdFile) -> None:
    """Ids count up from aware-000001, and every device has a 32-byte key of its own."""
    assert many.households[0].device_id == "aware-000001"
    assert many.households[2_999].device_id == "aware-003000"
    keys = {home.device_key_hex for home in many.households}
    assert len(keys) == 3_000
    assert {len(key) for key in keys} == {64}


def test_both_sections_tell_of_the_same_home(many: HouseholdFile) -> None:
    """Resident, municipality and orders agree, children are counted, signals are known ones."""
    for home in many.households:
        police, care = home.police, home.veilig_thuis
        assert (police.resident, police.municipality) == (care.resident, care.municipality)
        assert police.orders == care.orders
        assert care.children == sum(member.role == "kind" for member in care.members)
        assert set(care.signals) <= set(SIGNS)


@pytest.mark.parametrize("count", [0, -1, households.COUNT_MAX + 1])
def test_a_count_out_of_range_is_refused(count: int) -> None:
    """A count that makes no file is one clear line."""
    with pytest.raises(RegistryError, match="is not between 1 and"):
        households.generate(count, 1)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """The message names the file and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(RegistryError, match=r"cannot be written: .*choose another --out"):
        households.write(households.generate(1, 1), tmp_path / "file" / "h.json")
