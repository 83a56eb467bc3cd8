"""From a failure to its shortest story: leave things out as long as the same rule breaks.

A plan is shortened by delta debugging (Zeller and Hildebrandt, 2002): first whole devices,
then ever smaller pieces of what happens, then the quiet time behind the last event. Each part
of a world has its own chance, so what is left behaves as it did before.
"""

from collections.abc import Callable

from msgspec.structs import replace

from simulator.world.plan import Happening, Plan
from simulator.world.world import GOOD, Outcome, Recipe, run_plan

RUNS_MAX = 400


class Shrinker:
    """Shortens one plan.

    Args:
        plan: A plan that breaks a rule.
        rule: Which rule has to break still.
        recipe: Of what the gateway is made.
        runs_max: How many runs it may cost.
    """

    def __init__(
        self, plan: Plan, rule: str, recipe: Recipe = GOOD, *, runs_max: int = RUNS_MAX
    ) -> None:
        self.plan = plan
        self.runs = 0
        self._rule = rule
        self._recipe = recipe
        self._runs_max = runs_max

    def shrink(self) -> Plan:
        """Return the shortest plan found that breaks the rule."""
        before = -1
        while before != len(self.plan.happenings) and self.runs < self._runs_max:
            before = len(self.plan.happenings)
            self._drop_devices()
            self._drop_happenings()
        self._shorten()
        return self.plan

    def _breaks(self, plan: Plan) -> Outcome | None:
        """Run a shorter plan; keep it if the same rule breaks."""
        if self.runs >= self._runs_max:
            return None
        self.runs += 1
        outcome = run_plan(plan, self._recipe)
        if outcome.broken is None or outcome.broken.rule != self._rule:
            return None
        self.plan = plan
        return outcome

    def _drop_devices(self) -> None:
        """Leave out half of the devices at a time, then single ones."""
        size = max(1, len(self.plan.devices) // 2)
        while True:
            place = 0
            while place < len(self.plan.devices) and len(self.plan.devices) > 1:
                gone = {one.device_id for one in self.plan.devices[place : place + size]}
                if len(gone) == len(self.plan.devices) or not self._breaks(self._without(gone)):
                    place += size
            if size == 1:
                return
            size //= 2

    def _without(self, gone: set[str]) -> Plan:
        left = tuple(one for one in self.plan.devices if one.device_id not in gone)
        return replace(
            self.plan,
            devices=left,
            happenings=tuple(
                one
                for one in self.plan.happenings
                if one.who not in gone and one.who.removeprefix("device-") not in gone
            ),
        )

    def _drop_happenings(self) -> None:
        size = max(1, len(self.plan.happenings) // 2)
        while True:
            place = 0
            while place < len(self.plan.happenings):
                happenings = self.plan.happenings
                fewer = happenings[:place] + happenings[place + size :]
                if not self._breaks(replace(self.plan, happenings=fewer)):
                    place += size
            if size == 1:
                return
            size //= 2

    def _shorten(self) -> None:
        """Make lasting troubles shorter and let the run end soon after the last event."""
        self._each(lambda one: replace(one, for_ms=one.for_ms // 4))
        ends = [one.at_ms + one.for_ms for one in self.plan.happenings]
        for spare_ms in (1_000, 30_000, 120_000):
            length_ms = max(ends, default=0) + spare_ms
            if length_ms < self.plan.length_ms and self._breaks(
                replace(self.plan, length_ms=length_ms)
            ):
                return

    def _each(self, change: Callable[[Happening], Happening]) -> None:
        for place in range(len(self.plan.happenings)):
            happenings = list(self.plan.happenings)
            changed = change(happenings[place])
            if changed != happenings[place]:
                happenings[place] = changed
                self._breaks(replace(self.plan, happenings=tuple(happenings)))
