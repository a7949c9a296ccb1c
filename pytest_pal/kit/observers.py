"""Rows of an observer, as the contract's models: what the vendor adds of its own is left out."""

from functools import cache
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError

from ..model.capability import Capability, faults
from ..model.clause import Unproven
from ..model.payload import Observed


def rows(capability: Capability, name: str, found: Any) -> list[dict[str, Any]]:
    """Each row as JSON. Raises `Unproven` for rows that the observer's Protocol does not allow."""
    model = row_model(capability.observe, name)
    try:
        return [model.model_validate(_fields(row)).plain() for row in found]
    except ValidationError as error:
        raise Unproven(f"the observer's {name}() gives rows unlike {model.__name__}: {faults(error)}") from None


@cache
def row_model(observe: type, name: str) -> type[Observed]:
    """The model of one list's rows, from the return annotation ``Sequence[Row]``."""
    hints = get_type_hints(getattr(observe, name))
    model: type[Observed] = get_args(hints["return"])[0]
    return model


def _fields(row: Any) -> Any:
    return row.model_dump(by_alias=True) if isinstance(row, Observed) else row
