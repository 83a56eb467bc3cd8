"""The broker's configuration for real use (`mosquitto/`), put in a folder of this machine.

Not a word of it is changed but where it listens, where its files are, and as whom it runs: what
is shown with it holds for the installation too.
"""

import getpass
from pathlib import Path

from alarm_protocol.runtime.private_files import make_private_folder
from simulator.core.errors import StackError
from simulator.files import write_atomically

CONFIGURATION_FILES = ("mosquitto.conf", "acl.conf")
BROKER_FILES = ("ca.crt", "server.crt", "server.key", "crl.pem")
"""What the broker needs of an authority's folder; the authority's own key is not in it."""
_HERE = Path(__file__).parent
_FOLDERS = (_HERE.parent / "mosquitto", _HERE / "mosquitto")
"""In a tree of the sources, and in an installed wheel."""


def configuration(name: str) -> str:
    """Return a file of the configuration.

    Raises:
        StackError: It is in neither of its places, or cannot be read.
    """
    for folder in _FOLDERS:
        path = folder / name
        if path.is_file():
            try:
                return path.read_text(encoding="utf-8")
            except OSError as error:
                raise StackError(f"{path} cannot be read: {error.strerror}") from None
    raise StackError(f"mosquitto/{name} is missing here; install the program again")


def placed(text: str, folder: Path, port: int) -> str:
    """Move a configuration to a folder, a port of the loopback and our own user; nothing else.

    Raises:
        StackError: The configuration does not have these lines any more.
    """
    for old, new in {
        "listener 8883\n": f"listener {port} 127.0.0.1\n",
        "/etc/mosquitto/": f"{folder}/etc/",
        "/var/lib/mosquitto/": f"{folder}/lib/",
        "user mosquitto\n": f"user {getpass.getuser()}\n",
    }.items():
        if old not in text:
            raise StackError(f"mosquitto/mosquitto.conf has no {old.strip()!r} any more")
        text = text.replace(old, new)
    return text


def place(folder: Path, certs: Path, port: int) -> Path:
    """Write a folder for the broker, and return its configuration.

    Args:
        folder: Gets `etc/` and, for what outlives the broker, `lib/`.
        certs: A folder of `alarm-simulator certs`.
        port: Of the loopback.

    Raises:
        StackError: Something of it cannot be read or written.
    """
    main, rights = CONFIGURATION_FILES
    texts = {main: placed(configuration(main), folder, port), rights: configuration(rights)}
    try:
        make_private_folder(folder / "lib")  # the broker keeps views of alarms there
        for name, text in texts.items():
            write_atomically(folder / "etc" / name, text.encode())
    except OSError as error:
        raise StackError(f"{folder} cannot be written: {error.strerror}") from None
    hand_over(folder, certs)
    return folder / "etc" / main


def hand_over(folder: Path, certs: Path) -> None:
    """Give the broker what it needs of the authority's folder, and not the authority's key.

    Raises:
        StackError: It cannot be copied.
    """
    try:
        for name in BROKER_FILES:
            write_atomically(folder / "etc" / "certs" / name, (certs / name).read_bytes())
    except OSError as error:
        raise StackError(f"{error.filename} cannot be used: {error.strerror}") from None
