"""The `--no-skip` option, run as CI runs it: in a pytest of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"

SAMPLE = """
import pytest

def test_runs():
    pass

def test_wants_a_program(program):
    program("no-such-program")

@pytest.mark.skip(reason="left for later")
def test_marked():
    pass

@pytest.mark.xfail(reason="known to fail")
def test_expected_to_fail():
    raise ValueError
"""

MODULE_SKIP = """
import pytest
pytest.skip("the whole file is off", allow_module_level=True)
"""


def run(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run one test file in a fresh folder that has this project's conftest."""
    shutil.copy(CONFTEST, folder)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -ra -p no:cacheprovider\n")
    (folder / "test_sample.py").write_text(source)
    command = [sys.executable, "-m", "pytest", *options]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_without_it_a_skip_says_what_is_missing(tmp_path: Path) -> None:
    """A missing program skips its test, and the summary says how to get it."""
    done = run(tmp_path, SAMPLE)
    assert done.returncode == 0
    assert "1 passed, 2 skipped, 1 xfailed" in done.stdout
    sentence = "no-such-program is not installed (Debian: apt-get install no-such-program)"
    assert sentence in done.stdout


@pytest.mark.parametrize(
    "reason", ["no-such-program is not installed", "left for later", "known to fail"]
)
def test_with_it_nothing_is_skipped(tmp_path: Path, reason: str) -> None:
    """Every skip and xfail is a failure that keeps its reason."""
    done = run(tmp_path, SAMPLE, "--no-skip")
    assert done.returncode == 1
    assert "skipped" not in done.stdout.splitlines()[-1]
    assert "xfailed" not in done.stdout.splitlines()[-1]
    assert f"skipping is forbidden by --no-skip, and this did not run: {reason}" in done.stdout


def test_with_it_a_module_may_not_skip_itself(tmp_path: Path) -> None:
    """A file that skips itself while it is collected fails the run too."""
    assert run(tmp_path, MODULE_SKIP).returncode == 5
    done = run(tmp_path, MODULE_SKIP, "--no-skip")
    assert done.returncode == 2
    assert "the whole file is off" in done.stdout
