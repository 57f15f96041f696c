"""`targets` of an environment: what differs at each, and what is refused, with its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings.file import read
from pytest_storedog_gate.settings.levels import CiSource, names
from pytest_storedog_gate.settings.secret_values import filled_in

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.settings.environments import EnvironmentSection

WHOLE = """\
[services.discounts]
image = "r.example/discounts"
port = 2814

[environments.production]
gate = "discounts"
services = ["discounts"]
checks = ["abc-def-ghi"]
lock_image = "r.example/tools:1"
publish = { discounts = "0.0.0.0:2814" }

[environments.production.targets.us]
engine = "ssh://deploy@us.shop.example"
overrides = { variables = { KEY = "${US_KEY}" } }

[environments.production.targets.eu]
engine = "ssh://deploy@eu.shop.example"
publish = { discounts = "0.0.0.0:80" }
"""
PLACE = "storedog.toml:{}: environments.production.targets"
WRONG = {
    "an unknown key": (
        'engine = "ssh://deploy@eu',
        'engin = "ssh://deploy@eu',
        f"{PLACE.format(17)}.eu.engin: unknown key; did you mean 'engine'?",
    ),
    "a key that is for all": (
        'publish = { discounts = "0.0.0.0:80" }',
        'gate = "discounts"',
        f"{PLACE.format(18)}.eu.gate: it is the same for all targets: write it into",
    ),
    "checks": (
        'publish = { discounts = "0.0.0.0:80" }',
        'checks = ["abc-def-ghi"]',
        f"{PLACE.format(18)}.eu.checks: it is the same for all targets: write it into",
    ),
    "a wrong value": (
        '0.0.0.0:80"',
        '0.0.0.0"',
        f"{PLACE.format(18)}.eu.publish.discounts: '0.0.0.0' is no address; write",
    ),
    "what only the platform can see": (
        '{ discounts = "0.0.0.0:80" }',
        '{ discount = "1.2.3.4:80" }',
        f"{PLACE.format(18)}.eu.publish: 'discount' is not among the environment's services",
    ),
    "a wrong value of all": (
        '{ discounts = "0.0.0.0:2814" }',
        '{ discounts = "2814" }',
        "storedog.toml:10: environments.production.publish.discounts: '2814' is no address",
    ),
    "a missing key": (
        "[environments.production.targets.eu]",
        '[environments.production.targets.eu]\nstrategy = "edge"',
        f"{PLACE.format(17)}.eu.strategy: edge needs `edge_image`",
    ),
    "the same place": (
        "ssh://deploy@eu.shop.example",
        "ssh://deploy@us.shop.example",
        f"{PLACE.format(16)}.eu: it is the same place as us: name another one",
    ),
    "one alone": (
        WHOLE[WHOLE.index("[environments.production.targets.eu]") :],
        "",
        f"{PLACE.format(12)}: several targets are two at least: write what is said of one into",
    ),
    "none": (
        WHOLE[WHOLE.index("[environments.production.targets.us]") :],
        "targets = {}",
        f"{PLACE.format(12)}: several targets are two at least",
    ),
    "no table": (
        WHOLE[WHOLE.index("[environments.production.targets.eu]") :],
        "[environments.production.targets]\neu = 3\n",
        f"{PLACE.format(17)}.eu: must be a table",
    ),
    "a name that is none": (
        "production.targets.eu]",
        "production.targets.EU]",
        f"{PLACE.format(16)}.EU: 'EU' is no target name: use a-z, 0-9, - and _",
    ),
    "other overrides": (
        '{ variables = { KEY = "${US_KEY}" } }',
        '{ startUrl = "http://us" }',
        f"{PLACE.format(14)}.us.overrides.startUrl: all targets get the same checks, told alike",
    ),
    "a preview at one": (
        'engine = "ssh://deploy@eu',
        'preview = "0.0.0.0:81"\nengine = "ssh://deploy@eu',
        f"{PLACE.format(12)}.us: it has no `preview`, and others have: all need one, or none",
    ),
    "no image for the lock": (
        'lock_image = "r.example/tools:1"\n',
        "",
        f"{PLACE.format(11)}.us: its lock has to be taken before any target is touched",
    ),
    "jobs without targets": (
        WHOLE[WHOLE.index("[environments.production.targets.us]") :],
        'jobs = "each"',
        "storedog.toml:12: environments.production.jobs: it is for an environment with `targets`",
    ),
}


def section(folder: Path, text: str) -> EnvironmentSection:
    path = folder / "storedog.toml"
    path.write_text(text)
    return read(path).section("production")


def test_each_has_what_is_its_own_and_the_rest_of_all(tmp_path: Path) -> None:
    environment = section(tmp_path, WHOLE).environment
    us, eu = environment.each.values()
    assert list(environment.targets) == ["us", "eu"]
    assert (us.engine.text, us.publish) == (
        "ssh://deploy@us.shop.example",
        {"discounts": Address("0.0.0.0", 2814)},  # noqa: S104
    )
    assert eu.published is not None
    assert str(eu.reached(eu.published)) == "eu.shop.example:80"
    assert us.name == eu.name == "production"
    assert us.network == eu.network
    assert (us.targets, us.services) == ({}, environment.services)


def test_values_from_outside_come_to_each(tmp_path: Path) -> None:
    found, secrets = filled_in(section(tmp_path, WHOLE), "storedog.toml", {"US_KEY": "hunter2"})
    us, eu = found.environment.each.values()
    assert (us.overrides, eu.overrides) == ({"variables": {"KEY": "hunter2"}}, {})
    assert "hunter2" in secrets
    with pytest.raises(ConfigurationError, match=r"production\.targets\.us\.overrides.*US_KEY"):
        filled_in(section(tmp_path, WHOLE), "storedog.toml", {})


def test_a_promotion_asks_for_each(tmp_path: Path) -> None:
    """A verdict from before there was a target says nothing of it."""
    nothing = CiSource.of_file(None, tmp_path, in_git=True)
    asked = names(section(tmp_path, WHOLE), tmp_path / "storedog.toml", nothing)
    assert asked == ("abc-def-ghi", "target us", "target eu")


def on(platform: str) -> str:
    """Two targets of a platform that has a table of its own."""
    text = WHOLE.partition("lock_image")[0].replace("port = 2814\n", "")
    text += f'platform = "{platform}"\n'
    for name in ("us", "eu"):
        text += f'[environments.production.targets.{name}]\n{platform}.service = "{name}"\n'
        text += f'overrides.variables.SHOP = "http://{name}"\n'
        if platform == "kubernetes":
            text += f'kubernetes.deployment = "{name}"\n'
    return text


@pytest.mark.parametrize("platform", ["kubernetes", "swarm"])
def test_clusters_and_swarms_are_targets(tmp_path: Path, platform: str) -> None:
    each = section(tmp_path, on(platform)).environment.each
    assert [(name, its.target.service) for name, its in each.items()] == [
        ("us", "us"),
        ("eu", "eu"),
    ]


@pytest.mark.parametrize(
    ("platform", "old", "new"),
    [
        ("swarm", 'swarm.service = "eu"', 'swarm = { service = "us", timeout = 60 }'),
        ("kubernetes", 'kubernetes.deployment = "eu"', 'kubernetes.deployment = "us"'),
    ],
)
def test_one_service_is_one_target_however_it_is_waited_for_or_proved(
    tmp_path: Path, platform: str, old: str, new: str
) -> None:
    """A run would wait for its own lock."""
    with pytest.raises(ConfigurationError, match=r"targets\.eu: it is the same place as us: name"):
        section(tmp_path, on(platform).replace(old, new))


def test_two_candidates_do_not_answer_at_one_address(tmp_path: Path) -> None:
    text = on("swarm").replace("swarm.service", 'preview = "10.0.0.1:81"\nswarm.service')
    text = text.replace('discounts"\n\n', 'discounts"\nport = 2814\n\n', 1)
    said = r"targets\.eu: its candidate would answer at 10\.0\.0\.1:81, where that of us does: say"
    with pytest.raises(ConfigurationError, match=said):
        section(tmp_path, text)
    assert section(tmp_path, text.replace("0.0.1:81", "0.0.2:81", 1)).environment.targets


@pytest.mark.parametrize(("old", "new", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in WHOLE
    with pytest.raises(ConfigurationError, match=f"^{re.escape(said)}"):
        section(tmp_path, WHOLE.replace(old, new))


def test_checks_that_could_only_see_one_are_refused(tmp_path: Path) -> None:
    """Each target is reached at an address of its own, or its checks are told what differs."""
    alike = WHOLE.replace("0.0.0.0:80", "10.0.0.1:80").replace("0.0.0.0:2814", "10.0.0.1:80")
    assert section(tmp_path, alike).environment.targets
    with pytest.raises(ConfigurationError, match=r"targets\.eu: checks are told the same there as"):
        section(tmp_path, alike.replace('overrides = { variables = { KEY = "${US_KEY}" } }\n', ""))
