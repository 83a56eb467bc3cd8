"""The state of the network: how slow, how disorderly, how forgetful it is at this moment."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Weather:
    """Conditions that faults change for a while; the defaults are a fine day."""

    delay_ms: dict[str, int] = field(default_factory=dict)
    """By client: the longest time for one way, where it is not the usual one."""
    reorder: bool = False
    duplicate_pct: int = 0
    drop_pct: int = 0
    offline_until_ms: dict[str, int] = field(default_factory=dict)
    """By client: it cannot reach the broker before this moment."""

    def usual(self, client_id: str) -> None:
        """Let a client's network be as fast as it usually is."""
        self.delay_ms.pop(client_id, None)

    def clear(self) -> None:
        """Make it a fine day again."""
        self.delay_ms.clear()
        self.reorder = False
        self.duplicate_pct = self.drop_pct = 0
        self.offline_until_ms.clear()
