"""The command `users`: accounts are made, reset, closed and listed, with one line per mistake."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dispatch.accounts import AccountBook, SessionFile, opens, read_accounts
from dispatch.core.sessions import Session


def users(*words: str, given: str = "") -> tuple[int, str, str]:
    """Run the real command; return exit code, output and errors."""
    done = subprocess.run(
        [sys.executable, "-m", "dispatch", "users", *words],
        input=given,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def added(path: Path, *names: str) -> list[str]:
    """Add operators to the police's console; return their passwords."""
    code, output, errors = users("add", *names, "--accounts", str(path), "--console", "police")
    assert (0, "") == (code, errors)
    return re.findall(r"password (\S+)$", output, re.MULTILINE)


def test_an_account_opens_with_the_password_that_was_printed(tmp_path: Path) -> None:
    """Each has a password of its own, which is in no file, and argon2id keeps what proves it."""
    path = tmp_path / "police.json"
    first, second = added(path, "Ans de Wit", "Bob")
    file = read_accounts(path)
    assert ["Ans de Wit", "Bob"] == [one.name for one in file.accounts]
    assert [True, False] == [opens(one, first) for one in file.accounts]
    text = path.read_text(encoding="utf-8")
    assert [] == [password for password in (first, second) if password in text]
    assert 2 == text.count("$argon2id$")
    assert 0o600 == path.stat().st_mode & 0o777


def test_a_new_folder_is_made_and_is_its_owners_alone(tmp_path: Path) -> None:
    """The first account comes before the console's first start, so nothing else made its folder."""
    path = tmp_path / "aware-console-police" / "accounts.json"
    added(path, "Ans")
    assert (0o700, 0o600) == (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777)
    code, output, errors = users(
        "add", "Ans", "--console", "police", "--accounts", str(path / "accounts.json")
    )
    assert (2, "") == (code, output)
    assert errors.startswith(f"dispatch-console: --accounts {path}/accounts.json cannot be")
    assert 1 == errors.count("\n")


def test_reset_disable_and_list(tmp_path: Path) -> None:
    """A reset account has a new credential, a disabled one opens with nothing."""
    path = tmp_path / "police.json"
    (old,) = added(path, "Ans")
    before = read_accounts(path).accounts[0]
    code, _, _ = users(
        "reset", "ans", "--accounts", str(path), "--password-stdin", given="een lang wachtwoord\n"
    )
    after = read_accounts(path).accounts[0]
    assert (0, False, True) == (code, opens(after, old), opens(after, "een lang wachtwoord"))
    assert before.credential_id != after.credential_id
    assert (0, "disabled 'Ans'\n", "") == users("disable", "Ans", "--accounts", str(path))
    assert not opens(read_accounts(path).accounts[0], "een lang wachtwoord")
    listed = "console police, 1 accounts\n'Ans' operator (disabled)\n"
    assert (0, listed, "") == users("list", "--accounts", str(path))


@pytest.mark.parametrize(("length", "taken"), [(11, False), (12, True), (128, True), (129, False)])
def test_a_password_has_12_to_128_characters(tmp_path: Path, length: int, taken: bool) -> None:
    """A shorter or a longer one is refused with the limits, and nothing is cut off."""
    path = tmp_path / "police.json"
    added(path, "Ans")
    options = ("--accounts", str(path), "--password-stdin")
    code, _, said = users("reset", "Ans", *options, given="x" * length + "\n")
    account = read_accounts(path).accounts[0]
    assert taken == (code == 0) == opens(account, "x" * length)
    assert taken or "give 12 to 128" in said
    assert not opens(account, "x" * (length - 1))


def test_each_mistake_is_one_line_and_changes_nothing(tmp_path: Path) -> None:
    """The line names what is wrong and what would be right, with exit code 2."""
    path = tmp_path / "police.json"
    added(path, "Ans")
    before = path.read_bytes()
    here = ("--accounts", str(path))
    mistakes = {
        ("add", "ANS", *here): "'ANS' has an account already; use: users reset",
        ("add", "<b>", *here): "'<b>' is no name for an account",
        ("add", "Bob", *here, "--password-stdin"): "the password of 'Bob' has 0 characters",
        ("add", "Bob", *here, "--console", "veilig_thuis"): f"--accounts {path} is of the console",
        ("reset", "Bob", *here): f"'Bob' has no account in {path}",
        (
            "add",
            "Bob",
            "--accounts",
            str(tmp_path / "new.json"),
        ): f"{tmp_path}/new.json is new; say",
    }
    for words, line in mistakes.items():
        code, output, errors = users(*words)
        assert (2, "") == (code, output)
        assert errors.startswith(f"dispatch-console: {line}")
        assert 1 == errors.count("\n")
    assert before == path.read_bytes()


def test_a_book_follows_its_file_and_keeps_the_last_good_one(tmp_path: Path) -> None:
    """A running console knows who was disabled; a damaged file changes nothing."""
    path = tmp_path / "police.json"
    added(path, "Ans")
    book = AccountBook(path, "police")
    users("disable", "Ans", "--accounts", str(path))
    account = book.find("ANS")
    assert account is not None
    assert account.disabled
    path.write_text("damaged", encoding="utf-8")
    assert account == book.find("Ans")


def test_sessions_are_kept_over_a_restart(tmp_path: Path) -> None:
    """What was saved is there again; what cannot be read is as nothing."""
    kept = SessionFile(tmp_path / "police.json")
    assert () == kept.load()
    one = Session(key="k", name="Ans", credential_id="c", started_at_ms=1, seen_at_ms=2)
    kept.save((one,))
    assert (one,) == SessionFile(tmp_path / "police.json").load()
    (tmp_path / "police.json.sessions").write_text("[", encoding="utf-8")
    assert () == kept.load()
