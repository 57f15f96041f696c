"""What the CI system says about this run: the metadata of a batch, and where an image comes from.

Names and shape are datadog-ci's (its `ci.ts` and `user-provided-git.ts`). Where we differ:

- A template of which a variable is missing is left out; datadog-ci sends `.../undefined`.
- A prefix is taken off at a ref's start alone, so the branch `fix/origin/x` keeps its name, and
  `refs/tags/v1` is the tag `v1`, not `refs/v1`.
- Drone: a pull request's branch is its source branch, not the one it goes to; a promotion or a
  rollback has the pipeline name that tells where to, and of which build.
- AppVeyor: commit, branch and tag are sent for every host of repositories, not for GitHub alone.
- Credentials are removed from every URL, not from the repository's alone.
- `DD_CI_WORKSPACE_PATH` may start with `~` as well.
- What datadog-ci leaves out although the system has it, by its documentation: Codefresh's commit;
  TeamCity's commit and number; of AWS CodePipeline the commit, number, ID and link of the CodeBuild
  that runs here; Buddy's variables by their names of today, BUDDY_RUN_*.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

_MESSAGE_LIMIT = 500
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"\s*([+-]?[0-9]+)")
_REF_PREFIX = re.compile(r"(?:refs/heads/|refs/tags/|refs/remotes/|origin/|tags/)*")
# `scheme://user:password@`, or `user:password@` before a host; the user of `git@host:path` stays.
_CREDENTIALS = re.compile(r"^([A-Za-z][\w+.-]*://)[^/?#]*@|^[^/@:]+:[^/@]*@")

Variables = Mapping[str, str]
# A tag's value: a template, or several of which the first counts that has all its variables.
Table = Mapping[str, str | tuple[str, ...]]


def _nothing(_: Variables) -> Variables:
    return {}


@dataclass(frozen=True)
class _Provider:
    """A CI system: how it is recognised, and which of its variables tell what.

    `derived` computes the few values that are no plain variables; their names are lower case.
    """

    name: str
    marks: tuple[str, ...]
    table: Table
    mark_prefix: str = ""
    derived: Callable[[Variables], Variables] = _nothing

    def runs_here(self, environ: Variables) -> bool:
        values = [environ.get(mark, "") for mark in self.marks]
        return any(value and value.startswith(self.mark_prefix) for value in values)

    def tags(self, environ: Variables) -> dict[str, str]:
        variables = {**environ, **self.derived(environ)}
        return {"ci.provider.name": self.name, **_filled(self.table, variables)}


class Origin(NamedTuple):
    """Where what is deployed comes from: its commit, and the build's number and page."""

    commit: str | None
    number: str | None
    link: str | None


def metadata(environ: Variables = os.environ) -> dict[str, Any]:
    """The trigger's `metadata`; empty where neither a CI system nor the user says anything."""
    tags = _tags(environ)
    return _tree(tags) if tags else {}


def origin(environ: Variables = os.environ) -> Origin:
    """Commit, build number and build link as the metadata has them; None is what nobody says.

    A system that does not number its builds has IDs; one that has no page for the pipeline has one
    for the job.
    """
    tags = _tags(environ)

    def first(*names: str) -> str | None:
        return next((tags[name] for name in names if tags.get(name)), None)

    return Origin(
        commit=first("git.commit.sha"),
        number=first("ci.pipeline.number", "ci.pipeline.id", "ci.job.id"),
        link=first("ci.pipeline.url", "ci.job.url"),
    )


def _tags(environ: Variables) -> dict[str, str]:
    found = [provider for provider in _PROVIDERS if provider.runs_here(environ)]
    # As in datadog-ci, of several providers the last one counts.
    tags = _normalised(found[-1].tags(environ), environ) if found else {}
    return tags | _normalised(_filled(_USER, environ), environ)


def _filled(table: Table, variables: Variables) -> dict[str, str]:
    tags = {}
    for tag, templates in table.items():
        for template in (templates,) if isinstance(templates, str) else templates:
            names = _PLACEHOLDER.findall(template)
            if all(variables.get(name) for name in names):
                value = _PLACEHOLDER.sub(lambda match: variables[match[1]], template)
                # Bytes that are no UTF-8 are surrogates to Python, which no server would take.
                tags[tag] = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                break
    return tags


def _normalised(tags: Mapping[str, str], environ: Variables) -> dict[str, str]:
    result = dict(tags)
    for tag in tags:
        if tag.endswith("url"):
            result[tag] = _CREDENTIALS.sub(r"\1", result[tag])
    if "git.repository_url" in result:
        result["git.repository_url"] = re.split(r"[?#]", result["git.repository_url"])[0]
    path = result.get("ci.workspace_path", "")
    if path == "~" or path.startswith("~/"):
        result["ci.workspace_path"] = environ.get("HOME", "") + path[1:]
    if "git.tag" in result:
        result["git.tag"] = _REF_PREFIX.sub("", result["git.tag"], count=1)
    if "git.branch" in result:
        ref = result.pop("git.branch")
        prefix = _REF_PREFIX.match(ref)
        name = _REF_PREFIX.sub("", ref, count=1)
        if prefix and "tags/" in prefix[0]:
            result.setdefault("git.tag", name)
        else:
            result["git.branch"] = name
    return result


def _tree(tags: Mapping[str, str]) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "ci": {"job": {}, "pipeline": {}, "provider": {}, "stage": {}},
        "git": {"commit": {"author": {}, "committer": {}}},
    }
    for tag, value in tags.items():
        *groups, name = tag.split(".")
        node = tree
        for group in groups:
            node = node[group]
        node[name] = value
    pipeline, commit = tree["ci"]["pipeline"], tree["git"]["commit"]
    if "message" in commit:
        commit["message"] = commit["message"][:_MESSAGE_LIMIT]
    if number := _NUMBER.match(pipeline.pop("number", "")):
        pipeline["number"] = int(number[1])
    return tree


def _appveyor(environ: Variables) -> Variables:
    on_github = environ.get("APPVEYOR_REPO_PROVIDER") == "github"
    return {"github_repository": environ.get("APPVEYOR_REPO_NAME", "") if on_github else ""}


def _bitbucket(environ: Variables) -> Variables:
    return {"pipeline_id": environ.get("BITBUCKET_PIPELINE_UUID", "").strip("{}")}


def _gitlab(environ: Variables) -> Variables:
    author = environ.get("CI_COMMIT_AUTHOR", "")
    match = re.fullmatch(r'(?:"?(?P<name>[^"<]*?)"?\s+)?<?(?P<email>[^<>\s]+@[^<>\s]+)>?', author)
    return match.groupdict("") if match else {}


def _jenkins(environ: Variables) -> Variables:
    """A job's name may end with the branch, or hold parameters as in `job/KEY=VALUE/branch`."""
    name = environ.get("JOB_NAME", "")
    job, _, rest = name.partition("/")
    if "=" in rest.partition("/")[0]:
        return {"pipeline_name": job}
    branch = _REF_PREFIX.sub("", environ.get("GIT_BRANCH", ""), count=1)
    return {"pipeline_name": name.replace(f"/{branch}", "", 1) if branch else name}


_AZURE_BUILD = (
    "{SYSTEM_TEAMFOUNDATIONSERVERURI}{SYSTEM_TEAMPROJECTID}/_build/results?buildId={BUILD_BUILDID}"
)
_AZURE_JOB = f"{_AZURE_BUILD}&view=logs&j={{SYSTEM_JOBID}}&t={{SYSTEM_TASKINSTANCEID}}"
# Only a promotion and a rollback have a target.
_DRONE_PROMOTION = "{DRONE_BUILD_EVENT} to {DRONE_DEPLOY_TO} of build {DRONE_BUILD_PARENT}"
_GITHUB_REPOSITORY = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}"
_GITHUB_RUN = f"{_GITHUB_REPOSITORY}/actions/runs/{{GITHUB_RUN_ID}}"
_APPVEYOR_BUILD = "https://ci.appveyor.com/project/{APPVEYOR_REPO_NAME}/builds/{APPVEYOR_BUILD_ID}"
_BITBUCKET_BUILD = (
    "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/addon/pipelines/home"
    "#!/results/{BITBUCKET_BUILD_NUMBER}"
)
_CODEBUILD = (
    "https://{AWS_REGION}.console.aws.amazon.com/codebuild/home?region={AWS_REGION}"
    "#/builds/{CODEBUILD_BUILD_ID}/view/new"
)

_PROVIDERS = (
    _Provider(
        "drone",
        ("DRONE",),
        {
            "ci.job.name": "{DRONE_STEP_NAME}",
            "ci.pipeline.name": _DRONE_PROMOTION,
            "ci.pipeline.number": "{DRONE_BUILD_NUMBER}",
            "ci.pipeline.url": "{DRONE_BUILD_LINK}",
            "ci.stage.name": "{DRONE_STAGE_NAME}",
            "ci.workspace_path": "{DRONE_WORKSPACE}",
            "git.branch": ("{DRONE_SOURCE_BRANCH}", "{DRONE_BRANCH}"),
            "git.commit.author.email": "{DRONE_COMMIT_AUTHOR_EMAIL}",
            "git.commit.author.name": "{DRONE_COMMIT_AUTHOR_NAME}",
            "git.commit.message": "{DRONE_COMMIT_MESSAGE}",
            "git.commit.sha": "{DRONE_COMMIT_SHA}",
            "git.repository_url": "{DRONE_GIT_HTTP_URL}",
            "git.tag": "{DRONE_TAG}",
        },
    ),
    _Provider(
        "circleci",
        ("CIRCLECI",),
        {
            "ci.job.id": "{CIRCLE_BUILD_NUM}",
            "ci.job.name": "{CIRCLE_JOB}",
            "ci.job.url": "{CIRCLE_BUILD_URL}",
            "ci.pipeline.id": "{CIRCLE_WORKFLOW_ID}",
            "ci.pipeline.name": "{CIRCLE_PROJECT_REPONAME}",
            "ci.pipeline.url": "https://app.circleci.com/pipelines/workflows/{CIRCLE_WORKFLOW_ID}",
            "ci.workspace_path": "{CIRCLE_WORKING_DIRECTORY}",
            "git.branch": "{CIRCLE_BRANCH}",
            "git.commit.sha": "{CIRCLE_SHA1}",
            "git.repository_url": "{CIRCLE_REPOSITORY_URL}",
            "git.tag": "{CIRCLE_TAG}",
        },
    ),
    _Provider(
        "travisci",
        ("TRAVIS",),
        {
            "ci.job.url": "{TRAVIS_JOB_WEB_URL}",
            "ci.pipeline.id": "{TRAVIS_BUILD_ID}",
            "ci.pipeline.name": "{TRAVIS_REPO_SLUG}",
            "ci.pipeline.number": "{TRAVIS_BUILD_NUMBER}",
            "ci.pipeline.url": "{TRAVIS_BUILD_WEB_URL}",
            "ci.workspace_path": "{TRAVIS_BUILD_DIR}",
            "git.branch": ("{TRAVIS_PULL_REQUEST_BRANCH}", "{TRAVIS_BRANCH}"),
            "git.commit.message": "{TRAVIS_COMMIT_MESSAGE}",
            "git.commit.sha": "{TRAVIS_COMMIT}",
            "git.repository_url": "https://github.com/{TRAVIS_REPO_SLUG}.git",
            "git.tag": "{TRAVIS_TAG}",
        },
    ),
    _Provider(
        "gitlab",
        ("GITLAB_CI",),
        {
            "ci.job.id": "{CI_JOB_ID}",
            "ci.job.name": "{CI_JOB_NAME}",
            "ci.job.url": "{CI_JOB_URL}",
            "ci.pipeline.id": "{CI_PIPELINE_ID}",
            "ci.pipeline.name": "{CI_PROJECT_PATH}",
            "ci.pipeline.number": "{CI_PIPELINE_IID}",
            "ci.pipeline.url": "{CI_PIPELINE_URL}",
            "ci.stage.name": "{CI_JOB_STAGE}",
            "ci.workspace_path": "{CI_PROJECT_DIR}",
            "git.branch": "{CI_COMMIT_REF_NAME}",
            "git.commit.author.date": "{CI_COMMIT_TIMESTAMP}",
            "git.commit.author.email": "{email}",
            "git.commit.author.name": "{name}",
            "git.commit.message": "{CI_COMMIT_MESSAGE}",
            "git.commit.sha": "{CI_COMMIT_SHA}",
            "git.repository_url": "{CI_REPOSITORY_URL}",
            "git.tag": "{CI_COMMIT_TAG}",
        },
        derived=_gitlab,
    ),
    _Provider(
        "github",
        ("GITHUB_ACTIONS", "GITHUB_ACTION"),
        {
            "ci.job.id": ("{JOB_CHECK_RUN_ID}", "{GITHUB_JOB}"),
            "ci.job.name": "{GITHUB_JOB}",
            "ci.job.url": (
                f"{_GITHUB_RUN}/job/{{JOB_CHECK_RUN_ID}}",
                f"{_GITHUB_REPOSITORY}/commit/{{GITHUB_SHA}}/checks",
            ),
            "ci.pipeline.id": "{GITHUB_RUN_ID}",
            "ci.pipeline.name": "{GITHUB_WORKFLOW}",
            "ci.pipeline.number": "{GITHUB_RUN_NUMBER}",
            "ci.pipeline.url": (f"{_GITHUB_RUN}/attempts/{{GITHUB_RUN_ATTEMPT}}", _GITHUB_RUN),
            "ci.workspace_path": "{GITHUB_WORKSPACE}",
            "git.branch": ("{GITHUB_HEAD_REF}", "{GITHUB_REF}"),
            "git.commit.sha": "{GITHUB_SHA}",
            "git.repository_url": f"{_GITHUB_REPOSITORY}.git",
        },
    ),
    _Provider(
        "jenkins",
        ("JENKINS_URL",),
        {
            "ci.pipeline.id": "{BUILD_TAG}",
            "ci.pipeline.name": "{pipeline_name}",
            "ci.pipeline.number": "{BUILD_NUMBER}",
            "ci.pipeline.url": "{BUILD_URL}",
            "ci.workspace_path": "{WORKSPACE}",
            "git.branch": "{GIT_BRANCH}",
            "git.commit.sha": "{GIT_COMMIT}",
            "git.repository_url": ("{GIT_URL}", "{GIT_URL_1}"),
        },
        derived=_jenkins,
    ),
    _Provider(
        "buildkite",
        ("BUILDKITE",),
        {
            "ci.job.id": "{BUILDKITE_JOB_ID}",
            "ci.job.url": "{BUILDKITE_BUILD_URL}#{BUILDKITE_JOB_ID}",
            "ci.pipeline.id": "{BUILDKITE_BUILD_ID}",
            "ci.pipeline.name": "{BUILDKITE_PIPELINE_SLUG}",
            "ci.pipeline.number": "{BUILDKITE_BUILD_NUMBER}",
            "ci.pipeline.url": "{BUILDKITE_BUILD_URL}",
            "ci.workspace_path": "{BUILDKITE_BUILD_CHECKOUT_PATH}",
            "git.branch": "{BUILDKITE_BRANCH}",
            "git.commit.author.email": "{BUILDKITE_BUILD_AUTHOR_EMAIL}",
            "git.commit.author.name": "{BUILDKITE_BUILD_AUTHOR}",
            "git.commit.message": "{BUILDKITE_MESSAGE}",
            "git.commit.sha": "{BUILDKITE_COMMIT}",
            "git.repository_url": "{BUILDKITE_REPO}",
            "git.tag": "{BUILDKITE_TAG}",
        },
    ),
    _Provider(
        "bitrise",
        ("BITRISE_BUILD_SLUG",),
        {
            "ci.pipeline.id": "{BITRISE_BUILD_SLUG}",
            "ci.pipeline.name": "{BITRISE_TRIGGERED_WORKFLOW_ID}",
            "ci.pipeline.number": "{BITRISE_BUILD_NUMBER}",
            "ci.pipeline.url": "{BITRISE_BUILD_URL}",
            "ci.workspace_path": "{BITRISE_SOURCE_DIR}",
            "git.branch": "{BITRISE_GIT_BRANCH}",
            "git.commit.message": "{BITRISE_GIT_MESSAGE}",
            "git.commit.sha": ("{BITRISE_GIT_COMMIT}", "{GIT_CLONE_COMMIT_HASH}"),
            "git.repository_url": "{GIT_REPOSITORY_URL}",
            "git.tag": "{BITRISE_GIT_TAG}",
        },
    ),
    _Provider(
        "bitbucket",
        ("BITBUCKET_COMMIT",),
        {
            "ci.job.url": _BITBUCKET_BUILD,
            "ci.pipeline.id": "{pipeline_id}",
            "ci.pipeline.name": "{BITBUCKET_REPO_FULL_NAME}",
            "ci.pipeline.number": "{BITBUCKET_BUILD_NUMBER}",
            "ci.pipeline.url": _BITBUCKET_BUILD,
            "ci.workspace_path": "{BITBUCKET_CLONE_DIR}",
            "git.branch": "{BITBUCKET_BRANCH}",
            "git.commit.sha": "{BITBUCKET_COMMIT}",
            "git.repository_url": ("{BITBUCKET_GIT_SSH_ORIGIN}", "{BITBUCKET_GIT_HTTP_ORIGIN}"),
            "git.tag": "{BITBUCKET_TAG}",
        },
        derived=_bitbucket,
    ),
    _Provider(
        "codefresh",
        ("CF_BUILD_ID",),
        {
            "ci.job.name": "{CF_STEP_NAME}",
            "ci.pipeline.id": "{CF_BUILD_ID}",
            "ci.pipeline.name": "{CF_PIPELINE_NAME}",
            "ci.pipeline.url": "{CF_BUILD_URL}",
            "git.branch": "{CF_BRANCH}",
            "git.commit.sha": "{CF_REVISION}",
        },
    ),
    _Provider(
        "teamcity",
        ("TEAMCITY_VERSION",),
        {
            "ci.job.name": "{TEAMCITY_BUILDCONF_NAME}",
            "ci.job.url": "{BUILD_URL}",
            "ci.pipeline.number": "{BUILD_NUMBER}",
            "git.commit.sha": "{BUILD_VCS_NUMBER}",
        },
    ),
    _Provider(
        "azurepipelines",
        ("TF_BUILD",),
        {
            "ci.job.id": "{SYSTEM_JOBID}",
            "ci.job.name": "{SYSTEM_JOBDISPLAYNAME}",
            "ci.job.url": _AZURE_JOB,
            "ci.pipeline.id": "{BUILD_BUILDID}",
            "ci.pipeline.name": "{BUILD_DEFINITIONNAME}",
            "ci.pipeline.number": "{BUILD_BUILDID}",
            "ci.pipeline.url": _AZURE_BUILD,
            "ci.stage.name": "{SYSTEM_STAGEDISPLAYNAME}",
            "ci.workspace_path": "{BUILD_SOURCESDIRECTORY}",
            "git.branch": (
                "{SYSTEM_PULLREQUEST_SOURCEBRANCH}",
                "{BUILD_SOURCEBRANCH}",
                "{BUILD_SOURCEBRANCHNAME}",
            ),
            "git.commit.author.email": "{BUILD_REQUESTEDFOREMAIL}",
            "git.commit.author.name": "{BUILD_REQUESTEDFORID}",
            "git.commit.message": "{BUILD_SOURCEVERSIONMESSAGE}",
            "git.commit.sha": ("{SYSTEM_PULLREQUEST_SOURCECOMMITID}", "{BUILD_SOURCEVERSION}"),
            "git.repository_url": (
                "{SYSTEM_PULLREQUEST_SOURCEREPOSITORYURI}",
                "{BUILD_REPOSITORY_URI}",
            ),
        },
    ),
    _Provider(
        "appveyor",
        ("APPVEYOR",),
        {
            "ci.job.url": _APPVEYOR_BUILD,
            "ci.pipeline.id": "{APPVEYOR_BUILD_ID}",
            "ci.pipeline.name": "{APPVEYOR_REPO_NAME}",
            "ci.pipeline.number": "{APPVEYOR_BUILD_NUMBER}",
            "ci.pipeline.url": _APPVEYOR_BUILD,
            "ci.workspace_path": "{APPVEYOR_BUILD_FOLDER}",
            "git.branch": ("{APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH}", "{APPVEYOR_REPO_BRANCH}"),
            "git.commit.author.email": "{APPVEYOR_REPO_COMMIT_AUTHOR_EMAIL}",
            "git.commit.author.name": "{APPVEYOR_REPO_COMMIT_AUTHOR}",
            "git.commit.message": (
                "{APPVEYOR_REPO_COMMIT_MESSAGE}\n{APPVEYOR_REPO_COMMIT_MESSAGE_EXTENDED}",
                "{APPVEYOR_REPO_COMMIT_MESSAGE}\n",
            ),
            "git.commit.sha": "{APPVEYOR_REPO_COMMIT}",
            "git.repository_url": "https://github.com/{github_repository}.git",
            "git.tag": "{APPVEYOR_REPO_TAG_NAME}",
        },
        derived=_appveyor,
    ),
    _Provider(
        "buddy",
        ("BUDDY",),
        {
            "ci.pipeline.id": (
                "{BUDDY_PIPELINE_ID}/{BUDDY_EXECUTION_ID}",
                "{BUDDY_PIPELINE_ID}/{BUDDY_RUN_ID}",
            ),
            "ci.pipeline.name": "{BUDDY_PIPELINE_NAME}",
            "ci.pipeline.number": ("{BUDDY_EXECUTION_ID}", "{BUDDY_RUN_ID}"),
            "ci.pipeline.url": ("{BUDDY_EXECUTION_URL}", "{BUDDY_RUN_URL}"),
            "git.branch": ("{BUDDY_EXECUTION_BRANCH}", "{BUDDY_RUN_BRANCH}"),
            "git.commit.committer.email": (
                "{BUDDY_EXECUTION_REVISION_COMMITTER_EMAIL}",
                "{BUDDY_RUN_COMMIT_COMMITTER_EMAIL}",
            ),
            "git.commit.committer.name": (
                "{BUDDY_EXECUTION_REVISION_COMMITTER_NAME}",
                "{BUDDY_RUN_COMMIT_COMMITTER_NAME}",
            ),
            "git.commit.message": (
                "{BUDDY_EXECUTION_REVISION_MESSAGE}",
                "{BUDDY_RUN_COMMIT_MESSAGE}",
            ),
            "git.commit.sha": ("{BUDDY_EXECUTION_REVISION}", "{BUDDY_RUN_COMMIT}"),
            "git.repository_url": "{BUDDY_SCM_URL}",
            "git.tag": ("{BUDDY_EXECUTION_TAG}", "{BUDDY_RUN_TAG}"),
        },
    ),
    _Provider(
        "awscodepipeline",
        ("CODEBUILD_INITIATOR",),
        {
            "ci.job.id": ("{DD_ACTION_EXECUTION_ID}", "{CODEBUILD_BUILD_ID}"),
            "ci.job.url": ("{CODEBUILD_PUBLIC_BUILD_URL}", "{CODEBUILD_BUILD_URL}", _CODEBUILD),
            "ci.pipeline.id": "{DD_PIPELINE_EXECUTION_ID}",
            "ci.pipeline.number": "{CODEBUILD_BUILD_NUMBER}",
            "git.commit.sha": "{CODEBUILD_RESOLVED_SOURCE_VERSION}",
        },
        mark_prefix="codepipeline",
    ),
)

# What the user says beats what the provider says.
_USER: Table = {
    "ci.job.id": "{DD_CI_JOB_ID}",
    "ci.job.name": "{DD_CI_JOB_NAME}",
    "ci.job.url": "{DD_CI_JOB_URL}",
    "ci.pipeline.id": "{DD_CI_PIPELINE_ID}",
    "ci.pipeline.name": "{DD_CI_PIPELINE_NAME}",
    "ci.pipeline.number": "{DD_CI_PIPELINE_NUMBER}",
    "ci.pipeline.url": "{DD_CI_PIPELINE_URL}",
    "ci.provider.name": "{DD_CI_PROVIDER_NAME}",
    "ci.stage.name": "{DD_CI_STAGE_NAME}",
    "ci.workspace_path": "{DD_CI_WORKSPACE_PATH}",
    "git.branch": "{DD_GIT_BRANCH}",
    "git.commit.author.date": "{DD_GIT_COMMIT_AUTHOR_DATE}",
    "git.commit.author.email": "{DD_GIT_COMMIT_AUTHOR_EMAIL}",
    "git.commit.author.name": "{DD_GIT_COMMIT_AUTHOR_NAME}",
    "git.commit.committer.date": "{DD_GIT_COMMIT_COMMITTER_DATE}",
    "git.commit.committer.email": "{DD_GIT_COMMIT_COMMITTER_EMAIL}",
    "git.commit.committer.name": "{DD_GIT_COMMIT_COMMITTER_NAME}",
    "git.commit.message": "{DD_GIT_COMMIT_MESSAGE}",
    "git.commit.sha": "{DD_GIT_COMMIT_SHA}",
    "git.repository_url": "{DD_GIT_REPOSITORY_URL}",
    "git.tag": "{DD_GIT_TAG}",
}
