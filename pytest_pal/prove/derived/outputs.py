"""Wrong outputs: what the models of the contract do not allow, and values that are allowed and not true."""

from collections.abc import Callable, Iterator
from typing import Any, get_origin

from pydantic import StringConstraints

from ...compare.normal import NEVER_EQUAL
from ...model.fields import field_class
from ...model.operation import Operation
from ...model.payload import Output
from ...model.values import KEY_PATTERN
from .calls import Call, Given, around
from .defect import Body, Defect

Change = Callable[[dict[str, Any]], Any]
Kind = Callable[[Any], bool]
SHAPE = "shape.output"


def _changed(change: Change) -> Body:
    """What is returned is made of the right output, as JSON."""

    def body(base: type, operation: Operation) -> dict[str, Any]:
        def wrong(self: Any, call: Call, given: Given) -> Any:
            returned = call()
            output = returned if isinstance(returned, Output) else operation.output.model_validate(returned)
            return change(output.plain())

        return around(base, operation, wrong)

    return body


def _field(kind: Kind, value: Callable[[Any], Any]) -> Body:
    """The first field of a kind gets another value."""

    def body(base: type, operation: Operation) -> dict[str, Any]:
        name = next(_fields(operation, kind))
        return _changed(lambda output: {**output, name: value(output[name])})(base, operation)

    return body


def _fields(operation: Operation, kind: Kind) -> Iterator[str]:
    """The wire names of required fields of a kind that is neither measured nor free."""
    for name, field in operation.output.model_fields.items():
        if field.is_required() and kind(field) and field_class(operation.output, name).name not in NEVER_EQUAL:
            yield field.alias or name


def _has(kind: Kind) -> Callable[[Operation], bool]:
    return lambda operation: any(_fields(operation, kind))


def _is_key(field: Any) -> bool:
    return any(isinstance(mark, StringConstraints) and mark.pattern == KEY_PATTERN for mark in field.metadata)


def _is_integer(field: Any) -> bool:
    return field.annotation is int


def _is_list(field: Any) -> bool:
    return get_origin(field.annotation) is tuple


DEFECTS = (
    Defect("returns_nothing", "nothing is returned", SHAPE, _changed(lambda output: None)),
    Defect("extra_field", "a field stands outside extensions", SHAPE, _changed(lambda o: {**o, "raw_vendor_reply": 1})),
    Defect("id_with_a_blank", "an id is none", SHAPE, _field(_is_key, lambda id: f"no {id}"), _has(_is_key)),
    Defect("float_for_int", "an integer is a float", SHAPE, _field(_is_integer, float), _has(_is_integer)),
    Defect("bool_for_int", "an integer is a boolean", SHAPE, _field(_is_integer, bool), _has(_is_integer)),
    Defect("none_for_list", "a list is null", SHAPE, _field(_is_list, lambda items: None), _has(_is_list)),
    Defect(
        "one_more",
        "a number is greater by one",
        "adapter.golden.every_operation",
        _field(_is_integer, lambda number: number + 1),
        _has(_is_integer),
    ),
)
