"""The errors of this package, under one root."""


class SimulatorError(Exception):
    """Root of every error that `simulator` raises; its text is one line for a person."""


class DeviceStateError(SimulatorError):
    """The device core was driven in a way it does not allow, such as a press id used twice."""


class RegistryError(SimulatorError):
    """A household file cannot be read, written or used."""


class StackError(SimulatorError):
    """A part of the chain could not be started, or ended by itself."""


class ConsoleError(SimulatorError):
    """A console answered in a way that a simulated operator cannot work with."""


class CertificateError(SimulatorError):
    """A certificate cannot be made, read or revoked."""
