"""The guidance cards: what to do, what never to do and whom to call, for each agency.

They stand in the policy file, since an organisation sets its own; what is here is the example that
holds without one, built on what helps against stalking (docs/domain.md).
"""

from typing import Annotated

from msgspec import Meta, Struct

from alarm_protocol.units import POLICE, ConsoleId

LINE_CHARS_MAX = 200
Line = Annotated[str, Meta(min_length=1, max_length=LINE_CHARS_MAX)]
Lines = Annotated[tuple[Line, ...], Meta(min_length=1, max_length=8)]


class Card(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One agency's card in one language; it is given whole."""

    todo: Lines
    never: Lines
    call: Lines


_POLITIE = Card(
    todo=(
        "Neem aan en stuur de dichtstbijzijnde vrije eenheid.",
        (
            "Geef de eenheid de Afspraak op Locatie, de aanrijroute, het "
            "signalement en de wapens door."
        ),
        "Noem een contactverbod of straatverbod: dan telt ook een bezoek zonder geweld.",
        "Laat berichten, brieven en beelden bewaren en leg vast wat er gezien is.",
    ),
    never=(
        "Een druk afdoen als vals alarm zonder de bewoner in persoon te spreken.",
        "Bemiddelen tussen bewoner en pleger, of de bewoner laten antwoorden.",
        "De pleger laten merken dat er op de knop is gedrukt.",
    ),
    call=(
        "Veilig Thuis Hollands Midden: ziet deze melding al; 0800-2000.",
        "De wijkagent, voor een stopgesprek zolang het niet is geëscaleerd.",
        "Slachtofferhulp Nederland, voor hulp bij de aangifte.",
    ),
)
_VEILIG_THUIS_NL = Card(
    todo=(
        "Neem aan en volg de politie; zij rijdt, u beoordeelt de veiligheid.",
        "Kijk wie er in huis wonen, eerst de kinderen, en waar zij nu veilig zijn.",
        "Leg de veiligheidsbeoordeling vast: acuut meteen, anders binnen vijf werkdagen.",
        "Loop de tien signalen van stalking na en vul het dossier aan.",
    ),
    never=(
        "Bemiddelen, of contact met de pleger als voorwaarde stellen.",
        "Een schuiladres noemen tegen wie dan ook.",
        "Wachten met 112 als iemand nu gevaar loopt.",
    ),
    call=(
        "Nu gevaar: 112. Anders de politie: 0900-8844.",
        "Slachtofferhulp Nederland, voor hulp bij de aangifte en een verbod.",
        "Het lokale team of de casusregisseur, voor de overdracht.",
    ),
)
_POLICE_EN = Card(
    todo=(
        "Accept, and send the nearest free unit.",
        "Give the unit the location agreement, the approach, the description and the weapons.",
        "Name a no-contact order or street ban: then a visit without violence counts too.",
        "Have messages, letters and pictures kept, and write down what was seen.",
    ),
    never=(
        "Call a press a false alarm without having spoken to the resident in person.",
        "Mediate between resident and offender, or let the resident answer.",
        "Let the offender notice that the button was pressed.",
    ),
    call=(
        "Veilig Thuis Hollands Midden: sees this alarm already; 0800-2000.",
        "The community officer, for a stop talk while it has not escalated.",
        "Slachtofferhulp Nederland, for help with the report.",
    ),
)
_VEILIG_THUIS_EN = Card(
    todo=(
        "Accept, and follow the police; they drive, you assess the safety.",
        "See who lives there, the children first, and where they are safe now.",
        "Record the safety assessment: acute at once, otherwise within five working days.",
        "Go through the ten signs of stalking and complete the dossier.",
    ),
    never=(
        "Mediate, or make contact with the offender a condition.",
        "Name a place of refuge to anybody.",
        "Wait with 112 when somebody is in danger now.",
    ),
    call=(
        "Danger now: 112. Otherwise the police: 0900-8844.",
        "Slachtofferhulp Nederland, for help with the report and an order.",
        "The local team or the case coordinator, for the hand-over.",
    ),
)


class DutchCards(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cards in Dutch."""

    police: Card = _POLITIE
    veilig_thuis: Card = _VEILIG_THUIS_NL


class EnglishCards(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cards in English."""

    police: Card = _POLICE_EN
    veilig_thuis: Card = _VEILIG_THUIS_EN


class Guidance(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All cards. A card that is not given is the example's."""

    nl: DutchCards = DutchCards()
    en: EnglishCards = EnglishCards()


def cards_of(guidance: Guidance, console: ConsoleId) -> tuple[Card, Card]:
    """Return one agency's cards, in Dutch and in English."""
    nl, en = guidance.nl, guidance.en
    return (nl.police, en.police) if console == POLICE else (nl.veilig_thuis, en.veilig_thuis)
