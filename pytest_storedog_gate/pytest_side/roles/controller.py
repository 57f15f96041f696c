"""The role that deploys, triggers and decides: alone in its process, or over xdist's workers."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.errors import ConfigurationError, GateError, NoVerdict
from pytest_storedog_gate.gate.run import GateRun
from pytest_storedog_gate.pytest_side import exit_guard, options, refused_options
from pytest_storedog_gate.pytest_side.collecting import collection
from pytest_storedog_gate.pytest_side.collecting.collection import checks_file, node_id
from pytest_storedog_gate.pytest_side.platforms import reach
from pytest_storedog_gate.pytest_side.reporting import drone, junit, terminal
from pytest_storedog_gate.pytest_side.reporting.junit_cases import (
    report_end,
    report_not_run,
    report_to_junit,
)
from pytest_storedog_gate.pytest_side.reporting.masked_reports import mask_report, mask_warning
from pytest_storedog_gate.pytest_side.roles.lister import Lister
from pytest_storedog_gate.pytest_side.roles.plan import Planner
from pytest_storedog_gate.pytest_side.source import Census
from pytest_storedog_gate.pytest_side.testimony import Testimony
from pytest_storedog_gate.pytest_side.worker_questions import Answers
from pytest_storedog_gate.settings import load as gate_settings
from pytest_storedog_gate.verdicts.rule import Evidence

if TYPE_CHECKING:
    import warnings
    from collections.abc import Generator, Iterator, Sequence

    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.pytest_side.roles.worker import Handed
    from pytest_storedog_gate.pytest_side.source import Overrides, Tagged
    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.verdicts.rule import Verdict

_NAME = "storedog-gate-controller"
_NARROWING = {
    "-k": "keyword",
    "-m": "markexpr",
    "--deselect": "deselect",
    "--ignore": "ignore",
    "--ignore-glob": "ignore_glob",
    "--lf": "lf",
    "--sw": "stepwise",
}
_NAMED = 5  # tests in one sentence


def register(config: pytest.Config) -> None:
    """Makes this process the controller that its command line asks for."""
    if config.pluginmanager.is_blocked(_NAME):
        raise pytest.UsageError(f"-p no:{_NAME} leaves nobody to decide; leave it out")
    listing = refused_options.lists(config)
    try:
        settings = gate_settings.load(options.given(config), listing=listing)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None
    if settings.plan:
        role: object = Planner(config, settings)
    elif listing:
        role = Lister(config, settings)
    elif config.getoption("dist", "no") != "no" and config.getoption("tx", None):
        role = XdistController(config, settings)
    else:
        role = InProcess(config, settings)
    if isinstance(role, Controller):
        exit_guard.finishes(config, role.finish)
    config.pluginmanager.register(role, _NAME)


class Controller:
    """What every controller does: hear the evidence, decide once, and say so.

    It is the `Source` of collection and fixtures too, for workers over a socket.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self.run = GateRun(settings, reach(config), lambda line: terminal.progress(config, line))
        self.node_ids: dict[str, str] = {}
        self._named_by: dict[str, tuple[str, ...]] = {}
        self.testimony = Testimony(self._named_by)
        self.required: list[str] = []
        self._prepared = threading.Event()
        self._checks: list[Tagged] = []
        self._census = Census()
        self._stopped_itself = False
        self._settled: Verdict | None = None
        self._said: int | None = None
        self._junit: junit.Writers | None = None

    # -- what collection and fixtures ask ------------------------------------------------------

    def checks(self) -> list[Tagged]:
        """What is to be checked, once it is known."""
        self._prepared.wait()
        return self._checks

    def counted(self, census: Census) -> None:
        """Takes note of tests that ask for checks by their markers."""
        self._census = census

    def stopped(self) -> bool:
        """Whether the run ended before it triggered anything."""
        return self.run.stopped

    def outcome(self, public_id: str) -> CheckOutcome:
        """One check's outcome in the run's batch."""
        return self.run.outcomes.wait_for(public_id)

    def trigger(self, public_id: str, overrides: Overrides) -> CheckOutcome:
        """One check's outcome in a batch of its own."""
        return self.run.trigger(public_id, overrides)

    # -- the session ---------------------------------------------------------------------------

    def pytest_report_header(self) -> list[str]:
        """Each value with its source."""
        return self.settings.redact.document(self.settings.describe())

    def pytest_sessionstart(self) -> None:
        """Takes SIGTERM for a Ctrl-C."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Recovers, and learns the checks and the node IDs that they will have."""
        try:
            self.run.prepare()
            # Where that failed, the checks that are known by ID still get their reports.
            self._checks = [
                (check.public_id, check.definition.tags) for check in self.run.checks
            ] or [(public_id, ()) for public_id in self.settings.requirements.public_ids]
            module = checks_file(session, self.settings.config_path)
            environment = self.settings.environment.name
            self.required = [public_id for public_id, _ in self._checks]
            self.node_ids.update((node_id(module, environment, p), p) for p in self.required)
            self._named_by.update((name, (p,)) for name, p in self.node_ids.items())
        finally:
            self._prepared.set()

    def begin(self, session: pytest.Session, selected: Sequence[str]) -> None:
        """Starts the run, unless what was collected cannot open the gate anyway."""
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
        self.run.begin(self.required, marked, stop_after=self.stop_after)

    @property
    def stop_after(self) -> int:
        """How many checks may fail before nobody waits for the others; 0 if that is no matter."""
        return 0

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
            for flag, name in _NARROWING.items()
            if (value := self.config.getoption(name, default=None))
        ]
        return ", ".join(given) or "this run (a path, a conftest or a plugin?)"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hears of every phase of every item, from this process or from workers."""
        self.testimony.hear(report)
        mask_report(report, self.settings.redact)
        terminal.make_encodable(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Hears of what was collected, and could not be."""
        mask_report(report, self.settings.redact)

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Hears of warnings, which are shown at the end."""
        mask_warning(warning_message, self.settings.redact)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tells pytest's own stop (-x under xdist) from a person's or a signal's."""
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
        with _shielded():
            self._settled = self.run.settle(self._evidence(int(session.exitstatus)))
        self._junit = junit.Writers(self.config)
        self._junit.mask_recorded(self.settings.redact)
        if self.run.stopped:
            silent = set(self.testimony.silent())
            not_run = {name: p for name, p in self.node_ids.items() if name in silent}
            report_not_run(self._junit, not_run, str(self.run.failure))
        report_to_junit(self._junit, self.run, self._settled, self.node_ids, self.testimony.passes)
        return (yield)

    def finish(self, status: int) -> int:
        """Decides for good, when pytest has done all that could still fail; returns the status."""
        if self._said is not None:
            return self._said
        with _shielded():
            verdict = self.run.finish(
                self._evidence(status), lambda found: terminal.summary(self.config, self.run, found)
            )
            _ignore_signals(self.config)
            if self._junit and self._settled and self._settled.state is not verdict.state:
                report_end(self._junit, self.run, verdict, self.settings.config_path.name)
            notes = drone.report(self.settings, self.run.report(verdict))
            self._said = int(verdict.exit_status)
            terminal.last_line(self.config, self.run, verdict, notes)
        return self._said

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


class InProcess(Controller):
    """Controller and collector in one process."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        super().__init__(config, settings)
        collection.register(
            config,
            self,
            settings.config_path,
            settings.environment.name,
            decides=settings.deploy,
        )
        self._waiting: dict[str, list[pytest.Item]] = {}
        self._ran: set[pytest.Item] = set()
        self._broken_off: dict[pytest.Item, BaseException] = {}
        self._seen = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Deploys after collection and before the first test."""
        self.begin(session, [item.nodeid for item in session.items])
        for item in session.items:
            if item.nodeid in self.node_ids:
                self._waiting.setdefault(self.node_ids[item.nodeid], []).append(item)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Runs the tests of checks in the order in which their results arrive."""
        if item in self._ran:
            return True
        self._ran.add(item)
        outcomes, own = self.run.outcomes, self.node_ids.get(item.nodeid)
        while own is not None and own not in outcomes.known:
            try:
                arrived = outcomes.arrival(self._seen)
            except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  # pytest-timeout's
                self._broken_off[item] = error
                break
            if arrived is None:
                break
            self._seen += 1
            for sooner in self._waiting.get(arrived, []):
                # Of the same collector: fixtures of another one may still be set up.
                if sooner not in self._ran and sooner.parent is item.parent:
                    sooner.ihook.pytest_runtest_protocol(item=sooner, nextitem=item)
                    _stop_if_asked(item.session)
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Lets what broke the waiting off be the test's own error: it has begun only now."""
        if (error := self._broken_off.pop(item, None)) is not None:
            raise error


def _stop_if_asked(session: pytest.Session) -> None:
    """What pytest's own loop does after each test."""
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)


class XdistController(Controller):
    """Controller over workers; it collects nothing itself."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        super().__init__(config, settings)
        if config.getoption("dist") == "each":
            raise pytest.UsageError(
                "--dist=each runs every check once per worker; use another --dist with the gate"
            )
        self._session: pytest.Session | None = None
        self._begun = False
        self._answers = Answers(self)

    @property
    def stop_after(self) -> int:
        """Workers wait for checks in the order in which xdist hands them out: -x must end that."""
        return int(self.config.getoption("maxfail") or 0)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Keeps the session: xdist's hooks do not bring it."""
        self._session = session
        super().pytest_collection(session)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tells a new worker what to collect and where answers are."""
        if not node.gateway.spec.popen:
            raise pytest.UsageError("the gate's workers must be local: use -n NUMBER, not --tx")
        handed: Handed = {
            "path": str(self.settings.config_path),
            "environment": self.settings.environment.name,
            "decides": self.settings.deploy,
            "address": self._answers.address,
            "key": self._answers.key,
        }
        node.workerinput["storedog_gate"] = handed

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Deploys when the first worker has collected; no test is handed out before that."""
        if not self._begun and self._session is not None:
            self._begun = True
            self.begin(self._session, ids)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """The same, with nobody to answer any more."""
        self._answers.close()
        return (yield from super().pytest_sessionfinish(session))


def _ignore_signals(config: pytest.Config) -> None:
    """Lets nothing change the status any more, where this process is pytest's command alone."""
    ours = sys.argv[1:] == list(config.invocation_params.args)
    if ours and threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def _shielded() -> Iterator[None]:
    """Lets a rollback finish: a second Ctrl-C must not leave the environment half deployed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return

    def note(_signal: int, _frame: object) -> None:
        terminal.raw("storedog-gate: leaving the environment in order first, please wait")

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            if signal.getsignal(number) is note:
                signal.signal(number, handler)
