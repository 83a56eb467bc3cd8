"""One connection between a client and the broker, as TCP gives it: in order, until it breaks."""

from collections.abc import Callable
from random import Random
from typing import Any

from simulator.world.loop import Loop
from simulator.world.weather import Weather

USUAL_MS_MAX = 4


class Wire:
    """Two lanes, each with its own order.

    While the weather reorders, only the messages of one topic keep their order: a broker may
    send what belongs to different topics as it likes.
    """

    def __init__(self, loop: Loop, weather: Weather, client_id: str, dice: Random) -> None:
        self.client_id = client_id
        self.broken = False
        self.silent = False
        """The connection is dead, and neither side has noticed."""
        self._loop = loop
        self._weather = weather
        self._dice = dice
        self._last: dict[str, int] = {}

    def up(self, topic: str, callback: Callable[..., None], *args: Any) -> None:
        """Carry something to the broker."""
        self._carry("up", topic, callback, args)

    def down(self, topic: str, callback: Callable[..., None], *args: Any) -> None:
        """Carry something to the client."""
        self._carry("down", topic, callback, args)

    def chance(self, percent: int) -> bool:
        """Throw the dice of this connection; no throw where there is no chance."""
        return percent > 0 and self._dice.random() * 100 < percent

    def cut(self) -> None:
        """Break it; what is under way is lost."""
        self.broken = True

    def _carry(
        self, lane: str, topic: str, callback: Callable[..., None], args: tuple[Any, ...]
    ) -> None:
        longest_ms = self._weather.delay_ms.get(self.client_id, USUAL_MS_MAX)
        due_ms = self._loop.now_ms + 1 + int(self._dice.random() * longest_ms)
        last = self._last
        key = f"{lane} {topic}"
        # The order of one topic holds also where the weather turns between two messages.
        due_ms = max(due_ms, last.get(key, 0))
        # What belongs to no topic, a CONNACK above all, is overtaken by nothing.
        due_ms = max(due_ms, last.get(f"{lane} ", 0))
        if not self._weather.reorder:
            due_ms = max(due_ms, last.get(lane, 0))
        last[key] = due_ms
        last[lane] = max(due_ms, last.get(lane, 0))
        self._loop.at(due_ms, self._arrive, callback, args)

    def _arrive(self, callback: Callable[..., None], args: tuple[Any, ...]) -> None:
        if not (self.broken or self.silent):
            callback(*args)
