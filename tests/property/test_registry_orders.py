"""The registry, whatever the order of commands and imports: only a command changes a key."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alarm_gateway.adapters.devices import Devices, Who
from alarm_gateway.adapters.merge import Kept
from alarm_gateway.adapters.vault import Vault
from alarm_gateway.core.records import RegistryAct
from alarm_protocol.households import Household
from tests.helpers.gateway import DEVICE, NOW_MS, OTHER_DEVICE, household

TOM = Who("Tom", "why", NOW_MS)
NAMES = (DEVICE, OTHER_DEVICE)
KEYS = ("1a" * 16, "2b" * 16, "3c" * 16)
"""Beginnings of keys; each device has its own."""


def own(begin: str, name: str) -> str:
    """Return a device's own key with this beginning."""
    return begin + name.encode().hex()


homes = st.builds(
    lambda name, resident, key, older, serving: replace(
        household(name, in_service=serving),
        police=replace(household().police, resident=resident),
        device_key_hex=own(key, name),
        previous_key_hex=own(older, name) if older else None,
        previous_key_until_ms=NOW_MS if older else 0,
    ),
    st.sampled_from(NAMES),
    st.sampled_from(("Synthetische Een", "Synthetische Twee")),
    st.sampled_from(KEYS),
    st.sampled_from((None, *KEYS)),
    st.booleans(),
)
files = st.lists(homes, min_size=1, max_size=2, unique_by=lambda home: home.device_id)
steps = st.one_of(
    st.tuples(st.sampled_from(("import", "start")), files),
    st.tuples(st.just("service"), st.sampled_from(NAMES), st.booleans()),
    st.tuples(st.just("rotate"), st.sampled_from(NAMES), st.sampled_from(KEYS), st.booleans()),
    st.tuples(st.just("reseal")),
)


class Model:
    """What has to be registered after the steps so far, by the words of the documents."""

    def __init__(self) -> None:
        self.homes: dict[str, Household] = {}
        self._files: list[Household] = []

    def take(self, file: list[Household], *, once: bool) -> Kept:
        """Import: a stranger whole, of a known device the home; return what has to be told."""
        kept = Kept()
        for home in file:
            known = self.homes.get(home.device_id)
            if known is None:
                self.homes[home.device_id] = home
            else:
                older = home.previous_key_hex not in (None, known.previous_key_hex)
                if older or home.device_key_hex != known.device_key_hex:
                    kept.keys.append(home.device_id)
                if home.in_service != known.in_service:
                    (kept.serving if known.in_service else kept.revoked).append(home.device_id)
                if not (once and home in self._files):
                    self.homes[home.device_id] = replace(known, police=home.police)
            self._files.append(home)
        return kept


def changed(home: Household, what: str, *how: Any) -> tuple[Household, RegistryAct]:
    """Return a device as a command leaves it, and the command's act."""
    if what == "service":
        return replace(home, in_service=how[0]), "restored" if how[0] else "revoked"
    key, overlaps = how
    return replace(
        home,
        device_key_hex=own(key, home.device_id),
        previous_key_hex=home.device_key_hex if overlaps else None,
        previous_key_until_ms=NOW_MS if overlaps else 0,
    ), "key_rotated"


@given(st.lists(steps, max_size=12))
@settings(max_examples=60, deadline=None)
def test_an_import_changes_homes_and_nothing_else(story: list[Any]) -> None:
    """Keys and service are as the last command left them, and every difference is told."""
    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        devices = Devices(Path(folder), Vault(b"0" * 32), make=True)
        for number, (what, *how) in enumerate(story, 1):
            if what in {"import", "start"}:
                kept = Kept()
                devices.take(how[0], TOM, kept, once=what == "start")
                assert model.take(how[0], once=what == "start") == kept
            elif what == "reseal":
                devices.reseal(Vault(number.to_bytes(32)), TOM)
            elif how[0] in model.homes:
                home, act = changed(model.homes[how[0]], what, *how[1:])
                model.homes[how[0]] = home
                devices.put(home, act, TOM)
            assert model.homes == devices.households()
        devices.close()
