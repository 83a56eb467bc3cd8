"""The 18 municipalities of Hollands Midden: where synthetic households live.

Town centres and the digits of postcodes are public geography, right to about a kilometre.
"""

from typing import NamedTuple


class Place(NamedTuple):
    """A town: its municipality, its centre in degrees (WGS 84), and its postcode digits."""

    municipality: str
    name: str
    latitude: float
    longitude: float
    postcode_first: int
    postcode_last: int


PLACES: tuple[Place, ...] = (
    Place("Alphen aan den Rijn", "Alphen aan den Rijn", 52.1290, 4.6556, 2401, 2409),
    Place("Bodegraven-Reeuwijk", "Bodegraven", 52.0827, 4.7500, 2411, 2411),
    Place("Bodegraven-Reeuwijk", "Reeuwijk", 52.0460, 4.7250, 2811, 2811),
    Place("Gouda", "Gouda", 52.0115, 4.7105, 2801, 2809),
    Place("Hillegom", "Hillegom", 52.2910, 4.5830, 2181, 2182),
    Place("Kaag en Braassem", "Roelofarendsveen", 52.2033, 4.6320, 2371, 2371),
    Place("Kaag en Braassem", "Leimuiden", 52.2230, 4.6690, 2451, 2451),
    Place("Katwijk", "Katwijk", 52.2030, 4.4000, 2221, 2225),
    Place("Krimpenerwaard", "Schoonhoven", 51.9475, 4.8485, 2871, 2872),
    Place("Krimpenerwaard", "Bergambacht", 51.9330, 4.7830, 2861, 2861),
    Place("Leiden", "Leiden", 52.1601, 4.4970, 2311, 2334),
    Place("Leiderdorp", "Leiderdorp", 52.1583, 4.5292, 2351, 2353),
    Place("Lisse", "Lisse", 52.2580, 4.5570, 2161, 2163),
    Place("Nieuwkoop", "Nieuwkoop", 52.1508, 4.7764, 2421, 2421),
    Place("Noordwijk", "Noordwijk", 52.2400, 4.4430, 2201, 2204),
    Place("Oegstgeest", "Oegstgeest", 52.1800, 4.4700, 2341, 2343),
    Place("Teylingen", "Sassenheim", 52.2250, 4.5220, 2171, 2172),
    Place("Teylingen", "Voorhout", 52.2220, 4.4850, 2215, 2215),
    Place("Voorschoten", "Voorschoten", 52.1270, 4.4480, 2251, 2254),
    Place("Waddinxveen", "Waddinxveen", 52.0450, 4.6520, 2741, 2743),
    Place("Zoeterwoude", "Zoeterwoude-Rijndijk", 52.1360, 4.5170, 2382, 2382),
    Place("Zoeterwoude", "Zoeterwoude-Dorp", 52.1200, 4.4960, 2381, 2381),
    Place("Zuidplas", "Nieuwerkerk aan den IJssel", 51.9670, 4.6080, 2911, 2914),
    Place("Zuidplas", "Zevenhuizen", 52.0130, 4.5820, 2761, 2761),
)

MUNICIPALITIES: tuple[str, ...] = tuple(dict.fromkeys(place.municipality for place in PLACES))
