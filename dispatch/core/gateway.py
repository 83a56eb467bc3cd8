"""What a console knows about the gateway's life, from its retained status."""

from typing import Literal

from msgspec import Struct, structs

from alarm_protocol.messages import GatewayStatus

GATEWAY_SILENT_MS = 6_000
"""The gateway speaks every 2 s; three missed in a row mean that it may be gone."""

GatewayState = Literal["unknown", "up", "silent", "down"]


class GatewayWatch(Struct, frozen=True, kw_only=True):
    """The last word of the gateway and when it was heard (0: never)."""

    status: Literal["up", "down"] | None = None
    seen_at_ms: int = 0

    def heard(self, status: GatewayStatus, now_ms: int, *, retained: bool) -> "GatewayWatch":
        """Take a status message.

        A retained one was said before this console listened, so its own time counts: a
        broker that kept an old `up` must not make a dead gateway look alive.
        """
        seen_at_ms = min(status.at_ms, now_ms) if retained else now_ms
        return GatewayWatch(status=status.status, seen_at_ms=seen_at_ms)

    def unheard(self) -> "GatewayWatch":
        """Forget the state, since nothing is heard without a broker; keep the time."""
        return structs.replace(self, status=None)

    def state(self, now_ms: int) -> GatewayState:
        """Say how the gateway does at this moment."""
        if self.status is None:
            return "unknown"
        if self.status == "up" and now_ms - self.seen_at_ms > GATEWAY_SILENT_MS:
            return "silent"
        return self.status
