"""The role that deploys, triggers and decides: alone in its process, or over xdist's workers."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate import settings as gate_settings
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.gate.run import GateRun

from . import fixtures, terminal
from .collection import Collection, checks_file, node_id
from .evidence import report_to_junit
from .exchange import OutcomeServer
from .plan import Planner
from .testimony import Testimony

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from pytest_storedog_gate.gate.verdict import Verdict
    from pytest_storedog_gate.settings import Settings

    from .worker import Handed

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
    config.pluginmanager.register(role, "storedog-gate-controller")


class Controller:
    """What every controller does: hear the evidence, decide once, and say so."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config = config
        self.settings = settings
        self.run = GateRun(settings, lambda line: terminal.progress(config, line))
        self.node_ids: dict[str, str] = {}
        self.testimony = Testimony({})
        self.required: list[str] = []
        self._stopped_itself = False

    def pytest_report_header(self) -> list[str]:
        """Each value with its source."""
        return self.settings.describe()

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Learns the node IDs that the checks will have, and takes SIGTERM for a Ctrl-C."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        module = checks_file(session, self.settings.config_path)
        environment = self.settings.environment.name
        public_ids = [check.public_id for check in self.settings.checks]
        self.node_ids = {node_id(module, environment, p): p for p in public_ids}
        self.testimony = Testimony(self.node_ids)
        self.required = public_ids

    def begin(self, session: pytest.Session, selected: Iterable[str]) -> None:
        """Starts the run, unless what was collected cannot open the gate anyway."""
        chosen = {self.node_ids[name] for name in selected if name in self.node_ids}
        if not self.settings.deploy:
            # A developer may narrow a run that decides nothing, down to one check.
            self.required = [public_id for public_id in self.required if public_id in chosen]
        missing = [public_id for public_id in self.required if public_id not in chosen]
        if session.testsfailed:
            self.run.fail(NoVerdict("collection failed, so nothing was deployed; see above"))
        elif missing or not self.required:
            named = ", ".join(missing) or "any check"
            self.run.fail(
                NoVerdict(
                    f"this run would leave out {named} (-k, -m, --deselect, a path?), so nothing "
                    "was deployed; run all checks, or use --storedog-deploy=never"
                )
            )
        else:
            checks = [c for c in self.settings.checks if c.public_id in self.required]
            self.run.begin(checks)

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
        report_to_junit(self.config, self.run, verdict, self.node_ids)
        try:
            return (yield)
        finally:
            session.exitstatus = verdict.exit_status
            terminal.summary(self.config, self.run, verdict)

    def _end(self, status: int) -> Verdict:
        return self.run.end(self.required, self.testimony.flaws(), status)


class InProcess(Controller):
    """Controller and collector in one process."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        super().__init__(config, settings)
        config.stash[fixtures.SOURCE] = self.run
        config.pluginmanager.register(fixtures, "storedog-gate-fixtures")
        collection = Collection(
            settings.config_path,
            settings.environment.name,
            [check.public_id for check in settings.checks],
        )
        config.pluginmanager.register(collection, "storedog-gate-collection")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Deploys after collection and before the first test."""
        self.begin(session, [item.nodeid for item in session.items])
        return (yield)


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
        self._server = OutcomeServer(self.run)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Keeps the session: xdist's hooks do not bring it."""
        super().pytest_sessionstart(session)
        self._session = session

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tells a new worker what to collect and where outcomes are."""
        if not node.gateway.spec.popen:
            raise pytest.UsageError("the gate's workers must be local: use -n NUMBER, not --tx")
        handed: Handed = {
            "path": str(self.settings.config_path),
            "environment": self.settings.environment.name,
            "public_ids": [check.public_id for check in self.settings.checks],
            "address": self._server.address,
            "key": self._server.key,
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
        self._server.close()
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
