"""What the chart refuses before anything is installed, and what each of its switches makes."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy import chart_readme
from tests import quick_yaml
from tests.deploy.test_chart import EXAMPLE, VALUES, complaints, hooks, lasting, merged, of, rendered, template, workloads

ROLES = ("ingress", "convert", "deliver", "media", "files", "gaps", "watch", "console", "migrate")
EVERY = ("--set", "gaps.enabled=true", "--set", "migrate.platform=easemob")


def account(**keys: Any) -> dict[str, Any]:
    return {"settings": {"apps": {"new": {"account": keys}}}}


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"settings": {"apps": {"old": {"platform": "yunxing"}}}}, "yunxing"),
        ({"settings": {"apps": {"old": {"target": ""}}}}, "''"),
        (account(orgs="x"), "orgs"),
        (account(org=1112190000), "1112190000"),
        (account(client_id=7), "7"),
        (account(unsigned_events="yes"), "yes"),
        (account(client_secret_file="secret"), "secret"),
        ({"settings": {"apps": {"two words": {"platform": "own", "target": "old", "account": {"secret_file": "/x"}}}}}, "two words"),
        ({"settings": {"ingress": {"port": 0}}}, "0"),
        ({"settings": {"observe": {"port": 0}}}, "0"),
        ({"settings": {"files": {"port": 70000}}}, "70000"),
        ({"media": {"autoscaling": {"failing": 2}}}, "2"),
        ({"ingress": {"gateway": {"maxBody": "2m"}}}, "2m"),
        ({"ingress": {"route": {"sourceRanges": ["everywhere"]}}}, "everywhere"),
        ({"convert": {"nodeSelector": {"a": 1}}}, "1"),
        ({"caBundle": {"key": ""}}, "''"),
    ],
)
def test_the_schema_knows_accounts_ports_and_switches(wrong: dict[str, Any], word: str) -> None:
    found = complaints(merged(merged(VALUES, EXAMPLE), wrong))
    assert found
    assert any(word in each for each in found), found


@pytest.mark.parametrize("missing", ["org", "client_id", "client_secret_file", "callback_secret_file"])
def test_a_missing_key_of_an_account_is_refused_and_each_may_be_a_file(missing: str) -> None:
    values = json.loads(json.dumps(merged(VALUES, EXAMPLE)))
    keys = values["settings"]["apps"]["new"]["account"]
    given = keys.pop(missing)
    assert complaints(values)
    keys[f"{missing.removesuffix('_file')}_file"] = given if given.startswith("/") else "/etc/im-relay/secrets/it"
    assert complaints(values) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "settings.apps.old.platform=yunxing"], "platform"),
        (
            ["--set", "settings.apps.old.target=nowhere"],
            'settings.apps.old.target is "nowhere", and there is no such app; there are: new, old',
        ),
        (["--set", "settings.apps.old.target=old"], "settings.apps.old.target is the app itself"),
        (["--set", "settings.apps.new.account.org=1112190000"], "org"),
        (["--set", "settings.apps.new.account.org=null"], "org"),
        (["--set", "convert.replicas=25"], "convert.replicas is 25, more than the 24 of settings.kafka.partitions"),
        (["--set", "deliver.replicas=25"], "deliver.replicas is 25"),
        (["--set", "media.replicas=25"], "media.replicas is 25"),
        (["--set", "migrate.platform=easemob,migrate.replicas=25"], "migrate.replicas is 25"),
        (["--set", "convert.autoscaling.enabled=true,convert.autoscaling.max=25"], "convert.autoscaling.max is 25"),
        (["--set", "ingress.autoscaling.min=7"], "ingress.autoscaling.min is 7, more than its max, 6"),
        (["--set", "media.autoscaling.enabled=true"], "media.autoscaling.prometheus is empty"),
        (["--set", "ingress.gateway.enabled=true"], "ingress.gateway.parentRefs is empty"),
        (["--set-json", 'ingress.gateway={"enabled":true,"host":"h","parentRefs":[{"name":"g"}],"maxBody":"2Mi"}'], "say envoy: true"),
        (["--set-json", 'files.gateway={"enabled":true,"parentRefs":[{"name":"g"}]}'], "files.gateway.host"),
        (["--set", "ingress.service.port=0"], "port"),
    ],
)
def test_helm_refuses_what_could_not_work(arguments: list[str], said: str) -> None:
    done = template(*arguments)
    assert done.returncode != 0
    assert said in done.stderr


def pods(*arguments: str) -> dict[str, dict[str, Any]]:
    made = [one["spec"]["template"] for one in workloads(rendered(*EVERY, *arguments))]
    return {one["metadata"]["labels"]["app.kubernetes.io/component"].partition("-")[0]: one["spec"] for one in made}


def test_each_role_is_placed_by_its_own_words_and_else_by_those_of_all() -> None:
    given: dict[str, Any] = {
        "nodeSelector": {"pool": "all"},
        "tolerations": [{"key": "all"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "all",
    }
    arguments = [f"--set-json={name}={json.dumps(value)}" for name, value in given.items()]
    spread = [{"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}]
    for role in ROLES:
        own = {"nodeSelector": {"only": role}, "tolerations": [{"key": role}], "affinity": {"podAffinity": {}}, "priorityClassName": role}
        own["topologySpreadConstraints"] = spread
        found = pods(*arguments, *(f"--set-json={role}.{name}={json.dumps(value)}" for name, value in own.items()))
        for name, spec in found.items():
            expected = own if name == role else given
            assert {key: spec.get(key) for key in expected} == expected, name
            keys = {each["topologyKey"] for each in spec["topologySpreadConstraints"]}
            assert keys == ({"rack"} if name == role else {"kubernetes.io/hostname", "topology.kubernetes.io/zone"})


def test_variables_and_volumes_of_all_and_of_a_role_are_both_there() -> None:
    source, volume, mount = {"secretRef": {"name": "all"}}, {"name": "all", "emptyDir": {}}, {"name": "all", "mountPath": "/all"}
    arguments = [
        f"--set-json=envFrom=[{json.dumps(source)}]",
        f"--set-json=extraVolumes=[{json.dumps(volume)}]",
        f"--set-json=extraVolumeMounts=[{json.dumps(mount)}]",
    ]
    for role in ROLES:
        own = [
            f'--set-json={role}.envFrom=[{{"configMapRef":{{"name":"own"}}}}]',
            f'--set-json={role}.extraVolumes=[{{"name":"own","emptyDir":{{}}}}]',
            f'--set-json={role}.extraVolumeMounts=[{{"name":"own","mountPath":"/own"}}]',
        ]
        for name, spec in pods(*arguments, *own).items():
            (container,) = spec["containers"]
            mine = name == role
            assert container["envFrom"] == [source, *([{"configMapRef": {"name": "own"}}] if mine else [])]
            assert {"all", *(["own"] if mine else [])} == {each["name"] for each in spec["volumes"]} & {"all", "own"}
            assert {"all", *(["own"] if mine else [])} == {each["name"] for each in container["volumeMounts"]} & {"all", "own"}


def test_a_bundle_of_authorities_is_where_every_process_looks_for_it() -> None:
    objects = rendered(*EVERY, "--set", "caBundle.configMap=company", "--set", "caBundle.key=all.pem")
    specs = [one["spec"]["template"]["spec"] for one in [*workloads(objects), *of(objects, "Job")]]
    assert len(specs) == 11
    for spec in specs:
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            assert {"name": "SSL_CERT_FILE", "value": "/etc/im-relay/ca/all.pem"} in container["env"]
            assert {"name": "ca-bundle", "mountPath": "/etc/im-relay/ca", "readOnly": True} in container["volumeMounts"]
        assert {"name": "ca-bundle", "configMap": {"name": "company"}} in spec["volumes"]


def test_an_account_is_made_where_it_is_asked_for_and_the_job_before_it_has_one_as_well() -> None:
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/relay"}
    objects = rendered("--set", "serviceAccount.create=true", f"--set-json=serviceAccount.annotations={json.dumps(role)}")
    (account,) = of(lasting(objects), "ServiceAccount")
    (early,) = of(hooks(objects), "ServiceAccount")
    assert account["metadata"]["annotations"] == role
    assert role.items() <= early["metadata"]["annotations"].items()
    assert not account["automountServiceAccountToken"]
    assert {one["spec"]["template"]["spec"]["serviceAccountName"] for one in workloads(objects)} == {account["metadata"]["name"]}
    assert of(objects, "Job")[0]["spec"]["template"]["spec"]["serviceAccountName"] == early["metadata"]["name"]
    named = rendered("--set", "serviceAccountName=mine")
    assert {one["spec"]["template"]["spec"]["serviceAccountName"] for one in [*workloads(named), *of(named, "Job")]} == {"mine"}


def test_every_role_is_given_time_to_start_and_is_then_watched() -> None:
    for name, spec in pods().items():
        (container,) = spec["containers"]
        start = container["startupProbe"]
        assert start["periodSeconds"] * start["failureThreshold"] >= 60, name
        assert start["httpGet"] == container["livenessProbe"]["httpGet"]
        assert "initialDelaySeconds" not in container["livenessProbe"]


def test_convert_and_media_scale_one_at_a_time_and_media_not_against_a_store_that_refuses() -> None:
    objects = rendered(
        "--set",
        "convert.autoscaling.enabled=true",
        "--set",
        "media.autoscaling.enabled=true",
        "--set",
        "media.autoscaling.prometheus=http://prometheus:9090",
    )
    for name in ("convert", "media"):
        (one,) = [each for each in of(objects, "Deployment") if each["metadata"]["name"].endswith(name)]
        assert "replicas" not in one["spec"], "two would decide"
    (scaler,) = [one for one in of(objects, "HorizontalPodAutoscaler") if one["metadata"]["name"].endswith("convert")]
    assert scaler["spec"]["behavior"]["scaleUp"]["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 60}]
    (keda,) = of(objects, "ScaledObject")
    assert keda["spec"]["scaleTargetRef"]["name"] == "chat-im-relay-media"
    (trigger,) = keda["spec"]["triggers"]
    query = " ".join(trigger["metadata"]["query"].split())
    assert query.startswith('sum(im_relay_lag_records{namespace="default",stage="media"}) * on()')
    assert "<= bool 0.5" in query


def test_both_ways_in_bound_the_body_and_who_may_call() -> None:
    arguments = []
    for role in ("ingress", "files"):
        arguments += ["--set-json", f'{role}.route.sourceRanges=["203.0.113.0/24","198.51.100.0/24"]', "--set", f"{role}.route.maxBody=2m"]
        gateway = {
            "enabled": True,
            "host": f"{role}.example.com",
            "parentRefs": [{"name": "public", "namespace": "gateways"}],
            "envoy": True,
            "maxBody": "2Mi",
            "sourceRanges": ["203.0.113.0/24"],
        }
        arguments += [f"--set-json={role}.gateway={json.dumps(gateway)}"]
    objects = rendered(*arguments)
    for role, path in (("ingress", "/callbacks/"), ("files", "/files/")):
        name = f"chat-im-relay-{role}"
        by = {one["kind"]: one for one in objects if one["metadata"]["name"] == name}
        notes = by["Ingress"]["metadata"]["annotations"]
        assert notes["nginx.ingress.kubernetes.io/proxy-body-size"] == "2m"
        assert notes["nginx.ingress.kubernetes.io/whitelist-source-range"] == "203.0.113.0/24,198.51.100.0/24"
        route = by["HTTPRoute"]["spec"]
        assert (route["hostnames"], route["parentRefs"]) == ([f"{role}.example.com"], [{"name": "public", "namespace": "gateways"}])
        (rule,) = route["rules"]
        assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": path}}]
        assert rule["backendRefs"] == [{"name": name, "port": by["Service"]["spec"]["ports"][0]["port"]}]
        for kind in ("BackendTrafficPolicy", "SecurityPolicy"):
            assert by[kind]["spec"]["targetRefs"] == [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": name}]
        assert by["BackendTrafficPolicy"]["spec"]["requestBuffer"] == {"limit": "2Mi"}
        authorization = by["SecurityPolicy"]["spec"]["authorization"]
        assert authorization["defaultAction"] == "Deny"
        assert authorization["rules"][0]["principal"]["clientCIDRs"] == ["203.0.113.0/24"]


def test_the_job_before_is_there_for_the_settings_for_the_topics_or_for_neither() -> None:
    def commands(*arguments: str) -> list[str]:
        found = [one["spec"]["template"]["spec"] for one in rendered(*arguments) if one["kind"] == "Job"]
        return [" ".join(each["args"][:2]) for spec in found for each in [*spec.get("initContainers", []), *spec["containers"]]]

    assert commands() == ["settings", "topics create"]
    assert commands("--set", "topics.create=false") == ["settings", "topics check"]
    assert commands("--set", "check.enabled=false") == ["topics create"]
    assert commands("--set", "check.enabled=false", "--set", "topics.create=false") == []


def test_every_role_takes_the_same_words() -> None:
    schema: dict[str, Any] = json.loads((Path(__file__).parents[2] / "helm/im-relay/values.schema.json").read_text())["properties"]
    common = {
        "env",
        "envFrom",
        "nodeSelector",
        "tolerations",
        "affinity",
        "topologySpreadConstraints",
        "priorityClassName",
        "extraVolumes",
        "extraVolumeMounts",
    }
    for role in ROLES:
        assert common <= schema[role]["properties"].keys(), role
    assert common <= schema.keys()
    assert common <= quick_yaml.load((Path(__file__).parents[2] / "helm/im-relay/values.yaml").read_text()).keys()


def test_the_readmes_list_every_value_in_both_languages() -> None:
    root = Path(__file__).parents[2]
    told = chart_readme.chinese(root)
    assert [row.key for row in chart_readme.rows(root)] == list(told), "a line for each in values.zh-CN.yaml, in the order of values.yaml"
    assert len(told) > 40
    for name in chart_readme.PAGES:
        assert chart_readme.page(root, name) == (root / name).read_text(encoding="utf-8"), "python -m deploy.dashboards"
