"""How long a name has to wait after wrong passwords: a few are free, then it doubles."""

from msgspec import Struct

FREE_FAILURES = 5
WAIT_FIRST_MS = 30_000
WAIT_MAX_MS = 15 * 60_000
FORGET_AFTER_MS = 60 * 60_000
NAMES_MAX = 2_000
"""Past it the name that failed longest ago is forgotten."""


class _Failures(Struct, frozen=True):
    count: int
    last_at_ms: int


class Lockout:
    """Wrong passwords by name, whether or not there is such an account."""

    def __init__(self) -> None:
        self._failures: dict[str, _Failures] = {}

    def wait_ms(self, key: str, now_ms: int) -> int:
        """Return how long this name has still to wait; 0 where it may try."""
        known = self._failures.get(key)
        if known is None or known.count < FREE_FAILURES:
            return 0
        doublings = min(known.count - FREE_FAILURES, 16)
        wait_ms = min(WAIT_FIRST_MS << doublings, WAIT_MAX_MS)
        return max(known.last_at_ms + wait_ms - now_ms, 0)

    def failed(self, key: str, now_ms: int) -> None:
        """Note a wrong password."""
        known = self._failures.pop(key, None)
        fresh = known is None or now_ms - known.last_at_ms >= FORGET_AFTER_MS
        count = 1 if known is None or fresh else known.count + 1
        while len(self._failures) >= NAMES_MAX:
            del self._failures[next(iter(self._failures))]
        self._failures[key] = _Failures(count, now_ms)

    def succeeded(self, key: str) -> None:
        """Forget what went wrong before the right password."""
        self._failures.pop(key, None)
