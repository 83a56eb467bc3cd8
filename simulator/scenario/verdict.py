"""What a scenario had to come to, and what it came to."""

from collections.abc import Sequence

from simulator.core.ledger import Account
from simulator.outages.verdict import Check, Checks
from simulator.scenario.account import ScenarioAccount
from simulator.scenario.script import Script


def checks_of(script: Script, account: ScenarioAccount, chain: str, left: int) -> list[Check]:
    """Compare; the first lines hold for every scenario, the others are the file's own.

    Args:
        script: What was expected.
        account: What was seen.
        chain: What the gateway's own check of its journal said.
        left: Alarms that were still open in the end.
    """
    checks, presses, expect = Checks(), account.account(), script.expect
    for console, seen in presses.consoles.items():
        checks.equal(f"lost on {console}", 0, seen.lost)
    checks.equal("presses whose device was told nothing", 0, presses.unanswered)
    checks.equal("double", 0, presses.duplicated)
    checks.equal("presses that a device did not take", 0, account.refused)
    checks.equal("own presses with a doubt", 0, len(account.own_doubted))
    checks.equal("alarms left open", 0, left)
    checks.add("journal", chain.startswith("journal ok"), chain.partition(", last")[0])
    many = presses.presses >= expect.presses_at_least
    checks.add(f"presses, at least {expect.presses_at_least}", many, presses.presses)
    _shown(checks, "fault", expect.faults, account.faults)
    _shown(checks, "doubt", expect.doubts, account.doubts)
    _shown(checks, "remark", expect.remarks, account.remarks)
    if expect.joined_at_least:
        joined = joined_presses(presses)
        what = f"presses that joined an open alarm, at least {expect.joined_at_least}"
        checks.add(what, joined >= expect.joined_at_least, joined)
    if expect.flood:
        checks.add("a flood counted in one alarm", account.flooded > 0, account.flooded)
    return checks.found


def joined_presses(presses: Account) -> int:
    """Count the presses that went to an alarm of an earlier press."""
    return min((one.presses - one.alarms for one in presses.consoles.values()), default=0)


def _shown(checks: Checks, what: str, expected: Sequence[str], seen: set[str]) -> None:
    for name in expected:
        checks.add(f"{what} {name} is shown", name in seen, "shown" if name in seen else "never")
