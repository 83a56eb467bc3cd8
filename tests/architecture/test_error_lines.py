"""Every command of the three programs: a wrong value is one line that says what to do."""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

import alarm_gateway.app
import dispatch.app
import simulator.cli
from alarm_gateway.adapters.devices import Devices, Who
from alarm_gateway.adapters.journal import Journal
from alarm_gateway.adapters.registry import read_registry
from alarm_gateway.adapters.vault import Vault
from alarm_protocol.units import TimestampMs
from dispatch.accounts import write_accounts
from dispatch.core.accounts import AccountFile
from simulator.households import generate, write
from tests.helpers.accounts import make_desk
from tests.helpers.gateway import ALARM_RECORDS

MAINS = {
    "alarm-gateway": alarm_gateway.app.main,
    "dispatch-console": dispatch.app.main,
    "alarm-simulator": simulator.cli.main,
}
BROKER = "--broker mqtt://127.0.0.1:1"
RUN = f"alarm-gateway run {BROKER} --data-dir new"
CONSOLE = f"dispatch-console run --console police {BROKER} --port 0 --accounts police.json"
USERS = "dispatch-console users"
FLEET = f"alarm-simulator fleet {BROKER} --registry homes.json"
BUTTON = "alarm-simulator button --device aware-000001 --registry homes.json"
HEAR = "alarm-gateway explain --registry homes.json"
EXPORT = "alarm-gateway export --registry homes.json --console police"
MEND = "alarm-gateway maintenance --data-dir data --by me"
WHO = "--by me --reason x"
NEW, OLD = f"--data-dir new {WHO}", f"--data-dir devices {WHO}"
IMPORT = f"alarm-gateway devices import {NEW} --registry-key-file key"
CERTIFICATE = "--broker mqtts://127.0.0.1"


class Bad(NamedTuple):
    """A command line, and what the line on standard error has to hold."""

    line: str
    says: tuple[str, ...]


FILES = {
    "key": "ab" * 32,
    "other": "cd" * 32,
    "file": "x\n",
    "nothing.json": "",
    "empty.toml": "",
    "key.toml": "[times]\naccept_within = 3\n",
    "section.toml": "[tims]\naccept_within_s = 3\n",
    "range.toml": "[priority]\ntest = 9\n",
    "type.toml": '[times]\naccept_within_s = "soon"\n',
    "yes.toml": "[times]\naccept_within_s = true\n",
    "category.toml": '[supervision]\ncategory = "DP9"\n',
    "deep.toml": "[supervision.silent_after_s]\nDP4 = 0\n",
    "flat.toml": "times = 3\n",
    "broken.toml": "[times]\naccept_within_s = \n",
    "late.toml": "[times]\naccept_within_s = 90\n",
    "card.toml": '[guidance.nl.police]\ntodo = ["x"]\nnever = ["y"]\n',
    "lines.toml": '[guidance.nl.police]\ntodo = "x"\n',
    "battery.toml": "[supervision]\nbattery_low_pct = 50\n",
}

GATEWAY = [
    Bad("alarm-gateway nope", ("no such command 'nope'", "see alarm-gateway --help")),
    Bad("alarm-gateway run", ("missing option '--broker'", "see alarm-gateway run --help")),
    Bad(f"{RUN} --nope", ("no such option: --nope", "see alarm-gateway run --help")),
    Bad(f"{RUN} --registry homes.json --log-level x", ("--log-level", "'debug', 'info'")),
    Bad(f"{RUN} --registry homes.json --broker x", ("'x'", "mqtt://host:port")),
    Bad(f"{RUN} --registry homes.json --broker mqtt://{'h' * 70}", ("mqtt://host:port",)),
    Bad(f"{RUN} --registry homes.json --data-dir file", ("file is no folder", "--data-dir")),
    Bad(f"{RUN} --registry homes.json --data-dir file/x", ("cannot be made", "--data-dir")),
    Bad(f"{RUN} --registry homes.json --data-dir /proc/x", ("cannot be made", "--data-dir")),
    Bad(f"{RUN} --registry homes.json --data-dir /proc", ("cannot be written", "--data-dir")),
    Bad(f"{RUN} --registry gone.json", ("gone.json", "alarm-simulator households")),
    Bad(f"{RUN} --registry folder", ("folder", "Is a directory", "alarm-simulator households")),
    Bad(f"{RUN} --registry cut.json", ("in the middle, at line 3, column 1", "mend it")),
    Bad(f"{RUN} --registry comma.json", ("at line 2, column 2", "mend it")),
    Bad(f"{RUN} --registry wrong.json", ("device_id", "household 2", "mend it")),
    Bad(f"{RUN} --registry nothing.json", ("it is empty", "alarm-simulator households")),
    Bad(f"{RUN} --registry none.json", ("no household", "alarm-simulator households")),
    Bad(f"{RUN} --registry twice.json", ("household 2: device_id: the same",)),
    *(
        Bad(f"{RUN} --registry homes.json --policy {name}", says)
        for name, says in {
            "gone.toml": ("gone.toml", "leave --policy out"),
            "folder": ("Is a directory", "leave --policy out"),
            "bytes": ("UTF-8",),
            "broken.toml": ("no TOML", "line 2"),
            "key.toml": ("[times] knows no accept_within;", "did you mean accept_within_s?"),
            "section.toml": ("section [tims]; did you mean times?", "priority, times"),
            "range.toml": ("[priority] test = 9", "from 1 to 4"),
            "type.toml": ('[times] accept_within_s = "soon"', "from 1 to 86400"),
            "yes.toml": ("[times] accept_within_s = true", "from 1 to 86400"),
            "category.toml": ('[supervision] category = "DP9"', "SP3, SP4", "DP4"),
            "deep.toml": ("[supervision.silent_after_s] DP4 = 0", "from 1 to 86400"),
            "flat.toml": ("times = 3 is a section", "[times]"),
            "late.toml": ("accept_within_s = 90", "escalate_within_s = 60"),
            "card.toml": ("[guidance.nl.police] lacks call", "given whole"),
            "lines.toml": ("[guidance.nl.police] todo", "list of lines"),
            "battery.toml": ("battery_low_pct = 50", "battery_good_pct = 20"),
        }.items()
    ),
    Bad(f"{RUN} --registry homes.json --tls-ca file", ("mqtts://",)),
    Bad(f"{RUN} --registry homes.json {CERTIFICATE} --tls-ca gone.pem", ("gone.pem", "PEM")),
    Bad(f"{RUN} --registry homes.json {CERTIFICATE} --tls-cert file", ("file", "PEM")),
    Bad(f"{RUN} --registry homes.json {CERTIFICATE} --tls-key file", ("--tls-cert too",)),
    *(
        Bad(f"alarm-gateway {command} --data-dir {folder}", (f"no journal in {folder}",))
        for command in ("verify-journal", "show", "norms", "purge --older-than 1d")
        for folder in ("gone", "file", "/proc/x", "folder")
    ),
    Bad("alarm-gateway verify-journal --data-dir data --row 0", ("--row", "--help")),
    Bad("alarm-gateway verify-journal --data-dir data --row 99", ("no row 99",)),
    Bad("alarm-gateway verify-journal --data-dir data --expect 5", ("--expect '5'", "1234:0f3a")),
    Bad("alarm-gateway backup --data-dir data --out data", ("data is there already", "--out")),
    Bad("alarm-gateway backup --data-dir nowhere --out copy", ("no journal in nowhere",)),
    Bad("alarm-gateway show nobody.1 --data-dir data", ("no alarm nobody.1", "lists them")),
    Bad(f"{HEAR} --press gone", ("press gone", "No such file")),
    Bad(f"{HEAR} --press folder", ("press folder", "Is a directory")),
    Bad(f"{HEAR} --press file", ("press file", "quarantine")),
    Bad(f"{HEAR} --press file --now-ms -1", ("--now-ms", "greater than or equal to 0")),
    Bad(f"{HEAR} --press file --now-ms {'9' * 30}", ("--now-ms", "less than or equal to")),
    Bad(
        EXPORT.replace("--registry homes.json", "a.1 --data-dir data --out x"), ("--registry-key-",)
    ),
    Bad(f"{EXPORT} nobody.1 --data-dir gone --out e.zip", ("no journal in gone",)),
    Bad(f"{EXPORT} nobody.1 --data-dir data --out e.zip", ("nobody.1",)),
    Bad(f"{EXPORT} aware-000001.1 --data-dir data --out /proc/e.zip", ("/proc/e.zip", "--out")),
    Bad(f"{EXPORT} aware-000001.1 --data-dir data --out folder", ("folder", "--out")),
    Bad(f"{EXPORT} x.1 --data-dir data --out e.zip --console x", ("'police', 'veilig_thuis'",)),
    Bad("alarm-gateway purge --data-dir data --older-than 9", ("'9'", "90d, 26w, 5y")),
    Bad("alarm-gateway norms --data-dir data --from soon", ("'soon'", "2026-11-01")),
    Bad("alarm-gateway norms --data-dir data --from 2026-02-01 --to 2026-01-01", ("not before",)),
    Bad(f"{MEND} a/../b --reason x", ("device id", "letters, digits, _ and -")),
    Bad(f"{MEND} aware-1 --reason {'x' * 501}", ("--reason", "1 to 500")),
    Bad(f"{MEND} aware-1 --reason x --minutes -1", ("--minutes", "--help")),
    Bad(f"{MEND} aware-1 --reason x --by {'x' * 81}", ("--by", "1 to 80")),
    Bad(f"{MEND} aware-1 --reason x --data-dir folder", ("no journal in folder", "--data-dir")),
    Bad("alarm-gateway share --data-dir gone --out x.json", ("no journal in gone",)),
    Bad(
        "alarm-gateway share no.1 --data-dir data --out x.json", ("no alarm no.1 in this journal",)
    ),
    Bad("alarm-gateway share --data-dir data --out file", ("--out file", "a new file")),
    Bad(RUN, ("no device is known", "--registry", "devices import")),
    Bad(f"{RUN} --registry homes.json --registry-key-file gone", ("gone", "openssl rand")),
    Bad(f"{RUN} --registry homes.json --registry-key-file file", ("file", "64 hexadecimal")),
    Bad(f"{RUN} --registry-key-file key", ("no registry in new", "devices import")),
    Bad("alarm-gateway devices nope", ("no such command 'nope'", "see alarm-gateway devices")),
    Bad(f"alarm-gateway devices import homes.json {NEW}", ("needs its key", "AWARE_REGISTRY_KEY")),
    Bad(f"{IMPORT} gone.json", ("gone.json", "No such file")),
    Bad(f"{IMPORT} file", ("file", "no JSON", ".csv")),
    Bad(f"{IMPORT} bytes", ("bytes", "UTF-8")),
    Bad(f"{IMPORT} none.json", ("none.json", "no device")),
    Bad(f"{IMPORT} homes.json --by=", ("--by", "1 to 80")),
    Bad(f"{IMPORT} homes.json --reason=", ("--reason", "1 to 500")),
    Bad(f"alarm-gateway devices add homes.json {NEW} --registry-key-file key", ("3 devices",)),
    *(
        Bad(f"alarm-gateway devices {command} --registry-key-file key", says)
        for command, says in {
            "list --data-dir new": ("no registry in new", "devices import"),
            "list --data-dir devices": ("sealed with another key",),
            "show aware-1 --data-dir folder": ("no registry in folder",),
            f"revoke aware-1 {NEW}": ("no registry in new",),
            f"rotate-key aware-1 {NEW} --overlap 3": ("--overlap '3'", "12h or 7d"),
        }.items()
    ),
    *(
        Bad(f"alarm-gateway devices {command} --registry-key-file other", says)
        for command, says in {
            "show aware-1 --data-dir devices": ("aware-1 is not registered", "devices list"),
            f"revoke aware-1 {OLD}": ("aware-1 is not registered", "devices list"),
            f"rotate-key aware-000001 {OLD}": ("--key-file", "--key-out"),
            f"rotate-key aware-000001 {OLD} --key-file file": ("--key-file file", "32 to 128"),
            f"rotate-key aware-000001 {OLD} --key-out file": ("--key-out file", "a new file"),
            f"reseal {OLD}": ("missing option '--new-key-file'", "reseal --help"),
            f"reseal {OLD} --new-key-file file": ("--new-key-file file", "64 hexadecimal"),
            f"reseal {OLD} --new-key-file other": ("with this key already",),
        }.items()
    ),
]
CONSOLES = [
    Bad("dispatch-console nope", ("no such command 'nope'", "see dispatch-console --help")),
    Bad(f"{CONSOLE} --history missing/history", ("the history in missing/history", "--history")),
    Bad(f"{CONSOLE} --history-days 0", ("'--history-days'", "greater than or equal to 1")),
    Bad("dispatch-console run", ("missing option '--console'", "run --help")),
    Bad(f"{CONSOLE} --console x", ("--console 'x'", "police or veilig_thuis")),
    Bad(f"{CONSOLE} --broker x", ("--broker", "'x'", "mqtt://host:port")),
    Bad(f"{CONSOLE} --port x", ("'--port'", "integer", "run --help")),
    Bad(f"{CONSOLE} --port 70000", ("70000", "from 0 to 65535")),
    Bad(f"{CONSOLE} --host=", ("--host is empty", "127.0.0.1")),
    Bad(f"{CONSOLE} --host 192.0.2.1", ("192.0.2.1", "address of this machine")),
    Bad(f"{CONSOLE} --host {'h' * 70}", ("address of this machine",)),
    Bad(f"{CONSOLE} --log-level x", ("--log-level", "'debug', 'info'")),
    Bad(f"{CONSOLE} --tls-ca file", ("mqtts://",)),
    Bad(f"{CONSOLE} {CERTIFICATE} --tls-ca gone.pem", ("--tls-ca gone.pem", "PEM")),
    Bad(f"{CONSOLE} {CERTIFICATE} --tls-cert file", ("--tls-cert file", "PEM")),
    Bad(f"{CONSOLE} {CERTIFICATE} --tls-key file", ("--tls-key needs --tls-cert",)),
    Bad(f"{CONSOLE} --policy gone.toml", ("gone.toml", "leave --policy out")),
    Bad(f"{CONSOLE} --policy lines.toml", ("lines.toml", "$.guidance.nl.police.todo")),
    Bad(f"{CONSOLE} --accounts gone", ("--accounts gone", "users add")),
    Bad(f"{CONSOLE} --accounts file", ("--accounts file", "no file of accounts")),
    Bad(f"{CONSOLE} --accounts folder", ("--accounts folder", "Is a directory")),
    Bad(f"{CONSOLE} --console veilig_thuis", ("police", "its own accounts")),
    Bad(f"{CONSOLE} --idle-minutes 0", ("--idle-minutes", "run --help")),
    Bad(f"{CONSOLE} --session-hours x", ("--session-hours", "run --help")),
    Bad(f"{USERS} add Ans", ("missing option '--accounts'", "users add --help")),
    Bad(f"{USERS} add Ans --accounts new.json", ("new.json is new", "--console")),
    Bad(f"{USERS} add Ans --accounts new.json --console x", ("--console 'x'", "police or")),
    Bad(f"{USERS} add Ans --accounts /proc/no/new --console police", ("/proc/no", "written")),
    Bad(f"{USERS} add <b> --accounts police.json", ("'<b>'", "letters, digits")),
    Bad(f"{USERS} add ans --accounts police.json", ("'ans'", "users reset")),
    Bad(f"{USERS} add Bob --accounts police.json --role x", ("--role", "users add --help")),
    Bad(f"{USERS} reset Bob --accounts police.json", ("'Bob'", "users list")),
    Bad(f"{USERS} disable Bob --accounts police.json", ("'Bob'", "users list")),
    Bad(f"{USERS} list --accounts gone", ("--accounts gone", "users add")),
    Bad("dispatch-console looks --accounts gone", ("no record of looks in gone.looks",)),
]
SIMULATOR = [
    Bad("alarm-simulator nope", ("no such command 'nope'", "see alarm-simulator --help")),
    Bad("alarm-simulator households --count 0", ("--count", "households --help")),
    Bad("alarm-simulator households --seed x", ("--seed", "households --help")),
    Bad("alarm-simulator households --count 1 --out folder", ("folder", "--out")),
    Bad("alarm-simulator households --count 1 --out file/x", ("file/x", "--out")),
    Bad("alarm-simulator households --count 1 --out /proc/x", ("/proc/x", "--out")),
    Bad("alarm-simulator certs --out file", ("file", "--out")),
    Bad("alarm-simulator certs --out folder --devices -1", ("--devices", "certs --help")),
    Bad("alarm-simulator certs --out folder --revoke x", ("folder", "--out")),
    Bad(f"{FLEET} --broker x", ("'x'", "mqtt://host:port")),
    Bad(f"{FLEET} --registry gone.json", ("gone.json", "make one with")),
    Bad(f"{FLEET} --registry cut.json", ("line 3, column 1", "make one with")),
    Bad(f"{FLEET} --registry none.json", ("no household", "make one with")),
    Bad(f"{FLEET} --count 9", ("3 households", "ask for fewer")),
    Bad(f"{FLEET} --first 9", ("3 households", "numbers 9 to 9")),
    *(
        Bad(f"{FLEET} {option} {value}", (option, "fleet --help"))
        for option, value in [
            ("--count", "0"),
            ("--first", "0"),
            ("--press-every", "-1"),
            ("--press-every", "nan"),
            ("--press-every", "inf"),
            ("--heartbeat-every", "0"),
            ("--heartbeat-every", "inf"),
            ("--processes", "0"),
            ("--log-level", "x"),
        ]
    ),
    Bad(f"{FLEET} --source 192.0.2.1", ("--source 192.0.2.1", "127.0.0.2")),
    Bad(f"{FLEET} --source x", ("--source x", "127.0.0.2")),
    Bad(f"{FLEET} --processes 2 --broker mqtt://192.0.2.1", ("--processes", "by hand")),
    Bad("alarm-simulator button", ("missing option '--device'", "button --help")),
    Bad("alarm-simulator button --device x --registry homes.json", ("device x", "--key-hex")),
    Bad("alarm-simulator button --device x --key-hex zz", ("--key-hex", "32 to 128 digits")),
    Bad("alarm-simulator button --device x --key-hex ab", ("--key-hex", "32 to 128 digits")),
    Bad(f"{FLEET} --tls-ca file", ("mqtts://",)),
    Bad(f"{FLEET} {CERTIFICATE} --tls-ca gone.pem", ("--tls-ca gone.pem", "PEM")),
    Bad(f"{FLEET} {CERTIFICATE} --tls-certs folder", ("no aware-000001.crt", "certs --devices")),
    Bad(f"{BUTTON} --tls-ca file", ("mqtts://",)),
    Bad(f"{BUTTON} {CERTIFICATE} --tls-cert file", ("--tls-cert file", "PEM")),
    Bad(
        f"{RUN} --registry homes.json {CERTIFICATE} --tls-supervision-key file",
        ("--tls-supervision-cert too",),
    ),
    Bad("alarm-simulator button --device x --wait nan", ("--wait", "button --help")),
    Bad("alarm-simulator demo --data-dir file", ("file", "--data-dir")),
    Bad("alarm-simulator demo --data-dir /proc/x", ("/proc/x", "--data-dir")),
    Bad("alarm-simulator demo --broker x", ("'x'", "mqtt://host:port")),
    Bad("alarm-simulator demo --headless --rate 0", ("--rate", "--headless")),
    Bad(f"alarm-simulator demo --tls {BROKER}", ("--tls", "leave --broker out")),
    Bad("alarm-simulator demo --tls --embedded", ("no TLS", "leave --embedded out")),
    *(
        Bad(f"alarm-simulator {command} {option} {value}", (option, f"{command} --help"))
        for command, option, value in [
            ("demo", "--seconds", "inf"),
            ("demo", "--rate", "nan"),
            ("demo", "--devices", "-1"),
            ("load", "--rate", "0"),
            ("load", "--seconds", "nan"),
            ("world", "--hours", "nan"),
            ("world", "--devices", "0"),
            ("world", "--jobs", "0"),
            ("chaos", "--rounds", "0"),
            ("chaos", "--rate", "nan"),
            ("chaos", "--scale", "nan"),
            ("outage", "--seed", "x"),
        ]
    ),
    Bad("alarm-simulator bench --profile x", ("no profile 'x'", "smoke, ci or full")),
    Bad("alarm-simulator bench --broker x", ("'x'", "mqtt://host:port")),
    Bad("alarm-simulator bench --thresholds gone", ("thresholds gone", "No such file")),
    Bad("alarm-simulator world --seeds 5..1", ("'5..1'", "1..500")),
    Bad("alarm-simulator world --faults x", ("no fault 'x'", "delay, reorder")),
    Bad("alarm-simulator chaos --faults x", ("no fault 'x'", "gateway_kill")),
    Bad("alarm-simulator chaos --folder file", ("--folder file",)),
    Bad("alarm-simulator chaos --folder /proc/x", ("--folder /proc/x",)),
    Bad("alarm-simulator run nope", ("no scenario 'nope'", "quiet-night")),
    Bad("alarm-simulator run gone.toml", ("gone.toml", "alarm-simulator scenarios")),
    Bad("alarm-simulator run folder.toml", ("folder.toml", "alarm-simulator scenarios")),
    Bad("alarm-simulator run broken.toml", ("broken.toml", "no TOML", "line 2")),
    Bad("alarm-simulator run empty.toml", ("empty.toml", "missing required field 'title'")),
    Bad("alarm-simulator run bytes.toml", ("bytes.toml", "UTF-8")),
    Bad("alarm-simulator run quiet-night --speed 0.5", ("--speed", "run --help")),
    Bad("alarm-simulator run quiet-night --speed nan", ("--speed", "run --help")),
    Bad("alarm-simulator run quiet-night --seed x", ("--seed", "run --help")),
    Bad("alarm-simulator run quiet-night --broker x", ("'x'", "mqtt://host:port")),
    Bad("alarm-simulator scenarios nope", ("nope", "scenarios --help")),
    Bad("alarm-simulator outage x", ("no outage 'x'", "poison-router")),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with good and bad files of every kind."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "folder").mkdir()
    (folder / "folder.toml").mkdir()
    (folder / "bytes.toml").write_bytes(b"\xff\xfe")
    (folder / "bytes").write_bytes(b"\xff\xfe")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    write(generate(3, seed=1), folder / "homes.json")
    text = (folder / "homes.json").read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    (folder / "cut.json").write_text("".join(lines[:2]), encoding="utf-8")
    (folder / "comma.json").write_text(text.replace('{"device_id"', '{device_id"', 1), "utf-8")
    second = '"device_id":"aware-000002"'
    (folder / "wrong.json").write_text(text.replace(second, '"device_id":2'), encoding="utf-8")
    (folder / "twice.json").write_text(text.replace(second, second.replace("2", "1")), "utf-8")
    nobody = json.loads(text) | {"households": []}
    (folder / "none.json").write_text(json.dumps(nobody), encoding="utf-8")
    ans = replace(make_desk()[1].file.accounts[0], name="Ans")
    write_accounts(folder / "police.json", AccountFile(console="police", accounts=(ans,)))
    homes = read_registry(folder / "homes.json").values()
    who = Who("me", "x", TimestampMs(0))
    Devices(folder / "devices", Vault(b"\xcd" * 32), make=True).take(homes, who)
    disk = Journal(folder / "data", on_durable=lambda *_: None, on_failure=lambda _: None)
    disk.start()
    disk.append(ALARM_RECORDS)
    disk.close()
    return folder


@pytest.mark.parametrize("bad", [*GATEWAY, *CONSOLES, *SIMULATOR], ids=lambda bad: bad.line[:90])
def test_a_wrong_value_is_one_line_that_says_what_to_do(
    bad: Bad, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, nothing on standard output, and one line: what, where, and what to do."""
    words = bad.line.split()
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as caught:
        MAINS[words[0]]()
    output, errors = capfd.readouterr()
    assert (2, "", 1) == (caught.value.code, output, errors.count("\n")), errors
    assert errors.startswith(f"{words[0]}: ")
    assert [] == [part for part in bad.says if part not in errors], errors
    assert not (place / "new").exists()


@pytest.mark.parametrize("name", MAINS)
def test_help_is_asked_for_by_name_or_by_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--help` is no error; a program without a command shows the same, and ends with 2."""
    codes = []
    for words in ([name, "--help"], [name]):
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as caught:
            MAINS[name]()
        codes.append(caught.value.code)
        shown = capsys.readouterr()
        assert f"Usage: {name}" in shown.out
        assert shown.err == ""
    assert [0, 2] == codes


def test_every_command_has_a_bad_value(place: Path) -> None:
    """A new command comes with its wrong values."""
    assert place.is_dir()
    tried = {tuple(one.line.split()[:2]) for one in (*GATEWAY, *CONSOLES, *SIMULATOR)}
    apps = {
        "alarm-gateway": alarm_gateway.app.app,
        "dispatch-console": dispatch.app.cli,
        "alarm-simulator": simulator.cli.app,
    }
    for name, app in apps.items():
        for one in app.registered_commands:
            given = one.callback.__name__.replace("_", "-") if one.callback else ""
            assert (name, one.name or given) in tried
