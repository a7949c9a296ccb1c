"""A slip in a Protocol is named before an adapter is judged by it."""

from collections.abc import Sequence
from typing import Any, Protocol

import pytest

from pytest_pal.errors import PalError
from pytest_pal.kit.declared import check_declared
from pytest_pal.model.capability import Capability
from pytest_pal.model.operation import operation
from pytest_pal.model.payload import Observed, Output
from pytest_pal.model.values import Key


class Paid(Output):
    id: Key


class Row(Observed):
    id: str


class Bare:
    id: Key


def of(name: str, function: Any) -> type:
    return type("Till", (), {"__module__": "acme", name: function})


def capability(protocol: type, observe: type | None = None) -> Capability:
    return Capability(name="till", version="1.0", package="acme", protocol=protocol, observe=observe)


def pay(returns: Any = Paid) -> Any:
    """A method of its own: a declaration is written on it."""

    def paying(self: Any) -> Any: ...

    paying.__annotations__ = {"return": returns}
    return paying


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (operation("writes", "natural")(pay()), "'writes' is none of read, write"),  # type: ignore[arg-type]
        (operation("write", "keyed")(pay()), "'keyed' is none of key, natural, repeatable"),  # type: ignore[arg-type]
        (operation("write", "key")(pay()), r"no argument 'idempotency_key'; write `\*, idempotency_key: Key`"),
        (operation("read", "repeatable")(pay(Bare)), "what it returns is no payload"),
        (operation("read", "repeatable")(pay(None)), "what it returns is no payload"),
        (operation("write", "natural", reads=("look",))(pay()), "reads='look' is no operation that reads"),
    ],
)
def test_an_operation_is_named_with_what_is_wrong(declared: Any, words: str) -> None:
    with pytest.raises(PalError, match=rf"acme\.Till\.paying: .*{words}"):
        check_declared(capability(of(declared.__name__, declared)))


class Charges(Protocol):
    def charges(self) -> Sequence[Row]: ...


class Untyped(Protocol):
    def charges(self) -> list: ...  # type: ignore[type-arg]


class OfDicts(Protocol):
    def charges(self) -> Sequence[dict[str, Any]]: ...


@pytest.mark.parametrize("observe", [Untyped, OfDicts])
def test_an_observer_says_what_its_rows_are(observe: type) -> None:
    fine = operation("write", "natural")(pay())
    check_declared(capability(of("pay", fine), Charges))
    with pytest.raises(PalError, match=rf"{observe.__name__}\.charges: it returns Sequence\[Row\]"):
        check_declared(capability(of("pay", fine), observe))
