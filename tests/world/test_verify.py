"""The product's own verification of a world's journal."""

from alarm_gateway.adapters.chain import verify_chain
from simulator.world.planner import Wish, make_plan
from simulator.world.world import World


def test_the_product_s_own_verification_agrees_with_the_checker() -> None:
    """`verify-journal` walks a world's journal, with all its crashes, and finds no fault."""
    world = World(make_plan(Wish(8)))
    assert world.run().broken is None
    report = verify_chain(world.disk.rows)
    assert (len(world.disk.rows), None) == (report.records, report.fault)
