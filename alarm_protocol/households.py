"""The household file, and the part of a household that each agency may see.

The file is the contract between whoever makes households (the simulator) and whoever reads
them (the gateway). It keeps the two legal views apart from the start: there is no record
that holds both, so nothing has to be filtered out later.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from alarm_protocol.units import TimestampMs, WireDeviceId, WireTimestampMs

Text = Annotated[str, Meta(max_length=300)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
KeyHex = Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{2}){16,64}\Z")]
Date = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}\Z")]

SIGNS = (
    "following",
    "unwanted_contact",
    "threats",
    "gossip",
    "property_damage",
    "orders_in_name",
    "harassing_others",
    "gifts",
    "chance_meetings",
    "never_in_peace",
)
"""The ten signs of stalking (domain.md); signals of a dossier are named from these."""


class Order(Struct, frozen=True, gc=False, kw_only=True):
    """A court order against the offender; `valid_until` is the last day it holds."""

    kind: Literal["contactverbod", "straatverbod"]
    valid_until: Date


class Address(Struct, frozen=True, gc=False, kw_only=True):
    """Where the button is."""

    street: Name
    number: Annotated[str, Meta(min_length=1, max_length=10)]
    postcode: Annotated[str, Meta(pattern=r"^[1-9][0-9]{3} ?[A-Z]{2}\Z")]
    place: Name


class Offender(Struct, frozen=True, gc=False, kw_only=True):
    """Whom an arriving unit has to look out for."""

    name: Name
    description: Text
    vehicle: Text | None = None


class Member(Struct, frozen=True, gc=False, kw_only=True):
    """A person of the household, as Veilig Thuis knows them."""

    name: Name
    role: Annotated[str, Meta(max_length=40)]
    birth_year: Annotated[int, Meta(ge=1900, le=2100)] | None = None


class PoliceHousehold(
    Struct, frozen=True, gc=False, kw_only=True, tag="police", tag_field="agency"
):
    """What the police may see: where, whom to look out for, and how to come near."""

    resident: Name
    municipality: Name
    address: Address
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    offender: Offender
    weapons: Text
    route_notes: Text
    location_agreement: Text | None = None
    """Afspraak op Locatie (AOL)."""
    orders: Annotated[tuple[Order, ...], Meta(max_length=4)] = ()
    synthetic: bool = True


class VeiligThuisHousehold(
    Struct, frozen=True, gc=False, kw_only=True, tag="veilig_thuis", tag_field="agency"
):
    """What Veilig Thuis may see: the case, the people in it, and the plan."""

    case_reference: Name
    resident: Name
    municipality: Name
    members: Annotated[tuple[Member, ...], Meta(max_length=8)]
    children: Annotated[int, Meta(ge=0, le=20)]
    relation_to_stalker: Annotated[str, Meta(max_length=80)]
    signals: Annotated[tuple[str, ...], Meta(max_length=10)] = ()
    safety_plan: Text = ""
    orders: Annotated[tuple[Order, ...], Meta(max_length=4)] = ()
    synthetic: bool = True


HouseholdView = PoliceHousehold | VeiligThuisHousehold

Category = Literal["SP3", "SP4", "SP5", "SP6", "DP3", "DP4"]
"""Alarm transmission category of EN 50136-1: how long a device may be silent."""

SECTION_BYTES_MAX = 1_800
"""Room for one agency's section inside a 4 KiB alarm view."""


class Household(Struct, frozen=True, gc=False, kw_only=True):
    """One home with one button: the device's key, and a section for each agency."""

    device_id: WireDeviceId
    device_key_hex: KeyHex
    police: PoliceHousehold
    veilig_thuis: VeiligThuisHousehold
    in_service: bool = True
    category: Category | None = None
    """None: the category that the gateway's policy names."""
    previous_key_hex: KeyHex | None = None
    """The key before this one, while the device may not have the new one yet."""
    previous_key_until_ms: WireTimestampMs = TimestampMs(0)
    """From when on what the key before signed is doubted."""


class HouseholdFile(Struct, frozen=True, gc=False, kw_only=True):
    """A registry file. `synthetic` says that nobody in it exists."""

    format: Literal["aware-households"]
    version: Literal[1]
    synthetic: bool
    households: tuple[Household, ...]
    seed: int | None = None
