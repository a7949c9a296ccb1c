"""Wrong outputs: what the models of the contract do not allow, and values that are allowed and not true."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from ...model.operation import Operation
from ...model.payload import Output
from .calls import Call, Given, around
from .defect import Body, Defect

Change = Callable[[dict[str, Any]], Any]
SHAPE = "shape.output"


def _returned(operation: Operation, change: Change) -> Callable[[Any, Call, Given], Any]:
    def wrong(self: Any, call: Call, given: Given) -> Any:
        returned = call()
        output = returned if isinstance(returned, Output) else operation.output.model_validate(returned)
        return change(output.plain())

    return wrong


def _changed(change: Change) -> Body:
    return lambda base, operation: around(base, operation, _returned(operation, change))


def _first(value: Any, wanted: Callable[[Any], bool]) -> tuple[Any, Any] | None:
    """The container and the place of the first such value inside, the shallowest first."""
    queue = [value]
    for container in queue:
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for place, item in items:
            if place == "extensions":
                continue
            if wanted(item):
                return container, place
            if isinstance(item, dict | list):
                queue.append(item)
    return None


def _with(wanted: Callable[[Any], bool], value: Callable[[Any], Any]) -> Change:
    """The output with the first such value replaced; as it is where it has none."""

    def change(output: dict[str, Any]) -> Any:
        output = copy.deepcopy(output)
        found = _first(output, wanted)
        if found is not None:
            container, place = found
            container[place] = value(container[place])
        return output

    return change


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_key(operation: Operation) -> bool:
    return any("pattern" in str(field.metadata) for field in operation.output.model_fields.values())


def _required(operation: Operation) -> Iterator[Any]:
    return (field for field in operation.output.model_fields.values() if field.is_required())


def _counts(operation: Operation) -> bool:
    return any(field.annotation is int for field in _required(operation))


def _lists(operation: Operation) -> bool:
    return any(getattr(field.annotation, "__origin__", None) is tuple for field in _required(operation))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


DEFECTS = (
    Defect("returns_nothing", "nothing is returned", SHAPE, _changed(lambda output: None)),
    Defect("extra_field", "a field stands outside extensions", SHAPE, _changed(lambda o: {**o, "raw_vendor_reply": 1})),
    Defect(
        "id_with_a_blank",
        "an id is none that the contract knows",
        SHAPE,
        _changed(_with(_is_text, lambda text: f"no id: {text}")),
        _is_key,
    ),
    Defect("float_for_int", "an integer is a float", SHAPE, _changed(_with(_is_integer, float)), _counts),
    Defect("bool_for_int", "an integer is a boolean", SHAPE, _changed(_with(_is_integer, bool)), _counts),
    Defect("none_for_list", "a list is null", SHAPE, _changed(_with(_is_list, lambda items: None)), _lists),
    Defect(
        "one_more",
        "a number is greater by one",
        "adapter.golden.every_operation",
        _changed(_with(_is_integer, lambda number: number + 1)),
        _counts,
    ),
)
