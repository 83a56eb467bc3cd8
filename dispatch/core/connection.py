"""How a console stands towards the broker and the gateway, and what it met so far."""

from typing import Literal

from msgspec import Struct

from dispatch.core.gateway import GatewayState


class Counters(Struct, kw_only=True):
    """What a feed met since it started."""

    views: int = 0
    malformed: int = 0
    refused: int = 0
    confirmed: int = 0
    connections: int = 0


class Connection(Struct, frozen=True, kw_only=True):
    """How this console stands towards the broker and the gateway."""

    broker: Literal["connected", "connecting"]
    gateway: GatewayState
    gateway_seen_at_ms: int
    unverified: int
    turned_away: int
    refused: int
    malformed: int
