"""The metadata of every CI system that datadog-ci knows; expected values are what it sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.reading.ci.metadata import metadata
from tests.reading.ci.builds import BUILDS, DRONE, FROM_DRONE, FROM_GITHUB, GITHUB

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def tags(environ: Mapping[str, str]) -> dict[str, Any]:
    return dict(flat(metadata(environ)))


@pytest.mark.parametrize("name", BUILDS)
def test_each_provider_tells_what_datadog_ci_sends(name: str) -> None:
    environ, expected = BUILDS[name]
    assert tags(environ) == {"ci.provider.name": name, **expected}


def test_outside_of_any_provider_there_is_none() -> None:
    assert metadata({"CI": "true", "DRONE": "", "CODEBUILD_INITIATOR": "somebody"}) == {}


def test_the_shape_is_whole_where_little_is_known() -> None:
    assert metadata({"TEAMCITY_VERSION": "2026.1"}) == {
        "ci": {"job": {}, "pipeline": {}, "provider": {"name": "teamcity"}, "stage": {}},
        "git": {"commit": {"author": {}, "committer": {}}},
    }


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {
                "DRONE_BUILD_EVENT": "promote",
                "DRONE_BUILD_PARENT": "40",
                "DRONE_DEPLOY_TO": "production",
            },
            {"ci.pipeline.name": "promote to production of build 40"},
        ),
        (
            {
                "DRONE_BUILD_EVENT": "rollback",
                "DRONE_BUILD_PARENT": "12",
                "DRONE_DEPLOY_TO": "production",
            },
            {"ci.pipeline.name": "rollback to production of build 12"},
        ),
        (
            {
                "DRONE_BUILD_EVENT": "pull_request",
                "DRONE_PULL_REQUEST": "7",
                "DRONE_SOURCE_BRANCH": "fix/banner",
            },
            {"git.branch": "fix/banner"},
        ),
        (
            {"DRONE_BUILD_EVENT": "tag", "DRONE_SOURCE_BRANCH": "", "DRONE_TAG": "v1"},
            {"git.tag": "v1"},
        ),
    ],
    ids=["promotion", "rollback", "pull request", "tag"],
)
def test_drone_tells_what_kind_of_build_it_is(
    more: dict[str, str], expected: dict[str, str]
) -> None:
    assert tags({**DRONE, **more}) == {**FROM_DRONE, **expected}


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("refs/heads/fix/origin/x", {"git.branch": "fix/origin/x"}),
        ("origin/main", {"git.branch": "main"}),
        ("release/tags/1", {"git.branch": "release/tags/1"}),
        ("refs/tags/v1", {"git.tag": "v1"}),
        ("origin/tags/v1", {"git.tag": "v1"}),
        ("tags/v1", {"git.tag": "v1"}),
    ],
)
def test_a_ref_is_a_branch_or_a_tag(ref: str, expected: dict[str, str]) -> None:
    said = {key: value for key, value in FROM_GITHUB.items() if key != "git.branch"}
    assert tags({**GITHUB, "GITHUB_REF": ref}) == {**said, **expected}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:secret@shop.example/a.git", "https://shop.example/a.git"),
        ("https://us@er:secret@shop.example/a.git?token=secret#x", "https://shop.example/a.git"),
        ("http://shop.example:3000/a@b.git", "http://shop.example:3000/a@b.git"),
        ("ssh://user@shop.example/a.git", "ssh://shop.example/a.git"),
        ("user:secret@shop.example:a.git", "shop.example:a.git"),
        ("git@shop.example:a.git", "git@shop.example:a.git"),
    ],
)
def test_a_repository_url_holds_no_credentials(url: str, expected: str) -> None:
    assert tags({"DD_GIT_REPOSITORY_URL": url}) == {"git.repository_url": expected}


def test_links_hold_no_credentials_and_keep_the_rest() -> None:
    link = "https://user:secret@drone.example/41?view=logs#1"
    found = tags({**DRONE, "DRONE_BUILD_LINK": link})
    assert found["ci.pipeline.url"] == "https://drone.example/41?view=logs#1"


def test_what_the_user_says_beats_the_provider() -> None:
    said = {
        "DD_CI_PIPELINE_NUMBER": "7",
        "DD_CI_PROVIDER_NAME": "harness",
        "DD_GIT_BRANCH": "refs/heads/mine",
        "DD_GIT_COMMIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
        "DD_GIT_TAG": "",
    }
    assert tags({**DRONE, **said}) == {
        **FROM_DRONE,
        "ci.pipeline.number": 7,
        "ci.provider.name": "harness",
        "git.branch": "mine",
        "git.commit.committer.date": "2026-01-02T03:04:05Z",
    }


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("-1", -1), ("12 of 20", 12), ("build-3", None)]
)
def test_a_pipeline_number_is_read_as_javascript_reads_it(text: str, expected: int | None) -> None:
    assert tags({**DRONE, "DRONE_BUILD_NUMBER": text}).get("ci.pipeline.number") == expected


def test_a_commit_message_is_cut_and_can_be_sent() -> None:
    found = tags({**DRONE, "DRONE_COMMIT_MESSAGE": "\udce9" + "é" * 600})
    assert found["git.commit.message"] == "\N{REPLACEMENT CHARACTER}" + "é" * 499


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"GITHUB_HEAD_REF": "fix"}, {"git.branch": "fix"}),
        (
            {"GITHUB_RUN_ATTEMPT": "2", "JOB_CHECK_RUN_ID": "88"},
            {
                "ci.job.id": "88",
                "ci.job.url": "https://github.com/acme/shop/actions/runs/77/job/88",
                "ci.pipeline.url": "https://github.com/acme/shop/actions/runs/77/attempts/2",
            },
        ),
    ],
)
def test_github_tells_attempt_job_and_pull_request(
    more: dict[str, str], expected: dict[str, str]
) -> None:
    assert tags({**GITHUB, **more}) == {**FROM_GITHUB, **expected}


@pytest.mark.parametrize(
    ("job", "branch", "expected"),
    [
        ("shop/KEY=VALUE,OTHER=1/main", "main", "shop"),
        ("folder/shop", "", "folder/shop"),
        ("folder/shop/main", "refs/heads/main", "folder/shop"),
    ],
)
def test_jenkins_pipeline_name_has_neither_branch_nor_parameters(
    job: str, branch: str, expected: str
) -> None:
    found = tags({"JENKINS_URL": "x", "JOB_NAME": job, "GIT_BRANCH": branch})
    assert found["ci.pipeline.name"] == expected


def test_of_two_providers_the_one_counts_that_datadog_ci_takes() -> None:
    assert tags({**DRONE, **GITHUB}) == FROM_GITHUB
