"""The evidence file: a zip with the history, the records, the chain, and a program to check it.

The same journal and registry give the same bytes.
"""

import hashlib
import os
import tempfile
import zipfile
from importlib.resources import files
from pathlib import Path

import msgspec

from alarm_gateway.adapters.dutch_calendar import dutch_calendar
from alarm_gateway.core.errors import SettingsError
from alarm_gateway.evidence.collect import Collected
from alarm_gateway.evidence.page import history_page
from alarm_gateway.evidence.words import AGENCIES

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip file can hold; all files have it."""
_README = """\
MELDING {alarm_id}, VOOR: {agency}
{synthetic}
  geschiedenis.html  de geschiedenis, om te lezen en te printen
  records.json       dezelfde gegevens, voor programma's
  chain.txt          van elke regel van het journaal vanaf de eerste van deze melding:
                     nummer en SHA-256; van andere meldingen staat hier niets anders
  manifest.json      SHA-256 van elk bestand
  verify.py          controleert alles; heeft alleen Python 3.8 of nieuwer nodig

Controleren, in de uitgepakte map:      python3 verify.py
Of zonder uitpakken:                    python3 verify.py BESTAND.zip

De controle toont aan dat de regels in records.json ongewijzigd in een keten staan die op regel
{last_seq} eindigt met deze hash:

  {last_hash}

Vraag de beheerder van het journaal om de hash van die regel, langs een andere weg, en geef hem
mee met --last-hash. Pas dan is ook aangetoond dat het om dat journaal gaat.

--

THE SAME IN ENGLISH. verify.py shows that the records in records.json are unaltered members of a
chain of hashes that ends at row {last_seq}. It needs Python 3.8 or newer and nothing else. Ask the
holder of the journal for the hash of that row (`alarm-gateway verify-journal --row {last_seq}`),
and give it with --last-hash: only then is it shown that this is the chain of that journal.
Every row's hash is SHA-256(hash of the row before, digest). The digest is SHA-256(head, cover,
open): the head holds the row's columns, the cover is a random salt or, for a press,
SHA-256(salt, sealed text). Rows and parts that {agency} may not see are there as hashes only.
"""


def package_bytes(collected: Collected) -> dict[str, bytes]:
    """Return the files of the evidence by name, the manifest last."""
    evidence = collected.evidence
    chain = evidence.chain
    calendar = dutch_calendar(evidence.raised_at_ms)
    digests = "".join(
        f"{seq} {digest.hex()}\n" for seq, digest in enumerate(collected.digests, chain.first_seq)
    )
    readme = _README.format(
        alarm_id=evidence.alarm_id,
        agency=AGENCIES[evidence.console],
        synthetic="\nSYNTHETISCH: dit huishouden en deze personen bestaan niet\n"
        if evidence.synthetic
        else "",
        last_seq=chain.last_seq,
        last_hash=chain.last_hash,
    )
    content = {
        "geschiedenis.html": history_page(evidence, calendar).encode(),
        "records.json": msgspec.json.format(msgspec.json.encode(evidence), indent=1),
        "chain.txt": digests.encode(),
        "README.txt": readme.encode(),
        "verify.py": files(__package__).joinpath("verify.py").read_bytes(),
    }
    manifest = {
        "format": "aware-evidence-manifest",
        "version": 1,
        "sha256": {name: hashlib.sha256(one).hexdigest() for name, one in content.items()},
    }
    content["manifest.json"] = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    return content


def write_package(collected: Collected, out: Path) -> None:
    """Write the evidence file, whole or not at all; one that is there is replaced.

    Raises:
        SettingsError: It cannot be written.
    """
    content = package_bytes(collected)
    try:
        number, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(number, "wb") as file:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
                    for one, data in content.items():
                        archive.writestr(_entry(one), data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(out)  # whole or not at all
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(
            f"evidence {out} cannot be written ({error.strerror}); give another --out"
        ) from error


def _entry(name: str) -> zipfile.ZipInfo:
    """Return a zip entry that is the same on every machine."""
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry
