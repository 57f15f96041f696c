"""Whatever is selected and said: exit 0 only if all that git requires was run and has passed.

Each seed is one project and one command line, put together at random; STOREDOG_EXAMPLES tries more.
"""

from __future__ import annotations

import json
import os
import random
from typing import TYPE_CHECKING

import pytest

from tests.conftest import TOML, http_check

if TYPE_CHECKING:
    from tests.conftest import GateProject

PATHS = {"dis-cou-nts": "/discount", "hea-lth-chk": "/health", "thi-rdx-chk": "/third"}
SEEDS = range(int(os.environ.get("STOREDOG_EXAMPLES", "12")))
SELECTIONS = [
    [], [], [], ["-k", "dis-cou-nts"], ["-k", "not mine"], ["-m", "not slow"],
    ["--ignore=test_b.py"],
    ["--deselect", "test_a.py::test_mine"], ["test_a.py"], ["test_plain.py"], ["storedog.toml"],
    ["-p", "no:python"], ["--ignore-glob=*_a.py"], ["--lf"], ["--maxfail=1"],
]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_exit_0_means_that_all_that_is_required_has_passed(
    both_ways: GateProject, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  # no secret
    project, shop = both_ways, both_ways.shop
    project.checks(*(http_check(p, path, p) for p, path in PATHS.items()))
    shop.answers = {path: (chance.choice([200] * 5 + [500]), "[]") for path in PATHS.values()}

    required = set(chance.sample(list(PATHS), chance.randint(1, 2)))
    relaxed = {p for p in required if chance.random() < 0.2}
    rules = ", ".join(f'{p} = "{chance.choice(["non_blocking", "skipped"])}"' for p in relaxed)
    text = TOML.format(shop=shop.url).replace(
        'checks = ["dis-cou-nts", "hea-lth-chk"]',
        f"checks = {json.dumps(sorted(required))}\nexecution_rules = {{ {rules} }}",
    )
    project.configuration(text)
    required -= relaxed

    for name in ("a", "b"):
        if chance.random() < 0.5:
            public_id = chance.choice(list(PATHS))
            slow = chance.choice(["", "@pytest.mark.slow\n"])
            wanted = chance.choice(["", "storedog_outcome"])
            (project.path / f"test_{name}.py").write_text(
                f"import pytest\n{slow}@pytest.mark.synthetics({public_id!r})\n"
                f"def test_mine({wanted}): pass\n",
                "utf-8",
            )
            if public_id not in relaxed:
                required.add(public_id)
    project.pytester.makeini("[pytest]\nmarkers = slow: takes long\n")
    (project.path / "test_plain.py").write_text("def test_plain(): pass\n", "utf-8")

    if chance.random() < 0.3:
        name, value = chance.choice(
            [
                ("DATADOG_SYNTHETICS_OVERRIDE_EXECUTION_RULE", "non_blocking"),
                ("DATADOG_SYNTHETICS_PUBLIC_IDS", "thi-rdx-chk"),
                ("DATADOG_SYNTHETICS_OVERRIDE_VARIABLES", '{"SHOP": "http://127.0.0.1:9"}'),
                ("DATADOG_SYNTHETICS_OVERRIDE_HEADERS", '{"X-A": "b"}'),
            ]
        )
        monkeypatch.setenv(name, value)
    selection = chance.choice(SELECTIONS)
    result = project.run(*selection)

    bad = {p for p in required if shop.answers[PATHS[p]][0] != 200}
    missing = {p for p in required if not shop.asked[PATHS[p]]}
    if result.ret & 0xFF in (0, 78):
        assert required, "something was required"
        assert not bad
        assert not missing
        assert required <= set(project.report()["requirements"])  # type: ignore[call-overload]
    else:
        assert not any(line.startswith("GATE OPEN") for line in result.outlines)
    assert "INTERNALERROR" not in f"{result.stdout}{result.stderr}"
