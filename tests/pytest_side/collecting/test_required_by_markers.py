"""What tests require by the marker is required however they are selected, and never guessed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.conftest import MODES

if TYPE_CHECKING:
    from tests.conftest import GateProject

CHECKS = 'checks = ["dis-cou-nts", "hea-lth-chk"]'
MARKED = """
    import pytest

    @pytest.mark.slow
    @pytest.mark.synthetics("hea-lth-chk")
    def test_health(storedog_outcome):
        assert storedog_outcome.public_id == "hea-lth-chk"
"""
INI = "[pytest]\nmarkers = slow: takes long\n"


def narrowed_to_one(project: GateProject) -> None:
    """The configuration requires one check; a test requires another."""
    text = (project.path / "storedog.toml").read_text("utf-8")
    project.configuration(text.replace(CHECKS, 'checks = ["dis-cou-nts"]'))
    project.pytester.makeini(INI)
    project.pytester.makepyfile(test_mine=MARKED, test_plain="def test_plain(): pass")


LEFT_OUT = {
    "-k": ["-k", "dis-cou-nts"],
    "-m": ["-m", "not slow"],
    "--deselect": ["--deselect", "test_mine.py::test_health"],
    "--ignore": ["--ignore=test_mine.py"],
    "--ignore-glob": ["--ignore-glob=*mine*"],
    "python_files": ["-o", "python_files=other_*.py"],
    "testpaths": ["-o", "testpaths=nowhere"],
    "--lf": ["--lf"],
    "--noconftest": ["--noconftest"],
}


@pytest.mark.parametrize("way", LEFT_OUT)
def test_a_marked_test_that_an_option_leaves_out_is_refused_by_name(
    both_ways: GateProject, way: str
) -> None:
    narrowed_to_one(both_ways)
    result = both_ways.run(*LEFT_OUT[way])
    assert result.ret in (4, 8)
    assert (
        "hea-lth-chk" in str(result.stdout)
        or "test_mine.py" in f"{result.stdout}"
        or ("could leave out tests" in str(result.stderr))
    )
    assert not both_ways.shop.asked


SELECTIONS = {
    "addopts": ("ini", "addopts = -m 'not slow'"),
    "collect_ignore": ("conftest", 'collect_ignore = ["test_mine.py"]'),
    "removed": (
        "conftest",
        """
        import pytest
        @pytest.hookimpl(tryfirst=True)
        def pytest_collection_modifyitems(items):
            items[:] = [item for item in items if "mine" not in item.nodeid]
        """,
    ),
    "ignored": (
        "conftest",
        """
        def pytest_ignore_collect(collection_path):
            return True if collection_path.name == "test_mine.py" else None
        """,
    ),
    "skips itself": (
        "test_mine",
        "import pytest\npytest.skip('not here', allow_module_level=True)\n# mark.synthetics",
    ),
}


def test_addopts_that_leave_out_files_are_refused(both_ways: GateProject) -> None:
    narrowed_to_one(both_ways)
    both_ways.pytester.makeini(f"{INI}addopts = --ignore=test_mine.py\n")
    result = both_ways.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--ignore could leave out tests that ask for checks*"])


@pytest.mark.parametrize("how", ["file", "folder"])
def test_a_marker_of_another_module_is_found_where_its_test_skips_itself(
    both_ways: GateProject, how: str
) -> None:
    narrowed_to_one(both_ways)
    (both_ways.path / "marks.py").write_text(
        "import pytest\nshop = pytest.mark.synthetics('hea-lth-chk')\n", "utf-8"
    )
    (both_ways.path / "test_mine.py").unlink()
    sub = both_ways.path / "sub"
    sub.mkdir()
    skip = "import pytest\npytest.importorskip('no_such_module')\n"
    test = "from marks import shop\n@shop\ndef test_it(): pass\n"
    if how == "folder":
        (sub / "conftest.py").write_text(skip, "utf-8")
    (sub / "test_it.py").write_text(test if how == "folder" else skip + test, "utf-8")
    result = both_ways.run()
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*would leave out*test_it.py*"])


def test_a_test_that_only_a_conftest_marks_is_required(both_ways: GateProject) -> None:
    narrowed_to_one(both_ways)
    both_ways.pytester.makeconftest(
        """
        import pytest
        def pytest_collection_modifyitems(items):
            for item in items:
                if "plain" in item.nodeid:
                    item.add_marker(pytest.mark.synthetics("hea-lth-chk"))
        """
    )
    (both_ways.path / "test_mine.py").unlink()
    both_ways.shop.answers["/health"] = (500, "{}")
    assert both_ways.run().ret == 1
    assert both_ways.shop.asked["/health"] == 1


def test_tests_that_are_imported_may_be_left_out_by_pytest(both_ways: GateProject) -> None:
    narrowed_to_one(both_ways)
    both_ways.pytester.makeini(f"{INI}collect_imported_tests = false\n")
    assert both_ways.run().ret == 0


@pytest.mark.parametrize("way", SELECTIONS)
def test_a_marked_test_that_a_file_leaves_out_is_refused_by_name(
    both_ways: GateProject, way: str
) -> None:
    narrowed_to_one(both_ways)
    place, text = SELECTIONS[way]
    if place == "ini":
        both_ways.pytester.makeini(f"{INI}{text}\n")
    else:
        both_ways.pytester.makepyfile(**{place: text})
    result = both_ways.run()
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*would leave out*test_mine.py*nothing was deployed*"])
    assert not both_ways.shop.asked


def test_paths_are_run_beside_what_git_requires(both_ways: GateProject) -> None:
    narrowed_to_one(both_ways)
    result = both_ways.run("test_plain.py")
    assert result.ret == 0
    assert both_ways.shop.asked == {"/discount": 1, "/health": 1}
    assert {"test_plain", "test_health"} <= set(both_ways.junit())


def test_a_run_from_a_folder_below_requires_the_same(project: GateProject) -> None:
    narrowed_to_one(project)
    below = project.path / "below"
    below.mkdir()
    (below / "test_below.py").write_text("def test_below(): assert 0\n", "utf-8")
    project.pytester.chdir()
    import os  # noqa: PLC0415

    os.chdir(below)
    result = project.run("--junitxml=../junit.xml")
    assert result.ret == 0
    assert project.shop.asked == {"/discount": 1, "/health": 1}
    assert "test_below" not in project.junit()


def test_a_run_that_only_checks_may_be_narrowed(both_ways: GateProject) -> None:
    narrowed_to_one(both_ways)
    result = both_ways.run("--storedog-deploy=never", "-m", "not slow")
    assert result.ret == 0
    assert both_ways.shop.asked == {"/discount": 1}
    assert both_ways.report()["mode"] == "narrowed"


def test_a_selection_that_matches_nothing_is_named(both_ways: GateProject) -> None:
    result = both_ways.run("--storedog-deploy=never", "-k", "no_such_check")
    assert result.ret == 8
    result.stdout.fnmatch_lines(["*-k 'no_such_check' leaves no check to run*"])


def test_each_case_has_the_check_of_its_own_marker(both_ways: GateProject) -> None:
    narrowed_to_one(both_ways)
    both_ways.shop.answers["/health"] = (500, "{}")
    both_ways.pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.parametrize("expected", [
            pytest.param("passed", marks=pytest.mark.synthetics("dis-cou-nts")),
            pytest.param("failed", marks=pytest.mark.synthetics("hea-lth-chk")),
        ])
        def test_each(storedog_public_id, expected): assert storedog_public_id

        @pytest.mark.parametrize("public_id", [
            pytest.param("dis-cou-nts", marks=pytest.mark.synthetics("dis-cou-nts")),
            pytest.param("hea-lth-chk", marks=pytest.mark.synthetics("hea-lth-chk")),
        ])
        def test_own(storedog_outcome, public_id):
            assert storedog_outcome.public_id == public_id
        """
    )
    result = both_ways.run()
    assert result.ret == 1, "hea-lth-chk is required by its marker, and failed"
    cases = both_ways.junit()
    assert cases["test_own[dis-cou-nts]"] == "passed"
    assert cases["test_own[hea-lth-chk]"] == "passed", (
        "an outcome is there, and it is the right one"
    )


REFUSED = {
    "no check for one case": (
        """
        @pytest.mark.parametrize("n", [
            pytest.param(1, marks=pytest.mark.synthetics("hea-lth-chk")), 2])
        def test_it(storedog_outcome, n): pass
        """,
        "nothing says of which check",
    ),
    "case of a fixture": (
        """
        @pytest.fixture(params=[pytest.param(1, marks=pytest.mark.synthetics("hea-lth-chk"))])
        def number(request): return request.param
        def test_it(storedog_outcome, number): pass
        """,
        "its marker names hea-lth-chk and its case is one of dis-cou-nts",
    ),
    "public_id=": (
        '@pytest.mark.synthetics(public_id="hea-lth-chk")\ndef test_it(): pass',
        "public_id is no override",
    ),
    "id=": ('@pytest.mark.synthetics(id="hea-lth-chk")\ndef test_it(): pass', "id is no override"),
    "overrides alone": (
        '@pytest.mark.synthetics(variables={"A": "1"})\ndef test_it(): pass',
        "overrides alone say not of which check",
    ),
    "overrides alone, with the fixture": (
        '@pytest.mark.synthetics(variables={"A": "1"})\ndef test_it(storedog_outcome): pass',
        "overrides alone say not of which check",
    ),
    "unknown override": (
        '@pytest.mark.synthetics("hea-lth-chk", variable={})\ndef test_it(): pass',
        "unknown key",
    ),
    "executionRule": (
        '@pytest.mark.synthetics("hea-lth-chk", executionRule="non_blocking")\ndef test_it(): pass',
        "execution_rules alone",
    ),
    "no ID": ('@pytest.mark.synthetics("health")\ndef test_it(): pass', "is no public ID"),
    "no text": ("@pytest.mark.synthetics(7)\ndef test_it(): pass", "its marker"),
    "None": ("@pytest.mark.synthetics(None)\ndef test_it(): pass", "its marker"),
    "two": (
        '@pytest.mark.synthetics("hea-lth-chk", "dis-cou-nts")\ndef test_it(): pass',
        "several arguments",
    ),
    "a version": (
        '@pytest.mark.synthetics("hea-lth-chk@2")\ndef test_it(): pass',
        "pin a version in the configuration",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_marker_that_cannot_be_meant_is_refused_by_name(project: GateProject, what: str) -> None:
    source, said = REFUSED[what]
    narrowed_to_one(project)
    body = "\n".join(line[8:] if line.startswith(" " * 8) else line for line in source.split("\n"))
    (project.path / "test_mine.py").write_text(f"import pytest\n{body}\n", "utf-8")
    result = project.run()
    assert result.ret == 4
    assert "test_mine.py::test_it" in str(result.stdout)
    assert said in " ".join(result.outlines)
    assert not project.shop.asked


def test_a_marked_check_is_waited_for_though_its_test_does_not(project: GateProject) -> None:
    project.mode = MODES["n2"]  # in one process, the test itself is run after its check
    ended = threading.Event()

    def before_answer(path: str) -> None:
        if path == "/ended":
            ended.set()
        elif path == "/discount":
            ended.wait(20)

    project.shop.before_answer = before_answer
    text = (project.path / "storedog.toml").read_text("utf-8")
    project.configuration(text.replace(CHECKS, 'checks = ["hea-lth-chk"]'))
    project.pytester.makepyfile(
        test_mine=f"""
        import pytest, urllib.error, urllib.request

        @pytest.mark.synthetics("dis-cou-nts")
        def test_nothing(request):
            with pytest.raises(urllib.error.HTTPError):  # its answer is a 404
                urllib.request.urlopen("{project.shop.url}/ended")
        """
    )
    result = project.run()
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["GATE OPEN for staging: 2/2*"])


@pytest.mark.parametrize("both", ["class", "module"])
def test_a_marker_on_the_class_and_one_on_the_method_are_both_required(
    both_ways: GateProject, both: str
) -> None:
    """It used to wait for ever: one of the two was triggered, and the test waited for the other."""
    text = (both_ways.path / "storedog.toml").read_text("utf-8")
    both_ways.configuration(text.replace(CHECKS, "checks = []"))
    outer = '@pytest.mark.synthetics("dis-cou-nts")\n        ' if both == "class" else ""
    of_module = 'pytestmark = pytest.mark.synthetics("dis-cou-nts")' if both == "module" else ""
    both_ways.pytester.makepyfile(
        test_mine=f"""
        import pytest
        {of_module}

        {outer}class TestShop:
            @pytest.mark.synthetics("hea-lth-chk")
            def test_health(self, storedog_outcome):
                assert storedog_outcome.public_id == "hea-lth-chk"
        """
    )
    both_ways.configuration(
        (both_ways.path / "storedog.toml")
        .read_text("utf-8")
        .replace("checks = []", 'checks = ["hea-lth-chk"]')
    )
    assert both_ways.run().ret == 0
    assert both_ways.shop.asked == {"/discount": 1, "/health": 1}
    both_ways.shop.answers["/discount"] = (500, "{}")
    assert both_ways.run().ret == 1


def test_markers_of_unittest_classes_are_read(project: GateProject) -> None:
    narrowed_to_one(project)
    project.pytester.makepyfile(
        test_mine="""
        import unittest
        import pytest

        @pytest.mark.synthetics("hea-lth-chk")
        class TestHealth(unittest.TestCase):
            def test_it(self):
                for number in range(3):
                    with self.subTest(number=number):
                        self.assertGreaterEqual(number, 0)
        """
    )
    assert project.run().ret == 0
    assert project.shop.asked == {"/discount": 1, "/health": 1}


def test_the_record_holds_what_the_run_required(project: GateProject) -> None:
    narrowed_to_one(project)
    assert project.run().ret == 0
    assert project.report()["requirements"] == ["dis-cou-nts", "hea-lth-chk"]
    assert project.run("--storedog-deploy=never", "--synthetics-id=hea-lth-chk").ret == 0
    assert project.report()["requirements"] == ["hea-lth-chk"]
