"""Check that the records of this evidence are members of the journal's chain, unaltered.

Lies in every evidence file, and needs nothing but Python 3.8 or newer:

    python3 verify.py                     (in the folder of the unpacked evidence)
    python3 verify.py EVIDENCE.zip
    python3 verify.py --last-hash HEX     (compare with the hash that the journal's holder gives)

Exit code 0: every record is as it was written. 1: something is not. 2: no evidence found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

FILES = ("geschiedenis.html", "records.json", "chain.txt", "README.txt", "verify.py")


class Broken(Exception):  # noqa: N818 - it is what a reader sees
    """The evidence is not what was written."""


def load(place: Path) -> dict[str, bytes]:
    """Read the files of a folder or a zip file."""
    names = (*FILES, "manifest.json")
    if place.is_dir():
        return {name: (place / name).read_bytes() for name in names if (place / name).is_file()}
    with zipfile.ZipFile(place) as archive:
        return {name: archive.read(name) for name in names if name in archive.namelist()}


def check_manifest(files: dict[str, bytes]) -> None:
    """Check that no file was changed or lost since the export."""
    manifest = json.loads(files["manifest.json"])
    for name in FILES:
        if name not in files:
            raise Broken(f"{name} is missing")
        if manifest["sha256"].get(name) != hashlib.sha256(files[name]).hexdigest():
            raise Broken(f"{name} was changed after the export")


def digest_of(line: dict[str, Any]) -> str:
    """Return the digest of a record, from what the evidence shows of it."""
    proof = line["proof"]
    if "sealed" in proof:
        salt = bytes.fromhex(proof["salt"])
        cover = hashlib.sha256(salt + proof["sealed"].encode()).digest()
    else:
        cover = bytes.fromhex(proof["cover"])
    columns = ("seq", "device_id", "version", "at_ms", "kind", "alarm_id")
    head = "".join(f"{line[name]}\0" for name in columns)
    return hashlib.sha256(head.encode() + cover + proof["open"].encode()).hexdigest()


def check_record(line: dict[str, Any], alarm_id: str) -> None:
    """Check that what is shown of a record is what its bytes say."""
    proof = line["proof"]
    if "sealed" in proof or line["kind"] != "pressed":
        proven = json.loads(proof.get("sealed", "") + proof["open"])
    else:
        proven = {"event": "pressed", **json.loads("{" + proof["open"][1:])}
    if proven != line["event"] or proven["event"] != line["kind"]:
        raise Broken(f"record {line['seq']} shows something else than its bytes say")
    if "line" in proven:
        told, stated = json.loads(proven["line"]), line.get("stated", {})
        if any(stated[name] != told[name] for name in told if name in stated):
            raise Broken(f"record {line['seq']} states something else than the press says")
    if line["alarm_id"] != alarm_id:
        raise Broken(f"record {line['seq']} belongs to another alarm")


def check_chain(
    evidence: dict[str, Any],
    chain_text: str,
) -> tuple[int, str]:
    """Walk along the chain; return how many rows it has, and the last hash."""
    chain = evidence["chain"]
    digests = {}
    previous = bytes.fromhex(chain["previous_hash"])
    expected = int(chain["first_seq"])
    for text in chain_text.splitlines():
        number, digest = text.split(" ")
        if int(number) != expected:
            raise Broken(f"row {expected} is missing in chain.txt")
        digests[expected] = digest
        previous = hashlib.sha256(previous + bytes.fromhex(digest)).digest()
        expected += 1
    if expected != int(chain["last_seq"]) + 1 or previous.hex() != chain["last_hash"]:
        raise Broken("chain.txt does not lead to the last hash of records.json")
    numbers: list[int] = [line["seq"] for line in evidence["records"]]
    if numbers != sorted(set(numbers)):
        raise Broken("the records are out of order, or one is there twice")
    for line in evidence["records"]:
        if digests.get(line["seq"]) != digest_of(line):
            raise Broken(f"record {line['seq']} is not the one in the chain")
        check_record(line, evidence["alarm_id"])
    return len(digests), previous.hex()


def verify(
    place: Path,
    last_hash: str | None = None,
) -> str:
    """Check everything; return the verdict as text, or raise `Broken`."""
    files = load(place)
    check_manifest(files)
    evidence = json.loads(files["records.json"])
    count, found = check_chain(evidence, files["chain.txt"].decode())
    if last_hash is not None and last_hash.lower() != found:
        raise Broken(f"the chain ends at {found}, not at the hash that was given")
    return (
        f"ok: {len(evidence['records'])} records of alarm {evidence['alarm_id']} are unaltered "
        f"members of the chain\n"
        "proven: of each record all but `stated`; the rest of records.json, and the page, are "
        "what the exporter says\n"
        f"chain: {count} rows, {evidence['chain']['first_seq']} to "
        f"{evidence['chain']['last_seq']}, last hash {found}\n"
        + (
            "the last hash is the one that was given\n"
            if last_hash is not None
            else "compare this hash with the one that the journal's holder gives for row "
            f"{evidence['chain']['last_seq']}: "
            f"alarm-gateway verify-journal --row {evidence['chain']['last_seq']}\n"
        )
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the check from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("place", nargs="?", type=Path, help="zip file or folder; else this folder")
    parser.add_argument("--last-hash", help="hash that the holder of the journal gives")
    options = parser.parse_args(arguments)
    try:
        verdict = verify(options.place or Path(__file__).resolve().parent, options.last_hash)
    except Broken as fault:
        sys.stderr.write(f"BROKEN: {fault}\n")
        return 1
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as fault:
        sys.stderr.write(f"no evidence can be read here: {type(fault).__name__}: {fault}\n")
        return 2
    sys.stdout.write(verdict)
    return 0


if __name__ == "__main__":
    sys.exit(main())
