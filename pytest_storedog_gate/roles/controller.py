"""The role that deploys, triggers and decides: alone in its process, or over xdist's workers."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate import settings as gate_settings
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.gate.run import GateRun

from . import collection, drone, exit_guard, terminal
from .collection import checks_file, node_id
from .evidence import report_to_junit
from .exchange import Answers
from .plan import Planner
from .testimony import Testimony

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.gate.verdict import Verdict
    from pytest_storedog_gate.settings import Settings

    from .source import Marked, Overrides, Tagged
    from .worker import Handed

_NAME = "storedog-gate-controller"
# Options that end pytest with 0 although no test has run.
_WITHOUT_RUNNING = ("collectonly", "setupplan", "setuponly")


def register(config: pytest.Config) -> None:
    """Makes this process the controller that its command line asks for."""
    for option in _WITHOUT_RUNNING:
        if config.getoption(option, default=False):
            raise pytest.UsageError(
                f"--{option} runs no test, so it proves nothing; leave it out (also from "
                "PYTEST_ADDOPTS), or use --storedog-plan to see what a run would do"
            )
    if config.pluginmanager.is_blocked(_NAME):
        raise pytest.UsageError(f"-p no:{_NAME} leaves nobody to decide; leave it out")
    try:
        settings = gate_settings.load(config)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None
    if settings.plan:
        role: object = Planner(config, settings)
    elif config.getoption("dist", "no") != "no" and config.getoption("tx", None):
        role = XdistController(config, settings)
    else:
        role = InProcess(config, settings)
    config.pluginmanager.register(role, _NAME)


class Controller:
    """What every controller does: hear the evidence, decide once, and say so.

    It is the `Source` of collection and fixtures too, for workers over a socket.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self.run = GateRun(settings, lambda line: terminal.progress(config, line))
        self.node_ids: dict[str, str] = {}
        self.testimony = Testimony(self.node_ids)
        self.required: list[str] = []
        self._prepared = threading.Event()
        self._checks: list[Tagged] = []
        self._marked: Marked = {}
        self._stopped_itself = False

    # -- what collection and fixtures ask ------------------------------------------------------

    def checks(self) -> list[Tagged]:
        """What is to be checked, once it is known."""
        self._prepared.wait()
        return self._checks

    def marked(self, tests: Marked) -> None:
        """Takes note of tests that ask for a check by their marker."""
        self._marked = tests

    def outcome(self, public_id: str) -> CheckOutcome:
        """One check's outcome in the run's batch."""
        return self.run.outcomes.wait_for(public_id)

    def trigger(self, public_id: str, overrides: Overrides) -> CheckOutcome:
        """One check's outcome in a batch of its own."""
        return self.run.trigger(public_id, overrides)

    # -- the session ---------------------------------------------------------------------------

    def pytest_report_header(self) -> list[str]:
        """Each value with its source."""
        return self.settings.describe()

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
        finally:
            self._prepared.set()

    def begin(self, session: pytest.Session, selected: Sequence[str]) -> None:
        """Starts the run, unless what was collected cannot open the gate anyway."""
        chosen = {self.node_ids[name] for name in selected if name in self.node_ids}
        if not self.settings.deploy:
            # A developer may narrow a run that decides nothing, down to one check.
            self.required = [public_id for public_id in self.required if public_id in chosen]
        missing = [public_id for public_id in self.required if public_id not in chosen]
        try:
            marked = self._marked_checks()
        except ConfigurationError as error:
            self.run.fail(error)
            return
        if session.testsfailed:
            self.run.fail(NoVerdict("collection failed, so nothing was deployed; see above"))
        elif missing or not (self.required or marked):
            named = ", ".join(missing) or "any check"
            self.run.fail(
                NoVerdict(
                    f"this run would leave out {named} (-k, -m, --deselect, a path?), so nothing "
                    "was deployed; run all checks, or use --storedog-deploy=never"
                )
            )
        else:
            self.required = list(dict.fromkeys([*self.required, *marked]))
            self.run.begin(self.required, marked, stop_after=self.stop_after)

    @property
    def stop_after(self) -> int:
        """How many checks may fail before nobody waits for the others; 0 if that is no matter."""
        return 0

    def _marked_checks(self) -> dict[str, Overrides]:
        """The checks that tests name in their marker, with the overrides there."""
        found: dict[str, Overrides] = {}
        for name, (public_id, overrides) in self._marked.items():
            if found.setdefault(public_id, overrides) != overrides:
                raise ConfigurationError(
                    f"{name}: another test marks {public_id} with other overrides, and a check has "
                    "one result in a batch; use the storedog_trigger fixture for one of them"
                )
            self.node_ids[name] = public_id
        return found

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hears of every phase of every item, from this process or from workers."""
        self.testimony.hear(report)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tells pytest's own stop (-x under xdist) from a person's or a signal's."""
        # pytest and xdist derive their own from KeyboardInterrupt, each another one.
        own = excinfo.type is not KeyboardInterrupt
        self._stopped_itself = own and issubclass(excinfo.type, KeyboardInterrupt)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Decides before JUnit is written; sets the status and speaks after everybody else."""
        status = int(session.exitstatus)
        if status == pytest.ExitCode.INTERRUPTED and self._stopped_itself:
            status = int(pytest.ExitCode.TESTS_FAILED)
        with _shielded():
            verdict = self._end(status)
        exit_guard.decided(self.config, verdict.exit_status)
        report_to_junit(self.config, self.run, verdict, self.node_ids)
        try:
            return (yield)
        finally:
            session.exitstatus = verdict.exit_status
            terminal.flush(self.config)
            with _shielded():
                notes = drone.report(self.settings, self.run.report(verdict))
            terminal.summary(self.config, self.run, verdict, notes)

    def _end(self, status: int) -> Verdict:
        return self.run.end(self.required, self.testimony.flaws(), status)


class InProcess(Controller):
    """Controller and collector in one process."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        super().__init__(config, settings)
        collection.register(config, self, settings.config_path, settings.environment.name)
        self._waiting: dict[str, list[pytest.Item]] = {}
        self._ran: set[pytest.Item] = set()
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
            arrived = outcomes.arrival(self._seen)
            if arrived is None:
                break
            self._seen += 1
            for sooner in self._waiting.get(arrived, []):
                # Of the same collector: fixtures of another one may still be set up.
                if sooner not in self._ran and sooner.parent is item.parent:
                    sooner.ihook.pytest_runtest_protocol(item=sooner, nextitem=item)
                    _stop_if_asked(item.session)
        return None


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

    def _end(self, status: int) -> Verdict:
        verdict = super()._end(status)
        self._answers.close()
        return verdict


@contextmanager
def _shielded() -> Iterator[None]:
    """Lets a rollback finish: a second Ctrl-C must not leave the environment half deployed."""

    def note(_signal: int, _frame: object) -> None:
        terminal.raw("storedog-gate: leaving the environment in order first, please wait")

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
