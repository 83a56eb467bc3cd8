"""The locks: pinned, hash-checked, naming no index, and in step with pyproject.toml."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-dev.lock")
SHA256 = re.compile(r"--hash=sha256:[0-9a-f]{64}\Z")


def entries(lock: str) -> list[list[str]]:
    """Return each entry of a lock: the requirement, then its options."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.partition(" #")[0].strip() for line in text.splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    return [re.split(r"\s+(?=--)", line) for line in found]


def pinned(lock: str) -> dict[str, str]:
    """Return the pinned version of each package of a lock."""
    versions: dict[str, str] = {}
    for requirement, *_ in entries(lock):
        parsed = Requirement(requirement)
        versions[canonicalize_name(parsed.name)] = str(parsed.specifier).removeprefix("==")
    return versions


def wanted(lock: str) -> list[Requirement]:
    """Return what pyproject.toml asks of a lock."""
    groups = PROJECT["dependency-groups"]
    texts = PROJECT["project"]["dependencies"] + groups["build"]
    if lock == "requirements-dev.lock":
        texts += groups["dev"]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_is_pinned_and_hashed(lock: str) -> None:
    """An installer can refuse whatever is not byte for byte what was locked."""
    assert entries(lock)
    for requirement, *options in entries(lock):
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[^\s;,]+( ?;.+)?", requirement)
        assert options, requirement
        assert all(SHA256.match(option) for option in options), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_index(lock: str) -> None:
    """Where packages come from is the business of the machine that installs."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.findall(
        r"https?://|--(?:extra-)?index-url|--find-links|--trusted-host|^-i ", text
    )
    assert not re.findall(r"(?m)^-", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_what_pyproject_asks(lock: str) -> None:
    """Every dependency is locked, at a version that its specifier allows."""
    versions = pinned(lock)
    for requirement in wanted(lock):
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {lock}: run ./dev lock"
        assert requirement.specifier.contains(version, prereleases=True), requirement.name


def test_tests_run_on_what_people_install() -> None:
    """Whatever both locks hold, they hold at the same version."""
    base, dev = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert base.items() <= dev.items()
