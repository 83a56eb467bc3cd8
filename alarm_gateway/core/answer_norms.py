"""The norms for how fast an operator accepts an alarm, from `docs/domain.md`."""

from typing import NamedTuple


class AnswerNorm(NamedTuple):
    """So many of 1,000 alarms have to be accepted within a limit, in milliseconds."""

    norm: str
    limit_ms: int
    required_permille: int


ANSWER_NORMS = (
    AnswerNorm("EN 50518", 30_000, 800),
    AnswerNorm("EN 50518", 60_000, 985),
    AnswerNorm("NENA-STA-020", 15_000, 900),
    AnswerNorm("NENA-STA-020", 20_000, 950),
    AnswerNorm("NFPA 1225", 10_000, 900),
)
