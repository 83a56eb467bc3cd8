"""The errors of this package, under one root."""


class DispatchError(Exception):
    """Root of every error that `dispatch` raises; its text is one clear line for a person."""


class SettingsError(DispatchError):
    """A setting cannot be used: an address, a port or a certificate file."""


class BrokerRefusedError(DispatchError):
    """The broker lets this console connect, but not read what it needs."""


class MissingPageError(DispatchError):
    """The installation lacks a file of the page."""


class LooksError(DispatchError):
    """The record of looks cannot be read, or was changed."""


class AccountsError(DispatchError):
    """The file of accounts cannot be used, or an account in it is not there."""
