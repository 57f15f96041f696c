"""What each CI system says of a build, and what datadog-ci makes of it."""

from __future__ import annotations

from typing import Any

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

BUILDS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
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
