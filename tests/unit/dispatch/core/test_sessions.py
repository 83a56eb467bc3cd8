"""Sessions end when nobody is there and at the latest after a shift; wrong passwords wait."""

from dispatch.core.accounts import clean_name, key_of
from dispatch.core.lockout import FREE_FAILURES, NAMES_MAX, WAIT_FIRST_MS, WAIT_MAX_MS, Lockout
from dispatch.core.sessions import SESSIONS_MAX, Session, SessionLimits, Sessions

LIMITS = SessionLimits(idle_ms=1_000, absolute_ms=5_000)


def session(key: str = "one", name: str = "Ans", at_ms: int = 0) -> Session:
    """Make a session that began at a time."""
    return Session(key=key, name=name, credential_id="c", started_at_ms=at_ms, seen_at_ms=at_ms)


def test_a_session_ends_after_a_silence() -> None:
    """A millisecond before it holds, then it does not, and it does not come back."""
    sessions = Sessions(LIMITS, (session(),))
    assert sessions.find("one", 999) is not None
    assert sessions.find("one", 1_000) is None
    assert sessions.find("one", 0) is None


def test_signs_of_life_prolong_it_up_to_the_absolute_end() -> None:
    """However busy somebody is, a session ends at last."""
    sessions = Sessions(LIMITS, (session(),))
    for at_ms in range(0, 5_000, 900):
        assert sessions.find("one", at_ms) is not None
        sessions.touch("one", at_ms)
    assert sessions.find("one", 4_999) is not None
    assert sessions.find("one", 5_000) is None


def test_signing_out_everywhere_is_about_one_person() -> None:
    """All sessions of that name end, however it was written, and nobody else's."""
    sessions = Sessions(LIMITS)
    for key, name in (("a", "Ans"), ("b", "ANS"), ("c", "Bob")):
        sessions.begin(session(key, name))
    assert ("a", "b") == sessions.end_all(" ans ")
    assert ["c"] == [one.key for one in sessions.all()]


def test_the_number_of_sessions_is_bounded() -> None:
    """Past the limit the one that was silent longest ends."""
    sessions = Sessions(LIMITS)
    for number in range(SESSIONS_MAX + 1):
        sessions.begin(session(f"key-{number}", at_ms=number))
    assert SESSIONS_MAX == len(sessions.all())
    assert sessions.find("key-0", 0) is None


def test_wrong_passwords_wait_longer_and_longer() -> None:
    """A few are free; then the wait doubles up to a limit, and a right one ends it."""
    lockout = Lockout()
    for _ in range(FREE_FAILURES - 1):
        lockout.failed("ans", 0)
    assert 0 == lockout.wait_ms("ans", 0)
    waits = []
    for _ in range(8):
        lockout.failed("ans", 0)
        waits.append(lockout.wait_ms("ans", 0))
    assert [WAIT_FIRST_MS, 2 * WAIT_FIRST_MS, 4 * WAIT_FIRST_MS] == waits[:3]
    assert WAIT_MAX_MS == waits[-1]
    assert 0 == lockout.wait_ms("ans", WAIT_MAX_MS)
    assert 0 == lockout.wait_ms("bob", 0)
    lockout.succeeded("ans")
    assert 0 == lockout.wait_ms("ans", 0)


def test_the_memory_of_wrong_passwords_is_bounded() -> None:
    """Made-up names push out the oldest ones, and cost no more memory."""
    lockout = Lockout()
    for number in range(NAMES_MAX + 100):
        lockout.failed(f"name-{number}", 0)
    assert NAMES_MAX == len(lockout._failures)


def test_names_are_plain_text() -> None:
    """What could be markup, a line break or a trick of direction is no name."""
    assert "Ans de Wit" == clean_name("  Ans  de\tWit ")
    bad = ("", " ", "<b>x</b>", "a\x00b", "a\u202eb", ".x", "x" * 41, "a/b")
    assert [None] * len(bad) == [clean_name(name) for name in bad]
    assert key_of("Ans de Wit") == key_of(" ANS  de wit")
