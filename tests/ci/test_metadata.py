"""The metadata of every CI system that datadog-ci knows; expected values are what it sends.

And where what is deployed comes from, of each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.ci.metadata import Origin, metadata, origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHA = "0123456789abcdef0123456789abcdef01234567"
DRONE = {
    "DRONE": "true",
    "DRONE_BRANCH": "main",
    "DRONE_BUILD_EVENT": "push",
    "DRONE_BUILD_LINK": "http://drone.example/shop/discounts/41",
    "DRONE_BUILD_NUMBER": "41",
    "DRONE_BUILD_PARENT": "0",
    "DRONE_COMMIT_AUTHOR_EMAIL": "dev@shop.example",
    "DRONE_COMMIT_AUTHOR_NAME": "Dev",
    "DRONE_COMMIT_MESSAGE": "Mend the banner",
    "DRONE_COMMIT_SHA": SHA,
    "DRONE_DEPLOY_TO": "",
    "DRONE_GIT_HTTP_URL": "http://gogs.example/shop/discounts.git",
    "DRONE_SOURCE_BRANCH": "main",
    "DRONE_STAGE_NAME": "default",
    "DRONE_STEP_NAME": "gate",
    "DRONE_TARGET_BRANCH": "main",
    "DRONE_WORKSPACE": "/drone/src",
}
FROM_DRONE = {
    "ci.job.name": "gate",
    "ci.pipeline.number": 41,
    "ci.pipeline.url": "http://drone.example/shop/discounts/41",
    "ci.provider.name": "drone",
    "ci.stage.name": "default",
    "ci.workspace_path": "/drone/src",
    "git.branch": "main",
    "git.commit.author.email": "dev@shop.example",
    "git.commit.author.name": "Dev",
    "git.commit.message": "Mend the banner",
    "git.commit.sha": SHA,
    "git.repository_url": "http://gogs.example/shop/discounts.git",
}
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_JOB": "e2e",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_NUMBER": "5",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_SHA": SHA,
    "GITHUB_WORKFLOW": "deploy",
}
FROM_GITHUB = {
    "ci.job.id": "e2e",
    "ci.job.name": "e2e",
    "ci.job.url": f"https://github.com/acme/shop/commit/{SHA}/checks",
    "ci.pipeline.id": "77",
    "ci.pipeline.name": "deploy",
    "ci.pipeline.number": 5,
    "ci.pipeline.url": "https://github.com/acme/shop/actions/runs/77",
    "ci.provider.name": "github",
    "git.branch": "main",
    "git.commit.sha": SHA,
    "git.repository_url": "https://github.com/acme/shop.git",
}
AZURE_BUILD = "https://dev.azure.com/acme/p1/_build/results?buildId=9"

PROVIDERS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "appveyor": (
        {
            "APPVEYOR": "True",
            "APPVEYOR_BUILD_ID": "8",
            "APPVEYOR_BUILD_NUMBER": "3",
            "APPVEYOR_REPO_BRANCH": "main",
            "APPVEYOR_REPO_COMMIT": SHA,
            "APPVEYOR_REPO_COMMIT_MESSAGE": "Subject",
            "APPVEYOR_REPO_COMMIT_MESSAGE_EXTENDED": "Body",
            "APPVEYOR_REPO_NAME": "acme/shop",
            "APPVEYOR_REPO_PROVIDER": "github",
        },
        {
            "ci.job.url": "https://ci.appveyor.com/project/acme/shop/builds/8",
            "ci.pipeline.id": "8",
            "ci.pipeline.name": "acme/shop",
            "ci.pipeline.number": 3,
            "ci.pipeline.url": "https://ci.appveyor.com/project/acme/shop/builds/8",
            "git.branch": "main",
            "git.commit.message": "Subject\nBody",
            "git.commit.sha": SHA,
            "git.repository_url": "https://github.com/acme/shop.git",
        },
    ),
    "awscodepipeline": (
        {
            "CODEBUILD_INITIATOR": "codepipeline/deploy",
            "DD_ACTION_EXECUTION_ID": "a1",
            "DD_PIPELINE_EXECUTION_ID": "p1",
        },
        {"ci.job.id": "a1", "ci.pipeline.id": "p1"},
    ),
    "azurepipelines": (
        {
            "TF_BUILD": "True",
            "BUILD_BUILDID": "9",
            "BUILD_SOURCEBRANCH": "refs/heads/main",
            "BUILD_SOURCEVERSION": SHA,
            "SYSTEM_JOBID": "j1",
            "SYSTEM_STAGEDISPLAYNAME": "deploy",
            "SYSTEM_TASKINSTANCEID": "t1",
            "SYSTEM_TEAMFOUNDATIONSERVERURI": "https://dev.azure.com/acme/",
            "SYSTEM_TEAMPROJECTID": "p1",
        },
        {
            "ci.job.id": "j1",
            "ci.job.url": f"{AZURE_BUILD}&view=logs&j=j1&t=t1",
            "ci.pipeline.id": "9",
            "ci.pipeline.number": 9,
            "ci.pipeline.url": AZURE_BUILD,
            "ci.stage.name": "deploy",
            "git.branch": "main",
            "git.commit.sha": SHA,
        },
    ),
    "bitbucket": (
        {
            "BITBUCKET_BRANCH": "main",
            "BITBUCKET_BUILD_NUMBER": "3",
            "BITBUCKET_COMMIT": SHA,
            "BITBUCKET_GIT_SSH_ORIGIN": "git@bitbucket.org:acme/shop.git",
            "BITBUCKET_PIPELINE_UUID": "{p-1}",
            "BITBUCKET_REPO_FULL_NAME": "acme/shop",
        },
        {
            "ci.job.url": "https://bitbucket.org/acme/shop/addon/pipelines/home#!/results/3",
            "ci.pipeline.id": "p-1",
            "ci.pipeline.name": "acme/shop",
            "ci.pipeline.number": 3,
            "ci.pipeline.url": "https://bitbucket.org/acme/shop/addon/pipelines/home#!/results/3",
            "git.branch": "main",
            "git.commit.sha": SHA,
            "git.repository_url": "git@bitbucket.org:acme/shop.git",
        },
    ),
    "bitrise": (
        {
            "BITRISE_BUILD_NUMBER": "3",
            "BITRISE_BUILD_SLUG": "b1",
            "BITRISE_GIT_TAG": "v1",
            "GIT_CLONE_COMMIT_HASH": SHA,
            "GIT_REPOSITORY_URL": "https://github.com/acme/shop.git",
        },
        {
            "ci.pipeline.id": "b1",
            "ci.pipeline.number": 3,
            "git.commit.sha": SHA,
            "git.repository_url": "https://github.com/acme/shop.git",
            "git.tag": "v1",
        },
    ),
    "buddy": (
        {
            "BUDDY": "true",
            "BUDDY_EXECUTION_ID": "3",
            "BUDDY_EXECUTION_REVISION_COMMITTER_EMAIL": "dev@shop.example",
            "BUDDY_EXECUTION_REVISION_COMMITTER_NAME": "Dev",
            "BUDDY_PIPELINE_ID": "9",
        },
        {
            "ci.pipeline.id": "9/3",
            "ci.pipeline.number": 3,
            "git.commit.committer.email": "dev@shop.example",
            "git.commit.committer.name": "Dev",
        },
    ),
    "buildkite": (
        {
            "BUILDKITE": "true",
            "BUILDKITE_BUILD_URL": "https://buildkite.com/acme/shop/builds/3",
            "BUILDKITE_JOB_ID": "j1",
            "BUILDKITE_REPO": "https://token@github.com/acme/shop.git",
        },
        {
            "ci.job.id": "j1",
            "ci.job.url": "https://buildkite.com/acme/shop/builds/3#j1",
            "ci.pipeline.url": "https://buildkite.com/acme/shop/builds/3",
            "git.repository_url": "https://github.com/acme/shop.git",
        },
    ),
    "circleci": (
        {
            "CIRCLECI": "true",
            "CIRCLE_BUILD_NUM": "3",
            "CIRCLE_WORKFLOW_ID": "w1",
            "CIRCLE_WORKING_DIRECTORY": "~/shop",
            "HOME": "/home/circleci",
        },
        {
            "ci.job.id": "3",
            "ci.pipeline.id": "w1",
            "ci.pipeline.url": "https://app.circleci.com/pipelines/workflows/w1",
            "ci.workspace_path": "/home/circleci/shop",
        },
    ),
    "codefresh": (
        {"CF_BUILD_ID": "b1", "CF_BRANCH": "refs/heads/tags/v1", "CF_STEP_NAME": "gate"},
        {"ci.job.name": "gate", "ci.pipeline.id": "b1", "git.tag": "v1"},
    ),
    "drone": (DRONE, FROM_DRONE),
    "github": (GITHUB, FROM_GITHUB),
    "gitlab": (
        {
            "GITLAB_CI": "true",
            "CI_COMMIT_AUTHOR": "Ann Dev <ann@shop.example>",
            "CI_COMMIT_REF_NAME": "origin/main",
            "CI_JOB_STAGE": "deploy",
            "CI_PIPELINE_ID": "9",
            "CI_PIPELINE_IID": "3",
            "CI_REPOSITORY_URL": "https://gitlab-ci-token:secret@gitlab.com/acme/shop.git",
        },
        {
            "ci.pipeline.id": "9",
            "ci.pipeline.number": 3,
            "ci.stage.name": "deploy",
            "git.branch": "main",
            "git.commit.author.email": "ann@shop.example",
            "git.commit.author.name": "Ann Dev",
            "git.repository_url": "https://gitlab.com/acme/shop.git",
        },
    ),
    "jenkins": (
        {
            "JENKINS_URL": "https://ci.shop.example",
            "BUILD_NUMBER": "3",
            "BUILD_TAG": "jenkins-shop-3",
            "GIT_BRANCH": "origin/main",
            "GIT_URL_1": "ssh://git@shop.example:22/shop.git",
            "JOB_NAME": "shop/main",
        },
        {
            "ci.pipeline.id": "jenkins-shop-3",
            "ci.pipeline.name": "shop",
            "ci.pipeline.number": 3,
            "git.branch": "main",
            "git.repository_url": "ssh://shop.example:22/shop.git",
        },
    ),
    "teamcity": (
        {
            "TEAMCITY_VERSION": "2026.1",
            "BUILD_URL": "https://tc.shop.example/build/3",
            "TEAMCITY_BUILDCONF_NAME": "gate",
        },
        {"ci.job.name": "gate", "ci.job.url": "https://tc.shop.example/build/3"},
    ),
    "travisci": (
        {
            "TRAVIS": "true",
            "TRAVIS_BRANCH": "main",
            "TRAVIS_BUILD_NUMBER": "3",
            "TRAVIS_PULL_REQUEST_BRANCH": "fix",
            "TRAVIS_REPO_SLUG": "acme/shop",
        },
        {
            "ci.pipeline.name": "acme/shop",
            "ci.pipeline.number": 3,
            "git.branch": "fix",
            "git.repository_url": "https://github.com/acme/shop.git",
        },
    ),
}


def flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def tags(environ: Mapping[str, str]) -> dict[str, Any]:
    return dict(flat(metadata(environ)))


@pytest.mark.parametrize("name", PROVIDERS)
def test_each_provider_tells_what_datadog_ci_sends(name: str) -> None:
    environ, expected = PROVIDERS[name]
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
# What each system documents that it sets, as far as it matters here.
ORIGINS: dict[str, tuple[dict[str, str], Origin]] = {
    "appveyor": (
        PROVIDERS["appveyor"][0],
        Origin(SHA, "3", "https://ci.appveyor.com/project/acme/shop/builds/8"),
    ),
    "awscodepipeline": (CODEBUILD, Origin(SHA, "41", CODEBUILD_LINK)),
    "azurepipelines": (PROVIDERS["azurepipelines"][0], Origin(SHA, "9", AZURE_BUILD)),
    "bitbucket": (
        PROVIDERS["bitbucket"][0],
        Origin(SHA, "3", "https://bitbucket.org/acme/shop/addon/pipelines/home#!/results/3"),
    ),
    "bitrise": (
        {
            "BITRISE_BUILD_NUMBER": "41",
            "BITRISE_BUILD_SLUG": "b1",
            "BITRISE_BUILD_URL": "https://app.bitrise.io/build/b1",
            "BITRISE_GIT_COMMIT": SHA,
        },
        Origin(SHA, "41", "https://app.bitrise.io/build/b1"),
    ),
    "buddy": (
        {
            "BUDDY": "true",
            "BUDDY_EXECUTION_ID": "41",
            "BUDDY_EXECUTION_REVISION": SHA,
            "BUDDY_EXECUTION_URL": "https://app.buddy.works/acme/shop/41",
            "BUDDY_PIPELINE_ID": "9",
        },
        Origin(SHA, "41", "https://app.buddy.works/acme/shop/41"),
    ),
    "buddy of today": (
        {
            "BUDDY": "true",
            "BUDDY_PIPELINE_ID": "9",
            "BUDDY_RUN_COMMIT": SHA,
            "BUDDY_RUN_ID": "41",
            "BUDDY_RUN_URL": "https://app.buddy.works/acme/shop/41",
        },
        Origin(SHA, "41", "https://app.buddy.works/acme/shop/41"),
    ),
    "buildkite": (
        {
            "BUILDKITE": "true",
            "BUILDKITE_BUILD_ID": "0190-b1",
            "BUILDKITE_BUILD_NUMBER": "41",
            "BUILDKITE_BUILD_URL": "https://buildkite.com/acme/shop/builds/41",
            "BUILDKITE_COMMIT": SHA,
        },
        Origin(SHA, "41", "https://buildkite.com/acme/shop/builds/41"),
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
        Origin(SHA, "w1", WORKFLOW),
    ),
    "codefresh": (
        # It has no numbers.
        {
            "CF_BUILD_ID": "5d9dc42c",
            "CF_BUILD_URL": "https://g.codefresh.io/build/5d9dc42c",
            "CF_REVISION": SHA,
        },
        Origin(SHA, "5d9dc42c", "https://g.codefresh.io/build/5d9dc42c"),
    ),
    "drone": (DRONE, Origin(SHA, "41", "http://drone.example/shop/discounts/41")),
    "github": (GITHUB, Origin(SHA, "5", "https://github.com/acme/shop/actions/runs/77")),
    "gitlab": (
        {
            "GITLAB_CI": "true",
            "CI_COMMIT_SHA": SHA,
            "CI_JOB_URL": "https://gitlab.com/acme/shop/-/jobs/8",
            "CI_PIPELINE_ID": "9",
            "CI_PIPELINE_IID": "41",
            "CI_PIPELINE_URL": "https://gitlab.com/acme/shop/-/pipelines/9",
        },
        Origin(SHA, "41", "https://gitlab.com/acme/shop/-/pipelines/9"),
    ),
    "jenkins": (
        {
            "BUILD_NUMBER": "41",
            "BUILD_TAG": "jenkins-shop-41",
            "BUILD_URL": "https://ci.shop.example/job/shop/41/",
            "GIT_COMMIT": SHA,
            "JENKINS_URL": "https://ci.shop.example/",
        },
        Origin(SHA, "41", "https://ci.shop.example/job/shop/41/"),
    ),
    "teamcity": (
        {
            "BUILD_NUMBER": "1.2.41",
            "BUILD_URL": "https://tc.shop.example/build/3",
            "BUILD_VCS_NUMBER": SHA,
            "TEAMCITY_VERSION": "2026.1",
        },
        Origin(SHA, "1.2.41", "https://tc.shop.example/build/3"),
    ),
    "travisci": (
        {
            "TRAVIS": "true",
            "TRAVIS_BUILD_ID": "8",
            "TRAVIS_BUILD_NUMBER": "41",
            "TRAVIS_BUILD_WEB_URL": "https://app.travis-ci.com/acme/shop/builds/8",
            "TRAVIS_COMMIT": SHA,
        },
        Origin(SHA, "41", "https://app.travis-ci.com/acme/shop/builds/8"),
    ),
}


@pytest.mark.parametrize("name", ORIGINS)
def test_each_provider_tells_commit_number_and_link(name: str) -> None:
    environ, expected = ORIGINS[name]
    assert origin(environ) == expected
    assert None not in expected


def test_no_provider_is_left_out() -> None:
    assert {name.removesuffix(" of today") for name in ORIGINS} == set(PROVIDERS)


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
    assert origin({**CODEBUILD, **more}).link == expected


@pytest.mark.parametrize("name", ORIGINS)
def test_where_it_comes_from_is_what_the_user_says(name: str) -> None:
    said = {
        "DD_CI_PIPELINE_NUMBER": "7",
        "DD_CI_PIPELINE_URL": "https://user:secret@ci.example/7",
        "DD_GIT_COMMIT_SHA": SHA[::-1],
    }
    expected = Origin(SHA[::-1], "7", "https://ci.example/7")
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
