"""The Dutch words of an evidence page: those of the operators' consoles."""

AGENCIES = {"police": "Politie", "veilig_thuis": "Veilig Thuis"}
STATUSES = {
    "open": "Openstaand",
    "accepted": "Aangenomen",
    "unit_assigned": "Eenheid toegewezen",
    "on_scene": "Ter plaatse",
    "assessed": "Beoordeeld",
    "handed_over": "Overgedragen",
    "closed": "Afgesloten",
}
TRIGGERS = {
    "press": "Ingedrukt",
    "hold": "Lang ingedrukt",
    "duress": "Stil alarm (dwang)",
    "cancel": "Annulering op de knop",
    "test": "Testmelding",
}
REASONS = {
    "verified_press": "Geverifieerde druk op de knop",
    "verified_hold": "Knop lang ingedrukt",
    "verified_duress": "Stil alarm onder dwang",
    "press_with_doubts": "Druk op de knop met twijfels",
    "unknown_device": "Onbekende knop",
    "test": "Testmelding",
    "cancel_requested": "Annulering gevraagd op de knop (inzet loopt door)",
    "cancel_without_alarm": "Annulering zonder lopende melding",
    "not_accepted": "Niet op tijd aangenomen",
    "console_unreachable": "Console was niet bereikbaar",
    "link_lost": "Verbinding met de knop verbroken",
    "device_silent": "Knop laat niets meer horen",
    "tamper": "Sabotage aan de knop",
    "supervision_lost": "Bewaking van de knop verloren",
    "battery_low": "Batterij bijna leeg",
    "clock_drift": "Klok van de knop loopt niet gelijk",
    "flood": "Ongewoon veel berichten",
}
DOUBTS = {
    "unknown_device": "knop onbekend",
    "unsigned": "zonder handtekening",
    "bad_signature": "handtekening klopt niet",
    "sequence_reused": "volgnummer dubbel: knop of sleutel mogelijk gekopieerd",
    "device_out_of_service": "knop is buiten dienst",
    "device_mismatch": "bericht noemt een andere knop",
}
REMARKS = {
    "delivered_late": "laat aangekomen",
    "clock_ahead": "klok van de knop loopt voor",
    "out_of_order": "niet in volgorde",
    "in_maintenance": "knop in onderhoud",
    "malformed_field": "een gegeven van de knop was onleesbaar",
}
REGISTRY_ACTS = {
    "imported": "Gegevens van de knop bijgewerkt",
    "added": "Gegevens van de knop bijgewerkt",
    "revoked": "Knop buiten dienst gesteld",
    "restored": "Knop weer in dienst gesteld",
    "key_rotated": "Sleutel van de knop vervangen",
}
DISPOSITIONS = {
    "genuine": "Echte noodsituatie",
    "mispress": "Per ongeluk ingedrukt",
    "test": "Test",
    "technical_fault": "Technische storing",
    "cancelled_by_user": "Geannuleerd door gebruiker (persoonlijk bevestigd)",
    "duplicate": "Dubbele melding",
    "no_contact": "Geen contact gekregen",
}
ACTIONS = {
    "accept": "Aangenomen",
    "assign_unit": "Eenheid toegewezen",
    "arrive": "Eenheid ter plaatse",
    "note": "Notitie",
    "close": "Afgesloten",
    "reopen": "Heropend",
    "safety_assessment": "Veiligheidsbeoordeling",
    "conditions": "Voorwaarden en afspraken",
    "refer": "Verwezen",
    "hand_over": "Overgedragen",
}
REFERRALS = {
    "slachtofferhulp": "Slachtofferhulp Nederland",
    "wijkagent": "Wijkagent, voor een stopgesprek",
    "lokaal_team": "Lokaal team van de gemeente",
}
CONDITIONS = {
    "silent": "knop laat niets meer horen",
    "link_lost": "verbinding verbroken",
    "battery_low": "batterij bijna leeg",
    "tamper": "sabotage",
    "clock_drift": "klok loopt niet gelijk",
}
FIELDS = {
    "resident": "Bewoner",
    "municipality": "Gemeente",
    "address": "Adres",
    "street": "Straat",
    "number": "Huisnummer",
    "postcode": "Postcode",
    "place": "Plaats",
    "latitude": "Breedtegraad",
    "longitude": "Lengtegraad",
    "offender": "Pleger",
    "name": "Naam",
    "description": "Signalement",
    "vehicle": "Voertuig",
    "weapons": "Wapens",
    "route_notes": "Aanrijden",
    "location_agreement": "Afspraak op Locatie (AOL)",
    "orders": "Verboden",
    "kind": "Soort",
    "valid_until": "Geldig tot en met",
    "case_reference": "Zaak",
    "members": "Gezinsleden",
    "role": "Rol",
    "birth_year": "Geboortejaar",
    "children": "Kinderen",
    "relation_to_stalker": "Relatie tot de pleger",
    "signals": "Signalen",
    "safety_plan": "Veiligheidsplan",
}
"""Fields of a household, in either agency's section."""


def word(words: dict[str, str], code: str) -> str:
    """Return the Dutch for a code; a code that is newer than the table stands for itself."""
    return words.get(code, code)
