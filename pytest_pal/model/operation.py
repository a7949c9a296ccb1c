"""Operations: what a Protocol's method declares, and the models of its arguments and output."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar, get_type_hints

from pydantic import Field, create_model

from .payload import Output, Payload

Function = TypeVar("Function", bound=Callable[..., Any])
Effect = Literal["read", "write"]
Idempotency = Literal["key", "natural", "repeatable"]
_MARK = "__pal_operation__"


@dataclass(frozen=True)
class Operation:
    """One method of a capability.

    ``key`` names the argument that makes a repeat recognisable, ``deadline_s`` bounds one logical
    call, ``unit`` is what traffic is split by, ``entity`` what it creates or touches, ``reads`` the
    operations that show its effect. An ``optional`` one may be declared unsupported. ``conflict_trait``
    names the trait that says what another payload under a known key does: detect, first_wins, last_wins.
    A ``deferrable`` one may be acknowledged before it is sent.
    """

    name: str
    function: Callable[..., Any]
    effect: Effect
    idempotency: Idempotency
    deadline_s: float = 30.0
    unit: str = ""
    entity: str = ""
    reads: tuple[str, ...] = ()
    optional: bool = False
    key: str | None = None
    conflict_trait: str | None = None
    deferrable: bool = False

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.function, include_extras=True)

    @cached_property
    def parameters(self) -> tuple[inspect.Parameter, ...]:
        return tuple(inspect.signature(self.function).parameters.values())[1:]

    @cached_property
    def arguments(self) -> type[Payload]:
        """A payload model with one field per parameter."""
        fields: dict[str, Any] = {
            parameter.name: (
                self._hints[parameter.name],
                Field(... if parameter.default is parameter.empty else parameter.default),
            )
            for parameter in self.parameters
        }
        return create_model(f"{self.name}_arguments", __base__=Payload, **fields)

    @cached_property
    def output(self) -> type[Output]:
        model: type[Output] = self._hints["return"]
        return model

    @cached_property
    def by_keyword(self) -> frozenset[str]:
        """The parameters that an adapter takes by keyword only."""
        return frozenset(p.name for p in self.parameters if p.kind is p.KEYWORD_ONLY)


def operation(
    effect: Effect,
    idempotency: Idempotency,
    *,
    deadline_s: float = 30.0,
    unit: str = "",
    entity: str = "",
    reads: tuple[str, ...] = (),
    optional: bool = False,
    key: str | None = None,
    conflict_trait: str | None = None,
    deferrable: bool = False,
) -> Callable[[Function], Function]:
    """Declares a Protocol's method to be an operation; the fields are those of `Operation`.

    ``key`` defaults to ``idempotency_key`` for idempotency ``key``.
    """
    if idempotency == "key" and key is None:
        key = "idempotency_key"

    def mark(function: Function) -> Function:
        declared = Operation(
            name=function.__name__,
            function=function,
            effect=effect,
            idempotency=idempotency,
            deadline_s=deadline_s,
            unit=unit,
            entity=entity,
            reads=reads,
            optional=optional,
            key=key,
            conflict_trait=conflict_trait,
            deferrable=deferrable,
        )
        setattr(function, _MARK, declared)
        return function

    return mark


def declared_operations(protocol: type) -> dict[str, Operation]:
    """The operations of a Protocol by name, in the order in which they are written."""
    marked = (getattr(member, _MARK, None) for member in vars(protocol).values())
    return {found.name: found for found in marked if found is not None}
