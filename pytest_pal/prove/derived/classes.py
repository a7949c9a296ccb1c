"""The wrong classes by name, as ``ads__pause__swallowed``: another process finds them here too."""

from ...kit.contract import Contract
from ...kit.discovery import contract_of
from ...model.operation import Operation
from .defect import WIRE, Defect, mock_of
from .twins import twin_of, wrong_twin

MARK = "__"
_MADE: dict[str, type] = {}


def wrong_class(contract: Contract, operation: Operation, defect: Defect) -> type:
    """The mock, or the reference client, with this defect in this operation: one class per name."""
    name = MARK.join((contract.capability.name, operation.name, defect.name))
    if name not in _MADE:
        _MADE[name] = _make(name, contract, operation, defect)
    return _MADE[name]


def _make(name: str, contract: Contract, operation: Operation, defect: Defect) -> type:
    about = {"__module__": __name__, "__qualname__": name, "__doc__": f"{operation.name}: {defect.what}."}
    if defect.on in WIRE:
        return wrong_twin(name, twin_of(contract.capability), about, operation, defect)
    mock = mock_of(contract.capability)
    return type(name, (mock,), {**about, **defect.body(mock, operation)})


def __getattr__(name: str) -> type:
    from . import find

    capability, _, rest = name.partition(MARK)
    operation, _, defect = rest.partition(MARK)
    if not defect:
        raise AttributeError(name)
    contract = contract_of(capability)
    declared = contract.capability.operation(operation)
    return wrong_class(contract, declared, find(declared, defect))
