"""Bad input: one clear sentence, the exit status of the contract, no traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import GateProject

SERVICES = """
[services.discounts]
image = "localhost:5000/storedog/discounts"
port = 2814
[environments.staging]
gate = "discounts"
services = ["discounts"]
checks = ["abc-def-ghi"]
"""

FILES = {
    "malformed TOML": ('[synthetics]\nbackend = "local\n', "storedog.toml: not valid TOML: *line 2*"),
    "unknown key": (
        '[synthetics]\nbackend = "local"\n\n[environments.staging]\ncheks = ["abc-def-ghi"]\n',
        "storedog.toml:5: environments.staging.cheks: unknown key; did you mean 'checks'[?]",
    ),
    "unknown key in an inline table": (
        SERVICES.replace("port = 2814", 'port = 2814\nreadiness = { htpp = "/" }'),
        "storedog.toml:5: services.discounts.readiness.htpp: unknown key; did you mean 'http'[?]",
    ),
    "a key that would steer the terminal": (
        '"a\\u001b[31mb" = 1\n',
        "storedog.toml:1: a*x1b[[]31mb: unknown key*",
    ),
    "unknown table": ("[synthetic]\n", "storedog.toml:1: synthetic: unknown key; *'synthetics'[?]"),
    "unknown backend": (
        '[synthetics]\nbackend = "locl"\n',
        "storedog.toml:2: synthetics.backend: 'locl' is unknown; did you mean 'local'[?]",
    ),
    "unknown strategy": (
        SERVICES + 'strategy = "renam"\n',
        "storedog.toml:9: environments.staging.strategy: 'renam' is unknown; did you mean 'rename'[?]",
    ),
    "Gogs at a path": (
        SERVICES + '[gogs]\nurl = "gogs"\n',
        "storedog.toml:10: gogs.url: must be an address like *",
    ),
    "Gogs with a password in its address": (
        SERVICES + '[gogs]\nurl = "http://me:secret@gogs.test"\n',
        "storedog.toml:10: gogs.url: must be an address like *, without a password",
    ),
    "Gogs at half an address": (
        SERVICES + '[gogs]\nurl = "http://[::1/"\n',
        "storedog.toml:10: gogs.url: must be an address like *",
    ),
    "Gogs at a port that is none": (
        SERVICES + '[gogs]\nurl = "http://gogs.test:99999"\n',
        "storedog.toml:10: gogs.url: must be an address like *",
    ),
    "Gogs without an address": (
        SERVICES + "[gogs]\nissue = 3\n",
        "storedog.toml:9: gogs: the key 'url' is missing; add it",
    ),
    "volumes that a candidate would share": (
        SERVICES.replace("port = 2814", 'port = 2814\nvolumes = { data = "/data" }'),
        "storedog.toml:7: environments.staging.gate: discounts has volumes or folders to write to (data), *services.discounts.candidate = ?off?*",
    ),
    "no candidate for rename": (
        SERVICES.replace("port = 2814", 'port = 2814\ncandidate = "off"') + 'strategy = "rename"\n',
        "storedog.toml:10: environments.staging.strategy: services.discounts.candidate is ?off?, *use strategy recreate*",
    ),
    "wrong type": (
        SERVICES.replace("2814", '"2814"'),
        "storedog.toml:4: services.discounts.port: must be an integer, not '2814'",
    ),
    "missing key": (
        "[services.discounts]\nport = 1\n",
        "storedog.toml:1: services.discounts: the key 'image' is missing; add it",
    ),
    "unknown service": (
        SERVICES.replace('["discounts"]', '["discount"]'),
        "storedog.toml:7: environments.staging.services: 'discount' is not one *'discounts'[?]",
    ),
    "no gate": (
        SERVICES.replace('gate = "discounts"\n', ""),
        "storedog.toml:5: environments.staging: there are services but no `gate`*",
    ),
    "gate that is no service": (
        SERVICES.replace('gate = "discounts"', 'gate = "frontend"'),
        "storedog.toml:6: environments.staging.gate: 'frontend' is not among the environment's services",
    ),
    "malformed public ID": (
        SERVICES.replace("abc-def-ghi", "abc-def"),
        "storedog.toml:8: environments.staging.checks: 'abc-def' is no public ID; *abc-def-ghi*",
    ),
    "malformed address": (
        SERVICES + 'publish = { discounts = "8080" }\n',
        "storedog.toml:9: environments.staging.publish*: '8080' is no address; *HOST:PORT*",
    ),
    "an engine with a password": (
        SERVICES + 'engine = "tcp://root:hunter2@shop.example:2376"\n',
        'storedog.toml:9: environments.staging.engine: must be "unix:///PATH", *or "context:NAME"',
    ),
    "TLS for a socket": (
        SERVICES + 'tls = { ca = "ca.pem" }\n',
        "storedog.toml:9: environments.staging.tls: it is for an engine at tcp://HOST:PORT; *",
    ),
    "no TLS for a socket": (
        SERVICES + "tls = false\n",
        "storedog.toml:9: environments.staging.tls: false is for an engine at tcp://HOST:PORT; *",
    ),
    "TLS that is said to be": (
        SERVICES + 'engine = "tcp://shop.example:2376"\ntls = true\n',
        "storedog.toml:10: environments.staging.tls: must be a table, or false",
    ),
    "a certificate without its key": (
        SERVICES + 'engine = "tcp://shop.example:2376"\ntls = { cert = "cert.pem" }\n',
        "storedog.toml:10: environments.staging.tls: `cert` and `key` belong together*",
    ),
    "TLS without verification": (
        SERVICES + 'engine = "tcp://shop.example:2376"\ntls = { verify = false }\n',
        "storedog.toml:10: environments.staging.tls.verify: unknown key*",
    ),
    "published under rename": (
        SERVICES + 'strategy = "rename"\npublish = { discounts = "127.0.0.1:8080" }\n',
        "storedog.toml:10: environments.staging.publish: discounts is under the gate*use strategy recreate",
    ),
    "requires nothing known": (
        SERVICES + 'requires = "stagin"\n',
        "storedog.toml:9: environments.staging.requires: 'stagin' is not an environment; *'staging'[?]",
    ),
    "no checks": (
        SERVICES.replace('checks = ["abc-def-ghi"]', ""),
        "staging has no checks: a gate without checks proves nothing; *--synthetics-id",
    ),
    "not positive": (
        "[synthetics]\nbatch_timeout = 0\n",
        "storedog.toml:2: synthetics.batch_timeout: must be a positive number of seconds, not 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", list(FILES))
def test_mistake_in_the_file(project: GateProject, case: str) -> None:
    text, sentence = FILES[case]
    project.configuration(text)
    result = project.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"ERROR: {sentence}"])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


def test_same_in_pyproject(project: GateProject) -> None:
    (project.path / "storedog.toml").unlink()
    (project.path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n[tool.storedog-gate.environments.staging]\ncheks = []\n', "utf-8"
    )
    result = project.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: pyproject.toml:4: tool.storedog-gate.environments.staging.cheks: unknown key*"]
    )


def test_no_configuration(project: GateProject) -> None:
    (project.path / "storedog.toml").unlink()
    result = project.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: no configuration: *--storedog-config=PATH"])


def test_configuration_that_does_not_exist(project: GateProject) -> None:
    result = project.run("--storedog-config=elsewhere.toml")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --storedog-config=elsewhere.toml: there is no such file*"])


def test_unknown_environment(project: GateProject) -> None:
    result = project.run(env="stagin")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        [
            "ERROR: --storedog-env=stagin: storedog.toml has no [[]environments.stagin[]]; known: staging"
        ]
    )


def test_malformed_public_id(project: GateProject) -> None:
    result = project.run("--synthetics-id=abc")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --synthetics-id: 'abc' is no public ID; *abc-def-ghi@12*"])


def test_missing_keys_for_datadog(project: GateProject) -> None:
    result = project.run("--synthetics-backend=datadog")
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: Datadog wants keys, * lacks DD_API_KEY or DATADOG_API_KEY and DD_APP_KEY or *"]
    )


def test_variable_that_is_not_set(project: GateProject) -> None:
    text = (project.path / "storedog.toml").read_text("utf-8")
    project.configuration(text.replace('SHOP = "', 'SHOP = "${NOWHERE_SET}'))
    result = project.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        ["ERROR: storedog.toml: environments.staging.overrides*NOWHERE_SET*"]
    )


@pytest.mark.parametrize("value", ["-1", "soon", "nan", "inf"])
def test_lock_wait_that_is_no_time(project: GateProject, value: str) -> None:
    result = project.run(f"--storedog-lock-wait={value}")
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*'{value}' is no number of seconds*"])


def test_definitions_that_match_nothing(project: GateProject) -> None:
    (project.path / "all.synthetics.json").unlink()
    result = project.run()
    assert result.ret == 4
    assert "synthetics.json" in result.outlines[-2]
    assert "Traceback" not in result.stdout.str()


def test_malformed_definition_file(project: GateProject) -> None:
    (project.path / "all.synthetics.json").write_text('{"tests": [\n', "utf-8")
    result = project.run()
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*all.synthetics.json*2*"])


def test_engine_that_cannot_be_reached(project: GateProject) -> None:
    project.configuration(SERVICES.replace("[env", '[synthetics]\nbackend = "local"\n[env'))
    text = (project.path / "storedog.toml").read_text("utf-8")
    project.configuration(text + 'engine = "unix:///nowhere/docker.sock"\n')
    result = project.run("--storedog-image=good")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*unix:///nowhere/docker.sock*"])


@pytest.mark.parametrize("image", ["UPPER/case:1", "elsewhere/discounts:1", "a b"])
def test_image_that_is_none_of_the_service(project: GateProject, image: str) -> None:
    project.configuration(SERVICES + 'engine = "unix:///nowhere/docker.sock"\n')
    text = (project.path / "storedog.toml").read_text("utf-8")
    project.configuration('[synthetics]\nbackend = "local"\n' + text)
    result = project.run(f"--storedog-image={image}")
    assert result.ret == 4
    result.stdout.fnmatch_lines([f"*{image}*"])


def test_no_image_said(project: GateProject) -> None:
    project.configuration('[synthetics]\nbackend = "local"\n' + SERVICES)
    result = project.run()
    assert result.ret == 4
    result.stdout.fnmatch_lines(["*says no tag or digest*STOREDOG_IMAGE*"])
