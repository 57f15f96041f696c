"""What every role does that deploys, triggers and decides, whoever runs the tests."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import ConfigurationError, GateError, NoVerdict
from pytest_storedog_gate.gate.run import GateRun
from pytest_storedog_gate.pytest_side import garbage, lasted
from pytest_storedog_gate.pytest_side.collecting.checks import CheckItem, ChecksFile, WatchItem
from pytest_storedog_gate.pytest_side.collecting.lines import Lines
from pytest_storedog_gate.pytest_side.provided import provided, report
from pytest_storedog_gate.pytest_side.reporting import terminal, waiting
from pytest_storedog_gate.pytest_side.reporting.attaching.ctrf import Enriched
from pytest_storedog_gate.pytest_side.reporting.attaching.pytest_html import Extras
from pytest_storedog_gate.pytest_side.reporting.junit import Writers
from pytest_storedog_gate.pytest_side.reporting.masked_reports import MaskedReports
from pytest_storedog_gate.pytest_side.roles import signals
from pytest_storedog_gate.pytest_side.source import Census
from pytest_storedog_gate.pytest_side.testimony import Testimony
from pytest_storedog_gate.reports import junit
from pytest_storedog_gate.reports.delivered.comments import Comments
from pytest_storedog_gate.reports.delivered.datadog_markers import DatadogMarkers
from pytest_storedog_gate.reports.delivered.drone_card import DroneCard
from pytest_storedog_gate.reports.delivered.step_summary import StepSummary
from pytest_storedog_gate.reports.glance import WORDS
from pytest_storedog_gate.verdicts.rule import Evidence, of_watch

if TYPE_CHECKING:
    import warnings
    from collections.abc import Generator, Iterator, Sequence

    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.gate.synthetics import Service
    from pytest_storedog_gate.pytest_side.source import Overrides, Tagged
    from pytest_storedog_gate.reports.attachments import Attachments
    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.rule import WatchVerdict

_NARROWING = ("-k", "-m", "--deselect", "--ignore", "--ignore-glob", "--lf", "--sw")
_NAMED = 5  # tests in one sentence


class Controller:
    """What every controller does: hear the evidence, decide once, and say so.

    It is the `Source` of collection and fixtures and the `Showing` of reports too, for workers over
    a socket.
    """

    def __init__(self, config: pytest.Config, settings: Settings, service: Service) -> None:
        self.config, self.settings = config, settings
        self._shown: waiting.Lines | waiting.LiveTable = waiting.Lines(config)
        self.run = GateRun(
            settings,
            service,
            provided(config),
            lambda line: self._shown.say(line),  # noqa: PLW0108  # it is another one later
            lambda: self._shown.waiting(),  # noqa: PLW0108
        )
        self.node_ids: dict[str, str] = {}
        self._watch_ids: dict[str, str] = {}
        self._named_by: dict[str, tuple[str, ...]] = {}
        self.testimony = Testimony(self._named_by)
        self.required: list[str] = []
        self._prepared = threading.Event()
        self._checks: list[Tagged] = []
        self._census = Census()
        self._stopped_itself = False
        self._in_junit: tuple[Writers, Record] | None = None
        self._finished: Record | None = None
        self._file = ""  # the node ID of the checks' own module
        self._lines = Lines(settings.config_path, settings.environment.name)
        self._notes: list[str] = []
        self._mask_report = MaskedReports(settings.redact)
        self._said = False
        self._interrupts = signals.Interrupts()
        own = DroneCard(), Comments(settings), DatadogMarkers(settings), StepSummary()
        for each in (*own, *self._attaching()):
            config.pluginmanager.register(each)

    def _attaching(self) -> Iterator[object]:
        """What adds to the reports of other plugins, where this run has them."""
        if self.config.getoption("htmlpath", None):
            yield Extras(self, self.node_ids, self.settings.redact)
        if path := self.config.getoption("ctrf", None):
            yield Enriched(path, self.run.outcomes.known, self.node_ids, self.settings.redact)

    # -- what collection and fixtures ask: see `Source` ----------------------------------------

    def checks(self) -> list[Tagged]:
        self._prepared.wait()
        return self._checks

    def watches(self) -> list[str]:
        self._prepared.wait()
        return list(self.run.watching.titles)

    def counted(self, census: Census) -> None:
        self._census = census

    def stopped(self) -> bool:
        return self.run.stopped

    def outcome(self, public_id: str) -> CheckOutcome:
        return self.run.outcomes.wait_for(public_id)

    def watched(self, name: str) -> WatchVerdict:
        return self.run.watching.wait_for(name)

    def trigger(self, public_id: str, overrides: Overrides) -> CheckOutcome:
        return self.run.trigger(public_id, overrides)

    def _rows(self) -> Iterator[waiting.Row]:
        """The checks as they stand, and what is watched."""
        known, lasted = self.run.outcomes.known, self.run.outcomes.lasted()
        for check in self.run.checks:
            name = self.settings.redact(check.definition.name)
            if (outcome := known.get(check.public_id)) is None:
                yield waiting.Row(check.public_id, name, "waiting", lasted)
            else:
                state = outcome.status.value
                yield waiting.Row(check.public_id, name, state, outcome.duration)
        for each in self.run.watching.verdicts():
            state = "watching" if each.name not in self.run.watching.known else WORDS[each.state]
            yield waiting.Row(each.name, each.title, state.lower(), each.seconds, watched=True)

    def attachments(self, public_id: str) -> Attachments | None:
        return self.run.attachments(public_id)

    def masked(self, texts: list[str]) -> list[str]:
        return [self.settings.redact.shortened(text) for text in texts]

    # -- the session ---------------------------------------------------------------------------

    def pytest_report_header(self) -> list[str]:
        return self.settings.redact.document(self.settings.describe())

    def pytest_sessionstart(self) -> None:
        """Takes SIGTERM for a Ctrl-C, and suits pytest's reporter and JUnit writer."""
        self._shown = waiting.shown_on(self.config, self._rows)
        self.config.pluginmanager.register(self._shown)
        Writers(self.config, self.settings.junit).choose()
        if self.settings.deploy:
            self._interrupts.take()
        else:
            signal.signal(signal.SIGTERM, signal.default_int_handler)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Recovers, and learns the checks and the node IDs that they will have."""
        try:
            with garbage.none_here():
                self.run.prepare()
            # Where that failed, the checks that are known by ID still get their reports.
            self._checks = [
                (check.public_id, check.definition.tags) for check in self.run.checks
            ] or [(public_id, ()) for public_id in self.settings.requirements.public_ids]
            environment, path = self.settings.environment.name, self.settings.config_path
            file: ChecksFile = ChecksFile.from_parent(
                session, path=path, environment=environment, lines=self._lines
            )
            self._file = file.nodeid
            self.required = [public_id for public_id, _ in self._checks]
            self.node_ids.update((file.node_id(CheckItem, p), p) for p in self.required)
            self._named_by.update((name, (p,)) for name, p in self.node_ids.items())
            watches = self.run.watching.titles
            self._watch_ids.update((file.node_id(WatchItem, n), n) for n in watches)
            self._named_by.update((id_, (of_watch(n),)) for id_, n in self._watch_ids.items())
        finally:
            self._prepared.set()

    def begin(
        self, session: pytest.Session, selected: Sequence[str], *, stop_after: int = 0
    ) -> None:
        """Starts the run, unless what was collected cannot open the gate anyway.

        Nobody waits for more checks once `stop_after` have failed.
        """
        self.testimony.expect(selected)
        chosen = {self.node_ids[name] for name in selected if name in self.node_ids}
        if not self.settings.deploy:
            # A developer may narrow a run that decides nothing, down to one check.
            asking = {*self.node_ids, *(marked.node_id for marked in self._census.marked)}
            self.run.narrowed |= not asking <= set(selected)
            self.required = [public_id for public_id in self.required if public_id in chosen]
        marked: dict[str, Overrides] = {}
        try:
            marked = self._marked_checks(set(selected))
            if session.testsfailed:
                raise NoVerdict("collection failed, so nothing was deployed; see above")
            self._refuse_left_out(chosen, set(selected))
            if not (self.required or marked):
                raise NoVerdict(f"{self._narrowing()} leaves no check to run")
        except GateError as error:
            self.run.fail(error)
            return
        self.required = list(dict.fromkeys([*self.required, *marked]))
        self.run.begin(self.required, marked, stop_after=stop_after)

    def _marked_checks(self, selected: set[str]) -> dict[str, Overrides]:
        """The checks that the selected tests name in their markers, with the overrides there."""
        if self._census.faults:
            raise ConfigurationError("; ".join(self._census.faults[:_NAMED]))
        found: dict[str, Overrides] = {}
        for marked in self._census.marked:
            if marked.node_id not in selected:
                continue
            if found.setdefault(marked.public_id, marked.overrides) != marked.overrides:
                raise ConfigurationError(
                    f"{marked.node_id}: another test marks {marked.public_id} with other overrides,"
                    " and a check has one result in a batch; use the storedog_trigger fixture for "
                    "one of them"
                )
            self.node_ids.setdefault(marked.node_id, marked.public_id)
            named = self._named_by.get(marked.node_id, ())
            self._named_by[marked.node_id] = (*named, marked.public_id)
        return found

    def _refuse_left_out(self, chosen: set[str], selected: set[str]) -> None:
        """What git requires, by its configuration or by a marker, must all be there."""
        missing = [public_id for public_id in self.required if public_id not in chosen]
        if self.settings.deploy:
            missing += [
                f"{marked.public_id} of {marked.node_id}"
                for marked in self._census.marked
                if marked.node_id not in selected
            ]
            missing += [of_watch(n) for id_, n in self._watch_ids.items() if id_ not in selected]
            missing += [f"the checks that {file} may ask for" for file in self._census.unread]
        if missing:
            more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            raise NoVerdict(
                f"{self._narrowing()} would leave out {', '.join(missing[:_NAMED])}{more}, so "
                "nothing was deployed; run all checks, or use --storedog-deploy=never"
            )

    def _narrowing(self) -> str:
        """The options that narrow this run, as they were given."""
        given = [
            f"{flag} {value!r}" if isinstance(value, str) else flag
            for flag in _NARROWING
            if (value := self.config.getoption(flag, default=None))
        ]
        return ", ".join(given) or "this run (a path, a conftest or a plugin?)"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.testimony.hear(report)
        if self.testimony.broken():
            self.run.watching.give_up()
        self._mask_report(report)
        if report.nodeid.partition("::")[0] == self._file:
            terminal.shorten_message(report)
        terminal.make_encodable(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._mask_report(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        warning_message.message = self.settings.redact(str(warning_message.message))

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tells pytest's own stop (-x under xdist) from a person's or a signal's."""
        self._interrupts.ending = True
        self._shown.close()
        error, mask = excinfo.value, self.settings.redact
        error.args = mask.document(error.args)
        if isinstance(error, pytest.exit.Exception):
            error.msg = mask(str(error.msg))  # the terminal shows it
        # pytest and xdist derive their own from KeyboardInterrupt, each another one.
        own = excinfo.type is not KeyboardInterrupt
        self._stopped_itself = own and issubclass(excinfo.type, KeyboardInterrupt)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Proves once more, and tells JUnit what that and the tests say, before it is written."""
        # A test need not have waited for each check that it is marked with.
        if session.exitstatus == pytest.ExitCode.OK and not self.testimony.silent():
            try:
                self.run.outcomes.wait_for_all()
            except KeyboardInterrupt:
                session.exitstatus = pytest.ExitCode.INTERRUPTED
        self._shown.close()
        with signals.shielded():
            settled = self.run.settle(self._evidence(int(session.exitstatus)))
        writers = Writers(self.config, self.settings.junit)
        writers.mask_recorded(self.settings.redact)
        if self.run.stopped:
            silent = set(self.testimony.silent())
            for ids, called in ((self.node_ids, "public_id"), (self._watch_ids, "watch")):
                not_run = {name: known for name, known in ids.items() if name in silent}
                added = junit.not_run(not_run, settled.failure or "", called)
                writers.add(added, self._line_of)
        added = junit.cases(settled, self.node_ids, self.testimony.passes)
        writers.add(added, self._line_of)
        self._in_junit = writers, settled
        return (yield)

    def _line_of(self, case: junit.Case) -> int | None:
        """A test of the project's own has its line from pytest, and no other case is there."""
        ours = case.node_id.partition("::")[0] == self._file
        return self._lines.of(case.about) if ours else None

    def finish(self, status: int) -> int:
        """Decides for good, when pytest has done all that could still fail; returns the status."""
        self._shown.close()
        with signals.shielded():
            if self._finished is None:
                written = {"report": self.settings.report, "evidence": self.settings.html}
                say = partial(terminal.summary, self.config, written=written)
                self._finished = self.run.finish(self._evidence(status), say)
                signals.ignore(self.config)
                self._report(self._finished)
            if not self._said:
                self._said = True
                terminal.last_line(self.config, self._finished, self._notes)
        self._interrupts.give_back()
        return int(self._finished.verdict.exit_status)

    def _report(self, record: Record) -> None:
        """To JUnit what has come since it was written, and what plugins report."""
        if self._in_junit is not None:
            writers, settled = self._in_junit
            if settled.verdict.state is not record.verdict.state:
                added = junit.at_the_end(record, self.settings.config_path.name)
                writers.add([added], self._line_of)
                with suppress(OSError):  # what it would say the exit status says as well
                    writers.write_again()
        lasted.keep(self.config, record)
        self._notes += report(self.config, record, self.settings.redact)

    def _evidence(self, status: int) -> Evidence:
        if status == pytest.ExitCode.INTERRUPTED and self._stopped_itself:
            status = int(pytest.ExitCode.TESTS_FAILED)
        heard, mask = self.testimony, self.settings.redact
        return Evidence(
            self.required,
            mask.document(heard.flaws()),
            status,
            silent=heard.silent(),
            broken=mask.document(heard.broken()),
        )
