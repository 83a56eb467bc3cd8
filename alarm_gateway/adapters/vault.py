"""What keeps device keys secret at rest: AES-256-GCM under a key that is not in the data folder."""

import hashlib
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
        self._digest_key = hmac.digest(key, b"aware registry digest", "sha256")

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

    def digest(self, content: bytes) -> bytes:
        """Return what tells whether two contents are the same, to holders of the key only."""
        return hmac.digest(self._digest_key, content, hashlib.sha256)


def read_vault(file: Path | None) -> Vault | None:
    """Read the registry's key: from this file, else from the environment; None without either.

    Raises:
        SettingsError: There is a key and it cannot be used. No text says what it is.
    """
    where, text = f"--registry-key-file {file}", ""
    if file is None:
        named = os.environ.get(FILE_VARIABLE)
        if named:
            file, where = Path(named), f"{FILE_VARIABLE}={named}"
        elif VARIABLE in os.environ:
            where, text = VARIABLE, os.environ[VARIABLE]
        else:
            return None
    if file is not None:
        try:
            text = file.read_text(encoding="ascii")
        except OSError as error:
            raise SettingsError(f"{where} cannot be read ({error.strerror}); {_HOW}") from error
        except UnicodeError:
            raise SettingsError(f"{where} holds no key of 64 hexadecimal digits; {_HOW}") from None
    if not _KEY.fullmatch(text.strip()):
        raise SettingsError(f"{where} holds no key of 64 hexadecimal digits; {_HOW}")
    return Vault(bytes.fromhex(text.strip()))


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
