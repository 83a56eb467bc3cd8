"""`dispatch-console users`: the accounts of one organisation's console."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from msgspec import structs

from alarm_protocol.units import CONSOLES, ConsoleId
from dispatch.accounts import make_account, new_password, read_accounts, write_accounts
from dispatch.core.accounts import (
    ACCOUNTS_MAX,
    NAME_CHARS_MAX,
    PASSWORD_CHARS_MAX,
    PASSWORD_CHARS_MIN,
    Account,
    AccountFile,
    clean_name,
    find_account,
    with_account,
)
from dispatch.core.errors import AccountsError

cli = typer.Typer(
    name="users",
    help="Accounts of a console: who may sign in, and in which role.",
    no_args_is_help=True,
)

AccountsPath = Annotated[Path, typer.Option("--accounts", help="The file of accounts.")]
Names = Annotated[list[str], typer.Argument(help="Whose account; several may be named.")]
FromStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="Read a password per name from standard input, a line each."
    ),
]


class RoleChoice(StrEnum):
    """Roles: who acts, who also supervises, who only reads."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    READ_ONLY = "read_only"


@cli.command()
def add(
    names: Names,
    accounts: AccountsPath,
    *,
    console: Annotated[str, typer.Option(help="Whose console, where the file is new.")] = "",
    role: Annotated[RoleChoice, typer.Option(help="What they may do.")] = RoleChoice.OPERATOR,
    password_stdin: FromStdin = False,
) -> None:
    """Add accounts, each with a new password, which is printed once and kept nowhere."""
    file = _read_or_begin(accounts, console)
    lines = []
    for name in names:
        kept = clean_name(name)
        if kept is None:
            raise AccountsError(
                f"{name!r} is no name for an account; use 1 to {NAME_CHARS_MAX} letters, digits,"
                " spaces and . ' - _"
            )
        if find_account(file, kept) is not None:
            raise AccountsError(f"{kept!r} has an account already; use: users reset")
        password = _password(kept, given=password_stdin)
        file = with_account(file, make_account(kept, role.value, password))
        lines.append(_line(kept, role.value, password, given=password_stdin))
    if len(file.accounts) > ACCOUNTS_MAX:
        raise AccountsError(f"{accounts} would hold more than {ACCOUNTS_MAX} accounts")
    write_accounts(accounts, file)
    typer.echo("\n".join(lines))


@cli.command()
def reset(names: Names, accounts: AccountsPath, *, password_stdin: FromStdin = False) -> None:
    """Give accounts a new password, open them again, and end all their sessions."""
    file = read_accounts(accounts)
    lines = []
    for name in names:
        old = _find(file, accounts, name)
        password = _password(old.name, given=password_stdin)
        file = with_account(file, make_account(old.name, old.role, password))
        lines.append(_line(old.name, old.role, password, given=password_stdin))
    write_accounts(accounts, file)
    typer.echo("\n".join(lines))


@cli.command()
def disable(names: Names, accounts: AccountsPath) -> None:
    """Close accounts: nobody signs in with them, and their sessions end within seconds."""
    file = read_accounts(accounts)
    for name in names:
        old = _find(file, accounts, name)
        file = with_account(file, structs.replace(old, disabled=True))
        typer.echo(f"disabled {old.name!r}")
    write_accounts(accounts, file)


@cli.command("list")
def list_accounts(accounts: AccountsPath) -> None:
    """List the accounts with their roles."""
    file = read_accounts(accounts)
    typer.echo(f"console {file.console}, {len(file.accounts)} accounts")
    for one in file.accounts:
        typer.echo(f"{one.name!r} {one.role}{' (disabled)' if one.disabled else ''}")


def _read_or_begin(path: Path, console: str) -> AccountFile:
    wanted: ConsoleId | None = None
    if console:
        wanted = next((known for known in CONSOLES if known == console), None)
        if wanted is None:
            raise AccountsError(f"--console {console!r} is unknown; choose {' or '.join(CONSOLES)}")
    if path.exists():
        return read_accounts(path, wanted)
    if wanted is None:
        raise AccountsError(
            f"{path} is new; say whose it is with --console {' or '.join(CONSOLES)}"
        )
    return AccountFile(console=wanted)


def _find(file: AccountFile, path: Path, name: str) -> Account:
    account = find_account(file, name)
    if account is None:
        raise AccountsError(f"{name!r} has no account in {path}; see: users list")
    return account


def _password(name: str, *, given: bool) -> str:
    if not given:
        return new_password()
    password = sys.stdin.readline(PASSWORD_CHARS_MAX + 2).rstrip("\r\n")
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        raise AccountsError(
            f"the password of {name!r} has {len(password)} characters;"
            f" give {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX}"
        )
    return password


def _line(name: str, role: str, password: str, *, given: bool) -> str:
    """Return what is printed once the account is on disk; nothing keeps the password."""
    return f"account {name!r} {role} password {'as given' if given else password}"
