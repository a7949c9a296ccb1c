"""An operation of a class with something around it."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from ...model.operation import Operation
from ...model.payload import Payload

Given = dict[str, Any]
Call = Callable[..., Any]
"""Makes the call; what is given by name goes before what the caller gave."""
Around = Callable[[Any, Call, Given], Any]
"""Given the adapter, the right call and the caller's arguments by name: what the wrong operation returns."""
NUMBERS = itertools.count(1)


def fresh() -> str:
    """A key that nobody used."""
    return f"fresh-{next(NUMBERS)}"


def around(base: Any, operation: Operation, wrong: Around) -> dict[str, Any]:
    """The operation, wrapped."""
    right = getattr(base, operation.name)
    names = [parameter.name for parameter in operation.parameters]

    def method(self: Any, *positional: Any, **keyword: Any) -> Any:
        given = {**dict(zip(names, positional, strict=False)), **keyword}

        def call(**changed: Any) -> Any:
            merged = {**given, **changed}
            listed = [merged[name] for name in names if name in merged and name not in operation.by_keyword]
            return right(self, *listed, **{name: merged[name] for name in operation.by_keyword if name in merged})

        return wrong(self, call, given)

    return {operation.name: method}


def keeping_context(base: Any) -> dict[str, Any]:
    """A constructor that keeps the context, for mocks that have no use for it."""

    def __init__(self: Any, config: Mapping[str, Any], ctx: Any) -> None:
        base.__init__(self, config, ctx)
        self.__dict__["_given_ctx"] = ctx

    return {"__init__": __init__}


def memory(self: Any, name: str = "_memory") -> dict[Any, Any]:
    """Something of an instance's own, which it loses with a restart."""
    found: dict[Any, Any] = self.__dict__.setdefault(name, {})
    return found


def plain(value: Any) -> Any:
    """A payload as JSON types; anything else as it is."""
    return value.plain() if isinstance(value, Payload) else value


def printed(given: Given, *, without: str | None = None) -> str:
    """What tells one call from another."""
    return repr(sorted((name, plain(value)) for name, value in given.items() if name != without))
