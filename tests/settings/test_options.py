"""Where a setting comes from, without pytest: the first place that says it, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings.load import load
from pytest_storedog_gate.settings.options import Options

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
[synthetics]
backend = "datadog"
datadog_ci = "datadog-ci.json"
{synthetics}
[services.shop]
image = "shop:1"
[environments.staging]
gate = "shop"
services = ["shop"]
checks = ["abc-def-ghi"]
"""
KEYS = {"DD_API_KEY": "0123456789", "DD_APP_KEY": "9876543210"}
# From the lowest place to the highest one, each with what it says of site, batch timeout and image.
PLACES = (
    ("default", "datadoghq.com", 1800.0, None),
    ("datadog-ci.json", "us3.datadoghq.com", 100.0, None),
    ("storedog.toml", "us5.datadoghq.com", 200.0, "shop:1"),
    ("a variable", "ap1.datadoghq.com", 300.0, "shop:2"),
    ("command line", None, None, "shop:3"),
)


def _options(folder: Path, **said: object) -> Options:
    return Options(folder, folder, "staging", **said)  # type: ignore[arg-type]


@pytest.mark.parametrize("height", range(len(PLACES)))
def test_the_highest_place_that_says_a_value_counts(tmp_path: Path, height: int) -> None:
    said = PLACES[: height + 1]
    names = [name for name, *_ in said]
    ci = '{"datadogSite": "us3.datadoghq.com", "batchTimeout": 100000}'
    (tmp_path / "datadog-ci.json").write_text(ci if height else "{}", "utf-8")
    own = 'site = "us5.datadoghq.com"\nbatch_timeout = 200' if height > 1 else ""
    (tmp_path / "storedog.toml").write_text(FILE.format(synthetics=own), "utf-8")
    environ = dict(KEYS)
    if "a variable" in names:
        environ["DD_SITE"] = "ap1.datadoghq.com"
        environ["DATADOG_SYNTHETICS_BATCH_TIMEOUT"] = "300000"
        environ["STOREDOG_IMAGE"] = "shop:2"
    image = "shop:3" if "command line" in names else None
    settings = load(_options(tmp_path, image=image), environ)
    sites = [(name, site) for name, site, _, _ in said if site]
    assert settings.synthetics.site == sites[-1][1]
    assert settings.sources["site"] == sites[-1][0].replace("a variable", "DD_SITE")
    assert settings.synthetics.batch_timeout == [wait for *_, wait, _ in said if wait][-1]
    images = [(name, image) for name, *_, image in said if image] or [("storedog.toml", "shop:1")]
    assert settings.image == images[-1][1]
    assert settings.sources["image"] == images[-1][0].replace("a variable", "STOREDOG_IMAGE")
    assert settings.describe()[0] == (
        "storedog-gate: staging (command line), deploys and decides, image "
        f"{settings.image} ({settings.sources['image']})"
    )


def test_the_process_environment_is_only_what_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "datadog-ci.json").write_text("{}", "utf-8")
    (tmp_path / "storedog.toml").write_text(FILE.format(synthetics=""), "utf-8")
    monkeypatch.setenv("DD_SITE", "nowhere")
    monkeypatch.setenv("DATADOG_SYNTHETICS_TUNNEL", "1")
    assert load(_options(tmp_path), KEYS).synthetics.site == "datadoghq.com"


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("deploy", "perhaps", "--storedog-deploy=perhaps: write auto or never"),
        ("backend", "elsewhere", "--synthetics-backend=elsewhere: write datadog or local"),
        ("lock_wait", "soon", "--storedog-lock-wait='soon' is no number of seconds"),
        ("lock_wait", "nan", "--storedog-lock-wait='nan' is no number of seconds"),
    ],
)
def test_an_option_that_is_nothing_known(
    tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        _options(tmp_path, **{name: text})
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"image": "shop:2"}, "--storedog-rollback and --storedog-image cannot both be meant"),
        ({"override": "because"}, "--storedog-rollback and --storedog-override cannot both"),
        ({"redeploy": True}, "--storedog-rollback and --storedog-redeploy cannot both"),
        ({"history": True}, "--storedog-history and --storedog-rollback cannot both"),
        (
            {"deploy": "never"},
            "--storedog-rollback is about deployments: leave out --storedog-deploy=never",
        ),
        ({"rollback": "tests/"}, "--storedog-rollback=tests/: this is no beginning of a digest"),
        ({"rollback": ""}, "--storedog-rollback=: this is no beginning of a digest"),
    ],
)
def test_a_rollback_takes_what_the_history_has(
    tmp_path: Path, said: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        _options(tmp_path, **{"rollback": True, **said})
    with pytest.raises(ConfigurationError, match="--storedog-history and --storedog-plan"):
        _options(tmp_path, history=True, plan=True)
