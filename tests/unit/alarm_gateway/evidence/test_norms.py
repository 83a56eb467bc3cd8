"""Holding samples against a norm: each is counted once, and the verdict follows."""

from hypothesis import given
from hypothesis import strategies as st

from alarm_gateway.evidence.norms import Norm, Sample, measured

SAMPLES = st.lists(
    st.one_of(
        st.integers(0, 100).map(Sample),
        st.integers(0, 100).map(lambda waiting: Sample(None, waiting)),
    ),
    max_size=60,
)


@given(SAMPLES, st.integers(0, 100), st.integers(1, 1_000))
def test_every_sample_is_counted_once(samples: list[Sample], limit: int, required: int) -> None:
    """Within, beyond, beyond and waiting, or not counted; and the verdict follows from that."""
    norm = Norm(norm="n", what="w", limit=limit, required_permille=required)
    found = measured(norm, samples)
    assert len(samples) == found.count + found.pending
    assert found.unfinished == sum(one.value is None and one.waiting > limit for one in samples)
    if found.count == 0:
        assert "not measurable" == found.verdict
    else:
        assert found.within is not None
        good = found.within / found.count >= required / 1_000 - 1e-12
        assert ("meets" if good else "does not meet") == found.verdict
