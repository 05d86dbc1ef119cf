"""The rendered chart against what the code declares: who has which secret, and who may speak to whom."""

import ipaddress
import json
import re
from hashlib import md5, sha1, sha256, sha512
from pathlib import Path
from typing import Any

import pytest

from streams.roles.watch import scope
from streams.settings import role_secrets
from streams.settings.role_secrets import COMMAND, SecretScope, deliver, migrate
from streams.settings.root import load
from tests import quick_yaml
from tests.deploy.test_chart import CHART, EXAMPLE, SECRETS, VALUES, lasting, of, rendered, template, workloads

EVERY = ("--set", "gaps.enabled=true", "--set", "migrate.platform=easemob")
FOUR = """
settings:
  apps:
    old: {platform: rongcloud, target: new, account: {app_key: k, app_secret_file: /etc/im-relay/secrets/rongcloud}}
    third:
      platform: own
      target: new
      account: {secret_file: /etc/im-relay/secrets/own, secret_previous_file: /etc/im-relay/secrets/own-before, base_url: "http://chat-server:8000"}
networkPolicy: {platforms: {peers: [{podSelector: {matchLabels: {app: chat-server}}}]}}
secrets: {values: {rongcloud: a-secret-of-rongcloud, own: a-secret-of-ours, own-before: a-secret-of-before}}
"""


def process(component: str) -> SecretScope:
    role, _, platform = component.partition("-")
    if role == "topics":
        return COMMAND
    single = {"deliver": deliver, "migrate": migrate}
    return single[role](platform) if role in single else next(one for one in role_secrets.ROLES if one.name == role)


@pytest.fixture(params=["example", "canary", "four platforms"])
def arguments(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, ...]:
    if request.param == "example":
        return EVERY
    if request.param == "canary":
        return (*EVERY, f"--set-json=settings.canary={json.dumps({'apps': ['old', 'new']})}")
    (tmp_path / "four.yaml").write_text(FOUR)
    return (*EVERY, "--values", str(tmp_path / "four.yaml"))


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = [one["spec"]["template"] for one in [*workloads(objects), *of(objects, "Job")]]
    return {one["metadata"]["labels"]["app.kubernetes.io/component"]: one for one in found}


def test_a_pod_mounts_the_secrets_that_the_code_reads_there_and_no_other(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = rendered(*arguments)
    (secret,) = of(lasting(objects), "Secret")
    (file,) = [one["data"]["relay.toml"] for one in of(lasting(objects), "ConfigMap") if "relay.toml" in one["data"]]
    seen = pods(objects)
    assert {"ingress", "convert", "media", "files", "gaps", "watch", "console", "topics"} < set(seen)
    for component, pod in seen.items():
        keys: list[str] = []
        mounted = {each["name"] for each in pod["spec"]["containers"][0].get("volumeMounts", [])}
        for volume in pod["spec"].get("volumes", []):
            if "secret" in volume and volume["name"] in mounted:
                assert volume["secret"]["secretName"] == ("chat-im-relay-topics" if component == "topics" else secret["metadata"]["name"])
                keys += [item["key"] for item in volume["secret"]["items"]]
                assert all(item["key"] == item["path"] for item in volume["secret"]["items"])
            assert not {"projected", "csi", "hostPath"} & volume.keys()
        folder = tmp_path / component
        folder.mkdir()
        for key in keys:
            (folder / key).write_text(secret["stringData"][key])
        path = folder / "relay.toml"
        path.write_text(file.replace(SECRETS, str(folder)))
        read: dict[Path, str] = {}
        monkeypatch.setattr(role_secrets, "files_read", read)
        load(path, scope(path) if component == "watch" else process(component))  # raises where one is missing
        assert sorted(one.name for one in read) == sorted(keys), component
        if component == "watch":
            assert bool(keys) == any("canary" in one for one in arguments)


def test_no_secret_is_in_the_environment_and_each_role_can_be_given_its_own(tmp_path: Path) -> None:
    one = json.dumps([{"name": "ONLY", "value": "here"}])
    seen = pods(rendered(*EVERY, *(f"--set-json={role}.env={one}" for role in ("media",))))
    for component, pod in seen.items():
        (container,) = pod["spec"]["containers"]
        assert "envFrom" not in container
        names = {each["name"] for each in container.get("env", [])}
        assert ("ONLY" in names) == (component == "media")


def everything_but_the_secret(text: str) -> str:
    return json.dumps([one for one in quick_yaml.load_all(text) if one and one["kind"] != "Secret"])


def test_nothing_that_is_readable_depends_on_what_a_secret_holds() -> None:
    """Of a digest beside the pods, a short secret is guessed at leisure by whoever may read pods."""
    value = "guessable"
    done = template(*EVERY, "--set", f"secrets.values.yunxin-app-secret={value}")
    other = template(*EVERY, "--set", "secrets.values.yunxin-app-secret=of-another-kind")
    assert done.returncode == other.returncode == 0, done.stderr
    assert done.stdout != other.stdout
    assert everything_but_the_secret(done.stdout) == everything_but_the_secret(other.stdout)
    for digest in (md5, sha1, sha256, sha512):
        assert digest(value.encode()).hexdigest() not in done.stdout


def test_another_revision_rolls_every_pod() -> None:
    def annotations(*more: str) -> list[dict[str, str]]:
        return [one["spec"]["template"]["metadata"]["annotations"] for one in workloads(rendered(*EVERY, *more))]

    before, after = annotations(), annotations("--set", "secrets.revision=2026-12")
    assert len(before) == len(after) == 10
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_an_image_is_named_by_its_digest_where_one_is_given() -> None:
    digest = f"sha256:{'0a' * 32}"
    version = quick_yaml.load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]
    for more, seen in (
        ((), f"im-relay:{version}"),
        (("--set", f"image.digest={digest}"), f"im-relay@{digest}"),
        (("--set", f"image.digest={digest}", "--set", "image.tag=1.2"), f"im-relay:1.2@{digest}"),
    ):
        assert {pod["spec"]["containers"][0]["image"] for pod in pods(rendered(*EVERY, *more)).values()} == {seen}


# -- who may speak to whom


def policies(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {}
    for one in of(objects, "NetworkPolicy"):
        component = one["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
        assert component not in found
        assert one["spec"]["policyTypes"] == ["Ingress", "Egress"], "what is not named is refused"
        found[component] = one["spec"]
    return found


def ports(rule: dict[str, Any]) -> set[int]:
    assert rule["ports"], "a rule without ports lets all of them through"
    return {port["port"] for port in rule["ports"] if port["protocol"] == "TCP"}


def reaches(spec: dict[str, Any], address: str, port: int) -> bool:
    """Whether a pod may connect to that *address*, of which nothing but the address is known."""
    for rule in spec["egress"]:
        if port not in ports(rule):
            continue
        if "to" not in rule:
            return True
        for peer in rule["to"]:
            block = peer.get("ipBlock")
            if block is None:
                continue
            one, within = ipaddress.ip_address(address), ipaddress.ip_network(block["cidr"])
            excepted = [ipaddress.ip_network(each) for each in block.get("except", [])]
            assert all(each.version == within.version and each.subnet_of(within) for each in excepted)  # type: ignore[arg-type]
            if one in within and not any(one in each for each in excepted):
                return True
    return False


def test_every_pod_has_a_policy_of_its_own(arguments: tuple[str, ...]) -> None:
    objects = rendered(*arguments)
    found = policies(objects)
    assert set(found) == set(pods(objects))
    for component, pod in pods(objects).items():
        chosen = found[component]["podSelector"]["matchLabels"]
        assert chosen.items() <= pod["metadata"]["labels"].items()


def test_pods_are_reached_at_their_ports_alone() -> None:
    ours = '[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"ingress-nginx"}}}]'
    scraper = '[{"podSelector":{"matchLabels":{"app":"prometheus"}}}]'
    given = [
        f"--set-json=networkPolicy.callers={ours}",
        f"--set-json=networkPolicy.readers={ours}",
        f"--set-json=networkPolicy.visitors={ours}",
        f"--set-json=networkPolicy.scrapers={scraper}",
    ]
    found = policies(rendered(*EVERY, *given))
    settings = VALUES["settings"]
    observed, open_to = settings["observe"]["port"], {role: settings[role]["port"] for role in ("ingress", "files", "console")}
    for component, spec in found.items():
        by_port = {port: rule["from"] for rule in spec["ingress"] for port in ports(rule)}
        expected = {open_to[component], observed} if component in open_to else set() if component == "topics" else {observed}
        assert set(by_port) == expected, component
        if component != "topics":
            assert by_port[observed][:-1] == json.loads(scraper), "and the operator's page"
    assert next(rule["from"] for rule in found["ingress"]["ingress"] if ports(rule) == {8080}) == json.loads(ours)
    readers = next(rule["from"] for rule in found["files"]["ingress"] if ports(rule) == {8090})
    assert readers[0] == json.loads(ours)[0]
    assert [one["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for one in readers[1:]] == ["media"], (
        "and whoever puts files there"
    )


@pytest.mark.parametrize("port", [80, 443, 8000, 22, 6379, 2375, 10250])
def test_only_who_sends_reaches_the_internet_and_nobody_an_inner_network(arguments: tuple[str, ...], port: int) -> None:
    for component, spec in policies(rendered(*arguments)).items():
        for inner in ("10.0.0.1", "127.0.0.1", "169.254.169.254", "172.20.3.4", "192.168.1.1", "100.64.0.1", "fd00::1", "fe80::1", "::1"):
            assert not reaches(spec, inner, port), (component, inner)
        outside = component in ("media", "gaps", *(["watch"] if any("canary" in one for one in arguments) else [])) or component.startswith(
            ("deliver-", "migrate-")
        )
        assert reaches(spec, "203.0.113.7", port) <= (outside and port in (80, 443, 8000)), component
        assert reaches(spec, "203.0.113.7", 443) == (outside and component != "deliver-own"), component


def test_the_watcher_reaches_endpoints_whose_certificates_it_sees() -> None:
    plain = policies(rendered(*EVERY))["watch"]
    seeing = policies(rendered(*EVERY, '--set-json=settings.watch={"endpoints":["relay.example.com","files.example.com:8443"]}'))["watch"]
    assert [(reaches(plain, "8.8.8.8", port), reaches(seeing, "8.8.8.8", port)) for port in (443, 8443, 80)] == [
        (False, True),
        (False, True),
        (False, False),
    ]


def test_everybody_but_the_store_of_files_reaches_kafka_and_names() -> None:
    brokers = '[{"podSelector":{"matchLabels":{"app":"kafka"}}}]'
    for more, expected in (
        ((), {9092}),
        ((f"--set-json=networkPolicy.kafka.peers={brokers}", "--set-json=networkPolicy.kafka.ports=[9093]"), {9093}),
    ):
        for component, spec in policies(rendered(*EVERY, *more)).items():
            if component == "files":
                assert spec["egress"] == []
                continue
            names, kafka, *_ = spec["egress"]
            assert {(one["protocol"], one["port"]) for one in names["ports"]} == {("UDP", 53), ("TCP", 53)}
            assert ports(kafka) == expected
            assert ("to" in kafka) == bool(more)


def test_an_own_server_inside_is_reached_by_who_speaks_to_it(tmp_path: Path) -> None:
    (tmp_path / "four.yaml").write_text(FOUR)
    found = policies(rendered(*EVERY, "--values", str(tmp_path / "four.yaml")))
    peer = {"podSelector": {"matchLabels": {"app": "chat-server"}}}
    who = {name for name, spec in found.items() if any(peer in rule.get("to", []) and 8000 in ports(rule) for rule in spec["egress"])}
    assert who == {"deliver-own", "media", "gaps"}


def test_media_reaches_the_store_and_the_networks_that_the_settings_let_it_fetch_from() -> None:
    spec = policies(rendered("--set-json", 'settings.media.allow=["10.1.0.0/16","files.inner:8088"]'))["media"]
    assert reaches(spec, "10.1.2.3", 443)
    assert not reaches(spec, "10.2.2.3", 443)
    assert reaches(spec, "203.0.113.7", 8088)
    (store,) = [rule for rule in spec["egress"] if ports(rule) == {VALUES["settings"]["files"]["port"]}]
    assert store["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "files"


def test_policies_can_be_left_to_others() -> None:
    assert not [one for one in rendered(*EVERY, "--set", "networkPolicy.enabled=false") if one["kind"] == "NetworkPolicy"]


def test_the_example_names_no_secret_that_nobody_uses() -> None:
    text = json.dumps(EXAMPLE["settings"])
    assert {re.sub(".*/", "", one) for one in re.findall(rf"{SECRETS}/[\w-]+", text)} == set(EXAMPLE["secrets"]["values"])
