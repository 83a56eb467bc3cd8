"""Which version runs: that of the installed package, which all programs are in."""

from importlib.metadata import PackageNotFoundError, version

PACKAGE = "aware-alarm-dispatch"


def installed_version() -> str:
    """Return the version of the package, or `unknown` in a tree that is not installed."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return "unknown"
