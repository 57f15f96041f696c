"""Runs of the gate, which sign verdicts and ask for them: what they say and how they end."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.drone_lint.cli import main
from tests.verdicts.attestation.world import ANOTHER_KEY, STAGING_KEY, put, said

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import GateProject
    from tests.verdicts.attestation.world import World

PROMOTION = """
project = "storedog"
[promotion]
proof = "registry"
public_keys = ["staging.pub"]
max_age = "7d"
registry = "{address}"
{more}
"""
PRODUCTION = """
[environments.production]
requires = "staging"
checks = ["dis-cou-nts"]
overrides = {{ variables = {{ SHOP = "{shop}" }} }}
"""


class Signing:
    """A project whose staging signs, and whose production asks; neither deploys anything."""

    def __init__(self, project: GateProject, world: World) -> None:
        self.project, self.world = project, world
        self.image = f"registry.example/{world.name}@{world.digest}"
        self._file = (project.path / "storedog.toml").read_text("utf-8")
        (project.path / "staging.pub").write_bytes(STAGING_KEY.public.pem)
        self.configure()

    def configure(self, more: str = "") -> None:
        promotion = PROMOTION.format(address=self.world.address, more=more)
        production = PRODUCTION.format(shop=self.project.shop.url)
        self.project.configuration(f"{promotion}{self._file}{production}")

    def run(self, environment: str, *options: str) -> pytest.RunResult:
        return self.project.run(f"--storedog-image={self.image}", *options, env=environment)


@pytest.fixture
def signing(project: GateProject, world: World, monkeypatch: pytest.MonkeyPatch) -> Signing:
    monkeypatch.setenv("STOREDOG_SIGNING_KEY", STAGING_KEY.pem().decode())
    return Signing(project, world)


@pytest.fixture
def asked(signing: Signing, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The exit status of a command of storedog-gate, given in the project."""
    monkeypatch.chdir(signing.project.path)
    return lambda *words: main(words)


def test_production_asks_for_what_staging_signed(
    signing: Signing, asked: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    closed = signing.run("production")
    assert closed.ret == 1
    closed.stdout.fnmatch_lines(["*has no open verdict of staging*there is no record of it*"])
    assert asked("verify", signing.image, "--env=staging") == 1
    assert "there is no record of it" in capsys.readouterr().err
    signed = signing.run("staging")
    assert signed.ret == 0
    signed.stdout.fnmatch_lines(
        ["*: verdict signed with the key of STOREDOG_SIGNING_KEY, in the image's registry"]
    )
    assert signing.run("production").ret == 0
    assert asked("verify", signing.image, "--env=staging") == 0
    assert "has an open verdict of staging" in capsys.readouterr().out
    assert asked("show", signing.image, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(each["environment"], each["state"]) for each in shown["verdicts"]] == [
        ("staging", "open"),
        ("production", "open"),
    ]


def test_a_closed_verdict_takes_the_place_of_an_open_one(signing: Signing) -> None:
    assert signing.run("staging").ret == 0
    signing.project.shop.answers["/discount"] = (500, "{}")
    assert signing.run("staging").ret == 1
    signing.project.shop.answers["/discount"] = (200, "[]")
    refused = signing.run("production")
    assert refused.ret == 1
    refused.stdout.fnmatch_lines(["*its verdict there is closed*"])


def test_a_person_overrides_loudly_or_not_at_all(
    signing: Signing, asked: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    overridden = signing.run("production", "--storedog-override=the shop is on fire")
    assert overridden.ret == 0
    overridden.stdout.fnmatch_lines(
        [
            "storedog-gate: OVERRIDE, no verdict is required: the shop is on fire",
            "promotion overridden: the shop is on fire; against: *there is no record of it*",
            "GATE OPEN for production: 1/1 checks passed, PROMOTION OVERRIDDEN, exit status 0",
        ]
    )
    assert str(signing.project.report()["override"]).startswith("the shop is on fire; against: ")
    assert asked("show", signing.image) == 0
    assert ", PROMOTION OVERRIDDEN: the shop is on fire; against: " in capsys.readouterr().out
    assert signing.run("production", "--storedog-override= ").ret == 4
    assert signing.run("staging", "--storedog-override=why").ret == 4
    signing.configure("override = false")
    forbidden = signing.run("production", "--storedog-override=the shop is on fire")
    assert forbidden.ret == 4
    forbidden.stderr.fnmatch_lines(["*promotion.override = false in storedog.toml forbids it*"])


def test_a_run_that_is_killed_before_it_signs_leaves_no_proof(
    signing: Signing, asked: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert signing.run("staging").ret == 0
    signing.project.pytester.makeconftest(
        """
        import os, signal
        def pytest_terminal_summary():
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert signing.run("staging").ret == -signal.SIGKILL
    (signing.project.path / "conftest.py").unlink()
    refused = signing.run("production")
    assert refused.ret == 1
    refused.stdout.fnmatch_lines(["*was put to the test in staging*has not ended with a verdict*"])
    capsys.readouterr()
    assert asked("show", signing.image, "--json") == 0
    shown = json.loads(capsys.readouterr().out)["verdicts"]
    assert [each["state"] for each in shown] == ["open", "begun"]


def test_an_override_lets_no_check_pass(signing: Signing) -> None:
    signing.project.shop.answers["/discount"] = (500, "{}")
    assert signing.run("production", "--storedog-override=the shop is on fire").ret == 1


def test_without_a_key_nothing_is_kept_and_the_header_says_so(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STOREDOG_SIGNING_KEY")
    unsigned = signing.run("staging")
    assert unsigned.ret == 0
    unsigned.stdout.fnmatch_lines(["*verdict not kept: no signing key is set*"])
    assert signing.run("production").ret == 1


def test_a_registry_that_is_down_gives_no_verdict(signing: Signing) -> None:
    signing.configure()
    text = (signing.project.path / "storedog.toml").read_text("utf-8")
    signing.project.configuration(text.replace(signing.world.address, "http://127.0.0.1:9"))
    for environment in ("staging", "production"):
        down = signing.run(environment)
        assert down.ret == 8
        down.stdout.fnmatch_lines(["*the registry 127.0.0.1:9 cannot be asked*"])


def test_a_key_is_shown_nowhere(signing: Signing) -> None:
    signing.project.shop.answers["/discount"] = (500, STAGING_KEY.pem().decode())
    result = signing.run("staging", "-vv", "-l", "--full-trace", "--storedog-html=report.html")
    assert result.ret == 1
    body = STAGING_KEY.pem().decode().splitlines()[1]
    files = [path for path in signing.project.path.rglob("*") if path.is_file()]
    assert {"report.json", "junit.xml", "report.html"} <= {path.name for path in files}
    written = [path.read_text("utf-8", "replace") for path in files]
    for text in (str(result.stdout), str(result.stderr), *written):
        assert body not in text


FAULTS = {
    "no keys": ('public_keys = ["staging.pub"]', "public_keys = []", "name `public_keys`"),
    "no such key": ("staging.pub", "other.pub", "other.pub cannot be read"),
    "no key in it": ("staging.pub", "storedog.toml", "storedog.toml holds no public key"),
    "age": ('"7d"', '"7 days"', "storedog.toml:6: promotion.max_age: must be a number with"),
    "address": ("http://127", "ftp://127", "promotion.registry: must be an address like"),
    "port": ('registry = "', 'registry = "http://h:99999" # ', "promotion.registry: must be an"),
    "host": ('registry = "', 'registry = "http://[::::]" # ', "promotion.registry: must be an"),
    "NUL": ("staging.pub", "a\\u0000b", "promotion.public_keys: must hold no NUL character"),
    "unknown": ("max_age", "maxage", "promotion.maxage: unknown key; did you mean 'max_age'?"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_section_is_one_sentence(signing: Signing, fault: str) -> None:
    old, new, sentence = FAULTS[fault]
    text = (signing.project.path / "storedog.toml").read_text("utf-8")
    signing.project.configuration(text.replace(old, new))
    result = signing.run("production")
    assert result.ret == 4
    assert sentence in str(result.stdout) + str(result.stderr)
    assert "Traceback" not in str(result.stdout) + str(result.stderr)


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("nonsense", "STOREDOG_SIGNING_KEY holds no private key in PEM"),
        (ANOTHER_KEY.pem(b"secret").decode(), "STOREDOG_SIGNING_KEY needs a password"),
        (STAGING_KEY.public.pem.decode(), "holds no private key in PEM"),
    ],
    ids=["nonsense", "encrypted", "public"],  # keys differ from process to process
)
def test_a_key_that_cannot_sign_is_one_sentence(
    signing: Signing, monkeypatch: pytest.MonkeyPatch, key: str, sentence: str
) -> None:
    monkeypatch.setenv("STOREDOG_SIGNING_KEY", key)
    result = signing.run("staging")
    assert result.ret == 4
    assert sentence in str(result.stdout) + str(result.stderr)


def test_a_pair_of_keys_is_made_and_nothing_overwritten(
    signing: Signing, asked: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked("keygen", "keys/one", "--kind=ed25519") == 0
    assert 'public_keys = ["keys/one.pub"]' in capsys.readouterr().out
    private = signing.project.path / "keys" / "one.key"
    assert private.stat().st_mode & 0o777 == 0o600
    before = private.read_bytes()
    assert asked("keygen", "keys/one") == 4
    assert private.read_bytes() == before
    assert asked("keygen", ".") == 4
    assert "names no file" in capsys.readouterr().err


@pytest.mark.parametrize("registry", ["localhost:99999", "[::::]:5000"])
def test_an_image_of_no_registry_is_one_sentence(
    signing: Signing, asked: Callable[..., int], capsys: pytest.CaptureFixture[str], registry: str
) -> None:
    (signing.project.path / "storedog.toml").write_text(
        '[promotion]\nproof = "registry"\npublic_keys = ["staging.pub"]\n'
        '[environments.staging]\nchecks = ["dis-cou-nts"]\n'
    )
    assert asked("verify", f"{registry}/shop:1", "--env=staging") == 4
    assert f"{registry}/shop names no registry that can be reached" in capsys.readouterr().err


def test_a_record_that_another_tool_signed_is_shown_as_what_it_is(
    signing: Signing, asked: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    statement = json.loads(said(signing.world, repository=signing.image.partition("@")[0]))
    statement["predicate"]["storedogGate"]["record"]["checks"] = [5]
    put(signing.world, json.dumps(statement).encode())
    assert asked("show", signing.image) == 0
    assert "staging 9: open at " in (shown := capsys.readouterr().out)
    assert "no sound record ($.checks[0]" in shown
    assert asked("verify", signing.image, "--env=staging", "--json") == 1
    assert json.loads(capsys.readouterr().out)["state"] == "refused"
