"""`./dev audit`: a known weakness, none, and a database that is away are told apart."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTHING = ("No known vulnerabilities found", 0)
FOUND = (
    "Found 1 known vulnerability in 1 package\nName Version ID Fix\naiohttp 1.0 CVE-1 2.0",
    1,
)
AWAY = ("Traceback\nERROR:pip_audit._cli:Couldn't connect to api.osv.dev", 1)
FAKE = """\
#!/bin/sh
# Stands for the Python that has pip-audit: notes what it is asked, and answers as it did once.
case "$1 $2" in
  "-c import pip_audit") ;;
  *) echo "$*" >> log; cat answer; exit "$(cat code)" ;;
esac
"""
Audit = Callable[[tuple[str, int]], subprocess.CompletedProcess[str]]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """Run the script in a folder of its own, where pip-audit answers what a test says."""
    shutil.copy(ROOT / "dev", tmp_path / "dev")
    python = tmp_path / ".audit" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(FAKE, encoding="utf-8")
    python.chmod(0o755)

    def run(answer: tuple[str, int]) -> subprocess.CompletedProcess[str]:
        (tmp_path / "answer").write_text(answer[0] + "\n", encoding="utf-8")
        (tmp_path / "code").write_text(str(answer[1]), encoding="utf-8")
        command = [str(tmp_path / "dev"), "audit"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def asked(folder: Path) -> list[str]:
    """Return which files it was asked about."""
    lines = (folder / "log").read_text(encoding="utf-8").splitlines()
    return [line.split()[line.split().index("--requirement") + 1] for line in lines]


def test_nothing_known_is_a_good_end(audit: Audit, tmp_path: Path) -> None:
    """Both locks are asked about, each answer is shown, and the exit code is 0."""
    done = audit(NOTHING)
    assert (0, "") == (done.returncode, done.stderr)
    assert ["requirements.lock", "requirements-dev.lock"] == asked(tmp_path)
    assert f"requirements.lock: {NOTHING[0]}" in done.stdout


def test_a_known_weakness_is_told(audit: Audit, tmp_path: Path) -> None:
    """Exit code 1 with the package and the fix, and the other lock is asked about all the same."""
    done = audit(FOUND)
    assert (1, "") == (done.returncode, done.stderr)
    assert 2 == done.stdout.count("aiohttp 1.0 CVE-1 2.0") == len(asked(tmp_path))


def test_a_database_that_is_away_is_one_line(audit: Audit) -> None:
    """Exit code 2: nothing is known, which is neither good nor bad."""
    done = audit(AWAY)
    assert (2, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
    assert done.stderr.startswith(
        "dev: requirements.lock could not be audited, so nothing is known"
    )
    assert "Couldn't connect to api.osv.dev" in done.stderr


def test_without_a_package_index_it_is_one_line_too(tmp_path: Path) -> None:
    """pip-audit is no part of the locks; where it cannot be had the last line says so."""
    shutil.copy(ROOT / "dev", tmp_path / "dev")
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text(
        '#!/bin/sh\nif [ "$1" = -m ]; then mkdir -p .audit/bin; cp "$0" .audit/bin/python; fi\n'
        'case "$*" in *"pip install"*|*"import pip_audit"*) exit 1 ;; esac\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    path = f"{python.parent}{os.pathsep}{os.defpath}"
    command = [str(tmp_path / "dev"), "audit"]
    done = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=False)
    assert 2 == done.returncode
    assert done.stderr.splitlines()[-1].startswith("dev: pip-audit cannot be installed")
