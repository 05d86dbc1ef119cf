"""The Helm chart: what can be checked without helm, and what helm makes of it where helm is installed."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

from streams.settings.root import Settings, load
from tests import quick_yaml
from tests.deploy.commands import ROOT, parsed
from tests.programs import program

CHART = ROOT / "helm/im-relay"
SECRETS = "/etc/im-relay/secrets"
KUBERNETES = ("1.25", "1.33")
VALUES: dict[str, Any] = quick_yaml.load((CHART / "values.yaml").read_text(encoding="utf-8"))
EXAMPLE: dict[str, Any] = quick_yaml.load((CHART / "ci/example-values.yaml").read_text(encoding="utf-8"))
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
TEMPLATES = {path.name: path.read_text(encoding="utf-8") for path in sorted((CHART / "templates").iterdir())}


def merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """As Helm merges values."""
    out = dict(under)
    for key, value in over.items():
        out[key] = merged(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


def complaints(values: dict[str, Any]) -> list[str]:
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(values)]


def used_values() -> set[tuple[str, ...]]:
    found = re.findall(r"\.Values\.([A-Za-z.]+[A-Za-z])", "\n".join(TEMPLATES.values()))
    return {tuple(each.split(".")) for each in found}


def loaded(settings: str, secrets: dict[str, str], folder: Path) -> Settings:
    """A settings file as a pod would read it, its secrets in *folder*."""
    for name, content in secrets.items():
        (folder / name).write_text(content)
    path = folder / "relay.toml"
    path.write_text(settings.replace(SECRETS, str(folder)))
    return load(path)


# -- without helm


def test_the_versions_are_those_of_the_project() -> None:
    chart = quick_yaml.load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (chart["name"], chart["appVersion"]) == (project["name"], project["version"])


def test_the_schema_takes_the_values_and_the_example() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert complaints(VALUES) == []
    assert complaints(merged(VALUES, EXAMPLE)) == []


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"replica": 1}, "replica"),
        ({"settings": {"kafka": {"partition": 3}}}, "partition"),
        ({"settings": {"deliver": {"in_doubt": "hope"}}}, "hope"),
        ({"convert": {"replicas": 0}}, "0"),
        ({"media": {"temporary": {"size": "much"}}}, "much"),
        ({"settings": {"media": {"store": {"kind": "tape"}}}}, "tape"),
        ({"settings": {"files": {"days": 3}}}, "days"),
        ({"terminationGracePeriodSeconds": 5}, "5"),
        ({"image": {"digest": "latest"}}, "latest"),
        ({"networkPolicy": {"callers": [{"podSelectors": {}}]}}, "podSelectors"),
        ({"networkPolicy": {"kafka": {"ports": [0]}}}, "0"),
    ],
)
def test_the_schema_refuses_what_is_wrong(wrong: dict[str, Any], word: str) -> None:
    found = complaints(merged(VALUES, wrong))
    assert len(found) == 1
    assert word in found[0]


def test_every_value_in_the_templates_is_in_values_yaml() -> None:
    assert len(used_values()) > 30
    for path in used_values():
        place: Any = VALUES
        for key in path:
            assert isinstance(place, dict), path
            assert key in place, path
            place = place[key]


def test_every_value_in_values_yaml_is_used() -> None:
    text = "\n".join(TEMPLATES.values())
    for name, value in VALUES.items():
        assert f".Values.{name}" in text, name
        if name in (
            "settings",
            "ingress",
            "convert",
            "deliver",
            "media",
            "files",
            "gaps",
            "watch",
            "console",
            "migrate",
            "networkPolicy",
            "podSecurityContext",
            "image",
        ):
            continue  # handed on whole
        for inner in value if isinstance(value, dict) else ():
            assert f".Values.{name}.{inner}" in text, (name, inner)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_block_of_a_template_is_closed(name: str) -> None:
    words = re.findall(r"\{\{-? *(if|range|with|define|block|end)\b", TEMPLATES[name])
    depth = 0
    for word in words:
        depth += -1 if word == "end" else 1
        assert depth >= 0
    assert depth == 0


def test_a_pod_has_time_to_end() -> None:
    ingress = Settings().ingress
    needed = 5 + ingress.read_timeout + 2 * ingress.store_timeout + 1
    workers = 20 + 2 * 5  # streams.exactly_once.worker.run, and twice the drain budget of a task
    assert VALUES["terminationGracePeriodSeconds"] > max(needed, workers)
    assert SCHEMA["properties"]["terminationGracePeriodSeconds"]["minimum"] > max(needed, workers)


# -- with helm


def helm(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([program("helm"), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def template(*arguments: str) -> "subprocess.CompletedProcess[str]":
    example = str(CHART / "ci/example-values.yaml")
    return helm("template", "chat", str(CHART), "--kube-version", "1.33.0", "--values", example, *arguments)


def rendered(*arguments: str) -> list[dict[str, Any]]:
    done = template(*arguments)
    assert done.returncode == 0, done.stderr
    return [one for one in quick_yaml.load_all(done.stdout) if one]


@pytest.fixture(scope="module", params=[True, False], ids=["persistent", "ephemeral"])
def objects(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return rendered("--set", f"deliver.state.persistent={str(request.param).lower()}")


def of(objects: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    found = [one for one in objects if one["kind"] in kinds]
    assert found, kinds
    return found


def hooks(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is there before the release, for its job alone."""
    return [one for one in objects if "helm.sh/hook" in one["metadata"].get("annotations", {})]


def lasting(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    early = hooks(objects)
    return [one for one in objects if one not in early]


def workloads(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return of(objects, "Deployment", "StatefulSet")


def test_helm_finds_nothing_wrong() -> None:
    done = helm("lint", "--strict", str(CHART), "--values", str(CHART / "ci/example-values.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("persistent", ["true", "false"])
def test_kubernetes_would_take_every_object(persistent: str, version: str) -> None:
    objects = rendered("--set", f"deliver.state.persistent={persistent}", "--kube-version", f"{version}.0")
    known = [one for one in objects if not one["apiVersion"].startswith("monitoring.coreos.com/")]
    assert len(known) >= 15
    for one in known:
        kubernetes_validate.validate(one, version, strict=True)
    broken = json.loads(json.dumps(workloads(objects)[0]).replace("containerPort", "containersPort"))
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, version, strict=True)


def test_no_two_objects_have_one_name(objects: list[dict[str, Any]]) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]
    assert len(set(names)) == len(names)


def test_every_role_and_the_job_start_a_command_that_there_is(objects: list[dict[str, Any]]) -> None:
    started = {}
    for one in [*workloads(objects), *of(objects, "Job")]:
        (container,) = one["spec"]["template"]["spec"]["containers"]
        started[container["name"]] = parsed(container["args"])
    assert {name: command for name, (command, _) in started.items()} == {
        "ingress": "ingress",
        "convert": "convert",
        "deliver-yunxin": "deliver",
        "deliver-easemob": "deliver",
        "media": "media",
        "files": "files",
        "watch": "watch",
        "console": "console",
        "topics": "topics create",
    }
    job = started["topics"][1]
    assert (job["replication"], job["fix"]) == (3, True)
    (pod,) = [one["spec"]["template"]["spec"] for one in of(objects, "Job")]
    (first,) = pod["initContainers"]
    assert parsed(first["args"])[0] == "settings"
    assert (
        "fix" not in parsed(of(rendered("--set", "topics.create=false"), "Job")[0]["spec"]["template"]["spec"]["containers"][0]["args"])[1]
    )
    assert started["deliver-yunxin"][1]["platform"] == "yunxin"


def test_the_settings_file_is_one_the_relay_reads(objects: list[dict[str, Any]], tmp_path: Path) -> None:
    (file,) = [one["data"]["relay.toml"] for one in of(lasting(objects), "ConfigMap") if "relay.toml" in one["data"]]
    (secret,) = of(lasting(objects), "Secret")
    settings = loaded(file, secret["stringData"], tmp_path)
    assert not any(content in file for content in secret["stringData"].values() if len(content) > 3)
    assert settings.kafka.partitions == 24
    assert settings.ingress.max_body == 1_048_576
    assert settings.deliver.in_doubt == "hold"
    assert settings.platforms() == ["easemob", "yunxin"]
    assert settings.media.concurrency == 8
    assert settings.files.secret == settings.media.store.secret
    assert settings.files.secret.get_secret_value() == secret["stringData"]["files-secret"]


def test_what_is_mounted_is_a_volume_and_where_it_is_looked_for(objects: list[dict[str, Any]]) -> None:
    for one in workloads(objects):
        spec = one["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        volumes = {each["name"] for each in spec["volumes"]}
        volumes |= {each["metadata"]["name"] for each in one["spec"].get("volumeClaimTemplates", [])}
        mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
        assert set(mounts) == volumes
        assert {"name": "IM_RELAY_CONFIG", "value": f"{mounts['settings']}/relay.toml"} in container["env"]
        assert not [each for each in container["volumeMounts"] if "subPath" in each], "a file alone is never brought anew"
        assert mounts.get("secrets") == (None if container["name"] == "watch" else SECRETS)  # it needs no app's secrets
        assert ("state" in mounts) == container["name"].startswith(("convert", "deliver-", "gaps", "media"))
        assert mounts.get("temporary") == (VALUES["settings"]["media"]["directory"] if container["name"] == "media" else None)
        assert mounts.get("files") == (VALUES["settings"]["files"]["directory"] if container["name"] == "files" else None)
    (deliver, *_) = [one for one in workloads(objects) if "deliver" in one["metadata"]["name"]]
    assert ("volumeClaimTemplates" in deliver["spec"]) == (deliver["kind"] == "StatefulSet")


def test_other_rules_restart_nothing_and_other_settings_do() -> None:
    def checksums(*arguments: str) -> set[str]:
        pods = [one["spec"]["template"] for one in workloads(rendered(*arguments))]
        return {each["metadata"]["annotations"]["checksum/settings"] for each in pods}

    rule = ["--set-json", 'settings.apps.old.rules=[{"name":"no-typing","do":"drop","kinds":["typing"]}]']
    assert len(checksums()) == 1
    assert checksums(*rule) == checksums()
    assert checksums("--set", "settings.kafka.partitions=36").isdisjoint(checksums())
    (file,) = [one["data"]["relay.toml"] for one in of(lasting(rendered(*rule)), "ConfigMap") if "relay.toml" in one["data"]]
    assert tomllib.loads(file)["apps"]["old"]["rules"] == [{"name": "no-typing", "do": "drop", "kinds": ["typing"]}]


def test_every_role_is_found_by_its_service_its_budget_and_prometheus(objects: list[dict[str, Any]]) -> None:
    pods = [one["spec"]["template"]["metadata"]["labels"] for one in workloads(objects)]

    def chosen(selector: dict[str, str]) -> int:
        return sum(selector.items() <= labels.items() for labels in pods)

    for one in workloads(objects):
        assert chosen(one["spec"]["selector"]["matchLabels"]) == 1
    budgets = [one["spec"]["selector"]["matchLabels"] for one in of(objects, "PodDisruptionBudget")]
    assert sorted(map(chosen, budgets)) == [1] * 6
    services = {one["metadata"]["name"]: one for one in of(objects, "Service")}
    assert chosen(services["chat-im-relay-ingress"]["spec"]["selector"]) == 1
    metrics = services["chat-im-relay-metrics"]
    assert chosen(metrics["spec"]["selector"]) == 8
    assert f"http://{services['chat-im-relay-files']['metadata']['name']}" == EXAMPLE["settings"]["media"]["store"]["endpoint"]
    assert services["chat-im-relay-files"]["spec"]["ports"][0]["port"] == 80
    (monitor,) = of(objects, "ServiceMonitor")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= metrics["metadata"]["labels"].items()
    assert monitor["spec"]["endpoints"][0]["port"] == metrics["spec"]["ports"][0]["name"]
    for one in services.values():
        for port in one["spec"]["ports"]:
            names = [
                {each["name"] for each in load["spec"]["template"]["spec"]["containers"][0]["ports"]}
                for load in workloads(objects)
                if one["spec"]["selector"].items() <= load["spec"]["template"]["metadata"]["labels"].items()
            ]
            assert all(port["targetPort"] in each for each in names)


def test_alerts_lead_to_where_the_runbooks_are_read() -> None:
    (rule,) = of(rendered("--set", "monitoring.rules.runbooks=https://wiki.example.com/relay"), "PrometheusRule")
    links = [one["annotations"]["runbook_url"] for group in rule["spec"]["groups"] for one in group["rules"] if "alert" in one]
    assert "https://wiki.example.com/relay#imrelaydown" in links
    assert all(link.startswith("https://wiki.example.com/relay#imrelay") for link in links)


def test_who_is_of_a_consumer_group_has_its_pods_name_there(objects: list[dict[str, Any]]) -> None:
    named = set()
    for one in workloads(objects):
        (container,) = one["spec"]["template"]["spec"]["containers"]
        names = {each["name"]: each for each in container["env"]}
        if given := names.get("IM_RELAY_KAFKA__INSTANCE"):
            assert given["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
            named.add(container["args"][0])
    assert named == {"convert", "deliver", "media"}


def test_alerts_and_dashboards_are_the_same_as_everywhere(objects: list[dict[str, Any]]) -> None:
    (rule,) = of(objects, "PrometheusRule")
    assert rule["spec"] == quick_yaml.load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))
    (boards,) = [one["data"] for one in of(objects, "ConfigMap") if "im-relay.json" in one["data"]]
    written = {path.name: json.loads(path.read_text("utf-8")) for path in (ROOT / "deploy/grafana/dashboards").glob("*.json")}
    assert {name: json.loads(text) for name, text in boards.items()} == written


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "settings.apps.old=null"], "settings"),
        (["--set", "settings.apps.old.account.app_secret=x"], "give app_secret_file"),
        (["--set", "settings.kafka.partition=3"], "partition"),
        (["--set", "ingress.route.host="], "ingress.route.host"),
        (["--set", "files.route.host="], "files.route.host"),
        (["--set", "settings.files.secret=x"], "give secret_file"),
        (["--set", "settings.media.store.secret=x"], "settings.media.store.secret: give secret_file"),
        (["--set", "settings.media.store.secret_access_key=x"], "give secret_access_key_file"),
        (["--set", "settings.deliver.proxy=http://u:p@proxy:3128"], "settings.deliver.proxy holds a password: give proxy_file"),
        (["--set", "settings.files.public_url="], "settings.files.public_url"),
        (["--set", "settings.apps.old.account.base_url=https://u:p@host"], "settings.apps.old.account.base_url holds a user or a password"),
        (["--set", "settings.apps.old.account.base_url=http://chat-server:80"], "networkPolicy.platforms.peers"),
        (
            ["--set", "settings.apps.old.account.base_url=http://10.2.3.4"],
            "settings.apps.old.account.base_url is at an inner address, 10.2.3.4",
        ),
        (["--set", "settings.kafka.security.password=x"], "settings.kafka.security.password: give password_file"),
        (["--set", "settings.kafka.security.key=x"], "settings.kafka.security.key: give key_file"),
        (["--set", "settings.kafka.security.client_secret=x"], "settings.kafka.security.client_secret: give client_secret_file"),
        (["--set", "settings.kafka.security.mechanism=GSSAPI"], "mechanism"),
    ],
)
def test_helm_refuses_with_words_that_help(arguments: list[str], said: str) -> None:
    done = template(*arguments)
    assert done.returncode != 0
    assert said in done.stderr


SECURED = [
    *("protocol=SASL_SSL", "mechanism=OAUTHBEARER", f"ca_file={SECRETS}/kafka-ca", "token_url=https://login.example.com/token"),
    *("client_id=relay", f"client_secret_file={SECRETS}/kafka-client", "extensions.logicalCluster=lkc-1", "check_hostname=false"),
]


def before(*arguments: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The pod of the job that runs first, and all that is there by then."""
    early = hooks(rendered(*arguments))
    (job,) = of(early, "Job")
    return job["spec"]["template"]["spec"], early


@pytest.mark.parametrize("own", [True, False], ids=["a Secret of ours", "one that the chart makes"])
def test_the_job_reads_the_settings_that_the_roles_will_read_with_all_of_their_secrets(own: bool) -> None:
    arguments = [word for one in SECURED for word in ("--set", f"settings.kafka.security.{one}")]
    for name in ("kafka-ca", "kafka-client"):
        arguments += ["--set", f"secrets.values.{name}=x"]
    pod, early = before(*arguments, *(("--set", "secrets.existing=mine") if own else ()))
    every = {
        "console-users",
        "easemob-callback-secret",
        "easemob-client-secret",
        "files-secret",
        "kafka-ca",
        "kafka-client",
        "marks-secret",
        "yunxin-app-secret",
    }
    volumes = {each["name"]: each for each in pod["volumes"]}
    (settings, topics) = (pod["initContainers"][0], pod["containers"][0])
    for container, volume, keys in ((settings, "all-secrets", every), (topics, "secrets", {"kafka-ca", "kafka-client"})):
        mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
        assert mounts == {"settings": "/etc/im-relay/settings", volume: SECRETS}
        assert {each["key"] for each in volumes[volume]["secret"]["items"]} == keys
        assert volumes[volume]["secret"]["optional"], "a pod that waits for a Secret says nothing; the command does"
        assert container["env"][0] == {"name": "IM_RELAY_CONFIG", "value": "/etc/im-relay/settings/relay.toml"}
        assert not [each for each in container["env"] if each["name"].startswith("IM_RELAY_KAFKA")], (
            "what the settings say stands in them alone"
        )
    (file,) = [one["data"]["relay.toml"] for one in of(lasting(rendered(*arguments)), "ConfigMap") if "relay.toml" in one["data"]]
    (config,) = of(early, "ConfigMap")
    assert (config["data"]["relay.toml"], config["metadata"]["name"]) == (file, volumes["settings"]["configMap"]["name"])
    names = {one["metadata"]["name"] for one in early if one["kind"] == "Secret"} | ({"mine"} if own else set())
    assert {volumes[name]["secret"]["secretName"] for name in ("secrets", "all-secrets")} == names
    weights = {one["kind"]: int(one["metadata"]["annotations"].get("helm.sh/hook-weight", 0)) for one in early}
    assert all(weights[kind] < weights["Job"] for kind in weights.keys() - {"Job"})


def test_a_migration_has_a_worker_where_its_platform_is_named() -> None:
    assert not [each for each in workloads(rendered()) if "-migrate-" in each["metadata"]["name"]]
    (one,) = [
        each for each in workloads(rendered("--set", "migrate.platform=easemob")) if each["metadata"]["name"].endswith("-migrate-easemob")
    ]
    (container,) = one["spec"]["template"]["spec"]["containers"]
    command, parameters = parsed(container["args"])
    assert (command, parameters["platform"], one["spec"]["replicas"]) == ("migrate work", "easemob", 1)
    assert container["resources"] == VALUES["migrate"]["resources"]


def test_the_search_for_lost_callbacks_is_one_process_where_it_is_asked_for() -> None:
    (one,) = [each for each in workloads(rendered("--set", "gaps.enabled=true")) if each["metadata"]["name"].endswith("-gaps")]
    (container,) = one["spec"]["template"]["spec"]["containers"]
    command, parameters = parsed(container["args"])
    assert (command, parameters["run"], one["spec"]["replicas"]) == ("gaps", True, 1)
    assert container["resources"] == VALUES["gaps"]["resources"]


def test_files_on_their_way_have_a_bounded_place_and_files_that_stay_a_volume(objects: list[dict[str, Any]]) -> None:
    roles = {one["spec"]["template"]["spec"]["containers"][0]["name"]: one for one in workloads(objects)}
    volumes = {each["name"]: each for each in roles["media"]["spec"]["template"]["spec"]["volumes"]}
    assert volumes["temporary"]["emptyDir"] == {"sizeLimit": VALUES["media"]["temporary"]["size"]}
    assert volumes["state"]["emptyDir"] == {"sizeLimit": VALUES["media"]["state"]["size"]}
    assert (roles["files"]["kind"], roles["files"]["spec"]["replicas"]) == ("StatefulSet", 1)
    (claim,) = roles["files"]["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == EXAMPLE["files"]["volume"]["size"]
    (route,) = [one for one in of(objects, "Ingress") if one["metadata"]["name"].endswith("-files")]
    (rule,) = route["spec"]["rules"]
    assert rule["host"] in EXAMPLE["settings"]["files"]["public_url"]
    assert [path["path"] for path in rule["http"]["paths"]] == ["/files/"]


def test_the_store_of_files_is_off_unless_asked_for_and_media_is_on() -> None:
    assert VALUES["files"]["enabled"] is False
    assert VALUES["settings"]["media"]["carry"] is True


def test_helm_asks_for_the_apps_where_there_are_none() -> None:
    done = helm("template", "chat", str(CHART), "--kube-version", "1.33.0")
    assert done.returncode != 0
    assert "settings.apps is empty" in done.stderr


def test_a_small_installation_has_nothing_that_was_not_asked_for() -> None:
    off = ["monitoring.serviceMonitor.enabled", "monitoring.rules.enabled", "monitoring.dashboard.enabled"]
    off += [
        "files.enabled",
        "console.enabled",
        "settings.media.carry",
        "ingress.route.enabled",
        "ingress.autoscaling.enabled",
        "topics.create",
        "check.enabled",
        "deliver.state.persistent",
    ]
    arguments = [each for name in off for each in ("--set", f"{name}=false")]
    objects = rendered(*arguments, "--set", "secrets.existing=mine", "--set", "secrets.values=null")
    assert {one["kind"] for one in objects} == {"ConfigMap", "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"}
    names = {one["metadata"]["name"] for one in workloads(objects)}
    assert names == {f"chat-im-relay-{role}" for role in ("ingress", "convert", "deliver-yunxin", "deliver-easemob", "watch")}
    for one in workloads(objects):
        (volume, *more) = [each for each in one["spec"]["template"]["spec"]["volumes"] if each["name"] == "secrets"] or [None]
        assert not more
        assert volume is None or volume["secret"]["secretName"] == "mine"
