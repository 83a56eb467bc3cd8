"""The policy file's text."""

import msgspec
import pytest

from alarm_gateway.core.policy import Policy, parse_policy


def test_an_empty_policy_is_the_defaults() -> None:
    """A file without a rule changes nothing."""
    assert Policy() == parse_policy("")


def test_a_rule_can_be_set_alone() -> None:
    """What a file does not name keeps its default."""
    policy = parse_policy("[priority]\nunknown_device = 2\n[times]\naccept_within_s = 15\n")
    assert (
        policy.priority.unknown_device,
        policy.times.accept_within_s,
        policy.priority.verified_press,
    ) == (2, 15, 1)


@pytest.mark.parametrize(
    "text",
    ["[priority]\nverified_pres = 1", "[priority]\ntest = 5", "[times]\nlate_after_s = 0", "x = ["],
)
def test_a_wrong_rule_is_an_error(text: str) -> None:
    """A typing error in a policy must not pass for a default."""
    with pytest.raises(msgspec.DecodeError):
        parse_policy(text)
