"""How each fenced block of tutorial and how-to is proved, in the order of its page.

A row names its block by the begin of the first line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.documentation.reading import (
    configures,
    jenkins,
    lints,
    parses,
    pipeline,
    reads,
    shown,
    tested_by,
)
from tests.documentation.walk import ends_with, passes, prints, runs, serves, writes

if TYPE_CHECKING:
    from tests.documentation.walk import Proof

_HCL = shown("Terraform and Datadog's provider would have to read the block")
_OUTPUT = shown("the lab's engine would have to deploy that release")
_WATCHED = shown("a release of the lab would have to restart, and Datadog to watch it")
_DOCUMENTED = tested_by("tests/installed/test_from_nothing.py", "storedog-")
_ONE = "storedog-synthetics run checks/"
_POLICIES = "tests/verdicts/attestation/test_policies.py"

PROOFS: dict[str, list[tuple[str, Proof]]] = {
    "tutorial/index.md": [
        ("python3 -m venv .venv", reads),
        ("pip install 'pytest-storedog-gate[local]'", reads),
    ],
    "tutorial/from-nothing.md": [
        ("storedog-synthetics init http://127.0.0.1:8080/", _DOCUMENTED),
        ("storedog-synthetics init --browser http://127.0.0.1:8080/", _DOCUMENTED),
        ("storedog-synthetics record http://127.0.0.1:8080/", _DOCUMENTED),
        ("storedog-synthetics validate 'checks/*.synthetics.json'", _DOCUMENTED),
        ("storedog-synthetics run 'checks/*.json' -k answers", _DOCUMENTED),
        ('eval "$(storedog-synthetics --print-completion bash)"', _DOCUMENTED),
        ("storedog-gate init --ci drone", _DOCUMENTED),
        ("storedog-gate init --image localhost:5000/shop --port 8080 --ci drone", _DOCUMENTED),
    ],
    "tutorial/first-api-check.md": [
        ('[{"code": "BFRIDAY", "value": 10}, {"code": "WELCOME", "value": 5}]', writes),
        ("<!doctype html>", writes),
        ("python3 -m http.server 8000 --bind 127.0.0.1 --directory shop", serves),
        ("{", writes),
        (f"{_ONE}discounts.synthetics.json", runs),
        ("PASSED dis-cou-nts The shop offers discounts", prints),
        ("sed -i s/BFRIDAY/SUMMER/ shop/discounts.json", runs),
        (f"{_ONE}discounts.synthetics.json", ends_with(1)),
        ("FAILED dis-cou-nts The shop offers discounts", prints),
        ("sed -i s/SUMMER/BFRIDAY/ shop/discounts.json", runs),
    ],
    "tutorial/first-browser-check.md": [
        ("pip install '/path/to/pytest-storedog-gate[local,browser]'", reads),
        ("{", writes),
        (f"{_ONE}banner.synthetics.json", runs),
        ("PASSED ban-ner-brw The banner shows a discount", prints),
        ("mv shop/discounts.json shop/offers.json", runs),
        (f"{_ONE}banner.synthetics.json --artifacts artifacts", ends_with(1)),
        ("FAILED ban-ner-brw The banner shows a discount", prints),
        ("mv shop/offers.json shop/discounts.json", runs),
    ],
    "tutorial/first-gate.md": [
        ("[synthetics]", writes),
        ("pytest --storedog-env=staging", runs),
        ("storedog-gate: staging (command line), decides, deploys nothing", prints),
        ("sed -i s/BFRIDAY/SUMMER/ shop/discounts.json", runs),
        ("pytest --storedog-env=staging --storedog-report=report.json", ends_with(1)),
        ("…", prints),
        ("sed -i s/SUMMER/BFRIDAY/ shop/discounts.json", runs),
        ("echo \"shop@sha256:$(cat shop/* | sha256sum | cut -d' ' -f1)\" > version", runs),
        ("pytest --storedog-env=production --storedog-image=$(cat version)", ends_with(1)),
        ("…", prints),
        ("pytest --storedog-env=staging --storedog-image=$(cat version)", runs),
        ("…", prints),
    ],
    "tutorial/first-deployment.md": [
        ("docker run -d -p 127.0.0.1:5000:5000 registry:2", reads),
        ("FROM python:3.13-slim", writes),
        ("docker build -t localhost:5000/shop:1 .", runs),
        ("[synthetics]", writes),
        ("pytest --storedog-env=staging --storedog-image=1 --storedog-plan", runs),
        ("pytest --storedog-env=staging --storedog-image=1", runs),
        ("…", prints),
        ("sed -i s/BFRIDAY/SUMMER/ shop/discounts.json", runs),
        ("pytest --storedog-env=staging --storedog-image=2", ends_with(1)),
        ("…", prints),
        ("docker rm -f staging-shop production-shop", runs),
    ],
    "how-to/checks-in-python.md": [("import pytest", parses)],
    "how-to/datadog-ci.md": [("[synthetics]", configures)],
    "how-to/debug.md": [
        ("$ pytest --storedog-env=staging --storedog-image=null-code", _OUTPUT),
        (
            "pytest --storedog-env=staging --storedog-deploy=never --synthetics-id=dsc-lst-get",
            reads,
        ),
        (f"{_ONE}discounts.synthetics.json --variable SHOP=http://127.0.0.1:18080", reads),
        ("pytest --storedog-env=staging --storedog-html=evidence.html", reads),
        ("jq -r '.checks[]", reads),
        (f"{_ONE}browser.synthetics.json --headed --slow-mo 500 --pause-on-failure", reads),
        (f"{_ONE}browser.synthetics.json --artifacts kept", reads),
        ("pytest --storedog-env=staging --storedog-image=1.2.3 --storedog-plan", reads),
    ],
    "how-to/deployed-elsewhere.md": [
        ("[synthetics]", configures),
        ("DIGEST=$(docker buildx imagetools inspect", reads),
        ("set -eu", reads),
        ("set -eu", reads),
        ("set -eu", reads),
        ('pytest --storedog-env=production --storedog-image="$DIGEST" --storedog-plan', reads),
    ],
    "how-to/deployers.md": [
        ("def pytest_storedog_deployer(environment, build, progress, redact, timing):", parses),
        ("with deployer.lock(wait=0) as held:", parses),
        (
            '"""conftest.py: the gate on what another tool deploys."""',
            tested_by("tests/pytest_side/hooks/pages.py", "what another tool deploys"),
        ),
        ("# compose.yaml", tested_by("tests/live/test_deploy_compose.py", "compose.yaml")),
        (
            '"""conftest.py: the gate deploys with Docker Compose."""',
            tested_by("tests/live/test_deploy_compose.py", "deploys with Docker Compose"),
        ),
        ("# pyproject.toml", parses),
        (
            '"""pausing_strategy.py: nobody answers for a moment before the new version comes."""',
            tested_by("tests/deploy/test_strategies.py", "pausing_strategy.py"),
        ),
        (
            '"""test_deployer.py: the tests of every deployer, for the one in conftest.py."""',
            parses,
        ),
    ],
    "how-to/pipelines/drone.md": [
        ("steps:", pipeline),
        ("[pytest]", parses),
        ("pip install 'pytest-storedog-gate[lint]'", reads),
        ("[gogs]", configures),
    ],
    "how-to/pipelines/github-actions.md": [("name: deploy", pipeline), ("name: deploy", pipeline)],
    "how-to/pipelines/gitlab.md": [("stages: [build, staging, production]", pipeline)],
    "how-to/give-secrets.md": [
        ("export DD_API_KEY=... DD_APP_KEY=... DD_SITE=datadoghq.eu", reads),
        ("[services.db]", configures),
        ("export STOREDOG_GLOBAL_API_TOKEN=...", reads),
        ("{", passes),
    ],
    "how-to/deploying/compose.md": [
        ("pip install 'pytest-storedog-gate[local,compose]'", reads),
        ("# compose.yaml", tested_by("tests/live/test_compose_file.py", "# compose.yaml")),
        ("# storedog.toml", tested_by("tests/live/test_compose_file.py", "# storedog.toml")),
        ("DB_PASSWORD=... pytest --storedog-env=staging --storedog-image=2", reads),
        ("[services.web]", parses),
    ],
    "how-to/examples.md": [
        ("storedog-synthetics run checks/*.synthetics.json", reads),
        ("{", passes),
        ("{", passes),
        ("{", passes),
    ],
    "how-to/hooks.md": [
        (
            '"""conftest.py: verdicts in a database, two proofs of our own, and a report."""',
            tested_by(
                "tests/pytest_side/hooks/test_own_store_and_proofs.py", "verdicts in a database"
            ),
        ),
    ],
    "how-to/pipelines/jenkins.md": [("pipeline {", jenkins)],
    "how-to/kinds.md": [
        ('[project.entry-points."storedog_gate.kinds"]', parses),
        (
            '"""The first line that a server sends (`type: api`, `subtype: greeting`)."""',
            tested_by(
                "tests/local_synthetics/kinds/test_brought_kinds.py",
                "The first line that a server sends",
            ),
        ),
    ],
    "how-to/many-checks.md": [
        ("[synthetics]", configures),
        (
            'pytest --storedog-env=staging --storedog-deploy=never -k "discounts and not browser"',
            reads,
        ),
        ("storedog-synthetics serve --port 8126 --definitions 'checks/*.synthetics.json'", reads),
        ("pytest --storedog-env=staging --storedog-deploy=never", reads),
    ],
    "how-to/deploying/several-targets.md": [
        ("[services.discounts]", configures),
        ("pytest --storedog-env=production --storedog-image=1.2.3 --storedog-plan", reads),
    ],
    "how-to/deploying/engines.md": [
        ("[services.shop]", configures),
        ("[environments.staging]", configures),
        ("[environments.staging]", configures),
    ],
    "how-to/deploying/swarm.md": [
        ("[services.discounts]", configures),
        ("pytest --storedog-env=staging --storedog-image=1.2.3 --storedog-plan", reads),
        ("[services.discounts]", configures),
        ("services:", parses),
        ("DISCOUNTS=$(docker service inspect shop_discounts", reads),
    ],
    "how-to/deploying/kubernetes.md": [
        ("pip install 'pytest-storedog-gate[kubernetes]'", reads),
        ("[services.discounts]", configures),
        ("spec:", parses),
        ("[services.discounts]", configures),
        ("apiVersion: rbac", tested_by("tests/kubernetes/test_rights.py", "apiVersion: rbac")),
        ("apiVersion: rbac", parses),
    ],
    "how-to/deploying/private-registries.md": [("export DOCKER_AUTH_CONFIG=", reads)],
    "how-to/strategies.md": [("[services.discounts]", configures)],
    "how-to/deploying/watch.md": [
        ("[services.discounts]", configures),
        ("pytest --storedog-env=production --storedog-image=1.2.3 --storedog-plan", reads),
        ("storedog-gate: watching discounts, db, datadog:monitor-12345678", _WATCHED),
    ],
    "how-to/deploying/real-services.md": [("[services.db]", configures)],
    "how-to/promote.md": [
        ("pytest --storedog-env=production --storedog-image=registry.example.com/storedog/", reads),
        ("pytest --storedog-env=production --storedog-image=1.2.3 --storedog-plan", reads),
        ('verdicts = "/var/lib/storedog-gate/verdicts"', configures),
        ("pytest --storedog-env=production --storedog-history", reads),
        ("storedog-gate: history of production, service discounts, newest first", _OUTPUT),
        ("drone build promote storedog/discounts 7 production", reads),
        ("kind: pipeline", lints),
    ],
    "how-to/admit-gated-digests.md": [
        ("# gated.rego", tested_by(_POLICIES, "# gated.rego")),
        ("cosign verify-attestation", tested_by(_POLICIES, "--policy gated.rego")),
        ("apiVersion: kyverno.io/v1", tested_by(_POLICIES, "apiVersion: kyverno.io/v1")),
        ("IMAGE=registry.example.com", tested_by(_POLICIES, "IMAGE=")),
        (
            "apiVersion: policy.sigstore.dev",
            tested_by(_POLICIES, "apiVersion: policy.sigstore.dev"),
        ),
    ],
    "how-to/promote-by-proof.md": [
        ("pip install '/path/to/pytest-storedog-gate[proof]'", reads),
        ("storedog-gate keygen keys/staging", reads),
        ('project = "storedog"', configures),
        ("storedog-gate verify registry.example.com/storedog/discounts:1.2.3", reads),
        ("pytest --storedog-env=production --storedog-image=1.2.3 --storedog-override", reads),
        ("cosign verify-attestation --key keys/staging.pub", reads),
    ],
    "how-to/terraform.md": [
        ("terraform {", _HCL),
        ("export STOREDOG_GLOBAL_SHOP_URL=http://127.0.0.1:8080", reads),
        ("export DD_HOST=http://127.0.0.1:8126 DD_API_KEY=local DD_APP_KEY=local", reads),
        ("checks=$(terraform output -json checks | jq -r '.[]')", reads),
        ("config_variable {", _HCL),
        ("DD_API_KEY=local DD_APP_KEY=local storedog-synthetics serve --port 8126", reads),
    ],
    "how-to/pipelines/woodpecker.md": [("when:", pipeline)],
    "README.md": [
        ("$ pytest --storedog-env=staging --storedog-image=1", _OUTPUT),
        ("storedog-synthetics run checks/discounts.synthetics.json", reads),
        ("pip install '/path/to/pytest-storedog-gate[local]'", reads),
        ("./lab/up", reads),
    ],
}
