"""The errors of the gateway, under one root."""


class GatewayError(Exception):
    """Root of every error that `alarm_gateway` raises; its text is one line for a person."""


class SettingsError(GatewayError):
    """A file, folder or address that the gateway was given cannot be used."""


class JournalError(GatewayError):
    """The journal cannot be written or read; the gateway stops rather than go on without."""


class NewerRowError(JournalError):
    """A row is whole and in its place, and of a kind that only a newer version knows."""


class InvariantError(GatewayError):
    """The code contradicts itself: a defect, never the fault of an input."""
