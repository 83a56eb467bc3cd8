"""The accounts that a stack makes for itself."""

from pathlib import Path

from dispatch.accounts import make_account, opens, read_accounts, write_accounts
from dispatch.core.accounts import find_account, with_account
from simulator.signin import make_accounts


async def test_a_second_start_keeps_everybody_else(tmp_path: Path) -> None:
    """Its own accounts get new passwords; one that somebody added is as it was."""
    path = tmp_path / "accounts" / "police.json"
    first = await make_accounts(path, "police", ["sim-police"], ["demo"])
    mine = make_account("K. de Boer", "read_only", "a password of mine")
    write_accounts(path, with_account(read_accounts(path), mine))
    second = await make_accounts(path, "police", ["sim-police", "sim-new"], ["demo"])
    file = read_accounts(path)
    assert mine == find_account(file, mine.name)
    assert 4 == len(file.accounts)
    assert ["sim-police", "sim-new", "demo"] == [one.name for one in second]
    assert {"operator", "supervisor", "read_only"} == {one.role for one in file.accounts}
    for login in second:
        assert opens(find_account(file, login.name), login.password)
    for login in first:
        assert not opens(find_account(file, login.name), login.password)
