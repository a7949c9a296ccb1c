"""What saboteurs of llm_observability are made of: the mock over another store, and with its attributes open."""

from typing import Any

from ...mocks.llm_observability import MockLLMObservability, TraceStore

Json = dict[str, Any]


def over(store: type[TraceStore], base: type[MockLLMObservability] = MockLLMObservability) -> type:
    """The mock over a store that breaks a promise."""

    def opened(self: Any, state: Any) -> TraceStore:
        return store(state, self._ctx.clock.now())

    return type(f"Mock{store.__name__}", (base,), {"_store": opened})


class Keeps(MockLLMObservability):
    """Keeps other attributes than it was given."""

    def kept(self, attributes: Json) -> Json:
        raise NotImplementedError

    def _start(self, store: TraceStore, name: str, attributes: Json, parent: str | None) -> Json:
        return super()._start(store, name, self.kept(attributes), parent)
