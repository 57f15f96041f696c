"""Where what is deployed comes from, by every CI system: commit, number and link of the build."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.reading.ci.metadata import origin
from pytest_storedog_gate.reading.ci.systems import SYSTEMS
from tests.reading.ci.builds import AZURE_BUILD, BUILDS, DRONE, GITHUB, SHA

WORKFLOW = "https://app.circleci.com/pipelines/workflows/w1"
CODEBUILD = {
    "AWS_REGION": "eu-west-1",
    "CODEBUILD_BUILD_ID": "gate:b1e6661e",
    "CODEBUILD_BUILD_NUMBER": "41",
    "CODEBUILD_INITIATOR": "codepipeline/deploy",
    "CODEBUILD_RESOLVED_SOURCE_VERSION": SHA,
}
CODEBUILD_LINK = (
    "https://eu-west-1.console.aws.amazon.com/codebuild/home?region=eu-west-1"
    "#/builds/gate:b1e6661e/view/new"
)
Origin = tuple[str | None, str | None, str | None]
# What each system documents that it sets, as far as it matters here.
ORIGINS: dict[str, tuple[dict[str, str], Origin]] = {
    "appveyor": (
        BUILDS["appveyor"][0],
        (SHA, "3", "https://ci.appveyor.com/project/acme/shop/builds/8"),
    ),
    "awscodepipeline": (CODEBUILD, (SHA, "41", CODEBUILD_LINK)),
    "azurepipelines": (BUILDS["azurepipelines"][0], (SHA, "9", AZURE_BUILD)),
    "bitbucket": (
        BUILDS["bitbucket"][0],
        (SHA, "3", "https://bitbucket.org/acme/shop/addon/pipelines/home#!/results/3"),
    ),
    "bitrise": (
        {
            "BITRISE_BUILD_NUMBER": "41",
            "BITRISE_BUILD_SLUG": "b1",
            "BITRISE_BUILD_URL": "https://app.bitrise.io/build/b1",
            "BITRISE_GIT_COMMIT": SHA,
        },
        (SHA, "41", "https://app.bitrise.io/build/b1"),
    ),
    "buddy": (
        {
            "BUDDY": "true",
            "BUDDY_EXECUTION_ID": "41",
            "BUDDY_EXECUTION_REVISION": SHA,
            "BUDDY_EXECUTION_URL": "https://app.buddy.works/acme/shop/41",
            "BUDDY_PIPELINE_ID": "9",
        },
        (SHA, "41", "https://app.buddy.works/acme/shop/41"),
    ),
    "buddy of today": (
        {
            "BUDDY": "true",
            "BUDDY_PIPELINE_ID": "9",
            "BUDDY_RUN_COMMIT": SHA,
            "BUDDY_RUN_ID": "41",
            "BUDDY_RUN_URL": "https://app.buddy.works/acme/shop/41",
        },
        (SHA, "41", "https://app.buddy.works/acme/shop/41"),
    ),
    "buildkite": (
        {
            "BUILDKITE": "true",
            "BUILDKITE_BUILD_ID": "0190-b1",
            "BUILDKITE_BUILD_NUMBER": "41",
            "BUILDKITE_BUILD_URL": "https://buildkite.com/acme/shop/builds/41",
            "BUILDKITE_COMMIT": SHA,
        },
        (SHA, "41", "https://buildkite.com/acme/shop/builds/41"),
    ),
    "circleci": (
        # Its number of a pipeline is no variable, only a value in its configuration.
        {
            "CIRCLECI": "true",
            "CIRCLE_BUILD_NUM": "41",
            "CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/shop/41",
            "CIRCLE_SHA1": SHA,
            "CIRCLE_WORKFLOW_ID": "w1",
        },
        (SHA, "w1", WORKFLOW),
    ),
    "codefresh": (
        # It has no numbers.
        {
            "CF_BUILD_ID": "5d9dc42c",
            "CF_BUILD_URL": "https://g.codefresh.io/build/5d9dc42c",
            "CF_REVISION": SHA,
        },
        (SHA, "5d9dc42c", "https://g.codefresh.io/build/5d9dc42c"),
    ),
    "drone": (DRONE, (SHA, "41", "http://drone.example/shop/discounts/41")),
    "github": (GITHUB, (SHA, "5", "https://github.com/acme/shop/actions/runs/77")),
    "gitlab": (
        {
            "GITLAB_CI": "true",
            "CI_COMMIT_SHA": SHA,
            "CI_JOB_URL": "https://gitlab.com/acme/shop/-/jobs/8",
            "CI_PIPELINE_ID": "9",
            "CI_PIPELINE_IID": "41",
            "CI_PIPELINE_URL": "https://gitlab.com/acme/shop/-/pipelines/9",
        },
        (SHA, "41", "https://gitlab.com/acme/shop/-/pipelines/9"),
    ),
    "jenkins": (
        {
            "BUILD_NUMBER": "41",
            "BUILD_TAG": "jenkins-shop-41",
            "BUILD_URL": "https://ci.shop.example/job/shop/41/",
            "GIT_COMMIT": SHA,
            "JENKINS_URL": "https://ci.shop.example/",
        },
        (SHA, "41", "https://ci.shop.example/job/shop/41/"),
    ),
    "teamcity": (
        {
            "BUILD_NUMBER": "1.2.41",
            "BUILD_URL": "https://tc.shop.example/build/3",
            "BUILD_VCS_NUMBER": SHA,
            "TEAMCITY_VERSION": "2026.1",
        },
        (SHA, "1.2.41", "https://tc.shop.example/build/3"),
    ),
    "travisci": (
        {
            "TRAVIS": "true",
            "TRAVIS_BUILD_ID": "8",
            "TRAVIS_BUILD_NUMBER": "41",
            "TRAVIS_BUILD_WEB_URL": "https://app.travis-ci.com/acme/shop/builds/8",
            "TRAVIS_COMMIT": SHA,
        },
        (SHA, "41", "https://app.travis-ci.com/acme/shop/builds/8"),
    ),
}


@pytest.mark.parametrize("name", ORIGINS)
def test_each_provider_tells_commit_number_and_link(name: str) -> None:
    environ, expected = ORIGINS[name]
    assert origin(environ) == expected
    assert None not in expected


def test_no_provider_is_left_out() -> None:
    told = {name.removesuffix(" of today") for name in ORIGINS}
    assert told == set(BUILDS) == set(SYSTEMS)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, CODEBUILD_LINK),
        ({"CODEBUILD_BUILD_URL": "https://eu-west-1.console/41"}, "https://eu-west-1.console/41"),
        ({"CODEBUILD_PUBLIC_BUILD_URL": "https://public/41"}, "https://public/41"),
        ({"CODEBUILD_PUBLIC_BUILD_URL": ""}, CODEBUILD_LINK),
        ({"AWS_REGION": ""}, None),
    ],
)
def test_codebuild_has_a_page_of_its_own(more: dict[str, str], expected: str | None) -> None:
    assert origin({**CODEBUILD, **more})[2] == expected


@pytest.mark.parametrize("name", ORIGINS)
def test_where_it_comes_from_is_what_the_user_says(name: str) -> None:
    said = {
        "DD_CI_PIPELINE_NUMBER": "7",
        "DD_CI_PIPELINE_URL": "https://user:secret@ci.example/7",
        "DD_GIT_COMMIT_SHA": SHA[::-1],
    }
    expected = (SHA[::-1], "7", "https://ci.example/7")
    assert origin({**ORIGINS[name][0], **said}) == origin(said) == expected


def test_outside_of_any_provider_nothing_is_deployed_from_anywhere() -> None:
    assert origin({"DRONE_COMMIT_SHA": SHA, "BUILD_NUMBER": "41"}) == (None, None, None)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"DD_CI_PIPELINE_ID": "p1", "DD_CI_JOB_ID": "j1"}, (None, "p1", None)),
        ({"DD_CI_JOB_ID": "j1", "DD_CI_JOB_URL": "http://job/1"}, (None, "j1", "http://job/1")),
    ],
)
def test_an_id_stands_in_for_a_number_and_a_job_for_its_pipeline(
    said: dict[str, str], expected: Origin
) -> None:
    assert origin(said) == expected
