"""The operator's page in the chart: who reaches it, what it reaches, and that it could start and be used."""

import json
from pathlib import Path
from typing import Any

import pytest

from streams.console.passwords import line
from streams.settings.role_secrets import CONSOLE, CONVERT
from streams.settings.root import SettingsError, load
from tests.deploy.commands import parsed
from tests.deploy.test_chart import SECRETS, VALUES, lasting, of, rendered, template, workloads
from tests.deploy.test_least import policies, ports, reaches

NAME = "chat-im-relay-console"
SECURED = (
    "--set=settings.kafka.security.protocol=SASL_SSL,settings.kafka.security.mechanism=SCRAM-SHA-512,settings.kafka.security.username=relay",
    f"--set=settings.kafka.security.password_file={SECRETS}/kafka-password",
    "--set=secrets.values.kafka-password=a-password-of-kafka",
)
PROXY = (
    '--set-json=settings.console.proxies=["10.1.0.0/24"]',
    f"--set=settings.console.proxy_secret_file={SECRETS}/console-proxy",
    "--set=secrets.values.console-proxy=0123456789abcdef",
)


def mine(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in objects if one["metadata"]["name"] == NAME}


def pod(objects: list[dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = mine(objects)["Deployment"]["spec"]["template"]["spec"]
    return spec


def file(objects: list[dict[str, Any]]) -> str:
    (found,) = [one["data"]["relay.toml"] for one in of(lasting(objects), "ConfigMap") if "relay.toml" in one["data"]]
    return str(found)


def test_it_is_there_only_where_it_is_asked_for() -> None:
    off = rendered("--set", "console.enabled=false")
    assert not mine(off)
    assert "metrics = [" not in file(off)
    assert set(mine(rendered())) == {"Deployment", "Service", "Ingress", "NetworkPolicy"}


def test_it_is_one_process_since_logins_live_in_its_memory() -> None:
    made = mine(rendered())["Deployment"]["spec"]
    assert (made["replicas"], made["strategy"]) == (1, {"type": "Recreate"})
    (container,) = made["template"]["spec"]["containers"]
    assert parsed(container["args"])[0] == "console"
    limit, two = container["resources"]["limits"]["memory"], 2 * 128
    assert int(limit.removesuffix("Mi")) >= two + 256, "room for two passwords at once beside itself"


@pytest.mark.parametrize("more", [(), SECURED, PROXY, (*SECURED, *PROXY)], ids=["password", "kafka", "proxy", "all"])
def test_it_could_start_with_the_secrets_that_it_has_and_has_no_others(more: tuple[str, ...], tmp_path: Path) -> None:
    objects = rendered(*more)
    (secret,) = of(lasting(objects), "Secret")
    (volume,) = [one for one in pod(objects)["volumes"] if "secret" in one]
    keys = {item["key"] for item in volume["secret"]["items"]}
    expected = {"marks-secret", "console-users"}
    expected |= {"kafka-password"} if SECURED[0] in more else set()
    expected |= {"console-proxy"} if PROXY[0] in more else set()
    assert keys == expected, "and none of an app's"
    for key in keys:
        (tmp_path / key).write_text(secret["stringData"][key])
    (tmp_path / "console-users").write_text(line("ann", "operator", "correct horse battery", b"0" * 16, 2**14))
    (tmp_path / "relay.toml").write_text(file(objects).replace(SECRETS, str(tmp_path)))
    settings = load(tmp_path / "relay.toml", CONSOLE)
    assert settings.console.problem() is None
    if SECURED[0] in more:
        assert settings.kafka.cluster.credentials.proof() is not None


def test_the_job_before_a_release_says_what_is_wrong_with_who_may_log_in(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text('[console]\npublic_url = "https://desk.example.com"\nusers_file = "users"\n')
    (tmp_path / "users").write_text("ann:operator:in-clear-it-is")
    with pytest.raises(SettingsError) as refused:
        load(path)
    assert "console.users: line 1 is not as im-relay console-user prints it" in str(refused.value)
    assert "in-clear-it-is" not in str(refused.value)
    load(path, CONVERT)  # who does not read them has nothing to say


def test_it_asks_every_pod_for_its_metrics_through_the_service_of_all_or_whom_the_settings_name() -> None:
    objects = rendered()
    (service,) = [one for one in of(objects, "Service") if one["metadata"]["name"] == "chat-im-relay-metrics"]
    address = f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}/metrics"
    assert f'metrics = ["{address}"]' in file(objects)
    assert service["spec"]["clusterIP"] == "None", "its name has the address of each pod"
    own = "http://deliver.chat:9090/metrics"
    assert f'metrics = ["{own}"]' in file(rendered(f'--set-json=settings.console.metrics=["{own}"]'))


def test_its_service_and_its_two_ways_in_lead_to_its_port_under_the_name_that_people_open() -> None:
    gateway = {"enabled": True, "parentRefs": [{"name": "public"}], "envoy": True, "maxBody": "1Mi", "sourceRanges": ["10.0.0.0/8"]}
    objects = rendered(f"--set-json=console.gateway={json.dumps(gateway)}", '--set-json=console.route.sourceRanges=["10.0.0.0/8"]')
    found = mine(objects)
    (container,) = pod(objects)["containers"]
    served = {one["name"]: one["containerPort"] for one in container["ports"]}
    (port,) = found["Service"]["spec"]["ports"]
    assert served[port["targetPort"]] == VALUES["settings"]["console"]["port"]
    assert found["Service"]["spec"]["selector"].items() <= found["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    (rule,) = found["Ingress"]["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert (rule["host"], path["path"]) == ("desk.example.com", "/")
    assert path["backend"]["service"] == {"name": NAME, "port": {"name": port["name"]}}
    assert found["Ingress"]["spec"]["tls"] == [{"hosts": ["desk.example.com"], "secretName": "desk-tls"}]
    assert found["Ingress"]["metadata"]["annotations"]["nginx.ingress.kubernetes.io/whitelist-source-range"] == "10.0.0.0/8"
    route = found["HTTPRoute"]["spec"]
    assert route["hostnames"] == ["desk.example.com"]
    assert route["rules"][0]["backendRefs"] == [{"name": NAME, "port": port["port"]}]
    assert {"BackendTrafficPolicy", "SecurityPolicy"} <= set(found)


def test_it_is_reached_at_its_page_by_whom_the_values_name_and_reaches_kafka_and_our_pods_alone() -> None:
    proxy = [{"podSelector": {"matchLabels": {"app": "oauth2-proxy"}}}]
    found = policies(rendered("--set", "gaps.enabled=true", f"--set-json=networkPolicy.visitors={json.dumps(proxy)}"))
    spec = found["console"]
    observed = VALUES["settings"]["observe"]["port"]
    assert {port: rule["from"] for rule in spec["ingress"] for port in ports(rule)}[8070] == proxy
    for address in ("10.0.0.1", "203.0.113.7", "169.254.169.254"):
        assert not any(reaches(spec, address, port) for port in (80, 443, 8080, observed)), "no platform, no metadata of the cloud"
    (asked,) = [rule for rule in spec["egress"] if ports(rule) == {observed}]
    (to,) = asked["to"]
    for one in workloads(rendered()):
        assert to["podSelector"]["matchLabels"].items() <= one["spec"]["template"]["metadata"]["labels"].items()


def test_named_scrapers_leave_the_page_its_metrics() -> None:
    prometheus = [{"podSelector": {"matchLabels": {"app": "prometheus"}}}]
    named = f"--set-json=networkPolicy.scrapers={json.dumps(prometheus)}"

    def scrapers(*arguments: str) -> list[list[str]]:
        found = []
        for component, spec in policies(rendered(named, *arguments)).items():
            if component != "topics":
                (rule,) = [one for one in spec["ingress"] if ports(one) == {VALUES["settings"]["observe"]["port"]}]
                assert rule["from"][:1] == prometheus
                found.append([one["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for one in rule["from"][1:]])
        return found

    assert scrapers() == [["console"]] * 8
    assert scrapers("--set=console.enabled=false") == [[]] * 7


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "settings.console.public_url="], "console.enabled: give settings.console.public_url"),
        (["--set", "settings.console.users_file="], "nobody could log in"),
        (["--set-json", 'settings.console.proxies=["10.1.0.0/24"]'], "settings.console.proxies: give proxy_secret_file"),
        (["--set", "settings.console.users=ann"], "settings.console.users: give users_file"),
        (["--set", "settings.console.proxy_secret=x"], "settings.console.proxy_secret: give proxy_secret_file"),
        (
            ["--set", "console.route.host=other.example.com"],
            'console.route.host is "other.example.com", and settings.console.public_url names',
        ),
        (["--set", "settings.console.port=0"], "port"),
        (["--set", "console.replicas=2"], "replicas"),
        (["--set-json", 'console.gateway={"enabled":true}'], "console.gateway.parentRefs is empty"),
    ],
)
def test_helm_refuses_a_page_that_nobody_could_open(arguments: list[str], said: str) -> None:
    done = template(*arguments)
    assert done.returncode != 0
    assert said in done.stderr
