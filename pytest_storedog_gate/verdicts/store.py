"""What keeps verdicts, so that another environment's run can ask for them: one file a store.

A store only keeps: which record lets a digest through is decided in `promotion`, alike for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.verdicts.record import Record


class Prepared(Protocol):
    """A record that is ready to be kept."""

    def commit(self) -> None:
        """Keeps it, whole or not at all.

        Of an open verdict this is the run's last step, and the previous version is gone already:
        whatever can fail belongs into `prepare`.
        """


class VerdictStore(Protocol):
    """Keeps the latest verdict on each digest in each environment.

    A run may be killed at any instruction: an open verdict that was not committed must not be there
    then. What a store cannot do it raises, as whatever error: no gate opens without it.
    """

    def place(self, environment: str, digest: str) -> str:
        """Where the record is kept, in words for people."""

    def holds(self, environment: str, digest: str) -> bool:
        """Whether there is something to withdraw."""

    def read(self, environment: str, digest: str) -> str | None:
        """The record's JSON as it was kept; None where there is none.

        Raises OSError or ValueError where it cannot be read, `DeploymentFailed` where it cannot be
        trusted.
        """

    def withdraw(self, environment: str, digest: str) -> None:
        """Keeps no record of the digest there any more: it is put to the test again."""

    def prepare(
        self, environment: str, digest: str, record: Record
    ) -> AbstractContextManager[Prepared]:
        """Gets ready to keep a run's record; its block's end discards what is not committed."""
