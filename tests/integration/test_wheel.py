"""The wheel: whole, and enough for the three programs from any folder."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ProgramFinder
from tests.helpers.wheel import PROGRAMS, ROOT, Installed

DEADLINE_S = 100
PACKAGES = ("alarm_protocol", "alarm_gateway", "dispatch", "simulator")


def run(command: list[str | Path], folder: Path) -> tuple[int, str]:
    """Run a program of the wheel in a folder; return its exit code and all that it said."""
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    return done.returncode, done.stdout


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(installed: Installed) -> None:
    """Code, page, icons and the broker's settings as in the tree, and no test, tool or leftover."""
    tree = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    broker = {f"simulator/mosquitto/{path.name}" for path in (ROOT / "mosquitto").iterdir()}
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        licences = [name for name in wheel.namelist() if name.endswith("/LICENSE")]
    assert tree | broker == names
    assert {"dispatch/web/static/index.html", "dispatch/web/static/vendor/lit.js"} <= names
    assert 1 == len(licences)


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_from_another_folder(installed: Installed, tmp_path: Path, name: str) -> None:
    """Each program tells what it can, and it is the installed one that does."""
    code, said = run([installed.program(name), "--help"], tmp_path)
    assert (0, True) == (code, name in said), said


def test_what_runs_is_the_wheel(installed: Installed, tmp_path: Path) -> None:
    """The packages come from the new environment, and not from the tree beside the tests."""
    names = ", ".join(PACKAGES)
    code, said = run(
        [installed.python, "-c", f"import {names}\nfor one in ({names}): print(one.__file__)"],
        tmp_path,
    )
    folder = str(installed.folder)
    assert (0, [True] * 4) == (code, [line.startswith(folder) for line in said.split()]), said


@pytest.mark.parametrize("broker", ["--embedded", pytest.param("--tls", marks=pytest.mark.broker)])
def test_demo_from_another_folder(
    installed: Installed, tmp_path: Path, program: ProgramFinder, broker: str
) -> None:
    """The whole chain starts from the wheel, runs unattended, and loses nothing."""
    if broker == "--tls":
        program("mosquitto")
    code, said = run(
        [
            *(installed.program("alarm-simulator"), "demo", "--headless", "--seconds", "2"),
            *("--devices", "2", broker, "--data-dir", "mine"),
        ],
        tmp_path,
    )
    assert (0, True) == (code, "0 lost, 0 duplicated" in said), said
    assert (tmp_path / "mine" / "gateway" / "journal.sqlite3").is_file()
