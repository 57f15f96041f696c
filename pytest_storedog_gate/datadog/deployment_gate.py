"""Evaluations of deployment gates of Datadog's, as `datadog-ci deployment gate` asks for them.

https://docs.datadoghq.com/api/latest/deployment-gates/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from pytest_storedog_gate.datadog.calling.caller import Call, Caller
from pytest_storedog_gate.datadog.calling.json_answer import identifier, listed, mapping, plain
from pytest_storedog_gate.errors import DeploymentFailed, GateError, NoVerdict

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.watch import DeploymentGate

_PATH = "v2/deployments/gates/evaluation"
_SCOPE = "deployment_gates_evaluate"


@dataclass(frozen=True)
class Evaluation:
    """One look at an evaluation: `status` is in Datadog's words, `failed` tells of rules.

    `passed` of all its `rules` have passed, each by its own word.
    """

    status: str
    rules: int
    passed: int
    failed: tuple[str, ...]
    dry_run: bool
    url: str = ""

    @property
    def ended(self) -> bool:
        """Whether Datadog has decided; a word that nobody knows may still become one."""
        return self.status in ("pass", "fail")

    @property
    def fault(self) -> GateError | None:
        """What an evaluation that has ended says against the deployment."""
        see = f"; see {self.url}" if self.url else ""
        rules = "; ".join(self.failed)
        if self.status == "fail":
            why = rules or "no rule says why"
            return DeploymentFailed(f"Datadog's evaluation failed: {why}{see}")
        # In a dry run, of the gate or of a rule, Datadog lets everything pass.
        if self.failed:
            return NoVerdict(f"it passes only because of a dry run: {rules}{see}")
        if self.dry_run:
            return NoVerdict(f"it is in dry run, and passes whatever its rules say{see}")
        if not self.rules:
            return NoVerdict(f"it has no rules, so it proves nothing{see}")
        if self.passed < self.rules:
            few = f"{self.passed} of {self.rules} rules say so"
            return NoVerdict(f"it passes, and only {few}, which contradicts itself{see}")
        return None

    @classmethod
    def from_json(cls, data: dict[str, Any], asked: str) -> Self:
        """Reads the answer about the evaluation `asked` for; ValueError about another."""
        said = data["data"]["attributes"]
        if data.get("errors") or said.get("evaluation_id", asked) != asked:
            raise ValueError
        rules = [mapping(rule) for rule in listed(said.get("rules") or [])]
        return cls(
            identifier(said["gate_status"]),
            len(rules),
            sum(rule.get("status") == "pass" for rule in rules),
            tuple(map(_failed, (rule for rule in rules if rule.get("status") == "fail"))),
            said.get("dry_run") not in (None, False),
            plain(said.get("evaluation_url")),
        )


def _failed(rule: dict[str, Any]) -> str:
    why = plain(rule.get("reason"), "no reason given")
    return f"{plain(rule.get('name'), 'a rule')}: {why}"


class DeploymentGates(Caller):
    """The calls about evaluations; see `Caller` for how each is made."""

    service = "Datadog"

    def begin(self, gate: DeploymentGate, version: str | None) -> str:
        """Starts an evaluation of a version; returns its ID."""
        said = {
            "service": gate.service,
            "env": gate.env,
            "identifier": gate.identifier,
            "version": version,
            "apm_primary_tag": gate.apm_primary_tag,
        }
        attributes = {key: value for key, value in said.items() if value}
        data = {"type": "deployment_gates_evaluation_request", "attributes": attributes}
        return self.ask(
            Call(
                _PATH,
                "a started evaluation (an evaluation_id)",
                lambda a: identifier(a.json()["data"]["attributes"]["evaluation_id"]),
                method="POST",
                body={"data": data},
                scope=_SCOPE,
            )
        )

    def evaluation(self, evaluation: str) -> Evaluation:
        """An evaluation as it stands."""
        return self.ask(
            Call(
                f"{_PATH}/{quote(evaluation, safe='')}",
                f"the evaluation {evaluation}",
                lambda answer: Evaluation.from_json(answer.json(), evaluation),
                # As in datadog-ci: one that has just been started may not be known everywhere yet.
                again=(404,),
                patient=True,
                scope=_SCOPE,
            )
        )
