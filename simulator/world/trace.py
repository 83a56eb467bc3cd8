"""What is kept of a run: a digest of everything, and the last lines for a story."""

import hashlib
from collections import deque

from simulator.world.facts import PAINTED, Fact, consoles_of
from simulator.world.loop import Loop
from simulator.world.plan import clock_of

LINES_MAX = 4_000


class Trace:
    """The record of a run. The digest covers every row, message and acknowledgement in order."""

    def __init__(self, loop: Loop) -> None:
        self.lines: deque[tuple[int, str, str]] = deque(maxlen=LINES_MAX)
        """Time since the start in milliseconds, who, what."""
        self._loop = loop
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Digest of all that happened so far."""
        return self._digest.hexdigest()

    def note(self, who: str, text: str) -> None:
        """Keep a line."""
        at_ms = self._loop.since_start_ms
        self.lines.append((at_ms, who, text))
        self._digest.update(f"{at_ms} {who} {text}\n".encode())

    def bytes(self, what: str, payload: bytes) -> None:
        """Let bytes that were sent go into the digest."""
        self._digest.update(f"{self._loop.since_start_ms} {what} {len(payload)}\n".encode())
        self._digest.update(payload)

    def row(self, fact: Fact) -> None:
        """Keep a row of the journal."""
        row, body = fact.row, fact.body
        self._digest.update(row.hash)
        doubts = f", doubts {body['doubts']}" if body.get("doubts") else ""
        self.note(row.device_id, f"journal {row.version}: {row.alarm_id} {_what(fact)}{doubts}")

    def about(self, names: set[str], count_max: int) -> list[str]:
        """Return the last lines about some devices and about the parts that serve all."""
        parts = {"gateway", "broker", "disk", "police", "veilig_thuis", "world"}
        wanted = [line for line in self.lines if line[1] in names or line[1] in parts]
        return [f"{clock_of(at_ms)}  {who}: {text}" for at_ms, who, text in wanted[-count_max:]]


def _what(fact: Fact) -> str:
    """Say in a few words what a row is about."""
    kind, body = fact.row.kind, fact.body
    if fact.press is not None:
        return f"press {fact.press.press_id}"
    match kind:
        case "acted" | "refused":
            done = "done" if kind == "acted" else "refused"
            return f"{body['console']} {body['action']['kind']} {done}"
        case "delivered" | "delivered_to_both" | "first_painted":
            where = "on a screen" if kind == PAINTED else "there"
            return f"{' and '.join(consoles_of(body))}: version {body['view_version']} is {where}"
        case "escalated":
            return f"{body['console']} level {body['level']}, {body['reason']}"
        case "supervision_changed":
            return f"{body['condition']} {'begins' if body['active'] else 'ends'}"
    return kind
