"""Accounts in memory, and requests that are signed in, for tests of the consoles."""

from msgspec import structs

from alarm_protocol.units import ConsoleId
from dispatch.accounts import AccountBook
from dispatch.core.accounts import Account, AccountFile, Role, find_account, with_account
from dispatch.core.sessions import SessionLimits
from dispatch.web import desk as desk_module
from dispatch.web.desk import CSRF_HEADER, Desk

OPERATOR = "K. de Boer"
PASSWORD = "genoeg-voor-een-test"  # noqa: S105 - opens nothing but these tests' accounts
CHEAP_HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$QwEvsir0DFPBFgTt+BzC7g$pyLeFpnrXhkJOyIZhQaAPgH3kUp6MLBpVJv3FrtV448"
)
"""Of that password, with parameters that cost next to nothing."""


class MemoryBook(AccountBook):
    """A book of accounts without a file; tests change `file` as `users` would."""

    def __init__(self, console: ConsoleId) -> None:
        self.console = console
        self.file = AccountFile(console=console)

    def find(self, name: str) -> Account | None:
        """Look an account up."""
        return find_account(self.file, name)

    def put(self, name: str = OPERATOR, role: Role = "operator") -> Account:
        """Add or replace an account, with the password of these tests."""
        number = len(self.file.accounts)
        account = Account(
            name=name, role=role, password_hash=CHEAP_HASH, credential_id=f"credential-{number}"
        )
        self.file = with_account(self.file, account)
        return account

    def disable(self, name: str = OPERATOR) -> None:
        """Close an account."""
        account = self.find(name)
        assert account is not None
        self.file = with_account(self.file, structs.replace(account, disabled=True))


def make_desk(
    console: ConsoleId = "police", *, limits: SessionLimits | None = None
) -> tuple[Desk, MemoryBook]:
    """Make a desk with one operator."""
    book = MemoryBook(console)
    book.put()
    return Desk(book, limits=limits), book


def signed_in(desk: Desk, book: MemoryBook, origin: str, name: str = OPERATOR) -> dict[str, str]:
    """Return the headers of a page of somebody who is signed in."""
    account = book.find(name)
    assert account is not None
    token = desk.begin(account)
    return {
        "Cookie": f"{desk.cookie}={token}",
        "Origin": origin.rstrip("/"),
        CSRF_HEADER: csrf_of(token),
    }


def csrf_of(token: str) -> str:
    """Return what a page of this session adds to its changes."""
    return desk_module._csrf_of(token)
