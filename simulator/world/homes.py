"""Households whose every secret is a word that can be searched for in bytes. Nobody exists.

Every third home fills its sections up to their limit, so that views have to be shortened.
"""

from alarm_protocol.households import (
    SIGNS,
    Address,
    Household,
    Member,
    Offender,
    Order,
    PoliceHousehold,
    VeiligThuisHousehold,
)
from alarm_protocol.messages import Location
from alarm_protocol.units import ConsoleId, DeviceId
from simulator.world.plan import DevicePlan

_SECRETS: dict[ConsoleId, str] = {"police": "qx-politie", "veilig_thuis": "qx-thuis"}
LATITUDE_TEXT = "52.987"
"""How every latitude here begins; the location is for the police."""


def secret_of(console: ConsoleId) -> str:
    """Return the word that stands in everything which only this agency may read."""
    return _SECRETS[console]


def key_of(device: DevicePlan) -> bytes:
    """Return the key of a device."""
    return f"key of {device.device_id}".encode().ljust(32, b".")


def location_of(device: DevicePlan) -> Location:
    """Return where a device says it is."""
    return Location(
        latitude=float(f"{LATITUDE_TEXT}{device.number % 100:02d}"),
        longitude=4.5,
        accuracy_m=12.0,
    )


def household_of(device: DevicePlan) -> Household:
    """Make the synthetic household of a device."""
    large = device.number % 3 == 0
    orders = (Order(kind="contactverbod", valid_until="2027-06-30"),)
    police, thuis = _SECRETS["police"], _SECRETS["veilig_thuis"]

    def text(secret: str) -> str:
        return f"{secret} synthetisch ".ljust(290 if large else 40, "y")

    return Household(
        device_id=DeviceId(device.device_id),
        device_key_hex=key_of(device).hex(),
        in_service=device.in_service,
        category="SP3" if device.slow_beats else None,
        police=PoliceHousehold(
            resident="Synthetische Bewoner",
            municipality="Leiden",
            address=Address(street=f"{police}straat", number="1", postcode="2311 AA", place="x"),
            latitude=float(f"{LATITUDE_TEXT}{device.number % 100:02d}"),
            longitude=4.5,
            offender=Offender(name=police, description=text(police), vehicle=text(police)),
            weapons=text(police),
            route_notes=text(police),
            orders=orders,
        ),
        veilig_thuis=VeiligThuisHousehold(
            case_reference=f"{thuis}-{device.number}",
            resident="Synthetische Bewoner",
            municipality="Leiden",
            members=tuple(Member(name=thuis.ljust(70, "z"), role="kind") for _ in range(6)),
            children=1,
            relation_to_stalker=f"{thuis} ex-partner",
            signals=SIGNS[:3],
            safety_plan=text(thuis),
            orders=orders,
        ),
    )
