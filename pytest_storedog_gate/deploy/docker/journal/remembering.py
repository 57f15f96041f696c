"""The history of a service, as a volume on the engine: its label holds all entries.

Nothing of a volume can be changed. So the next one is made, with a higher number, before the last
one goes: a run that is killed in between leaves both, and the higher one counts. No `docker
container prune` takes it away. What is live is never looked up in it: the engine tells that.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import journal
from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.history import (
    LET_THROUGH,
    NOT_RECORDED,
    Entry,
    History,
    kept,
    with_entry,
)
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.environment import Environment


def read(engine: Engine, environment: Environment, names: Names) -> History:
    """What is remembered, and what is live; NoVerdict where somebody else has written there."""
    entries = _entries(engine, environment, names)
    live = engine.find(names.live)
    known = _entry_of(live, entries) if live is not None else None
    running = live is not None and live.running
    return History(entries, known, unfinished=journal.is_open(engine, names), running=running)


def write(engine: Engine, environment: Environment, names: Names, entry: Entry) -> History:
    """Adds an entry, and tells others which images are kept; gives the history as it is then."""
    history = read(engine, environment, names)
    history = replace(history, entries=with_entry(history.entries, entry))
    own = _own(engine, environment, names)
    # Another environment may have a volume of this name: see `ownership`.
    taken = [_number(name, names) for name in engine.volumes(labels.HISTORY)]
    said = {
        **labels.owner(environment),
        labels.SERVICE: names.service,
        labels.HISTORY: json.dumps([each.as_json() for each in history.entries]),
        labels.KEPT: " ".join(sorted(kept(history, environment.keep_images))),
    }
    name = f"{names.history}{max(taken, default=0) + 1}"
    if engine.create_volume(name, said) != said:  # one that tells nothing, so that it was not seen
        raise NoVerdict(
            f"the volume {name} is somebody else's, and the last history stays as it is: take it "
            f"away with docker -H {engine.endpoint} volume rm {name}"
        )
    for number in own:
        engine.remove_volume(f"{names.history}{number}")
    return history


def kept_by_others(engine: Engine, environment: Environment, names: Names) -> frozenset[str]:
    """The digests whose images other environments on this engine want to keep."""
    found = engine.volumes(labels.HISTORY).values()
    others = (said for said in found if not _is_ours(said, environment, names))
    return frozenset(digest for said in others for digest in said.get(labels.KEPT, "").split())


def _entries(engine: Engine, environment: Environment, names: Names) -> tuple[Entry, ...]:
    own = _own(engine, environment, names)
    if not own:
        return ()
    last = max(own)
    try:
        return tuple(map(Entry.from_json, json_text.loads(own[last])))
    except (ValueError, TypeError, AttributeError) as error:
        raise NoVerdict(
            f"the volume {names.history}{last} is no history that can be read ({error}); begin "
            f"another one: docker -H {engine.endpoint} volume rm {names.history}{last}"
        ) from None


def _own(engine: Engine, environment: Environment, names: Names) -> dict[int, str]:
    """What this service's volumes hold, by their numbers."""
    return {
        number: said[labels.HISTORY]
        for name, said in engine.volumes(labels.HISTORY).items()
        if (number := _number(name, names)) and _is_ours(said, environment, names)
    }


def _is_ours(said: Mapping[str, str], environment: Environment, names: Names) -> bool:
    whose = {labels.ENVIRONMENT: environment.name, labels.SERVICE: names.service}
    # What has a project is another's where this one has none.
    whose[labels.PROJECT] = environment.project
    return all(said.get(label, "") == value for label, value in whose.items())


def _number(name: str, names: Names) -> int:
    number = name.removeprefix(names.history)
    return int(number) if number != name and number.isascii() and number.isdecimal() else 0


def _entry_of(live: Container, entries: tuple[Entry, ...]) -> Entry:
    """The entry of what is live, else what its labels tell."""
    deploy_id = live.labels.get(labels.DEPLOY_ID)
    own = [entry for entry in entries if entry.deploy_id == deploy_id is not None]
    if own:
        return next((entry for entry in own if entry.state == LET_THROUGH), own[0])
    try:
        image = ImageReference.parse(live.image)
    except ConfigurationError:  # somebody has started it by the ID of its image
        image = ImageReference(live.name)
    return Entry(
        replace(image, digest=live.labels.get(labels.DIGEST) or image.digest),
        datetime.fromisoformat(live.created_at),
        NOT_RECORDED,
        deploy_id,
        live.labels.get(labels.COMMIT) or None,
        live.labels.get(labels.BUILD) or None,
        live.labels.get(labels.BUILD_LINK) or None,
    )
