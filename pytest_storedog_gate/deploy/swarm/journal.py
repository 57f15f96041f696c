"""The journal of a deployment: a label of the service itself, which comes with the new image.

Both are one update, so that either all of it is there or nothing. The label holds what the gate has
changed as it was before, since a Swarm forgets that at the next update of whatever. It is of one
template: where the service has another one by now, somebody else has updated it, which ends the
deployment without the gate.

All here are functions from a service to what it is to be; nothing is asked or changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.docker.names import PREFIX
from pytest_storedog_gate.deploy.swarm.names import JOURNAL
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.swarm.models import Service, Spec

_CHANGED = ("Labels", "TaskTemplate", "UpdateConfig")
"""What a deployment changes in the spec of a service; others may change the rest meanwhile."""


@dataclass(frozen=True)
class Journal:
    """An open deployment: what was `before`, and which `template` the gate has set.

    `update` is what it has said of updates.
    """

    before: Mapping[str, Any]
    template: str
    update: Mapping[str, Any]

    @classmethod
    def of(cls, service: Service) -> Journal | None:
        """None where none is open, or somebody else has updated the service since.

        Who tells the Swarm to roll back brings the label of a deployment that had ended.
        """
        left = cls._left_on(service)
        if left is None or service.update.startswith("rollback"):
            return None
        return left if left.template == _digest(service.template) else None

    @classmethod
    def overtaken(cls, service: Service) -> bool:
        """Whether somebody else has updated the service in an open deployment."""
        left = cls._left_on(service)
        return left is not None and left.template != _digest(service.template)

    @classmethod
    def begun(cls, service: Service) -> Journal:
        """The journal of a deployment that is about to change the service.

        Where an earlier one could not be put back, what was before that one was proved last.
        """
        if (still_open := cls.of(service)) is not None:
            return still_open
        before = {key: service.spec.get(key) for key in _CHANGED}
        before["Labels"] = {key: text for key, text in service.labels.items() if key != JOURNAL}
        if (left := cls._left_on(service)) is not None:
            # Somebody else has ended a deployment: what the gate said of updates is there still.
            before["UpdateConfig"] = left.owners_update(service)
        return cls(before, _digest(service.template), {})

    @classmethod
    def _left_on(cls, service: Service) -> Journal | None:
        """The last one, of whichever template; None where the label is none."""
        try:
            said = json_text.loads(service.labels[JOURNAL])
            before = {key: said["before"][key] for key in _CHANGED}
            return cls(before, said["template"], said["update"])
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def restores(self) -> bool:
        """Whether the previous version is being put back already."""
        return self.template == _digest(self.before["TaskTemplate"])

    def opened(self, service: Service, template: Spec, said: Mapping[str, str]) -> Spec:
        """The service with a new template and what is `said` of it in labels."""
        return self._begun_anew(service, template, said, {})

    def restoring(self, service: Service) -> Spec:
        """The service with its previous tasks; the journal stays until they are proved."""
        # What is refused goes at once, and not task by task.
        at_once = {"Parallelism": 0, "Delay": 0}
        return self._begun_anew(service, self.before["TaskTemplate"], {}, at_once)

    def restored(self, service: Service) -> Spec:
        """The service as it was before; what its owner has said meanwhile of other things stays."""
        update = self.owners_update(service)
        said = {**service.spec, "TaskTemplate": self.before["TaskTemplate"], "UpdateConfig": update}
        return _without_nothing({**said, "Labels": self._labels(service)})

    def concluded(self, service: Service) -> Spec:
        """The service as it is, with what its owner said of updates."""
        said = {key: text for key, text in service.labels.items() if key != JOURNAL}
        update = self.owners_update(service)
        return _without_nothing({**service.spec, "Labels": said, "UpdateConfig": update})

    def _begun_anew(
        self, service: Service, template: Spec, said: Mapping[str, str], how: Mapping[str, Any]
    ) -> Spec:
        before = self.owners_update(service)
        update = {**_ours(before, order(service)), **how}
        kept = {**self.before, "UpdateConfig": before}
        text = json.dumps({"before": kept, "template": _digest(template), "update": update})
        return {
            **service.spec,
            "TaskTemplate": template,
            "UpdateConfig": update,
            "Labels": {**self._labels(service), **said, JOURNAL: text},
        }

    def _labels(self, service: Service) -> dict[str, str]:
        """The gate's of before, and the others as they are now."""
        said = self.before["Labels"]
        ours = {key: text for key, text in said.items() if key.startswith(PREFIX)}
        now = service.labels.items()
        return {**{key: text for key, text in now if not key.startswith(PREFIX)}, **ours}

    def owners_update(self, service: Service) -> Mapping[str, Any] | None:
        """What was said of updates before, and what somebody else has changed of it since.

        The engine leaves out what is nothing.
        """
        before, now = self.before["UpdateConfig"], service.spec.get("UpdateConfig") or {}
        theirs = {
            key: now.get(key)
            for key in {*now, *self.update}
            if (now.get(key) or None) != (self.update.get(key) or None)
        }
        return _without_nothing({**(before or {}), **theirs}) if theirs and self.update else before


def order(service: Service) -> str:
    """Whether the next task starts before the last one stops: not where they share something.

    A published port of a node is one's alone, what both write to is nobody's, and where a node may
    have so many of them there may be no other.
    """
    mounts = service.template["ContainerSpec"].get("Mounts") or ()
    on_nodes = any(port.get("PublishMode") == "host" for port in service.ports)
    shared = any(not mount.get("ReadOnly") for mount in mounts if mount.get("Type") != "tmpfs")
    counted = (service.template.get("Placement") or {}).get("MaxReplicas")
    return "stop-first" if on_nodes or shared or counted else "start-first"


def _ours(said: Mapping[str, Any] | None, order: str) -> dict[str, Any]:
    """How the Swarm is to update it: one that fails stays as it is, for the gate to put back."""
    return {**(said or {}), "FailureAction": "pause", "MaxFailureRatio": 0, "Order": order}


def _without_nothing(spec: Spec) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if value is not None}


def _digest(template: Spec) -> str:
    text = json.dumps(template, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
