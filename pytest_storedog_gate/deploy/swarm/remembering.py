"""The history of a service: the labels of a config object, which a change of it compares and swaps.

What is live is never looked up in it: the service tells that.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.history import (
    LET_THROUGH,
    NOT_RECORDED,
    Entry,
    History,
    as_text,
    with_entry,
)
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.deploy.swarm import names
from pytest_storedog_gate.deploy.swarm.journal import Journal
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.deploy.swarm.manager import Manager, Note
    from pytest_storedog_gate.deploy.swarm.models import Service

_LARGEST = 200_000  # bytes; all managers of a Swarm keep it in memory


def read(manager: Manager, name: str) -> History:
    """What is remembered, and what is live."""
    entries = _entries(manager, manager.find_note(names.history(name)))
    service = manager.find_service(name)
    if service is None:
        return History(entries)
    running = any(task.answers for task in manager.tasks(service))
    unfinished = Journal.of(service) is not None
    return History(entries, _live(service, entries), unfinished=unfinished, running=running)


def write(manager: Manager, environment: Environment, name: str, entry: Entry) -> None:
    """Adds an entry, see `with_entry`."""
    note = manager.find_note(names.history(name))
    before = _entries(manager, note)
    if (entries := with_entry(before, entry)) is before:
        return
    said = {**labels.owner(environment), labels.HISTORY: as_text(entries, _LARGEST)}
    if note is None:
        done = manager.create_note(names.history(name), said) is not None
    else:
        done = manager.change_note(names.history(name), note, said)
    if not done:
        raise NoVerdict(f"somebody else has written to {names.history(name)} meanwhile")


def _entries(manager: Manager, note: Note | None) -> tuple[Entry, ...]:
    if note is None:
        return ()
    try:
        return tuple(map(Entry.from_json, json_text.loads(note.labels.get(labels.HISTORY, ""))))
    except (ValueError, TypeError, AttributeError) as error:
        raise NoVerdict(
            f"the config {note.id} is no history that can be read ({error}); begin another one: "
            f"{manager.way.docker} config rm {note.id}"
        ) from None


def runs_what_its_labels_say(service: Service) -> bool:
    """What somebody else has put in since is not the version that the labels tell of."""
    try:
        digest = ImageReference.parse(service.image).digest
    except ConfigurationError:
        return False
    return service.labels.get(labels.DIGEST) == digest is not None


def _live(service: Service, entries: tuple[Entry, ...]) -> Entry:
    """The entry of what is live, else what its labels tell."""
    try:
        image = ImageReference.parse(service.image)
    except ConfigurationError:  # somebody has named it by something else
        image = ImageReference(service.name)
    said, ours = service.labels, runs_what_its_labels_say(service)
    deploy_id = said.get(labels.DEPLOY_ID) if ours else None
    own = [each for each in entries if each.deploy_id == deploy_id is not None]
    if own:
        return next((each for each in own if each.state == LET_THROUGH), own[0])
    entry = Entry(image, datetime.fromisoformat(service.changed), NOT_RECORDED)
    if not ours:
        return entry
    return replace(
        entry,
        deploy_id=deploy_id,
        commit=said.get(labels.COMMIT) or None,
        build=said.get(labels.BUILD) or None,
        link=said.get(labels.BUILD_LINK) or None,
    )
