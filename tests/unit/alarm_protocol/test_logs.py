"""Logs: where they go and what a line looks like, as a program of its own writes them."""

import json
import logging
import subprocess
import sys

import pytest

from alarm_protocol.runtime.logs import Level

PROGRAM = """
import sys
import structlog
from alarm_protocol.runtime import logs
logs.configure(logs.Level(sys.argv[1]))
log = structlog.get_logger()
log.debug("quiet")
structlog.contextvars.bind_contextvars(console="police")
log.warning("broker_lost", broker="mqtt://127.0.0.1:1883")
try:
    raise OSError("refused")
except OSError:
    log.exception("failed")
"""


def lines_of(level: str) -> tuple[str, list[dict[str, object]]]:
    """Run the sample program; return its stdout and the log lines of its stderr."""
    command = [sys.executable, "-c", PROGRAM, level]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout, [json.loads(line) for line in done.stderr.splitlines()]


def test_lines_are_json_on_standard_error() -> None:
    """Where stderr is no terminal each event is one JSON line; stdout stays free."""
    stdout, (warning, failure) = lines_of("info")
    assert stdout == ""
    assert warning["event"] == "broker_lost"
    assert warning["level"] == "warning"
    assert warning["broker"] == "mqtt://127.0.0.1:1883"
    assert warning["console"] == "police"
    assert str(warning["timestamp"]).endswith("Z")
    assert "OSError: refused" in str(failure["exception"])


def test_the_level_is_a_threshold() -> None:
    """Events below the level are not written."""
    assert len(lines_of("debug")[1]) == 3
    assert len(lines_of("error")[1]) == 1


@pytest.mark.parametrize("level", Level)
def test_every_level_is_one_of_the_standard_library(level: Level) -> None:
    """The names that a command line offers are levels that logging knows."""
    assert level.upper() in logging.getLevelNamesMapping()


def test_an_unknown_level_is_refused() -> None:
    """A level that does not exist is not taken for another."""
    with pytest.raises(ValueError, match="loud"):
        Level("loud")


def test_text_in_an_event_never_becomes_another_line() -> None:
    """Whoever gets a line break into a log cannot make it look like another event."""
    text = '/x\n{"event": "signed in"}\r\x1b[2J\x00\u2028'
    program = (
        "import structlog, sys; from alarm_protocol.runtime import logs; logs.configure();"
        "structlog.get_logger().warning('fault', path=sys.stdin.buffer.read().decode())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=text.encode(), capture_output=True, check=True
    )
    (line,) = done.stderr.decode().splitlines()
    assert text == json.loads(line)["path"]
    assert line.isascii()
