"""How long a console waits before it connects again."""


class Pauses:
    """Longer after each failure, and after each connection that did not last.

    A broker that is back after one break has its console at once. Two consoles with one name
    push each other out for as long as they come back; each lasts shorter than the longest pause.

    Args:
        shortest_s: The first pause.
        longest_s: The last one, and how long a connection holds that counts as a good one.
    """

    def __init__(self, shortest_s: float, longest_s: float) -> None:
        self.short_lived = 0
        """Connections in a row that did not last."""
        self._shortest_s = shortest_s
        self._longest_s = longest_s
        self._failures = 0

    def after(self, lasted_s: float | None) -> float:
        """Return the pause after a connection that lasted so long, or None: that never was."""
        if lasted_s is None:
            self._failures += 1
        else:
            self._failures = 0
            self.short_lived = self.short_lived + 1 if lasted_s < self._longest_s else 0
        doublings = max(self._failures, self.short_lived, 1) - 1
        return min(self._longest_s, self._shortest_s * 2.0 ** min(doublings, 30))
