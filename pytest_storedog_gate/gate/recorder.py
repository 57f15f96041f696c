"""What is kept of a run, and where: the report that was asked for, and the verdict's record."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import DeploymentFailed, GateError, NoVerdict
from pytest_storedog_gate.outlets import whole_file
from pytest_storedog_gate.outlets.whole_file import Nothing
from pytest_storedog_gate.verdicts import promotion
from pytest_storedog_gate.verdicts.record_json import as_json, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_storedog_gate.gate.provided import Provided
    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.store import Prepared, VerdictStore


class Recorder:
    """Keeps a verdict only of a digest that is put to the test: from `withdraw` on."""

    def __init__(self, settings: Settings, provided: Provided) -> None:
        self._settings, self._provided = settings, provided
        self.overridden: str | None = None
        self._keep: Callable[[Record], AbstractContextManager[Prepared]] = lambda _record: Nothing()

    def require(self, digest: str) -> None:
        """Refuses a digest that the environment before this one has not let through.

        A person may decide against that, which is what `overridden` says then.
        """
        settings = self._settings
        if settings.requires is None:
            return
        try:
            with _no_verdict_where("the verdict there cannot be asked for"):
                promotion.require_open(
                    self.store,
                    settings.requires.name,
                    digest,
                    service=settings.environment.gate,
                    names=settings.required_there,
                )
        except (DeploymentFailed, NoVerdict) as error:
            if settings.override is None:
                raise
            self.overridden = f"{settings.override}; against: {error}"

    def decided_against(self, more: str | None) -> str | None:
        """Why a person let the digest through, and against what: the rule, and what speaks more."""
        if self.overridden is not None:
            return f"{self.overridden}; and {more}" if more else self.overridden
        reason = self._settings.override or "promoted in Drone"
        return f"{reason}; against: {more}" if more else None

    def withdraw(self, digest: str) -> None:
        """An older verdict on a digest says nothing any more once it is put to the test again."""
        name = self._settings.environment.name
        with _no_verdict_where("an earlier verdict cannot be withdrawn"):
            self._keep = partial(self.store.prepare, name, digest)
            self.store.withdraw(name, digest)

    @contextmanager
    def prepared(self, record: Record) -> Iterator[tuple[list[Prepared], Prepared]]:
        """The reports and the record, written beside their places. Raises NoVerdict."""
        with ExitStack() as written, _no_verdict_where("the verdict cannot be written"):
            reports: list[Prepared] = [
                written.enter_context(whole_file.prepare(path, data))
                for path, data in self._reports(record)
            ]
            yield reports, written.enter_context(self._keep(record))

    def _reports(self, record: Record) -> Iterator[tuple[Path, bytes]]:
        if self._settings.report:
            yield self._settings.report, encoded(as_json(record))
        if self._settings.html:
            yield self._settings.html, self._provided.html(record)

    @cached_property
    def store(self) -> VerdictStore:
        """Where the run's verdicts are kept, and those of the environment before."""
        return self._provided.verdict_store(settings=self._settings)


@contextmanager
def _no_verdict_where(what: str) -> Iterator[None]:
    try:
        yield
    except GateError:
        raise
    except OSError as error:
        # Its file would be the temporary one.
        raise NoVerdict(f"{what}: {error.strerror or error}") from None
    except Exception as error:  # a project's own store may raise anything
        raise NoVerdict(f"{what}: {type(error).__name__}: {error}") from error
