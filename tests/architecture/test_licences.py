"""The licences of what is locked: listed as they are, and each one that this project takes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.make_licences import UnknownLicenceError, locked, taken

ROOT = Path(__file__).parents[2]


def test_the_page_lists_what_is_locked() -> None:
    """docs/licences.md is what the tool makes of the locks; a strange licence would stop it."""
    command = [sys.executable, str(ROOT / "tools" / "make_licences.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    text = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    for lock in ("requirements.lock", "requirements-dev.lock"):
        for name, version in locked(lock).items():
            assert f"\n| {name} | {version} | " in text


@pytest.mark.parametrize(
    "said", ["MIT", "MIT AND PSF-2.0", "EPL-2.0 OR GPL-3.0-only", "(MIT OR Apache-2.0)"]
)
def test_a_licence_that_is_taken(said: str) -> None:
    """One of alternatives is enough; of what holds together each has to be."""
    assert said == taken("x", said)


@pytest.mark.parametrize("said", ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "Proprietary"])
def test_a_licence_that_is_not_taken(said: str) -> None:
    """A package without a word, or with a duty for the whole, is named."""
    with pytest.raises(UnknownLicenceError, match=r"^x: "):
        taken("x", said)
