"""What simulated operators do with an alarm, by what it turns out to be."""

from msgspec.structs import replace

from alarm_gateway.core.policy import parse_policy
from alarm_protocol.messages import AlarmView
from alarm_protocol.units import POLICE, VEILIG_THUIS, PressId
from simulator.scenario.people import Crew
from simulator.scenario.rules import heartbeat_s, policy_text
from simulator.scenario.script import Operators
from simulator.scenario.shelf import shipped
from tests.helpers.gateway import Gateway, press, view


def shown(**changes: object) -> AlarmView:
    """Return an alarm of one press as the police see it."""
    gateway = Gateway()
    return replace(view(gateway.take(press(1)), POLICE), **changes)


def steps(alarm: AlarmView, why: dict[PressId, str]) -> list[str]:
    """Return the kinds of steps by status, up to the end."""
    crew = Crew(POLICE, Operators(), 1.0, why)
    ends = {"accept": "accepted", "assign_unit": "unit_assigned", "arrive": "on_scene"}
    taken: list[str] = []
    while (step := crew.step_of(POLICE, alarm)) is not None:
        taken.append(f"{step.kind} {step.details.get('disposition', '')}".strip())
        alarm = replace(alarm, status=ends.get(step.kind, "closed"))
    return taken


def test_a_genuine_press_gets_a_unit() -> None:
    """It goes the whole way."""
    alarm = shown()
    why = {alarm.presses[0].press_id: "genuine"}
    assert ["accept", "assign_unit", "arrive", "close genuine"] == steps(alarm, why)


def test_what_is_none_is_closed_for_what_it_was() -> None:
    """Nobody is sent to a mistake, a test, a fault or a stranger."""
    alarm = shown()
    (first,) = alarm.presses
    assert ["accept", "close mispress"] == steps(alarm, {first.press_id: "mispress"})
    assert ["accept", "close test"] == steps(replace(alarm, test=True), {})
    assert ["accept", "close no_contact"] == steps(alarm, {})
    assert ["accept", "close technical_fault"] == steps(replace(alarm, presses=()), {})


def test_one_genuine_press_makes_it_genuine() -> None:
    """Also after a mistake on the same alarm."""
    alarm = shown()
    (first,) = alarm.presses
    second = replace(first, press_id=PressId("second"))
    why = {first.press_id: "mispress", second.press_id: "genuine"}
    assert "close genuine" == steps(replace(alarm, presses=(first, second)), why)[-1]


def test_people_hurry_with_the_scenario() -> None:
    """Each step has its own middle, divided by the speed; travelling is not thinking."""
    crew = Crew(POLICE, Operators(police_answer="12 s", police_travel="6 min"), 60.0, {})
    assert [0.2, 6.0] == [crew.pace_of("accept").median_s, crew.pace_of("arrive").median_s]
    slow = Crew(VEILIG_THUIS, Operators(), 1.0, {})
    assert 600.0 == slow.pace_of("safety_assessment").median_s


def test_the_policy_of_every_scenario_is_one() -> None:
    """What is written for the gateway is a policy, and no heartbeat is late by it."""
    for name, script in shipped():
        for speed in (1.0, script.speed, 5_000.0):
            policy = parse_policy(policy_text(script, speed))
            silent_s = policy.supervision.silent_after_s.DP4 - policy.supervision.ahead_s
            slow = speed == 1.0  # then a heartbeat of hours is silent by the rules
            assert slow or 2 * heartbeat_s(script, speed) <= silent_s, name
