"""The composed installation: by the schema, hardened without exception, and true to its files."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "tests" / "vendor" / "compose-spec" / "compose-spec.json"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
RUNBOOK = ROOT / "docs" / "runbook.md"
READ_BY = {"front": "nginx/nginx.conf", "alertmanager": "alertmanager/alertmanager.yml"}
"""Configurations of services that name secrets too."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
DOCKER = """\
#!/bin/sh
[ "$1" = pull ] || echo "${5%:*}@sha256:$(printf %s "$5" | sha256sum | cut -c -64)"
"""
"""In the place of the engine, which tests do not have: each image has a digest of its own."""


def test_the_file_is_a_compose_file() -> None:
    """The schema of the Compose Specification takes it as it is."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    found = jsonschema.Draft7Validator(schema).iter_errors(COMPOSE)
    assert [] == [f"{list(error.absolute_path)}: {error.message}" for error in found]


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_held_tight(name: str) -> None:
    """No root, no capability, nothing to write but its volumes, and a limit on all it takes."""
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    assert (True, ["ALL"]) == (service["read_only"], service["cap_drop"])
    assert ["no-new-privileges:true"] == service["security_opt"]
    assert {"cpus", "memory", "pids"} == set(service["deploy"]["resources"]["limits"])
    assert {"max-size", "max-file"} == set(service["logging"]["options"])
    assert not {"privileged", "network_mode", "pid", "cap_add", "devices"} & set(service)


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_one_version(name: str) -> None:
    """`latest` is another program every week."""
    version, _, digest = SERVICES[name]["image"].partition("@")
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+(?:-\w+)?", version)
    assert not digest or DIGEST.fullmatch(digest)


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_waited_for_can_be_healthy(name: str) -> None:
    """Every dependency is on health, and whoever is waited for says how it is."""
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert {"condition": "service_healthy"} == how
        assert "healthcheck" in SERVICES[other]


def test_only_a_fleet_may_be_without_health() -> None:
    """Simulated devices are nobody's dependency, and only there when they are asked for."""
    without = [name for name, service in SERVICES.items() if "healthcheck" not in service]
    assert (["fleet"], ["fleet"]) == (without, SERVICES["fleet"]["profiles"])


def test_prometheus_passes_alerts_on_to_the_service_that_tells_people() -> None:
    """The address is that of a service on a network of both, which may reach the outside."""
    folder = ROOT / "deploy" / "prometheus"
    watching = yaml.safe_load((folder / "prometheus.yml").read_text(encoding="utf-8"))
    (manager,) = watching["alerting"]["alertmanagers"]
    (files,) = [entry["files"] for entry in manager["file_sd_configs"]]
    targets = [yaml.safe_load((folder / name).read_text(encoding="utf-8")) for name in files]
    assert [[{"targets": ["alertmanager:9093"]}]] == targets
    networks = set(SERVICES["alertmanager"]["networks"])
    assert networks & set(SERVICES["prometheus"]["networks"])
    assert "outside" in networks
    assert ["alerts"] == SERVICES["alertmanager"]["profiles"]


def test_secrets_are_files_that_somebody_uses() -> None:
    """Each is a file below secrets/, named by a service; none is in the environment."""
    secrets = {name: entry["file"] for name, entry in COMPOSE["secrets"].items()}
    assert all(file.startswith("./secrets/") for file in secrets.values())
    used = {name for service in SERVICES.values() for name in service.get("secrets", ())}
    assert set(secrets) == used
    assert "secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    for name, service in SERVICES.items():
        named = set(re.findall(r"/run/secrets/(\w+)", json.dumps(service)))
        if name in READ_BY:
            text = (ROOT / "deploy" / READ_BY[name]).read_text(encoding="utf-8")
            named |= set(re.findall(r"/run/secrets/(\w+)", text))
        assert set(service.get("secrets", ())) == named, name


def test_what_is_mounted_is_there_and_cannot_be_written() -> None:
    """Files of the tree exist and are read only; all else is a named volume or a secret."""
    volumes = set()
    for service in SERVICES.values():
        for entry in service.get("volumes", ()):
            source, _, rest = entry.partition(":")
            if source.startswith("./"):
                assert rest.endswith(":ro"), entry
                assert source.startswith("./secrets/") or (ROOT / source).exists(), entry
            else:
                volumes.add(source)
    assert set(COMPOSE["volumes"]) == volumes


def test_only_devices_and_pages_can_be_reached_from_outside() -> None:
    """Broker and proxy speak TLS; Grafana is for this machine; nothing else has a port."""
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert {
        "mosquitto": ["8883:8883"],
        "front": ["8443:8443", "8444:8444"],
        "grafana": ["127.0.0.1:3000:3000"],
    } == ports
    inside = {name for name, network in COMPOSE["networks"].items() if network.get("internal")}
    for name in ("gateway", "console-police", "console-veilig-thuis", "prometheus", "fleet"):
        assert set(SERVICES[name]["networks"]) <= inside, name


def test_the_image_is_made_of_what_is_locked_and_runs_as_nobody() -> None:
    """Pinned base, hashes required, no root at the end, and the user that owns the volumes."""
    bases = re.findall(r"(?m)^FROM ((?!eclipse-)\S+)", DOCKERFILE)
    assert (2, 1) == (len(bases), len(set(bases)))
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-bookworm(@sha256:[0-9a-f]{64})?", bases[0])
    assert "--require-hashes -r requirements.lock" in " ".join(DOCKERFILE.split()).replace(
        "\\ ", ""
    )
    (user,) = re.findall(r"(?m)^USER (\S+)", DOCKERFILE)
    assert {user} == {SERVICES[name]["user"] for name in ("gateway", "console-police", "fleet")}
    copied = re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", DOCKERFILE)
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for path in " ".join(copied).split():
        assert (ROOT / path).exists(), path
        assert f"!{path}" in kept, path


def test_what_is_kept_is_on_a_folder_of_whoever_writes_it() -> None:
    """A volume on a path that the image lacks is root's, and nobody here is root."""
    stages = re.split(r"(?m)^FROM ", DOCKERFILE)
    for name, service in SERVICES.items():
        if "build" not in service:
            continue
        target = service["build"].get("target")
        (stage,) = [part for part in stages if f" AS {target}\n" in part] or stages[-1:]
        made = {
            (path, f"{user}:{group}")
            for user, group, path in re.findall(
                r"install -d -o (\d+) -g (\d+) -m 0700 (\S+)", stage
            )
        }
        volumes = [entry.split(":") for entry in service.get("volumes", ())]
        kept = [path for source, path, *_ in volumes if not source.startswith("./")]
        assert {(path, service["user"]) for path in kept} <= made, name


def test_the_broker_keeps_what_it_queued() -> None:
    """Its volume is where its one configuration writes, and its image is the version it says."""
    conf = (ROOT / "mosquitto" / "mosquitto.conf").read_text(encoding="utf-8")
    (place,) = re.findall(r"(?m)^persistence_location (\S+)/$", conf)
    broker = SERVICES["mosquitto"]
    assert f"mosquitto-data:{place}" in broker["volumes"]
    (version,) = re.findall(r"(?m)^FROM eclipse-mosquitto:([\d.]+)\S* AS broker$", DOCKERFILE)
    assert (f"aware-mosquitto:{version}", "broker") == (broker["image"], broker["build"]["target"])


def test_images_are_pinned_by_one_command(tmp_path: Path) -> None:
    """Each but our own gets the digest that was fetched, once, and nothing else is changed."""
    names = ("docker-compose.yml", "Dockerfile")
    before = [re.sub(r"@sha256:\w{64}", "", (ROOT / name).read_text("utf-8")) for name in names]
    for name, text in zip(names, before, strict=True):
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "pin-images", tmp_path / "deploy")
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER, encoding="utf-8")
    docker.chmod(0o755)
    path = f"{docker.parent}:{os.environ['PATH']}"

    def pin() -> str:
        command = [tmp_path / "deploy" / "pin-images"]
        return subprocess.run(
            command, env={"PATH": path}, capture_output=True, text=True, check=True
        ).stdout

    lines = pin().splitlines()
    texts = [(tmp_path / name).read_text("utf-8") for name in names]
    services = yaml.safe_load(texts[0])["services"]
    foreign = {one["image"] for one in services.values() if not one["image"].startswith("aware-")}
    bases = re.findall(r"(?m)^FROM (\S+)", texts[1])
    assert {*foreign, *bases} == set(lines)
    assert (3, 2) == (len(bases), len(set(bases)))
    assert all(DIGEST.fullmatch(line.partition("@")[2]) for line in lines)
    assert before == [re.sub(r"@sha256:\w{64}", "", text) for text in texts]
    assert "" == pin()
