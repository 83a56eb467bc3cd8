"""The files of accounts and sessions of one console, and the passwords in them."""

import os
import secrets
import tempfile
from pathlib import Path

import argon2
import msgspec
import structlog

from alarm_protocol.runtime.private_files import make_private_folder
from alarm_protocol.units import ConsoleId
from dispatch.core.accounts import Account, AccountFile, Role, find_account
from dispatch.core.errors import AccountsError
from dispatch.core.sessions import Session

PASSWORD_BYTES = 12
FILE_BYTES_MAX = 2_000_000

log = structlog.get_logger("dispatch.accounts")

_hasher = argon2.PasswordHasher()
"""argon2id with the parameters of RFC 9106 for machines with little memory."""
_DUMMY = _hasher.hash(secrets.token_urlsafe(PASSWORD_BYTES))
"""Verified where there is no such account, so that both answers take as long."""


def new_password() -> str:
    """Make a password that nobody chose."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def make_account(name: str, role: Role, password: str) -> Account:
    """Make an account that this password opens."""
    return Account(
        name=name,
        role=role,
        password_hash=_hasher.hash(password),
        credential_id=secrets.token_hex(8),
    )


def opens(account: Account | None, password: str) -> bool:
    """Tell whether a password opens an account; slow on purpose, so run it in a thread."""
    try:
        right = _hasher.verify(_DUMMY if account is None else account.password_hash, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
    return right and account is not None and not account.disabled


def read_accounts(path: Path, console: ConsoleId | None = None) -> AccountFile:
    """Read the accounts of a console; a given `console` has to be the file's.

    Raises:
        AccountsError: One line that says what is wrong with the file and what to do.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise AccountsError(f"--accounts {path} is too large to be a file of accounts")
        file = msgspec.json.decode(path.read_bytes(), type=AccountFile)
    except FileNotFoundError:
        raise AccountsError(
            f"--accounts {path} does not exist; make it with: dispatch-console users add NAME"
            f" --accounts {path} --console {console or 'CONSOLE'}"
        ) from None
    except OSError as error:
        raise AccountsError(f"--accounts {path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise AccountsError(f"--accounts {path} is no file of accounts: {error}") from error
    if console is not None and file.console != console:
        raise AccountsError(
            f"--accounts {path} is of the console {file.console}, not of {console};"
            " each organisation has its own accounts"
        )
    return file


def write_accounts(path: Path, file: AccountFile) -> None:
    """Replace the file of accounts in one step, readable by its owner only; so is a new folder.

    Raises:
        AccountsError: The folder cannot be made or written.
    """
    text = msgspec.json.format(msgspec.json.encode(file), indent=2)
    try:
        make_private_folder(path.parent)
        _replace(path, text + b"\n")
    except OSError as error:
        raise AccountsError(f"--accounts {path} cannot be written: {error.strerror}") from error


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - an open handle has no path
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class AccountBook:
    """The accounts as they are on disk now: whoever is disabled there is out here too."""

    def __init__(self, path: Path, console: ConsoleId) -> None:
        self.console = console
        self._path = path
        self._stamp = self._look()
        self._file = read_accounts(path, console)

    def find(self, name: str) -> Account | None:
        """Look an account up."""
        self._refresh()
        return find_account(self._file, name)

    def _look(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino)

    def _refresh(self) -> None:
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._file = read_accounts(self._path, self.console)
        except AccountsError as error:
            # Operators who are at work stay at work; nobody else gets in meanwhile.
            log.error("accounts not readable, the last good ones hold", error=str(error))  # noqa: TRY400 - one line is enough


class SessionFile:
    """Keeps sessions over a restart of the console: nobody signs in again amid alarms."""

    def __init__(self, accounts: Path) -> None:
        self._path = accounts.with_name(f"{accounts.name}.sessions")

    def load(self) -> tuple[Session, ...]:
        """Return what was kept; nothing where that cannot be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=tuple[Session, ...])
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError, UnicodeError) as error:
            log.warning("sessions not readable; everyone signs in again", error=str(error))
            return ()

    def save(self, sessions: tuple[Session, ...]) -> None:
        """Keep them; a disk that refuses costs a sign-in after the next restart, no more."""
        try:
            _replace(self._path, msgspec.json.encode(sessions))
        except OSError as error:
            log.warning("sessions not kept", error=str(error))
