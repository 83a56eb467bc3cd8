"""What keeps device keys secret at rest: AES-256-GCM under a key that is not in the data folder."""

import hmac
import os
import re
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alarm_gateway.core.errors import SettingsError

VARIABLE = "AWARE_REGISTRY_KEY"
FILE_VARIABLE = "AWARE_REGISTRY_KEY_FILE"
NONCE_BYTES = 12
_KEY = re.compile(r"[0-9a-fA-F]{64}")
_HOW = "make one with `openssl rand -hex 32`"


class Vault:
    """Seals and opens with one key; what it seals is bound to the name that it is sealed for."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.digest_key = hmac.digest(key, b"aware registry digest", "sha256")
        """What tells, to holders of the key only, whether two contents are the same."""

    def seal(self, name: str, content: bytes) -> bytes:
        """Return the content so that only this key can read it, and only under this name."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes | None:
        """Return what was sealed; None if it was changed, moved, or sealed with another key."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError):
            return None


def read_vault(file: Path | None) -> Vault | None:
    """Read the registry's key: from this file, else from the environment; None without either.

    Raises:
        SettingsError: There is a key and it cannot be used. No text says what it is.
    """
    if file is not None:
        return Vault(_key_in(file, f"--registry-key-file {file}"))
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Vault(_key_in(Path(named), f"{FILE_VARIABLE}={named}"))
    if VARIABLE in os.environ:
        return Vault(_key(os.environ[VARIABLE], VARIABLE))
    return None


def _key_in(file: Path, where: str) -> bytes:
    try:
        return _key(file.read_text(encoding="ascii"), where)
    except OSError as error:
        raise SettingsError(f"{where} cannot be read ({error.strerror}); {_HOW}") from error
    except UnicodeError:
        raise SettingsError(f"{where} holds no key of 64 hexadecimal digits; {_HOW}") from None


def _key(text: str, where: str) -> bytes:
    if not _KEY.fullmatch(text.strip()):
        raise SettingsError(f"{where} holds no key of 64 hexadecimal digits; {_HOW}")
    return bytes.fromhex(text.strip())


def needed_vault(file: Path | None) -> Vault:
    """Read the registry's key where nothing can be done without it.

    Raises:
        SettingsError: There is none, or it cannot be used.
    """
    vault = read_vault(file)
    if vault is None:
        raise SettingsError(
            f"the registry needs its key: give --registry-key-file, or set {FILE_VARIABLE} or "
            f"{VARIABLE}; {_HOW}"
        )
    return vault


def new_vault(file: Path, option: str) -> Vault:
    """Read a key that the registry is to get.

    Args:
        file: Where it is.
        option: How the command line calls that.

    Raises:
        SettingsError: It cannot be used.
    """
    return Vault(_key_in(file, f"{option} {file}"))
