"""docker-compose.yml against the compose specification, the real command line, and the real settings.

No container engine is asked: what is checked is what can be wrong in the file.
"""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import compose_spec
import httpx
import msgspec
import pytest

from deploy import simulator
from streams.settings import role_secrets
from streams.settings.role_secrets import COMMAND, EVERYTHING, SecretScope, canary, deliver, migrate
from streams.settings.root import Settings, load
from tests import quick_yaml
from tests.attachments import picture
from tests.deploy.commands import ROOT, parsed
from tests.stack import EASEMOB_GROUP, YUNXIN_GROUP

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
SERVICES: dict[str, Any] = quick_yaml.load(TEXT)["services"]
SIMULATORS = ("yunxin", "easemob")
RELAY = [name for name, service in SERVICES.items() if service["image"] == "im-relay:local"]
ONCE = ("check", "topics", "group")
ROLES = [name for name in RELAY if name not in ONCE]
SECRETS: dict[str, Any] = quick_yaml.load(TEXT)["secrets"]
MADE_BY_HAND = {"console-users"}
"""Secrets that the repository does not hold: nobody is let in by default."""


def process(name: str) -> SecretScope:
    """What the service is, as the code declares who uses which secret."""
    role, _, platform = name.partition("-")
    if name == "check":
        return EVERYTHING
    if name not in ROLES:
        return COMMAND
    if name == "watch":
        return canary(("old", "new"))
    single = {"deliver": deliver, "migrate": migrate}
    return single[role](platform) if role in single else next(one for one in role_secrets.ROLES if one.name == role)


def of_container(folder: Path, names: Sequence[str]) -> Path:
    """The settings file as a container sees it that has these secrets and no others."""
    for name in names:
        (folder / name).write_text("" if name in MADE_BY_HAND else (ROOT / SECRETS[name]["file"]).read_text())
    path = folder / "relay.toml"
    path.write_text((ROOT / "deploy/compose.toml").read_text(encoding="utf-8").replace("/run/secrets", str(folder)))
    return path


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load(of_container(tmp_path_factory.mktemp("compose"), list(SECRETS)))


@pytest.mark.parametrize("name", RELAY)
def test_a_service_has_the_secrets_that_it_uses_and_no_other(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = SERVICES[name].get("secrets", [])
    read: dict[Path, str] = {}
    monkeypatch.setattr(role_secrets, "files_read", read)
    for variable, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(variable, value.replace("/run/secrets", str(tmp_path)))
    load(of_container(tmp_path, given), process(name))
    assert sorted(path.name for path in read) == sorted(given)


def test_no_secret_stands_in_the_settings_or_the_services() -> None:
    text = (ROOT / "deploy/compose.toml").read_text(encoding="utf-8") + TEXT
    for name, about in SECRETS.items():
        assert name in MADE_BY_HAND or (ROOT / about["file"]).read_text().strip() not in text


def test_who_may_log_in_is_no_part_of_the_repository() -> None:
    for name in MADE_BY_HAND:
        done = subprocess.run(["git", "check-ignore", "--quiet", SECRETS[name]["file"]], cwd=ROOT, check=False)
        assert done.returncode == 0, name
        # A service without its file does not start, and so it must be asked for.
        assert all("profiles" in one for one in SERVICES.values() if name in one.get("secrets", []))


def published(service: dict[str, Any]) -> set[int]:
    return {int(port.rsplit(":", 1)[1]) for port in service.get("ports", [])}


def health_port(service: dict[str, Any]) -> int:
    found = re.search(r"\('127\.0\.0\.1', (\d+)\)", " ".join(service["healthcheck"]["test"]))
    assert found, service["healthcheck"]
    return int(found[1])


@pytest.mark.parametrize(("status", "code"), [("200 OK", 0), ("503 Service Unavailable", 1)])
def test_the_check_of_a_role_says_what_it_is_answered(status: str, code: int) -> None:
    test = SERVICES["ingress"]["healthcheck"]["test"]
    with socket.create_server(("127.0.0.1", 0)) as door:
        here = str(door.getsockname()[1])
        asking = subprocess.Popen([sys.executable, *[one.replace("9090", here) for one in test[2:]]])
        peer, _ = door.accept()
        with peer:
            assert peer.recv(1024).startswith(b"GET /readyz HTTP/1.0\r\n")
            peer.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
        assert asking.wait(20) == code


def test_the_file_follows_the_compose_specification() -> None:
    compose_spec.PyCompose.from_json(json.dumps(quick_yaml.load(TEXT))).validate()


def test_a_misspelt_key_would_be_noticed() -> None:
    wrong = quick_yaml.load(TEXT.replace("stop_grace_period", "stop_grace_time"))
    with pytest.raises(ValueError, match="stop_grace_time"):
        compose_spec.PyCompose.from_json(json.dumps(wrong))


def test_every_image_has_a_tag_that_stays() -> None:
    for name, service in SERVICES.items():
        image, _, tag = service["image"].rpartition(":")
        assert image, name
        assert tag != "latest", name
        ours = image.startswith("im-relay")
        assert ours or re.fullmatch(r"[^\s:]+@sha256:[0-9a-f]{64}", service["image"]), f"{name}: a tag may be another image tomorrow"
        # Each build makes an image of another id, and whoever had the last one is started anew at the next `up`.
        assert service.get("pull_policy") == (None if not ours else "missing" if "build" in service else "never"), name
    built = [service["image"] for service in SERVICES.values() if "build" in service]
    assert sorted(built) == ["im-relay:demo", "im-relay:local"]


def test_every_built_target_is_a_stage_of_the_dockerfile() -> None:
    stages = re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    targets = {service["build"]["target"] for service in SERVICES.values() if "build" in service}
    assert targets == {"runtime", "demo"}
    assert targets <= set(stages)
    assert stages[-1] == "runtime"


@pytest.mark.parametrize("name", RELAY)
def test_the_command_line_takes_every_command(name: str) -> None:
    command, parameters = parsed(SERVICES[name]["command"])
    expected = {"check": "settings", "topics": "topics create", "group": "identities set", "migrate-easemob": "migrate work"}
    assert command == expected.get(name, name.partition("-")[0])
    assert command not in ("deliver", "migrate work") or parameters["platform"] == name.partition("-")[2]


def test_there_is_a_role_for_every_platform_of_the_settings(settings: Settings) -> None:
    assert sorted(ROLES) == sorted(
        [
            "ingress",
            "convert",
            "media",
            "files",
            "gaps",
            "watch",
            "migrate-easemob",
            "console",
            *(f"deliver-{p}" for p in settings.platforms()),
        ]
    )


def test_topics_are_made_as_the_settings_want_them(settings: Settings) -> None:
    _, parameters = parsed(SERVICES["topics"]["command"])
    for name in ("bootstrap", "prefix", "partitions"):
        assert parameters[name] in {None, getattr(settings.kafka, name)}  # None: as the settings say
    assert parameters["replication"] == 1  # there is one broker


def test_the_broker_advertises_where_the_settings_look_for_it(settings: Settings) -> None:
    environment = SERVICES["kafka"]["environment"]
    assert environment["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{settings.kafka.bootstrap}"
    assert settings.kafka.bootstrap.partition(":")[0] in SERVICES


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_simulator_is_started_where_it_is_looked_for(name: str, settings: Settings) -> None:
    service = SERVICES[name]
    assert service["entrypoint"] == ["python", "-m", "deploy.simulator"]
    _, port = simulator.made(service["command"])
    assert published(service) == {port} == {health_port(service)}
    app = next(app for app in settings.apps.values() if app.platform == name)
    assert urlsplit(app.account["base_url"]).netloc == f"{name}:{port}"


@pytest.mark.parametrize("name", SIMULATORS)
async def test_a_file_that_is_sent_by_a_published_port_lies_where_the_roles_fetch_it(name: str, settings: Settings) -> None:
    app, port = simulator.made(SERVICES[name]["command"])
    at_home = httpx.ASGITransport(simulator.AtAddress(app, f"{name}:{port}"))
    async with httpx.AsyncClient(transport=at_home, base_url=f"http://127.0.0.1:{port}") as person:
        said = {"from": "alice", "to": "bob", "media": msgspec.to_builtins(picture(1).media())}
        assert (await person.post("/_say", json=said)).status_code == 200
        (entry,) = [one for one in (await person.get("/_journal")).json() if one["kind"] == "said"]
    assert urlsplit(entry["media"]["url"]).netloc in settings.media.allow


@pytest.mark.parametrize("name", SIMULATORS)
def test_files_may_be_fetched_from_a_simulator(name: str, settings: Settings) -> None:
    _, port = simulator.made(SERVICES[name]["command"])
    assert f"{name}:{port}" in settings.media.allow


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_simulator_calls_back_its_own_app_at_the_ingress(name: str, settings: Settings) -> None:
    url = next(each for each in SERVICES[name]["command"] if each.startswith("--callback-url=")).partition("=")[2]
    where = urlsplit(url)
    assert where.netloc == f"ingress:{settings.ingress.port}"
    assert settings.apps[where.path.removeprefix("/callbacks/")].platform == name


def test_the_group_is_the_one_the_simulators_have() -> None:
    _, parameters = parsed(SERVICES["group"]["command"])
    assert sorted(parameters["ids"]) == [f"easemob={EASEMOB_GROUP}", f"yunxin={YUNXIN_GROUP}"]
    for name, group in (("yunxin", YUNXIN_GROUP), ("easemob", EASEMOB_GROUP)):
        assert any(each.startswith(f"--group={group}=") for each in SERVICES[name]["command"])


def test_ports_are_those_of_the_settings(settings: Settings) -> None:
    assert published(SERVICES["ingress"]) == {settings.ingress.port}
    assert published(SERVICES["files"]) == {settings.files.port, urlsplit(settings.files.public_url).port}
    assert urlsplit(settings.media.store.endpoint).netloc == f"files:{settings.files.port}"
    assert settings.media.store.secret == settings.files.secret
    assert f"files:{settings.files.directory}" in SERVICES["files"]["volumes"]
    assert published(SERVICES["console"]) == {settings.console.port, urlsplit(settings.console.public_url).port}
    for name in ROLES:
        assert health_port(SERVICES[name]) == settings.observe.port, name


def test_the_operators_page_asks_roles_that_are_there(settings: Settings) -> None:
    assert settings.console.metrics
    for address in settings.console.metrics:
        where = urlsplit(address)
        assert where.hostname in ROLES
        assert where.port == settings.observe.port
    # Of an app, its own deliver says what holds it.
    assert {f"deliver-{platform}" for platform in settings.platforms()} <= {urlsplit(one).hostname for one in settings.console.metrics}


def test_a_service_takes_no_more_than_its_share_of_the_machine() -> None:
    for name, service in SERVICES.items():
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name


def test_memory_is_bounded_as_in_the_chart() -> None:
    values = quick_yaml.load((ROOT / "helm/im-relay/values.yaml").read_text(encoding="utf-8"))
    for name in ROLES:
        role = name.partition("-")[0]
        if role in values and "resources" in values[role]:
            assert bytes_of(SERVICES[name]["mem_limit"]) == bytes_of(values[role]["resources"]["limits"]["memory"]), name


def bytes_of(size: str) -> int:
    found = re.fullmatch(r"(\d+)([mg])i?", size.lower())
    assert found, size
    return int(found[1]) << {"m": 20, "g": 30}[found[2]]


def test_what_a_role_keeps_may_be_written(settings: Settings) -> None:
    for name in ROLES:
        service = SERVICES[name]
        assert service["read_only"], name
        written = [one.split(":")[0] for one in service["tmpfs"]]
        written += [one.split(":")[1] for one in service["volumes"] if not one.startswith(".")]
        role = name.partition("-")[0]
        if role in ("ingress", "convert", "deliver", "media", "migrate"):
            assert "/var/lib/im-relay" in written, name


def test_nothing_is_published_beyond_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len(set(ports)) == len(ports)


def test_the_settings_file_is_mounted_where_it_is_read() -> None:
    for name in RELAY:
        targets = [volume.split(":")[1] for volume in SERVICES[name]["volumes"]]
        assert SERVICES[name]["environment"]["IM_RELAY_CONFIG"] == targets[0], name
        assert SERVICES[name]["environment"].keys() <= {"IM_RELAY_CONFIG", "IM_RELAY_CONSOLE__USERS_FILE"}, name


def test_every_mounted_file_is_there() -> None:
    volumes = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    for source in volumes:
        if source.startswith("."):
            assert (ROOT / source).exists(), source
        else:
            assert source in quick_yaml.load(TEXT)["volumes"]


def test_waiting_for_each_other_ends() -> None:
    order = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    assert set().union(*order.values()) <= set(SERVICES)
    list(TopologicalSorter(order).static_order())  # raises CycleError
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[needed]
            else:
                assert how["condition"] == "service_completed_successfully"
                assert "restart" not in SERVICES[needed]


def test_prometheus_asks_every_role(settings: Settings) -> None:
    asked = quick_yaml.load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    (job,) = asked["scrape_configs"]
    assert job["job_name"] == "im-relay"
    targets = {each["labels"]["role"]: each["targets"] for each in job["static_configs"]}
    # A page that runs only where it is asked for would page somebody when it is put away.
    assert targets == {name: [f"{name}:{settings.observe.port}"] for name in ROLES if "profiles" not in SERVICES[name]}
    assert all((ROOT / "deploy/prometheus" / each).exists() for each in asked["rule_files"])


def test_grafana_finds_its_data_and_its_dashboard() -> None:
    provisioning = ROOT / "deploy/grafana/provisioning"
    (source,) = quick_yaml.load((provisioning / "datasources/prometheus.yml").read_text(encoding="utf-8"))["datasources"]
    assert urlsplit(source["url"]).hostname in SERVICES
    assert urlsplit(source["url"]).port in published(SERVICES["prometheus"])
    (provider,) = quick_yaml.load((provisioning / "dashboards/im-relay.yml").read_text(encoding="utf-8"))["providers"]
    mounts = dict(volume.split(":")[1::-1] for volume in SERVICES["grafana"]["volumes"])
    folder = provider["options"]["path"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / mounts[folder] / home.removeprefix(f"{folder}/")).is_file()


def test_what_is_started_again_at_once_with_kafka_tries_until_it_answers() -> None:
    """By `docker compose restart`, which starts services that have ended as well, and waits for no other."""
    again = {name: SERVICES[name]["deploy"]["restart_policy"] for name in ONCE if "kafka" in needed(name)}
    assert again.keys() == {"topics", "group"}
    for how in again.values():
        assert how["condition"] == "on-failure"
        assert how["max_attempts"] > 8, "each pause is twice the one before, from 0.1 s on: half a minute at least"


def needed(name: str) -> set[str]:
    """Services that have to be there before it, and those before them."""
    direct = set(SERVICES[name].get("depends_on", {}))
    return direct.union(*(needed(one) for one in direct))
