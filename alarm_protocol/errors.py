"""The errors of this package, under one root."""


class ProtocolError(Exception):
    """Root of every error that `alarm_protocol` raises."""


class WireError(ProtocolError):
    """Bytes from the wire are not a message of this protocol.

    Attributes:
        reason: A fixed, machine-readable name (`too_large`, `invalid_json`, ...).
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class MessageTooLargeError(ProtocolError):
    """An outgoing message does not fit the wire's limit; the sender has to shorten it."""


class BrokerUrlError(ProtocolError):
    """A broker address is not of the form `mqtt://host:port` or `mqtts://host:port`."""


class TlsError(ProtocolError):
    """A certificate file cannot be used; the text names the option, and says what is wrong."""


class HouseholdFileError(ProtocolError):
    """The content of a file is no household file; the text says what is wrong, and where."""


class MalformedPacketError(ProtocolError):
    """The peer sent bytes that are not MQTT 5; the connection cannot go on."""


class PacketTooLargeError(MalformedPacketError):
    """The peer announced a packet above the limit this client stated when connecting."""


class ConnectionRefusedByBrokerError(ProtocolError):
    """The broker answered CONNECT with a reason code other than success."""


class SubscriptionRefusedError(ProtocolError):
    """The broker refused one of the topic filters a session cannot do without."""


class SessionClosedError(ProtocolError):
    """The session was closed by its owner; nothing more can be sent."""
