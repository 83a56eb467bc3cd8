"""What the tests of the world tell at the end: which planted fault was seen when."""

import pytest

CAUGHT: pytest.StashKey[dict[str, str]] = pytest.StashKey()


@pytest.fixture
def caught(pytestconfig: pytest.Config) -> dict[str, str]:
    """Keep a line for each planted fault until the end of the run."""
    return pytestconfig.stash.setdefault(CAUGHT, {})


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show them."""
    lines = config.stash.get(CAUGHT, {})
    if lines:
        terminalreporter.section("planted faults")
        for name, line in lines.items():
            terminalreporter.write_line(f"{name}: {line}")
