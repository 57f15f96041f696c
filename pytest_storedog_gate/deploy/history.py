"""What was put into an environment, and which of it a person can go back to: alike for all.

A platform's deployer keeps the history, where it is one that `Remembers`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.references import ImageReference, short
from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

LET_THROUGH = "open"
"""The state of a deployment whose run has opened the gate; the verdicts have the other ones."""
NOT_RECORDED = "not recorded"
"""The state of what is live, and no run has told of: it was killed before it could."""

_BEGINNING = re.compile("(?:sha256:)?([0-9a-f]{4,64})")
_LONGEST = 500  # characters of a text
_NAMED = 5  # digests in one sentence
# Entries that a history has: of what was let through, and of what was not.
_MOST = {True: 30, False: 20}


def beginning(text: str) -> str:
    """The hex digits with which a digest begins; ConfigurationError says how to write them."""
    match = _BEGINNING.fullmatch(text)
    if match is None:
        raise ConfigurationError(
            f"--storedog-rollback={text}: this is no beginning of a digest; write at least four of "
            "its hex digits, as in 0123456789ab or sha256:0123456789ab"
        )
    return match[1]


@dataclass(frozen=True)
class Entry:
    """One digest that was put to the test in an environment, and what became of it.

    `commit`, `build` and `link` tell where the image comes from, `by` whose run it was. `deploy_id`
    is of what got the traffic, if it did, and `downtime` the seconds in which nobody answered.
    `override` says why and against what a person let it through, `rollback` where from and to a
    person went back with it, and `rolled_back` what was put back after it.
    """

    image: ImageReference
    when: datetime
    state: str
    deploy_id: str | None = None
    commit: str | None = None
    build: str | None = None
    link: str | None = None
    by: str | None = None
    downtime: float | None = None
    override: str | None = None
    rollback: str | None = None
    rolled_back: str | None = None

    @property
    def told(self) -> str:
        """Which one it is, for people."""
        tag = f"{self.image.tag}@" if self.image.tag else ""
        build = f", build {self.build}" if self.build else ""
        return f"{tag}{short(self.image.digest)} of {self.when:%F %H:%M}{build}"

    @property
    def was_refused(self) -> bool:
        """Whether it was a new deployment, whose run has ended without an open gate."""
        return self.state not in (LET_THROUGH, NOT_RECORDED) and not self.rollback

    def as_json(self) -> dict[str, str | float | None]:
        """Plain values, each text of a bounded length."""
        said = {**vars(self), "image": str(self.image), "when": self.when.isoformat()}
        return {key: _bounded(value) for key, value in said.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Entry:
        """The other way round; ValueError for what is none."""
        downtime = data.get("downtime")
        try:
            image = ImageReference.parse(str(data.get("image")))
        except ConfigurationError as error:
            raise ValueError(str(error)) from None
        when = datetime.fromisoformat(str(data.get("when")))
        if image.digest is None or when.tzinfo is None:
            raise ValueError(f"{image} of {when} has no digest, or a time of no zone")
        return cls(
            image,
            when,
            str(data.get("state")),
            downtime=downtime if isinstance(downtime, float) else None,
            **{key: str(data[key]) for key in _TEXTS if data.get(key) is not None},
        )


_TEXTS = ("deploy_id", "commit", "build", "link", "by", "override", "rollback", "rolled_back")


@dataclass(frozen=True)
class History:
    """The entries of an environment, newest first, and what is live now by the platform itself.

    Where `unfinished`, the last deployment is not concluded: its run is at work, or was killed.
    Where not `running`, what is to be live does not run. `targets` are those of each, where the
    environment has several: `live` is None then, unless it is the same at all of them.
    """

    entries: tuple[Entry, ...] = ()
    live: Entry | None = None
    unfinished: bool = False
    running: bool = False
    targets: Mapping[str, History] = field(default_factory=dict)

    @property
    def goes_back(self) -> bool:
        """Whether it knows of a version that was let through, other than what is live."""
        now = self.live.image.digest if self.live else None
        return any(entry.image.digest != now for entry in self._let_through())

    def before_live(self) -> Entry:
        """The version that was let through before what is live; ConfigurationError without one.

        Rollbacks do not count, so that a second one goes further back and not forth again.
        """
        lives = {t: short(h.live.image.digest) if h.live else None for t, h in self.targets.items()}
        if len(set(lives.values())) > 1:
            told = ", ".join(f"{target} runs {live or 'nothing'}" for target, live in lives.items())
            raise ConfigurationError(
                f"{told}: which version came before is not the same for all; name the one that is "
                "meant, with --storedog-rollback=DIGEST; nothing changed"
            )
        now = self.live.image.digest if self.live else None
        deployed = [entry for entry in self._let_through() if not entry.rollback]
        digests = [entry.image.digest for entry in deployed]
        # What was kept though it was not let through came after all of them.
        within = now in digests and not (self.live and self.live.was_refused)
        older = deployed[digests.index(now) :] if within else deployed
        found = next((entry for entry in older if entry.image.digest != now), None)
        if found is None:
            before = f" before {short(now)}" if now else ""
            raise ConfigurationError(
                "there is nothing to go back to: the history has no other version that was let "
                f"through here{before}; nothing changed"
            )
        return found

    def named(self, text: str) -> Entry:
        """The version whose digest begins so; ConfigurationError unless it is one, and may come."""
        digits = beginning(text)
        digests = {e.image.digest or "": e for e in reversed(self._let_through())}
        found = [digest for digest in digests if digest.startswith(f"sha256:{digits}")]
        if len(found) > 1:
            several = ", ".join(digest[:24] for digest in found[:_NAMED])
            raise ConfigurationError(f"{text} begins several digests, {several}: say more")
        if not found:
            raise ConfigurationError(self._never(digits, list(digests)))
        if self.live and self.live.image.digest == found[0]:
            raise ConfigurationError(f"{self.live.told} is live already; nothing changed")
        return digests[found[0]]

    def _let_through(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.state == LET_THROUGH]

    def _never(self, digits: str, known: list[str]) -> str:
        other = next((e for e in self.entries if _begins(e, digits)), None)
        why = (
            f"was never let through here, its verdict was {other.state}" if other else "is unknown"
        )
        names = ", ".join(map(short, reversed(known[-_NAMED:]))) or "nothing"
        return (
            f"{digits} {why}: the history has {names} to go back to; deploy another one as any, "
            "with --storedog-image; nothing changed"
        )


def with_entry(entries: tuple[Entry, ...], entry: Entry) -> tuple[Entry, ...]:
    """The entries with a new one, bounded.

    What was let through and is only checked anew stays as it stands there: the very same entries.
    """
    stands = {each.deploy_id for each in entries if each.state == LET_THROUGH}
    if entry.state == LET_THROUGH and entry.deploy_id in stands:
        return entries
    return _within_limits((entry, *entries))


def as_text(entries: tuple[Entry, ...], most: int) -> str:
    """As JSON of at most so many characters: the oldest ones are left out where they are more."""
    while len(text := json.dumps([each.as_json() for each in entries])) > most:
        entries = entries[:-1]
    return text


def _within_limits(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Many that were not let through leave those alone that a person can go back to."""
    left, found = dict(_MOST), []
    for entry in entries:
        good = entry.state == LET_THROUGH
        left[good] -= 1
        if left[good] >= 0:
            found.append(entry)
    return tuple(found)


def kept(history: History, most: int) -> frozenset[str]:
    """The digests of what is live and of the last versions that were let through, `most` in all."""
    live = [history.live] if history.live else []
    good = [entry for entry in history.entries if entry.state == LET_THROUGH]
    digests = dict.fromkeys(e.image.digest for e in (*live, *good) if e.image.digest)
    return frozenset(list(digests)[:most])


def _begins(entry: Entry, digits: str) -> bool:
    return (entry.image.digest or "").startswith(f"sha256:{digits}")


def _bounded(value: Any) -> Any:
    return value[:_LONGEST] if isinstance(value, str) else value
