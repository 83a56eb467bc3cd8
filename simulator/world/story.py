"""A failure, told so that a person can follow it."""

from alarm_gateway.core.records import FLOOD, QUARANTINE
from simulator.world.attacker import STRANGER
from simulator.world.plan import Plan, clock_of, words_of
from simulator.world.shrink import Shrinker
from simulator.world.world import GOOD, Broken, Recipe, World

LINES_MAX = 60


def tell(plan: Plan, broken: Broken, command: str, recipe: Recipe = GOOD) -> str:
    """Shrink a failing plan and tell what is left of it.

    Args:
        plan: The plan that broke a rule.
        broken: Which rule, and when.
        command: What to type to see it again.
        recipe: Of what the gateway is made.
    """
    shrinker = Shrinker(plan, broken.rule, recipe)
    short = shrinker.shrink()
    world = World(short, recipe)
    last = world.run().broken or broken
    names = {device.device_id for device in short.devices} | {STRANGER, FLOOD, QUARANTINE}
    events = [f"  {clock_of(one.at_ms)}  {words_of(one)}" for one in short.happenings]
    seen = [f"  {line}" for line in world.trace.about(names, LINES_MAX)]
    return "\n".join(
        (
            f"seed {plan.seed}: rule '{broken.rule}' is broken: {broken.text}",
            f"again: {command}",
            f"shortest story, found in {shrinker.runs} runs: {_people(short)}",
            f"{len(short.happenings)} of {len(plan.happenings)} events:",
            *events,
            "what was seen:",
            *seen,
            f"  {clock_of(last.at_ms)}  BROKEN {last.rule}: {last.text}",
        )
    )


def _people(plan: Plan) -> str:
    traits = []
    for device in plan.devices:
        words = [device.device_id]
        words += ["unsigned"] * (not device.signed) + ["unknown"] * (not device.registered)
        words += ["out of service"] * (not device.in_service)
        if device.clock_offset_ms or device.drift_ppm:
            words.append(f"clock {device.clock_offset_ms} ms off, {device.drift_ppm} ppm")
        traits.append(" ".join(words))
    return f"{len(plan.devices)} device(s) ({'; '.join(traits[:5])})"
