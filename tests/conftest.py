"""What every test folder shares: skipping made plain, or forbidden.

`--no-skip` is what CI runs: a broker or browser that is missing then fails the run, so that
a green run always means that everything ran.
"""

import os
import shutil
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.async_api import expect

# A machine that is busy with other work is slow, and that says nothing about the code.
settings.register_profile(
    "project", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")
expect.set_options(timeout=15_000)

ProgramFinder = Callable[[str], Path]
"""Path of a program by its name; skips the test where it is not installed."""

_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
"""Where Debian puts daemons, which is not on the PATH of an ordinary user."""
_OTHER_NAMES = {"chromium": ("chromium-browser", "google-chrome", "google-chrome-stable")}
_PACKAGES = {
    "mosquitto_pub": "mosquitto-clients",
    "mosquitto_sub": "mosquitto-clients",
    "promtool": "prometheus",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--no-skip`."""
    parser.addoption(
        "--no-skip",
        action="store_true",
        help="turn every skipped or xfailed test into a failure that says what is missing",
    )


def find_program(name: str) -> Path | None:
    """Return where a program is, or None; daemons are found without being on PATH."""
    ours = str(Path(sys.executable).parent)
    folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS, ours))
    for candidate in (name, *_OTHER_NAMES.get(name, ())):
        found = shutil.which(candidate, path=folders)
        if found is not None:
            return Path(found)
    return None


@pytest.fixture(scope="session")
def program() -> ProgramFinder:
    """Find a program of the system, or skip with one sentence that says how to get it."""

    def find(name: str) -> Path:
        path = find_program(name)
        if path is None:
            package = _PACKAGES.get(name, name)
            pytest.skip(f"{name} is not installed (Debian: apt-get install {package})")
        return path

    return find


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a failure of a skip or an xfail, keeping its reason."""
    if not report.skipped:
        return
    reason = getattr(report, "wasxfail", "")
    if not reason and isinstance(report.longrepr, tuple):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
    if hasattr(report, "wasxfail"):
        del report.wasxfail
    report.outcome = "failed"
    report.longrepr = f"skipping is forbidden by --no-skip, and this did not run: {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail skipped and xfailed tests under `--no-skip`."""
    report = yield
    if item.config.getoption("--no-skip"):
        _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail skipped modules under `--no-skip`."""
    report = yield
    if collector.config.getoption("--no-skip"):
        _forbid_skip(report)
    return report
