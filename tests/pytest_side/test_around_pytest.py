"""The gate among other plugins, tags, editors and machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import http_check

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GateProject

DISCOUNTS = "test_check[staging-dis-cou-nts]"
HEALTH = "test_check[staging-hea-lth-chk]"


def tagged(project: GateProject, *tags: str) -> None:
    check: dict[str, Any] = http_check("dis-cou-nts", "/discount", "the list of discounts")
    check["localTestDefinition"]["tags"] = list(tags)
    project.checks(check, http_check("hea-lth-chk", "/health", "the health route"))


TAGS = [
    *(
        "skip",
        "xfail",
        "skipif",
        "usefixtures",
        "parametrize",
        "filterwarnings",
        "flaky",
        "timeout",
    ),
    *("synthetics", "env:staging", "__class__", "a b", "xdist_group", "order"),
]


def test_tags_of_every_name_change_nothing(both_ways: GateProject) -> None:
    tagged(both_ways, *TAGS)
    both_ways.pytester.makeini("[pytest]\nstrict_markers = true\nxfail_strict = true")
    both_ways.pytester.makepyfile(
        test_mine="def test_all(storedog_outcome, request):\n"
        "    assert {m.name for m in request.node.iter_markers()} <= {'parametrize'}"
    )
    result = both_ways.run()
    assert result.ret == 0, f"{result.stdout}"
    both_ways.shop.answers["/discount"] = (500, "{}")
    assert both_ways.run().ret == 1


@pytest.mark.parametrize(
    ("option", "chosen"),
    [
        (["-m", "team:shop"], DISCOUNTS),
        (["-m", "not team:shop"], HEALTH),
        (["-k", "team:shop"], DISCOUNTS),
        (["-m", "xfail"], DISCOUNTS),
    ],
)
def test_tags_select(both_ways: GateProject, option: list[str], chosen: str) -> None:
    tagged(both_ways, "team:shop", "xfail")
    assert both_ways.run("--storedog-deploy=never", *option).ret == 0
    assert set(both_ways.junit()) == {chosen, "verdict[staging]"}


def test_subtests_are_parts_of_one_test(both_ways: GateProject) -> None:
    both_ways.pytester.makepyfile(
        test_mine="""
        import unittest
        import pytest

        @pytest.mark.synthetics("hea-lth-chk")
        def test_parts(storedog_outcome, subtests):
            for number in range(3):
                with subtests.test(number=number):
                    assert number < {most}

        @pytest.mark.synthetics("hea-lth-chk")
        class TestParts(unittest.TestCase):
            def test_parts(self):
                for number in range(3):
                    with self.subTest(number=number):
                        self.assertLess(number, {most})
        """.replace("{most}", "9")
    )
    assert both_ways.run().ret == 0
    mine = both_ways.path / "test_mine.py"
    mine.write_text(mine.read_text("utf-8").replace("9", "2"), "utf-8")
    assert both_ways.run().ret in (1, 8)
    assert both_ways.report()["state"] != "open"


def test_a_long_folder_for_temporary_files(
    project: GateProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    long = tmp_path / ("t" * 100)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    result = project.run("-n2")
    assert result.ret == 0, f"{result.stdout}{result.stderr}"
    assert str(result.stderr) == ""


def test_the_plugin_that_comes_with_the_local_service(both_ways: GateProject) -> None:
    both_ways.with_plugin("anyio")
    result = both_ways.run()
    assert result.ret == 0, f"{result.stdout}{result.stderr}"
    result.stdout.fnmatch_lines(["plugins: *anyio-*"])
    assert str(result.stderr) == ""


def test_tests_that_are_kept_from_the_network(project: GateProject) -> None:
    project.with_plugin("socket")
    result = project.run("-n2", "--disable-socket")
    assert result.ret == 0, f"{result.stdout}{result.stderr}"
    assert "Traceback" not in f"{result.stdout}{result.stderr}"


def test_what_takes_every_test_for_a_function(both_ways: GateProject) -> None:
    both_ways.pytester.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                assert (item.cls, item.instance) == (None, None)  # pytest-order, reruns of classes
                assert item.function.__doc__ and item.obj.__doc__
                assert item.originalname == item.name.partition("[")[0]
                assert item.module.__name__ and item.funcargs == {}
                item.fixturenames.insert(0, "freezer")  # pytest-freezer
                condition = "sys.platform == 'no such system'"  # seen with the function's names
                item.add_marker(pytest.mark.skipif(condition, reason="never"))

        def pytest_runtest_setup(item):
            item._initrequest()  # pytest-retry
        """
    )
    result = both_ways.run()
    assert result.ret == 0, f"{result.stdout}{result.stderr}"


@pytest.mark.parametrize("options", [["--collect-only"], ["--collect-only", "-q"], ["-n2", "--co"]])
def test_editors_discover_checks(project: GateProject, options: list[str]) -> None:
    result = project.run("--storedog-deploy=never", *options)
    assert result.ret == 0, f"{result.stderr}"
    assert "staging-dis-cou-nts" in str(result.stdout)
    assert not project.shop.asked
    assert str(result.stderr) == ""


def test_editors_discover_checks_without_keys(project: GateProject) -> None:
    result = project.run("--storedog-deploy=never", "--co", "--synthetics-backend=datadog")
    assert result.ret == 0, f"{result.stderr}"
    assert "staging-dis-cou-nts" in str(result.stdout)


def test_the_reason_of_a_users_failed_test_is_its_exception(both_ways: GateProject) -> None:
    both_ways.pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.synthetics("hea-lth-chk")
        def test_health(storedog_outcome):
            raise ValueError("the price is wrong")
        """
    )
    result = both_ways.run()
    assert result.ret in (1, 8)
    (check,) = (c for c in both_ways.report()["checks"] if c["public_id"] == "hea-lth-chk")  # type: ignore[attr-defined]
    assert check["reason"] == "its test failed: ValueError: the price is wrong"


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_junit_names_the_configuration_as_the_checks_file(
    both_ways: GateProject, family: str
) -> None:
    assert both_ways.run("-o", f"junit_family={family}").ret == 0
    text = (both_ways.path / "junit.xml").read_text("utf-8")
    assert "site-packages" not in text
    assert "roles/checks.py" not in text
    assert ('file="storedog.toml"' in text) == (family == "xunit1")
