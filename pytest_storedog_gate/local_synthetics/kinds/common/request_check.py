"""A kind of check that asks once and asserts what came back: most of its facts are tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pytest_storedog_gate.local_synthetics.assertions.evaluate_all import unsupported_assertions
from pytest_storedog_gate.local_synthetics.kinds import brought_request_keys
from pytest_storedog_gate.local_synthetics.kinds.common.allowed import unsupported_keys
from pytest_storedog_gate.local_synthetics.kinds.protocol import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pytest_storedog_gate.local_synthetics.assertions.assertion import Operators
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition
    from pytest_storedog_gate.local_synthetics.kinds import Equipment
    from pytest_storedog_gate.local_synthetics.kinds.common.allowed import Field


class RequestCheck(Kind):
    """Refuses what its tables do not have."""

    fields: ClassVar[Mapping[str, Field]]
    """Per key of `config.request` what it may hold."""
    operators: ClassVar[Mapping[str, Operators]]
    """What can be asserted, per `callType`; of a kind without one, under ""."""
    properties: ClassVar[Mapping[str, str | tuple[str, ...]]] = {}
    """Per type of assertion the words that its `property` may be, or what else it names."""
    config_keys: ClassVar[Collection[str]] = ("request", "assertions")
    refused_options: ClassVar[Collection[str]] = ()
    """Those of `options` that it cannot honour."""

    def __init__(self, equipment: Equipment) -> None:
        self.equipment = equipment

    @property
    def request_keys(self) -> Collection[str]:
        """See `Kind`."""
        return self.fields.keys()

    def call_of(self, _definition: Definition) -> str:
        """The `callType` of a definition."""
        return ""

    def unsupported(self, definition: Definition) -> list[str]:
        """See `Kind`."""
        problems = unsupported_keys(
            definition,
            self.fields,
            config=self.config_keys,
            options=self.refused_options,
            own=brought_request_keys(self.equipment.kinds),
        )
        for key, field in self.fields.items():
            problems += field(definition.request, key)
        call = self.call_of(definition)
        if call not in self.operators:
            return [*problems, f"config.request.callType {call!r} is not supported"]
        problems += unsupported_assertions(definition, self.operators[call])
        return [*problems, *self._unsupported_properties(definition)]

    def _unsupported_properties(self, definition: Definition) -> Iterator[str]:
        for index, assertion in enumerate(definition.config.get("assertions") or []):
            wanted = self.properties.get(str(assertion.get("type")))
            given = assertion.get("property")
            where = f"config.assertions[{index}]: property must"
            if isinstance(wanted, tuple) and given not in wanted:
                yield f"{where} be one of {', '.join(wanted)}"
            elif isinstance(wanted, str) and not isinstance(given, str):
                yield f"{where} name {wanted}"
