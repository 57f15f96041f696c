"""lab/bench measures, and says what it found; how long anything takes is no matter of tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from bench import page, results
from bench.process import FailedError, measured
from bench.rounds import Case, difference, ratio, run, value
from tests.conftest import WITHOUT_OTHERS
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from bench.rounds import Figures


@pytest.mark.parametrize(
    ("name", "peers"),
    [("idle", ["with the plugin", "without it"]), ("http_checks", ["service", "thread pool"])],
)
def test_a_quick_bench_writes_figures_of_each_peer(
    name: str, peers: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "results.json"
    command = [sys.executable, "-m", "bench", "--quick", "--only", name, "--results", str(file)]
    ours = os.environ | {"PYTEST_ADDOPTS": " ".join(WITHOUT_OTHERS)}
    done = subprocess.run(command, cwd=ROOT, env=ours, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(file.read_text("utf-8"))
    assert list(found) == [name]
    assert {"about", "at", "commit", "python", "cores", "load"} < found[name].keys()
    for case in found[name]["cases"]:
        assert case["peers"] == peers
        assert case["failed"] == {}
        for figures in case["rounds"]:
            assert sorted(figures) == sorted(peers)
            assert all(figures[peer]["wall, s"] > 0 for peer in peers)
        assert case["wanted"]
        assert page.table(case) in done.stdout


def _case(peers: dict[str, list[Figures]], *wanted: Any) -> dict[str, Any]:
    """What comes of a case whose peers tell these figures in turn."""
    turns = {name: iter(told) for name, told in peers.items()}
    case = Case("a case", {name: turns[name].__next__ for name in peers}, wanted)
    rounds = min(map(len, peers.values())) - 1
    (done,) = run(iter([case]), rounds, lambda _: None)
    return done.as_json()


def _told(*values: float) -> list[Figures]:
    """Figures of a round that does not count, and of those that do."""
    return [{"wall, s": value} for value in (999.0, *values)]


def test_pairs_are_of_one_round() -> None:
    # Each is twice the peer's, whatever the machine does meanwhile.
    case = _case({"gate": _told(2, 40, 6), "peer": _told(1, 20, 3)})
    assert results.ratio(case, "peer", "wall, s") == results.Spread(2, 2, 2)
    assert results.difference(case, "peer", "wall, s") == results.Spread(3, 1, 20)
    assert results.own(case, "gate", "wall, s") == results.Spread(6, 2, 40)


@pytest.mark.parametrize(
    ("wanted", "good"),
    [
        (value("wall, s", 4), True),
        (value("wall, s", 3.9), False),
        (ratio("wall, s", 0.5, "peer"), True),
        (ratio("wall, s", 0.4, "peer"), False),
        (difference("wall, s", -4, "peer"), True),
        (difference("wall, s", -5, "peer"), False),
        (value("a figure that is not there", 1), False),
    ],
)
def test_what_is_wanted_is_compared_with_the_median(wanted: Any, good: bool) -> None:
    case = _case({"gate": _told(4, 4, 9), "peer": _told(8, 8, 8)}, wanted)
    assert [verdict for _, _, verdict in results.judged(case)] == [good]
    assert ("NOT AS WANTED" in page.table(case)) is not good


def test_the_page_holds_ratios_and_their_picture(tmp_path: Path) -> None:
    wanted = ratio("wall, s", 0.3, "peer")
    good = _case({"gate": _told(1, 2, 3), "peer": _told(8, 8, 8)}, wanted)
    bad = _case({"gate": _told(4, 4, 4), "peer": _told(8, 8, 8)}, wanted)
    results.keep(tmp_path / "results.json", "waiting", "What is waited for.", [])
    measurements = results.read(tmp_path / "results.json")
    measurements["waiting"]["cases"] = [{**good, "name": "a & b"}, {**bad, "name": "c"}]
    page.write(measurements, tmp_path)
    text = (tmp_path / "benchmarks.md").read_text("utf-8")
    assert "| a & b | wall: at most 0.3 of peer's | 0.25 (0.125 to 0.375) | yes |" in text
    assert "| c | wall: at most 0.3 of peer's | 0.5 | **no** |" in text
    assert "(pictures/bench-waiting.svg)" in text
    picture = ET.parse(tmp_path / "pictures" / "bench-waiting.svg")  # noqa: S314  # our own file
    shown = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a & b", "c", "wall", "to peer"} < set(shown)
    dots = [dot.attrib for dot in picture.iter("{http://www.w3.org/2000/svg}circle")]
    assert len({dot["fill"] for dot in dots}) == len(dots) == 2
    assert float(dots[0]["cx"]) < float(dots[1]["cx"])


def test_the_page_tells_of_cases_without_a_peer_too(tmp_path: Path) -> None:
    cases = [{**_case({"gate": _told(n)}), "name": f"{n} pipelines"} for n in (1, 2)]
    results.keep(tmp_path / "results.json", "waiting", "What is waited for.", [])
    measurements = results.read(tmp_path / "results.json")
    measurements["waiting"]["cases"] = cases
    # One with a page of its own is told there alone.
    page.write({**measurements, "scale": measurements["waiting"]}, tmp_path)
    for name in ("benchmarks.md", "scale.md"):
        text = (tmp_path / name).read_text("utf-8")
        assert (
            text.count("| case | wall, s |\n|---|---|\n| 1 pipelines | 1 |\n| 2 pipelines | 2 |")
            == 1
        )


def test_a_peer_that_fails_is_named_and_asked_no_more() -> None:
    asked = []

    def fails() -> Figures:
        asked.append(1)
        raise FailedError("it exits with 3")

    case = Case("a case", {"gate": lambda: {"wall, s": 1.0}, "peer": fails})
    (done,) = run(iter([case]), 3, lambda _: None)
    assert done.failed == {"peer": "it exits with 3"}
    assert len(asked) == 1
    assert "peer failed: it exits with 3" in page.table(done.as_json())


def test_a_command_is_measured_with_all_its_processes(tmp_path: Path) -> None:
    hungry = "held = bytearray(200 << 20); [None for _ in range(10**6)]"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hungry!r}])"
    usage = measured([sys.executable, "-c", parent], tmp_path, dict(os.environ))
    assert usage["memory"] > 200
    assert usage["CPU"] > 0
    assert usage["ended"] - usage["began"] == pytest.approx(usage["wall"])
    # The little program that starts it all is not what was measured.
    little = measured([sys.executable, "-S", "-c", ""], tmp_path, dict(os.environ))
    assert little["memory"] < 30


def test_another_exit_status_is_a_failure_with_what_was_said(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no'); raise SystemExit(3)"]
    with pytest.raises(FailedError, match=r"exits with 3: no"):
        measured(command, tmp_path, dict(os.environ))


def test_what_does_not_end_is_ended_with_all_it_has_started(tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    command = ["sh", "-c", "(echo started; exec sleep 600) > held & wait"]
    with pytest.raises(FailedError, match=r"takes over 3 s"):
        measured(command, tmp_path, dict(os.environ), within=3)
    os.set_blocking(reader, True)
    # It ends when nobody holds the other end any more.
    with os.fdopen(reader) as told:
        assert told.read() == "started\n"


def test_measurements_are_kept_beside_others(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    for name, about in (("one", "old"), ("two", "old"), ("one", "new")):
        results.keep(file, name, about, [])
    assert {name: entry["about"] for name, entry in results.read(file).items()} == {
        "one": "new",
        "two": "old",
    }
