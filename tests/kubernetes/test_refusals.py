"""What the chart refuses where it sees the cluster: before anything is there, and in words that help."""

import pytest

from tests.kubernetes.release import SECRET, Release

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow]


def test_a_missing_secret_and_a_missing_key_are_told_before_anything_is_there(release: Release) -> None:
    release.api.delete(f"{release.path('secrets')}/accounts")
    assert f'secrets.existing is "accounts", and there is no such Secret in namespace {release.space}' in release.helm("install")
    release.secret({key: value for key, value in SECRET.items() if key != "files-secret"})
    said = release.helm("install")
    assert 'has no key "files-secret", which the settings name as /etc/im-relay/secrets/files-secret' in said
    assert not any(content in said for content in SECRET.values())
    assert release.workloads() == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("settings.apps.new.account.org=1112", "got number, want string"),
        ("settings.apps.old.target=nowhere", "there is no such app"),
        ("convert.replicas=5", "convert.replicas is 5, more than the 4 of settings.kafka.partitions"),
        ("deliver.replicas=5", "deliver.replicas is 5, more than the 4"),
        ("convert.autoscaling.enabled=true", "convert.autoscaling.max is 6, more than the 4"),
        ("migrate.replicas=5", "migrate.replicas is 5, more than the 4"),
        ("settings.console.public_url=", "console.enabled: give settings.console.public_url"),
    ],
)
def test_what_could_not_work_leaves_nothing_behind(release: Release, given: str, said: str) -> None:
    assert said in release.helm("install", "--set", given)
    assert release.workloads() == {}
    assert [one["metadata"]["name"] for one in release.api.items(release.path("secrets"))] == ["accounts"], "not even a release of Helm's"
