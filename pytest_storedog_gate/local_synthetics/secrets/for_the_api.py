"""A definition as the API gives it back: without credentials and secure values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.local_synthetics.secrets.for_a_file import secretless
from pytest_storedog_gate.secrets.masking import MASK
from pytest_storedog_gate.secrets.places import mask, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json

_STEPS = {"steps", "stepCount"}
_OF_THE_SERVICE = {"status"}  # a deployed file lets no paused test live
_CONFIGURATION = {"config", *_STEPS}


def full_view(definition: Definition) -> Json:
    """What `GET /tests/api/{id}` and `GET /tests/browser/{id}` answer."""
    return without_secrets({**definition.data, "config": definition.config}, mask)


def view_without_steps(definition: Definition) -> Json:
    """What `GET /tests/{id}` answers: the steps of a browser test are told by its own path."""
    shown = full_view(definition)
    return {key: value for key, value in shown.items() if key not in _STEPS}


def local_view(definition: Definition) -> Json:
    """A definition for a file, which has secure variables where the test has credentials."""
    kept = secretless(definition.data)
    return {key: value for key, value in kept.items() if key not in _OF_THE_SERVICE}


def short_view(definition: Definition) -> Json:
    """What a search answers for a test when it does not ask for its full configuration."""
    return {key: value for key, value in definition.data.items() if key not in _CONFIGURATION}


def with_credentials(view: Callable[[Definition], Json]) -> Callable[[Definition], Json]:
    """The view as Datadog has it: what is masked in it is answered, what is left out is not."""

    def shown(definition: Definition) -> Json:
        return cast("Json", _unmasked(view(definition), definition.data))

    return shown


def _unmasked(shown: Any, held: Any) -> Any:
    if isinstance(shown, dict):
        return {key: _unmasked(value, held[key]) for key, value in shown.items()}
    if isinstance(shown, list):
        return [_unmasked(value, held[index]) for index, value in enumerate(shown)]
    return held if isinstance(shown, str) and MASK in shown else shown
