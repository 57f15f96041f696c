"""All that one run watches: what became of each thing, and the tests that wait for it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.errors import ExitStatus, GateError, NoVerdict
from pytest_storedog_gate.gate.watching import watchers
from pytest_storedog_gate.gate.watching.window import Window
from pytest_storedog_gate.verdicts.rule import State, WatchVerdict, of_watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import ExitStack

    from pytest_storedog_gate.gate.deploying import DeployedElsewhere, Deploying
    from pytest_storedog_gate.gate.outcomes import Outcomes
    from pytest_storedog_gate.gate.watching.window import Look, Watcher
    from pytest_storedog_gate.secrets.masking import Masker
    from pytest_storedog_gate.settings.load import Settings

_HEARTBEAT = 10.0  # s between two lines about the same waiting
_GLANCE = 0.5  # s, after which it is seen that the waiting has become vain
_LEAVING = 5.0  # s; who looks ends at once, unless a call hangs


class NothingWatched:
    """The same in a run that watches nothing, or has not come so far."""

    titles: Mapping[str, str] = MappingProxyType({})
    known: Mapping[str, WatchVerdict] = MappingProxyType({})

    def begin(self) -> None:
        """There is nothing to watch."""

    def wait_for(self, name: str) -> WatchVerdict:
        raise NoVerdict(f"{name} is not watched by this run")

    def verdicts(self) -> tuple[WatchVerdict, ...]:
        return ()

    def give_up(self) -> None:
        """Nobody waits."""

    def stop(self) -> None:
        """There is nothing to stop."""


class Watching:
    """What is live, from the promotion on. `titles` say what is watched under each name.

    `known` is what became of it, once there is anything to say.

    A name has passed once a look that began after the window was over says that all is well, and
    none before has said otherwise. `stop` may be called from any thread.
    """

    def __init__(
        self,
        window: Window,
        watchers: Sequence[Watcher],
        redact: Masker,
        outcomes: Outcomes,
        vain: Callable[[], str | None],
    ) -> None:
        """What goes wrong ends the waiting for `outcomes`; `vain` says why that for this ends."""
        self.titles = {name: title for each in watchers for name, title in each.names.items()}
        if not self.titles:
            raise NoVerdict("there is nothing to watch, so nothing would be proved")
        self._window, self._watchers, self._redact = window, watchers, redact
        self._outcomes, self._vain = outcomes, vain
        self.known: dict[str, WatchVerdict] = {}
        self._news = threading.Condition()
        self._told = 0.0
        self._given_up = False
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Looks from now on."""
        self._window = replace(self._window, begun=time.monotonic())
        self._told = time.monotonic()
        self._outcomes.say(f"watching {', '.join(self.titles)} for {self._window.seconds:g} s")
        for each in self._watchers:
            thread = threading.Thread(target=self._follow, args=(each,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def wait_for(self, name: str) -> WatchVerdict:
        """What became of it; blocks until that is known. Raises why it will not be."""
        until = self._window.seconds + max(
            each.patience for each in self._watchers if name in each.names
        )
        try:
            with self._outcomes.waiting() as remind, self._news:
                while (found := self.known.get(name)) is None:
                    if (why := self._vain() or self._other()) is not None:
                        raise NoVerdict(f"it was not watched to the end, since {why}")
                    if self._window.elapsed > until:
                        self._put(name, NoVerdict("nobody has looked at it any more"))
                        continue
                    self._news.wait(_GLANCE)
                    self._remind(remind)
            return found
        finally:
            self._outcomes.tell()

    def verdicts(self) -> tuple[WatchVerdict, ...]:
        """Of all that had to be watched."""
        # Without the lock: what shows them may be waited for by who has it.
        return tuple(self.known.get(name) or self._unseen(name) for name in self.titles)

    def give_up(self) -> None:
        """Nobody needs to wait any more: another test has failed."""
        self._given_up = True

    def stop(self) -> None:
        """Nobody looks any more."""
        self._window.cancelled.set()
        for thread in self._threads:
            thread.join(_LEAVING)

    def _follow(self, watcher: Watcher) -> None:
        left = dict.fromkeys(watcher.names)
        why: GateError = NoVerdict("the watching of it has ended before its time")
        try:
            looks = watcher.looks(self._window)
            try:
                self._look(looks, left, watcher.pause)
            finally:
                getattr(looks, "close", lambda: None)()
        except GateError as error:
            why = error
        except BaseException as error:  # noqa: BLE001  # a thread's error would be lost, and tests wait
            why = NoVerdict(f"the watching of it broke: {type(error).__name__}: {error}")
        if not self._window.cancelled.is_set():
            for name in left:
                self._put(name, why)

    def _look(self, looks: Iterator[Look], left: dict[str, None], pause: float) -> None:
        while left and not self._window.cancelled.is_set():
            over = self._window.over
            look = next(looks, None)
            if look is None:
                return
            for name in [name for name in left if name in look]:
                error = look[name]
                if error is not None or over:
                    del left[name]
                    self._put(name, error)
            if left and pause:
                self._window.rest(pause)

    def _put(self, name: str, error: GateError | None) -> None:
        """Notes what became of a thing; the first word on it stays."""
        if error is None:
            state, reason = State.OPEN, ""
        else:
            # A project's own deployer may say anything.
            status = getattr(error, "exit_status", None)
            closed = status is ExitStatus.CLOSED
            state = State.CLOSED if closed else State.INCONCLUSIVE
            reason = self._redact(str(error)) or "no reason was given"
        with self._news:
            title, seconds = self._redact(self.titles[name]), self._window.elapsed
            found = WatchVerdict(name, title, state, reason, seconds)
            if self.known.setdefault(name, found) is found and error is not None:
                first, *_ = reason.splitlines()
                self._outcomes.give_up(
                    f"{of_watch(name)} did not pass after {seconds:.0f} s: {first}"
                )
            self._news.notify_all()

    def _other(self) -> str | None:
        """Why the waiting is vain by what has gone wrong elsewhere."""
        if self._given_up:
            return "another test failed"
        bad = (of_watch(n) for n, found in self.known.items() if found.state is not State.OPEN)
        return next((f"{called} did not pass" for called in bad), None)

    def _unseen(self, name: str) -> WatchVerdict:
        reason = "it was not watched to the end"
        return WatchVerdict(
            name, self._redact(self.titles[name]), State.INCONCLUSIVE, reason, self._window.elapsed
        )

    def _remind(self, say: Callable[[str], None]) -> None:
        now = time.monotonic()
        if now - self._told >= _HEARTBEAT:
            self._told = now
            window = self._window
            say(f"watched for {window.elapsed:.0f} of {window.seconds:g} s: all is well so far")


def of(
    settings: Settings,
    deploying: Deploying | DeployedElsewhere,
    outcomes: Outcomes,
    vain: Callable[[], str | None],
    resources: ExitStack,
) -> Watching | NothingWatched:
    """What a run watches of what it deploys; see `Watching` and `watchers.of`."""
    if settings.watch is None:
        return NothingWatched()
    window = Window(settings.watch.seconds)
    clock = Clock(window.cancelled.wait)
    found = watchers.of(settings, deploying.watches, lambda: deploying.version, clock, resources)
    return Watching(window, list(found), settings.redact, outcomes, vain)
