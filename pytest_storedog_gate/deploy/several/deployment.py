"""A deployment at several targets, from the fetched image to what is live.

Each class is one type of `pytest_storedog_gate.deploy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import Answers, Deployment, RanJobs, TellsLogs
from pytest_storedog_gate.deploy.several.naming import at_all, at_each, named, reverse
from pytest_storedog_gate.errors import GateError, NoVerdict, RollbackFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy import Fetched, Live, Staged
    from pytest_storedog_gate.deploy.several.deployer import HeldTargets


@dataclass(frozen=True)
class FetchedTargets:
    """See `Fetched`."""

    site: HeldTargets
    fetched: Mapping[str, Fetched]

    def stage(self) -> StagedTargets:
        """One after the other: what the first one's job does, the others' candidates may need."""
        with self.site.undone_on_failure():
            return StagedTargets(self.site, at_each(self.fetched, lambda each: each.stage()))


@dataclass(frozen=True)
class StagedTargets:
    """See `Staged`, `Answers`, `RanJobs` and `AnswersAtEach`."""

    site: HeldTargets
    staged: Mapping[str, Staged]

    def promote(self) -> LiveTargets:
        live: dict[str, Live] = {}
        with self.site.undone_on_failure():
            for target, staged in self.staged.items():
                with named(target):
                    live[target] = staged.promote()
                    self.site.deployed[target] = live[target].deployment
        return LiveTargets(self.site, live)

    @property
    def addresses(self) -> dict[str, str | None]:
        """Where each candidate answers."""
        found: dict[str, object] = dict(self.staged)
        return {t: one.address if isinstance(one, Answers) else None for t, one in found.items()}

    @property
    def address(self) -> str | None:
        """The first one's; each has its own."""
        return next(iter(self.addresses.values()))

    def prove(self) -> None:
        def prove(staged: object) -> None:
            if not isinstance(staged, Answers):
                raise NoVerdict("its deployer cannot tell what answers before it has traffic")
            staged.prove()

        at_all(self.staged, prove)

    @property
    def jobs(self) -> dict[str, str]:
        found: dict[str, object] = dict(self.staged)
        told = {t: one.jobs for t, one in found.items() if isinstance(one, RanJobs)}
        return {f"{t}: {name}": text for t, jobs in told.items() for name, text in jobs.items()}


@dataclass
class LiveTargets:
    """See `Live` and `TellsLogs`."""

    site: HeldTargets
    live: Mapping[str, Live]
    _agreed: bool = False

    @property
    def deployment(self) -> Deployment:
        """The first target's, with the longest time without an answer; it tells of each one."""
        each = self.site.deployed
        first, *_ = each.values()
        previous = {one.previous_digest for one in each.values()}
        took_back = [f"{target}: {one.took_back}" for target, one in each.items() if one.took_back]
        return Deployment(
            first.environment,
            first.service,
            first.image,
            first.deploy_id,
            first.previous_digest if len(previous) == 1 else None,
            min(one.started for one in each.values()),
            max(one.finished for one in each.values()),
            max(one.downtime for one in each.values()),
            "; ".join(took_back) or None,
            dict(each),
        )

    def prove(self) -> None:
        at_all(self.live, lambda live: live.prove())

    def conclude(self) -> None:
        """Each target notes that all of them stay, and only then does the first one conclude."""
        note = {target: one.deploy_id for target, one in self.site.deployed.items()}
        at_each(self.site.held, lambda held: held.agree(note))
        self._agreed = True
        try:
            at_all(self.live, lambda live: live.conclude())
        except GateError as error:
            raise NoVerdict(f"{error}\n{self._left}") from error

    def rollback(self) -> str:
        """The last target first; nothing is put back any more once all have agreed."""
        if self._agreed:
            return self._left
        done = at_all(reverse(self.live), lambda live: live.rollback(), broken=RollbackFailed)
        return "; ".join(f"{target}: {told}" for target, told in done.items())

    def logs(self) -> dict[str, str]:
        found: dict[str, object] = dict(self.live)
        told = {t: one.logs() for t, one in found.items() if isinstance(one, TellsLogs)}
        return {f"{t}: {name}": text for t, logs in told.items() for name, text in logs.items()}

    @property
    def _left(self) -> str:
        image = self.deployment.image.brief
        return (
            f"nothing was put back: {image} was proved at {', '.join(self.live)}, and all of them "
            "have agreed on it; what is not concluded there yet, the next run concludes"
        )
