"""What became of everything in a scenario: presses by id, alarms, faults, doubts."""

from collections import Counter
from typing import NamedTuple

from alarm_protocol.messages import AlarmView, Feedback
from alarm_protocol.units import CONSOLES, AlarmId, ConsoleId, DeviceId, PressId
from simulator.core.ledger import Account, Ledger


class Standing(NamedTuple):
    """How a run stands at a moment."""

    presses: int
    waiting: int
    """Presses that are not yet answered, or not on both consoles."""
    alarms: int
    open_alarms: int
    doubled: int


class ScenarioAccount:
    """Writes down what devices, consoles and operators see."""

    def __init__(self) -> None:
        self.why: dict[PressId, str] = {}
        """Why each of the fleet's presses was made."""
        self.by_reason: Counter[str] = Counter()
        self.faults: set[str] = set()
        self.doubts: set[str] = set()
        self.remarks: set[str] = set()
        self.own_doubted: set[PressId] = set()
        self.flooded = 0
        self.refused = 0
        self._ledger = Ledger()
        self._status: dict[ConsoleId, dict[AlarmId, str]] = {name: {} for name in CONSOLES}

    def pressed(self, press_id: PressId | None, device_id: DeviceId, why: str, at_us: int) -> None:
        """Write down a press; None is one that the device did not take."""
        if press_id is None:
            self.refused += 1
            return
        self.why[press_id] = why
        self.by_reason[why] += 1
        self._ledger.pressed(press_id, device_id, at_us)

    def viewed(self, console: ConsoleId, view: AlarmView, at_us: int) -> None:
        """Write down what a console showed."""
        self._ledger.viewed(console, view, at_us)
        self._status[console][view.alarm_id] = view.status
        self.faults.update(view.reasons)
        self.remarks.update(view.remarks)
        self.doubts.update(view.doubts)
        self.flooded = max(self.flooded, view.condensed_count)
        for press in view.presses:
            if press.doubts and press.press_id in self.why:
                self.own_doubted.add(press.press_id)

    def answered(self, message: Feedback, at_us: int) -> None:
        """Write down what a device was told."""
        self._ledger.answered(message, at_us)

    def account(self) -> Account:
        """Return the account of the presses."""
        return self._ledger.account()

    def open_alarms(self) -> int:
        """Count the alarms that some console has not closed."""
        return len(
            {
                alarm_id
                for shown in self._status.values()
                for alarm_id, status in shown.items()
                if status != "closed"
            }
        )

    def alarms(self) -> int:
        """Count all alarms that were shown."""
        return len({alarm_id for shown in self._status.values() for alarm_id in shown})

    def standing(self) -> Standing:
        """Return how it stands."""
        account = self.account()
        missing = max(account.unanswered, *(one.lost for one in account.consoles.values()))
        return Standing(
            account.presses, missing, self.alarms(), self.open_alarms(), account.duplicated
        )
