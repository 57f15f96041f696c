"""What a client sends back of what it was shown: the secrets that were left out return to it."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NOTHING: list[Any] = []  # is held where all that was shown stands for secrets


def with_secrets(sent: Any, shown: Any, held: Any) -> Any:
    """`sent`, in which whatever is as it was shown becomes what is held.

    What was not shown and is not sent is kept, but for the value of a variable that shall not be
    secure any more. An item of a list is the one that was shown alike, else under the same name.
    """
    if _text(sent) == _text(shown):
        return held
    if isinstance(sent, dict) and isinstance(shown, dict) and isinstance(held, dict):
        revealed = held.get("secure") and not sent.get("secure")
        hidden = set() if revealed else held.keys() - shown.keys() - sent.keys()
        back = {key: held[key] for key in hidden} | {
            key: with_secrets(value, shown[key], held.get(key, _NOTHING)) if key in shown else value
            for key, value in sent.items()
        }
        return {key: value for key, value in back.items() if value is not _NOTHING}
    if isinstance(sent, list) and isinstance(shown, list) and isinstance(held, list):
        return list(_items(sent, shown, held))
    return sent


def _items(sent: list[Any], shown: list[Any], held: list[Any]) -> Iterator[Any]:
    alike = _places(_text(one) for one in shown)
    namesakes = _places(_name(one) for one in shown)
    for index, one in enumerate(sent):
        places = alike[_text(one)] or namesakes[_name(one)]
        # Where several come into question it may be another one's secret.
        place = index if index in places else places[0] if len(places) == 1 else None
        if place is None:
            yield one
        elif place < len(held):  # else it was shown in the place of a secret
            yield with_secrets(one, shown[place], held[place])


def _places(keys: Iterable[str | None]) -> defaultdict[str | None, list[int]]:
    found: defaultdict[str | None, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        if key is not None:
            found[key].append(index)
    return found


def _text(value: Any) -> str:
    # As JSON: to Python, true and 1 are the same.
    return json.dumps(value, sort_keys=True)


def _name(value: Any) -> str | None:
    name = value.get("name") if isinstance(value, dict) else None
    return name if isinstance(name, str) else None
