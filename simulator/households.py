"""Synthetic Dutch households for the registry. Nobody in them exists.

The same seed gives the same file, byte for byte, and a larger count only adds to it. The
device keys come from that seed too: whoever knows the seed knows every key, so a file made
here must never be used with real buttons.
"""

from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple

import msgspec
from faker import Faker

from alarm_protocol.households import (
    SECTION_BYTES_MAX,
    SIGNS,
    Address,
    Household,
    HouseholdFile,
    Member,
    Offender,
    Order,
    PoliceHousehold,
    VeiligThuisHousehold,
)
from alarm_protocol.units import DeviceId
from simulator.core.errors import RegistryError
from simulator.files import write_atomically
from simulator.places import MUNICIPALITIES, PLACES, Place

COUNT_MAX = 200_000
KEY_BYTES = 32
_POSTCODE_LETTERS = "ABCDEGHJKLMNPRSTVWXZ"
"""Dutch postcodes never use F, I, O, Q, U and Y."""
_POSTCODE_NEVER = ("SA", "SD", "SS")
_SPREAD_DEGREES = 0.008
"""About 900 m north-south and 550 m east-west around a town centre."""
_ORDERS_FROM = date(2026, 1, 1)
"""A fixed day and not today, so that the file depends on the seed alone."""

_BUILDS = ("slank", "normaal", "fors", "gespierd")
_HAIR = (
    "kort donker haar",
    "kaal",
    "blond haar",
    "grijs haar",
    "donker krullend haar",
    "rood haar",
)
_MARKS = (
    "tatoeage in de hals",
    "draagt een bril",
    "baard",
    "litteken boven het oog",
    "loopt licht mank",
    "geen bijzonderheden",
)
_CARS = (
    "grijze Volkswagen Golf",
    "zwarte Opel Corsa",
    "witte bestelbus",
    "blauwe Peugeot 206",
    "zwarte scooter",
    "rode Ford Fiesta",
)
_WEAPONS = (
    "geen bekend",
    "geen bekend",
    "geen bekend",
    "mogelijk steekwapen",
    "eerder gedreigd met mes",
    "mogelijk luchtdrukwapen",
    "wapenvergunning ingetrokken; vuurwapen niet teruggevonden",
)
_ROUTES = (
    "achterom via brandgang; voordeur zichtbaar vanaf de straat",
    "aanrijden zonder optisch en geluid; parkeren om de hoek",
    "portiek op slot; sleutel bij de buren op nummer {neighbour}",
    "doodlopende straat; tweede uitgang aan de waterkant",
    "appartement op de {floor}e verdieping; lift en trappenhuis aan de noordkant",
    "hond in huis; bewoner doet alleen open na telefonisch contact",
)
_RELATIONS = (
    "ex-partner",
    "ex-partner, vader van de kinderen",
    "ex-echtgenoot",
    "vader",
    "schoonbroer",
    "ex-vriend, afhankelijk voor huisvesting",
)
_PLANS = (
    (
        "Bij alarm naar de slaapkamer boven en deur op slot. Kinderen gaan naar de buren. "
        "Contactpersoon: zus. Niet zelf opendoen."
    ),
    (
        "Bij alarm via de achterdeur naar de buren op nummer {neighbour}. Telefoon blijft aan. "
        "School is op de hoogte en geeft kinderen alleen aan moeder mee."
    ),
    (
        "Bij alarm in huis blijven, gordijnen dicht, wachten op politie. Bewijs (berichten, "
        "brieven) ligt klaar in de map bij de casusregisseur."
    ),
    (
        "Noodtas staat klaar. Opvangplek is afgesproken. Casusregisseur belt binnen een uur na "
        "sluiting van de melding."
    ),
)
_OrderKind = Literal["contactverbod", "straatverbod"]
_ORDER_KINDS: tuple[_OrderKind, ...] = ("contactverbod", "straatverbod")


class _Home(NamedTuple):
    """What both agencies' sections of one household are about."""

    device_id: DeviceId
    resident: str
    last_name: str
    place: Place
    orders: tuple[Order, ...]


def generate(count: int, seed: int) -> HouseholdFile:
    """Make `count` households, devices `aware-000001` and up.

    Raises:
        RegistryError: The count is out of range, or a section outgrew its limit.
    """
    if not 1 <= count <= COUNT_MAX:
        raise RegistryError(f"a count of {count} households is not between 1 and {COUNT_MAX}")
    fake = Faker("nl_NL")
    fake.seed_instance(seed)
    dice: Random = fake.random
    return HouseholdFile(
        format="aware-households",
        version=1,
        synthetic=True,
        seed=seed,
        households=tuple(_household(fake, dice, number) for number in range(1, count + 1)),
    )


def write(file: HouseholdFile, path: Path) -> None:
    """Write a household file in one step, one household a line.

    Raises:
        RegistryError: The file cannot be written there.
    """
    lines = b",\n".join(msgspec.json.encode(household) for household in file.households)
    frame = msgspec.json.encode(msgspec.structs.replace(file, households=()))
    head, bracket, tail = frame.partition(b'"households":[]')
    if not bracket:
        raise RegistryError("the household file's format changed; mend simulator/households.py")
    content = head + b'"households":[\n' + lines + b"\n]" + tail + b"\n"
    try:
        write_atomically(path, content)
    except OSError as error:
        raise RegistryError(
            f"household file {path} cannot be written: {error.strerror}; choose another --out"
        ) from None


def _household(fake: Faker, dice: Random, number: int) -> Household:
    municipality = dice.choice(MUNICIPALITIES)
    last_name = fake.last_name()
    home = _Home(
        device_id=DeviceId(f"aware-{number:06d}"),
        resident=f"{fake.first_name_female()} {last_name}",
        last_name=last_name,
        place=dice.choice([place for place in PLACES if place.municipality == municipality]),
        orders=_orders(dice),
    )
    household = Household(
        device_id=home.device_id,
        device_key_hex=dice.randbytes(KEY_BYTES).hex(),
        police=_police(fake, dice, home),
        veilig_thuis=_veilig_thuis(fake, dice, home, number),
    )
    for section in (household.police, household.veilig_thuis):
        size = len(msgspec.json.encode(section))
        if size > SECTION_BYTES_MAX:
            raise RegistryError(
                f"a section of {home.device_id} has {size} bytes, at most {SECTION_BYTES_MAX}"
            )
    return household


def _orders(dice: Random) -> tuple[Order, ...]:
    kinds = dice.sample(_ORDER_KINDS, dice.choice((0, 1, 1, 2)))
    return tuple(
        Order(
            kind=kind,
            valid_until=(_ORDERS_FROM + timedelta(days=dice.randint(270, 1_000))).isoformat(),
        )
        for kind in kinds
    )


def _police(fake: Faker, dice: Random, home: _Home) -> PoliceHousehold:
    place = home.place
    agreed = dice.random() < 0.6  # noqa: PLR2004 - most homes with AWARE have an AOL
    return PoliceHousehold(
        resident=home.resident,
        municipality=place.municipality,
        address=Address(
            street=fake.street_name(),
            number=f"{dice.randint(1, 240)}{dice.choice(('', '', '', 'A', 'B'))}",
            postcode=_postcode(dice, place),
            place=place.name,
        ),
        latitude=round(place.latitude + dice.uniform(-_SPREAD_DEGREES, _SPREAD_DEGREES), 6),
        longitude=round(place.longitude + dice.uniform(-_SPREAD_DEGREES, _SPREAD_DEGREES), 6),
        offender=Offender(
            name=f"{fake.first_name_male()} {fake.last_name()}",
            description=(
                f"man, {dice.randint(22, 64)} jaar, {dice.randint(165, 200)} cm, "
                f"{dice.choice(_BUILDS)} postuur, {dice.choice(_HAIR)}, {dice.choice(_MARKS)}"
            ),
            vehicle=(
                f"{dice.choice(_CARS)}, kenteken {fake.license_plate()}"
                if dice.random() < 0.5  # noqa: PLR2004 - a vehicle is known of every second one
                else None
            ),
        ),
        weapons=dice.choice(_WEAPONS),
        route_notes=_fill(dice, dice.choice(_ROUTES)),
        location_agreement=f"AOL-{dice.randint(1_000, 9_999)}: direct ter plaatse, prio 1"
        if agreed
        else None,
        orders=home.orders,
    )


def _veilig_thuis(fake: Faker, dice: Random, home: _Home, number: int) -> VeiligThuisHousehold:
    children = dice.choice((0, 1, 1, 2, 2, 3, 4))
    resident = Member(name=home.resident, role="bewoner", birth_year=dice.randint(1962, 2004))
    young = tuple(
        Member(
            name=f"{fake.first_name()} {home.last_name}",
            role="kind",
            birth_year=dice.randint(2009, 2025),
        )
        for _ in range(children)
    )
    return VeiligThuisHousehold(
        case_reference=f"SYN-VT-{number:06d}",
        resident=home.resident,
        municipality=home.place.municipality,
        members=(resident, *young),
        children=children,
        relation_to_stalker=dice.choice(_RELATIONS),
        signals=tuple(sorted(dice.sample(SIGNS, dice.randint(2, 6)), key=SIGNS.index)),
        safety_plan=_fill(dice, dice.choice(_PLANS)),
        orders=home.orders,
    )


def _fill(dice: Random, text: str) -> str:
    return text.format(neighbour=dice.randint(1, 240), floor=dice.randint(2, 9))


def _postcode(dice: Random, place: Place) -> str:
    while True:
        letters = dice.choice(_POSTCODE_LETTERS) + dice.choice(_POSTCODE_LETTERS)
        if letters not in _POSTCODE_NEVER:
            return f"{dice.randint(place.postcode_first, place.postcode_last)} {letters}"
