"""What is production: it waits for the gate and deploys its image; other places need not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.counted_calls import HALF_A_SECOND, at_most
from tests.drone_lint.cases import CASES
from tests.drone_lint.linted import linted, linted_steps, pipeline

_GATE = {
    "name": "gate",
    "image": "x",
    "commands": ["env -u PYTEST_ADDOPTS pytest --storedog-env=staging"],
}
_PRODUCTION = {
    "name": "production",
    "image": "x",
    "commands": ["kubectl set image deployment/shop shop=shop:$DRONE_COMMIT_SHA"],
}


_PROMOTION = """kind: pipeline
name: shop
steps:
  - name: gate
    image: x
    when: { event: push }
    commands: [env -u PYTEST_ADDOPTS pytest --storedog-env=staging]
  - name: ship
    image: x
    when: { event: promote }
    commands: [env -u PYTEST_ADDOPTS pytest --storedog-env=shop]
"""


def _step(name: str, *commands: str, **more: object) -> dict[str, object]:
    return {
        "name": name,
        "image": "x",
        **({"commands": list(commands)} if commands else {}),
        **more,
    }


@pytest.mark.parametrize(
    "step",
    [
        _step("kubectl-eu", "kubectl apply -f eu.yml"),
        _step("ship-eu", "helm upgrade shop ./chart --set image.tag=$DRONE_COMMIT_SHA"),
        _step("ship-us", "helm -n us upgrade --install shop ./chart --version 1.2"),
        _step("deploy-eu", "release app:$DRONE_COMMIT_SHA"),
        _step("canary-production", "echo said"),
        _step("deploy-report-service-production", "echo said"),
        _step("staging-to-production", "./promote.sh"),
        _step("checks-production", "kubectl apply -f checks.yml"),
        _step("notify-production", "./notify.sh && kubectl rollout restart deployment/shop"),
        _step("test-and-deploy", "pytest tests", "kubectl apply -f k8s"),
        _step("build", "docker build -t app .", "echo $(kubectl apply -f k8s)"),
        _step("build", "sh -c 'helm lint chart; helm upgrade shop chart'"),
        _step("build", "sh -c 'kubectl get pods; ./deploy.sh'"),
        _step("build", r"echo it\'s; kubectl apply -f k8s; echo it\'s"),
        _step("build", 'echo "$X #1"; kubectl apply -f k8s'),
        _step("build", "$RUN", environment={"RUN": "kubectl replace -f k8s"}),
        _step("asia", "ssh asia docker run -d app"),
        _step("asia", "rsync -a dist/ deployer@asia:/srv"),
        _step("asia", "terraform -chdir=asia apply -auto-approve"),
        _step("asia", "docker --context asia compose up -d"),
        _step("asia", "aws ecs update-service --service shop --force-new-deployment"),
        _step("asia", "docker compose --context asia up -d"),
        _step("asia", "\"kubectl\" 'apply' -f k8s"),
        _step("asia", "npm run deploy"),
        _step("asia", "npm run deployShop"),
        _step("asia", "kubectl\tapply -f k8s"),
        _step("asia", "kubectl -n get apply -f k8s"),
        _step("asia", "$${RUN} apply -f k8s", environment={"RUN": "kubectl"}),
        _step("asia", "terragrunt run-all apply"),
        _step("asia", "cf push shop"),
        _step("asia", "microk8s.kubectl apply -f k8s"),
        _step("asia", "docker compose up -d", environment={"DOCKER_HOST": "ssh://asia"}),
        _step("asia", image="cbrgm/drone-portainer", settings={"stack": "shop"}),
        _step("asia", "ansible-playbook --diff site.yml"),
        _step("asia", "git push heroku main"),
        _step("asia", image="appleboy/drone-ssh", settings={"script": ["docker run app"]}),
        _step("asia", image="pelotech/drone-helm3", settings={"chart": "./chart"}),
        _step("asia", image="bitnami/kubectl", command=["apply", "-f", "k8s"]),
    ],
    ids=str,
)
def test_a_deployment_ahead_of_the_gate_is_an_error_though_production_is_named(
    step: dict[str, object],
) -> None:
    rules = [(f.rule, str(f.level)) for f in linted_steps(step, _GATE, _PRODUCTION).findings]

    assert ("not-after-gate", "error") in rules


def test_a_deployment_beside_the_gate_is_an_error_and_its_image_is_looked_at() -> None:
    beside = _step("deploy-eu", "kubectl set image deployment/app app=app:latest", depends_on=[])
    after = {**_PRODUCTION, "depends_on": ["gate"]}

    rules = {finding.rule for finding in linted_steps(_GATE, beside, after).findings}

    assert rules == {"not-after-gate", "moving-tag"}


@pytest.mark.parametrize(
    "step",
    [
        _step("deploy-staging", "kubectl apply -f k8s"),
        _step("staging", "helm upgrade shop ./chart --set image.tag=$DRONE_COMMIT_SHA"),
        _step("deploy-to-test", "kubectl apply -f k8s"),
        _step("deploy-preprod", "kubectl apply -f k8s"),
        _step("deploy-integration", "kubectl -n integration apply -f k8s"),
        _step("deploy_to_branch", "bin/deploy.sh $${TO}", environment={"TO": "shop-branch"}),
        _step("linting_deploy", "yarn run test:lint"),
        _step("ship", "kubectl --context staging apply -f k8s", "helm -n staging upgrade a ./b"),
        _step("lint", "helm lint ./chart", "kubectl apply --dry-run=server -f k8s"),
        _step("lint", "yamllint deploy", "shellcheck deploy.sh", "python manage.py check --deploy"),
        _step("tools", "apk add kubectl helm openssh", "kubectl version", "helm repo add a b"),
        _step("wait-for-deployment", "kubectl -n staging rollout status deployment/shop"),
        _step("build", "docker build -t deploy .", "echo kubectl apply comes later"),
        _step("build", "echo 'Built (and ready to deploy); kubectl apply comes later'"),
        _step(
            "build", "# Don't (kubectl apply is not yet there)\ntrue # kubectl apply; it's later"
        ),
        _step("test-production", "pytest tests/production"),
        _step("notify-production", image="plugins/slack", settings={"channel": "shop"}),
        _step("github-release", "git push --tags"),
    ],
    ids=str,
)
def test_what_deploys_elsewhere_or_nothing_may_stand_ahead_of_the_gate(
    step: dict[str, object],
) -> None:
    report = linted_steps(step, _GATE, _PRODUCTION)

    assert [f.rule for f in report.findings] == []
    assert report.sound


@pytest.mark.parametrize(
    "step",
    [
        _step("deploy-staging", "kubectl --context production apply -f k8s"),
        _step("smoke-production", "./smoke.sh"),
        _step("production-checks", "make checks"),
    ],
    ids=str,
)
def test_where_it_is_not_known_what_a_step_deploys_to_it_is_a_warning(
    step: dict[str, object],
) -> None:
    report = linted_steps(step, _GATE, _PRODUCTION)

    assert [(f.rule, str(f.level)) for f in report.findings] == [("not-after-gate", "warning")]
    assert not report.sound


@pytest.mark.parametrize(
    ("commands", "rule"),
    [
        (["echo deploy $DRONE_COMMIT_SHA", "ssh prod docker run -d app"], "image-unknown"),
        (["helm upgrade shop ./chart --set build=$DRONE_BUILD_NUMBER"], "image-unknown"),
        (["helm upgrade shop ./chart --set build=${DRONE_COMMIT_SHA:0:12}"], "image-unknown"),
        (["kubectl annotate deployment/shop by=$DRONE_COMMIT_SHA"], "image-unknown"),
        (["helm upgrade shop ./chart --description $DRONE_COMMIT_SHA"], "image-unknown"),
        (["echo app:$DRONE_COMMIT_SHA", "kubectl rollout restart deployment/app"], "image-unknown"),
        (["ssh prod docker run -d app:$DRONE_COMMIT_SHA"], None),
        (["./deploy.sh $DRONE_COMMIT_SHA"], None),
        (["kamal deploy --version=$DRONE_COMMIT_SHA"], None),
        (["IMAGE_TAG=$DRONE_COMMIT_SHA envsubst < k8s.yml | kubectl apply -f -"], None),
        (["ssh prod docker run -d app:latest"], "moving-tag"),
    ],
)
def test_only_what_names_the_image_says_which_one_is_deployed(
    commands: list[str], rule: str | None
) -> None:
    report = linted_steps(_GATE, _step("production", *commands))

    assert [finding.rule for finding in report.findings] == [rule] * bool(rule)


def test_five_hundred_steps_that_wait_for_each_other_take_no_half_a_second() -> None:
    steps: list[dict[str, Any]] = [_step("s0", "true")]
    steps += [_step(f"s{n}", "true", depends_on=[f"s{n - 1}"]) for n in range(1, 500)]
    steps += [{**_GATE, "depends_on": ["s499"]}, {**_PRODUCTION, "depends_on": ["gate"]}]
    text = pipeline(*steps)

    with at_most(HALF_A_SECOND):
        report = linted(Path("a.yml"), text)

    assert report.sound


@pytest.mark.parametrize(
    ("configuration", "command", "sound"),
    [
        ('[environments.shop]\nrequires = "staging"\n[environments.staging]\n', "", True),
        ("[environments.shop]\n[environments.staging]\n", "", False),
        (None, "", False),
        (None, " --storedog-config=other.toml", False),
        (
            '[environments.shop]\nrequires = "staging"\n[environments.staging]\n',
            " --storedog-config=other.toml",
            False,
        ),
    ],
    ids=["requires", "requires-nothing", "no-file", "missing-file", "other-file"],
)
def test_a_promotion_is_sound_only_where_its_own_configuration_requires_a_verdict(
    tmp_path: Path, configuration: str | None, command: str, *, sound: bool
) -> None:
    if configuration is not None:
        (tmp_path / "storedog.toml").write_text(configuration)
    text = "# production is ship\n" + _PROMOTION.replace("env=shop", f"env=shop{command}")
    marked = text.replace("  - name: ship", "  # storedog: production\n  - name: ship")

    assert linted(tmp_path / "a.yml", marked).sound is sound
    if configuration is not None and sound:
        assert linted(tmp_path / "a.yml", text).sound  # the configuration names it, too


@pytest.mark.parametrize(
    ("name", "is_production"),
    [
        ("checkout-production", True),
        ("deploy-prod", True),
        ("prod", True),
        ("live_shop", True),
        ("prod2", True),
        ("prd-eu", True),
        ("deployToProd", True),
        ("DeployShop", True),
        ("deploy", True),
        ("rollout", True),
        ("github-release", False),
        ("products", False),
        ("delivery", False),
        ("notify-production", False),
        ("test-production", False),
        ("deploy-staging", False),
        ("deployStaging", False),
        ("reproduction", False),
    ],
)
def test_production_is_recognised_by_whole_words(name: str, *, is_production: bool) -> None:
    text = (
        CASES["before-the-gate"]
        .path.read_text("utf-8")
        .replace("name: production", f"name: {name}")
    )
    text = text.replace("deploy --digest=$IMAGE_DIGEST", "echo said")

    rules = [finding.rule for finding in linted(Path("a.yml"), text).findings]

    assert ("not-after-gate" in rules) is is_production
    assert ("production-unknown" in rules) is not is_production


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("kubectl set image deployment/shop shop=registry:5000/shop:latest", "moving-tag"),
        ("kubectl set image deployment/shop shop=registry:5000/shop:${DRONE_COMMIT_SHA}", None),
        ("helm upgrade shop ./chart --set image.tag=latest", "moving-tag"),
        ("helm upgrade shop ./chart --set image.tag=${DRONE_COMMIT_SHA:0:12}", None),
        ("helm upgrade shop ./chart", "image-unknown"),
        ("deploy shop:latest --note=${DRONE_COMMIT_SHA}", "moving-tag"),
        ("deploy shop@sha256:0c1d2e --port 80:80", None),
    ],
)
def test_the_image_that_is_deployed_is_looked_at(command: str, rule: str | None) -> None:
    text = CASES["sound"].path.read_text("utf-8").replace("deploy --digest=$IMAGE_DIGEST", command)

    assert [finding.rule for finding in linted(Path("a.yml"), text).findings] == [rule] * bool(rule)
