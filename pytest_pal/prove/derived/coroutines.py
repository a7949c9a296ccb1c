"""Wrong as coroutines: the loop stands still while the vendor has not answered."""

from collections.abc import Callable
from typing import Any

from ...model.operation import Operation
from .defect import Defect


def _blocks(base: type, operation: Operation) -> dict[str, Any]:
    def own(right: Any) -> dict[str, Any]:
        plain: Callable[..., Any] = getattr(right, operation.name)

        async def method(self: Any, *positional: Any, **named: Any) -> Any:
            return plain(self, *positional, **named)

        return {operation.name: method}

    return {"_class": own}


DEFECTS = (Defect("blocks_the_loop", "nothing else happens meanwhile", "concurrency.free_loop", _blocks, on="twin"),)
