"""Who is signed in: sessions with an idle and an absolute end. Nothing here reads a clock."""

from msgspec import Struct, structs

from dispatch.core.accounts import key_of

SESSIONS_MAX = 2_000
"""Past it the one that was silent longest ends."""


class Session(Struct, frozen=True, kw_only=True):
    """One browser of one person. `key` is a digest of the secret that only the browser has."""

    key: str
    name: str
    credential_id: str
    started_at_ms: int
    seen_at_ms: int


class SessionLimits(Struct, frozen=True, kw_only=True):
    """How long a session lasts without a sign of life, and at most."""

    idle_ms: int = 60 * 60_000
    absolute_ms: int = 12 * 60 * 60_000


class Sessions:
    """All sessions of one console."""

    def __init__(self, limits: SessionLimits, known: tuple[Session, ...] = ()) -> None:
        self.limits = limits
        self._known = {session.key: session for session in known}

    def begin(self, session: Session) -> None:
        """Take a new session."""
        while len(self._known) >= SESSIONS_MAX:
            oldest = min(self._known.values(), key=lambda one: one.seen_at_ms)
            del self._known[oldest.key]
        self._known[session.key] = session

    def find(self, key: str, now_ms: int) -> Session | None:
        """Return a session that still holds; one that is over is forgotten."""
        session = self._known.get(key)
        if session is None or now_ms < self.ends_at_ms(session):
            return session
        del self._known[key]
        return None

    def ends_at_ms(self, session: Session) -> int:
        """Return when a session ends if nothing more is heard of it."""
        return min(
            session.seen_at_ms + self.limits.idle_ms,
            session.started_at_ms + self.limits.absolute_ms,
        )

    def touch(self, key: str, now_ms: int) -> None:
        """Note a sign of life of the person."""
        session = self._known.get(key)
        if session is not None:
            self._known[key] = structs.replace(session, seen_at_ms=now_ms)

    def end(self, key: str) -> None:
        """Sign one browser out."""
        self._known.pop(key, None)

    def end_all(self, name: str) -> tuple[str, ...]:
        """Sign a person out everywhere; return the keys of what ended."""
        wanted = key_of(name)
        keys = tuple(key for key, one in self._known.items() if key_of(one.name) == wanted)
        for key in keys:
            del self._known[key]
        return keys

    def all(self) -> tuple[Session, ...]:
        """Return every session, for keeping them over a restart."""
        return tuple(self._known.values())
