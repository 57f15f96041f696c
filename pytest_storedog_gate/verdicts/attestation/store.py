"""The verdict store of signed attestations: which one of those that are kept counts."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.registry import oci
from pytest_storedog_gate.errors import DeploymentFailed, NoVerdict
from pytest_storedog_gate.outlets.whole_file import Nothing
from pytest_storedog_gate.verdicts.attestation import statement
from pytest_storedog_gate.verdicts.attestation.bundle import Untrusted, opened, signed
from pytest_storedog_gate.verdicts.attestation.statement import About, Attested
from pytest_storedog_gate.verdicts.record_json import as_json
from pytest_storedog_gate.verdicts.rule import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_storedog_gate.verdicts.attestation.keeping import Keeper
    from pytest_storedog_gate.verdicts.attestation.keys import PublicKey, SigningKey
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.store import Prepared

# By so much clocks of machines may differ.
_TOLERANCE = timedelta(minutes=5)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class AttestedVerdicts:
    """See `VerdictStore`. What is kept is only added to: the newest of an environment counts.

    `trusted` are the public keys, `key` signs where this run may; `max_age` bounds how old a
    verdict may be. `facts` and `configuration` are what a statement says beside the record.
    """

    keeper: Keeper
    project: str | None
    repository: str
    trusted: tuple[PublicKey, ...]
    key: SigningKey | None = field(default=None, repr=False)
    max_age: timedelta | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, str] = field(default_factory=dict)
    now: Callable[[], datetime] = _now

    def place(self, environment: str, digest: str) -> str:
        return f"{environment}'s signed verdict on {digest} in {self.keeper.place}"

    def holds(self, environment: str, digest: str) -> bool:
        newest, _ = self._newest(environment, digest, self._own)
        return newest is not None and newest.state == State.OPEN.value

    def read(self, environment: str, digest: str) -> str | None:
        """See `VerdictStore`; of several that are trusted the newest counts."""
        newest, others = self._newest(environment, digest, self.trusted)
        if newest is None:
            if not others:
                return None
            told = "; ".join(f"{count} {why}" for why, count in others.most_common())
            raise DeploymentFailed(
                f"{digest} has no signed verdict of {environment} that counts, so it cannot be "
                f"promoted: of what {self.keeper.place} keeps with it, {told}; run pytest "
                f"--storedog-env={environment} with this image first, or add the key of who did "
                "to promotion.public_keys"
            )
        if newest.record is None:
            raise DeploymentFailed(
                f"{digest} was put to the test in {environment} at {newest.at:%F %T %Z}, and that "
                "run has not ended with a verdict, so it cannot be promoted; run pytest "
                f"--storedog-env={environment} with this image again"
            )
        if newest.state == State.OPEN.value:
            self._in_time(newest)
        return json.dumps(newest.record)

    def kept(self, environment: str, digest: str) -> list[Attested]:
        """All of an environment on a digest that are signed by a trusted key, in their order."""
        return sorted(self._sound(environment, digest, self.trusted)[0], key=_rank)

    def withdraw(self, environment: str, digest: str) -> None:
        """See `VerdictStore`: nothing is deleted, a newer statement says that a run has begun."""
        if self.key is None:
            return
        newest, _ = self._newest(environment, digest, self._own)
        if newest is not None and newest.state == State.OPEN.value:
            about = self._about(digest)
            said = statement.begun(about, environment, newest.sequence + 1, self.now())
            bundle = _signed(said, self.key)
            with self.keeper.prepare(environment, digest, bundle, is_open=False) as prepared:
                prepared.commit()

    @contextmanager
    def prepare(self, environment: str, digest: str, record: Record) -> Iterator[Prepared]:
        if self.key is None:
            yield Nothing()
            return
        newest, _ = self._newest(environment, digest, self._own)
        sequence = newest.sequence + 1 if newest else 1
        said = statement.decided(
            self._about(digest), sequence, as_json(record), self.facts, self.configuration
        )
        bundle = _signed(said, self.key)
        is_open = record.verdict.state is State.OPEN
        with self.keeper.prepare(environment, digest, bundle, is_open=is_open) as prepared:
            yield prepared

    def _newest(
        self, environment: str, digest: str, keys: tuple[PublicKey, ...]
    ) -> tuple[Attested | None, Counter[str]]:
        """The one that counts, and why others do not; of two with one number the worse counts."""
        found, others = self._sound(environment, digest, keys)
        return max(found, key=_rank, default=None), others

    def _sound(
        self, environment: str, digest: str, keys: tuple[PublicKey, ...]
    ) -> tuple[list[Attested], Counter[str]]:
        """Those of the environment on the digest, and why others are none of these."""
        found: list[Attested] = []
        others: Counter[str] = Counter()
        about = self._about(digest)
        for bundle in self.keeper.bundles(environment, digest):
            try:
                said = statement.read(opened(bundle, keys))
            except Untrusted as error:
                others[str(error)] += 1
                continue
            if said.about == about and said.environment == environment:
                found.append(said)
            else:
                others[_elsewhere(said, about)] += 1
        return found, others

    @property
    def _own(self) -> tuple[PublicKey, ...]:
        """Whose verdicts of this environment a further one follows."""
        return (*self.trusted, self.key.public) if self.key else self.trusted

    def _about(self, digest: str) -> About:
        return About(self.project, self.repository, digest)

    def _in_time(self, newest: Attested) -> None:
        age = self.now() - newest.at
        who = f"the open verdict of {newest.environment} on {newest.about.digest}"
        if age < -_TOLERANCE:
            raise NoVerdict(
                f"{who} is of {newest.at:%F %T %Z}, which is still to come: set this machine's "
                "clock, or that of the machine that signed it"
            )
        if self.max_age is not None and age > self.max_age:
            raise DeploymentFailed(
                f"{who} is of {newest.at:%F %T %Z}, older than promotion.max_age allows, so it "
                f"cannot be promoted; run pytest --storedog-env={newest.environment} with this "
                "image again"
            )


def _signed(said: bytes, key: SigningKey) -> bytes:
    """The bundle of a statement that a promotion reads: no other takes the place of an open one."""
    bundle = signed(said, key)
    fault = f"is larger than {oci.LARGEST} bytes" if len(bundle) > oci.LARGEST else None
    try:
        statement.read(said)
    except Untrusted as error:
        fault = str(error)
    if fault is not None:
        raise NoVerdict(
            f"the verdict cannot be kept: what this run would sign {fault}, and no promotion would "
            "read it; build the image again, for another digest"
        )
    return bundle


def _rank(said: Attested) -> tuple[int, bool]:
    return said.sequence, said.state != State.OPEN.value


def _elsewhere(said: Attested, ours: About) -> str:
    theirs = said.about
    if theirs.digest != ours.digest:
        return "is about another image"
    if theirs.repository != ours.repository:
        return f"is about {theirs.repository}"
    if theirs.project != ours.project:
        return f"is of the project {theirs.project or 'without a name'}"
    return f"is a verdict of {said.environment}"
