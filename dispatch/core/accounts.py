"""Who may sign in at a console, and what each role may do there."""

import unicodedata
from typing import Literal

from msgspec import Struct, structs

from alarm_protocol.units import ConsoleId
from dispatch.core.access import KINDS, Kind

ACCOUNTS_MAX = 1_000
NAME_CHARS_MAX = 40
PASSWORD_CHARS_MIN = 12
"""NIST SP 800-63B asks for 8 or more of a chosen password; this is a control room."""
PASSWORD_CHARS_MAX = 128
_NAME_MARKS = frozenset(" .'-_")

Role = Literal["operator", "supervisor", "read_only"]


class Account(Struct, frozen=True, kw_only=True):
    """One person's account at one organisation.

    `credential_id` is new with every password: sessions of an older one are over.
    """

    name: str
    role: Role
    password_hash: str
    credential_id: str
    disabled: bool = False


class AccountFile(Struct, frozen=True, kw_only=True, tag="dispatch-accounts", tag_field="format"):
    """The accounts of one console. An account never holds at another organisation's."""

    version: Literal[1] = 1
    console: ConsoleId
    accounts: tuple[Account, ...] = ()


def allowed_kinds(console: ConsoleId, role: Role) -> tuple[Kind, ...]:
    """Return the actions of a role: who only reads acts on nothing."""
    return () if role == "read_only" else KINDS[console]


def clean_name(text: str) -> str | None:
    """Return a name as it is kept, or None where it is no name.

    Letters, digits, spaces and the marks of names only: it is shown, logged and journalled.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    fits = all(one.isalnum() or one in _NAME_MARKS for one in name)
    return name if fits and 0 < len(name) <= NAME_CHARS_MAX and name[0].isalnum() else None


def key_of(name: str) -> str:
    """Return what makes two names the same one."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()


def find_account(file: AccountFile, name: str) -> Account | None:
    """Look an account up by its name."""
    key = key_of(name)
    return next((one for one in file.accounts if key_of(one.name) == key), None)


def with_account(file: AccountFile, account: Account) -> AccountFile:
    """Return the file with this account, in place of one of the same name."""
    key = key_of(account.name)
    others = tuple(one for one in file.accounts if key_of(one.name) != key)
    accounts = sorted((*others, account), key=lambda one: key_of(one.name))
    return structs.replace(file, accounts=tuple(accounts))
