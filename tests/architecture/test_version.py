"""Every program says which version it is, without being asked twice."""

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))[
    "project"
]


@pytest.mark.parametrize("name", PROJECT["scripts"])
def test_a_program_says_its_version(name: str) -> None:
    """One line with the program's name and the version of the package that is installed."""
    package = PROJECT["scripts"][name].partition(".")[0]
    command = [sys.executable, "-m", package, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = f"{name} {version(PROJECT['name'])}\n"
    assert (0, said, "") == (done.returncode, done.stdout, done.stderr)
