"""The CI systems that are known; a further one is an entry of this table.

Names and shape are datadog-ci's (its `ci.ts`). Where we differ:

- Drone: a pull request's branch is its source branch, not the one it goes to; a promotion or a
  rollback has the pipeline name that tells where to, and of which build.
- AppVeyor: commit, branch and tag are sent for every host of repositories, not for GitHub alone.
- What datadog-ci leaves out although the system has it, by its documentation: Codefresh's commit;
  TeamCity's commit and number; of AWS CodePipeline the commit, number, ID and link of the CodeBuild
  that runs here; Buddy's variables by their names of today, BUDDY_RUN_*.
"""

from __future__ import annotations

import re

from pytest_storedog_gate.reading.ci.system import REF_PREFIX, System, Variables


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
    branch = REF_PREFIX.sub("", environ.get("GIT_BRANCH", ""), count=1)
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

SYSTEMS = (
    System(
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
    System(
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
    System(
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
    System(
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
    System(
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
    System(
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
    System(
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
    System(
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
    System(
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
    System(
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
    System(
        "teamcity",
        ("TEAMCITY_VERSION",),
        {
            "ci.job.name": "{TEAMCITY_BUILDCONF_NAME}",
            "ci.job.url": "{BUILD_URL}",
            "ci.pipeline.number": "{BUILD_NUMBER}",
            "git.commit.sha": "{BUILD_VCS_NUMBER}",
        },
    ),
    System(
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
    System(
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
    System(
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
    System(
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
