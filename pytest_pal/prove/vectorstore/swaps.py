"""Wrong in swap: what an alias stands for, and while it moves."""

import copy
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ...contracts.vectorstore.protocol import Condition
from ...mocks.vectorstore import MockVectorStore
from ...model.context import Context
from ..saboteur import RECORDED, Saboteur
from .changes import WINDOW_S, Json


class NoPrevious(MockVectorStore):
    def swap(self, alias: str, collection: str) -> Json:
        return {**super().swap(alias, collection), "previous": None}


class FirstSwapOnly(MockVectorStore):
    def swap(self, alias: str, collection: str) -> Json:
        with self._box as state:
            previous = state["aliases"].get(alias)
        answer = super().swap(alias, collection)
        if previous:
            super().swap(alias, previous)
        return answer


class DropsOld(MockVectorStore):
    def swap(self, alias: str, collection: str) -> Json:
        answer = super().swap(alias, collection)
        if answer["previous"] not in (None, collection):
            with self._box as state:
                state["collections"][answer["previous"]]["records"].clear()
        return answer


class Copies(MockVectorStore):
    """An alias is a copy of what its collection was."""

    def swap(self, alias: str, collection: str) -> Json:
        with self._box as state:
            frozen = copy.deepcopy(state["collections"].get(collection))
        answer = super().swap(alias, collection)
        with self._box as state:
            state["collections"][f"copy_{alias}"] = frozen
        super().swap(alias, f"copy_{alias}")
        return answer


class NoFilterOnAlias(MockVectorStore):
    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        with self._box as state:
            aliased = target in state["aliases"]
        return super().search(target, vector, k, () if aliased else filter)


class OneAlias(MockVectorStore):
    def swap(self, alias: str, collection: str) -> Json:
        answer = super().swap(alias, collection)
        with self._box as state:
            state["aliases"].update(dict.fromkeys(state["aliases"], collection))
        return answer


class Gap(MockVectorStore):
    def swap(self, alias: str, collection: str) -> Json:
        with self._box as state:
            previous = state["aliases"].pop(alias, None)
        time.sleep(WINDOW_S)
        return {**super().swap(alias, collection), "previous": previous}


class Mixes(MockVectorStore):
    """Looks an alias up twice for one search."""

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        before = super().search(target, vector, k, filter)["hits"]
        time.sleep(WINDOW_S / 4)
        after = super().search(target, vector, k, filter)["hits"]
        return {"hits": list({hit["id"]: hit for hit in [*before[:1], *after]}.values())[:k]}


class ResolvesOnce(MockVectorStore):
    """Remembers what an alias stands for, until its own next swap."""

    def search(self, target: str, vector: Any, k: int, filter: Sequence[Condition] = ()) -> Json:
        with self._box as state:
            name = self.__dict__.setdefault("known", {}).setdefault(target, state["aliases"].get(target, target))
        return super().search(name, vector, k, filter)

    def swap(self, alias: str, collection: str) -> Json:
        self.__dict__.pop("known", None)
        return super().swap(alias, collection)


class AliasInMemory(MockVectorStore):
    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        super().__init__(config, ctx)
        with self._box as state:
            state["aliases"].clear()


class Dangling(MockVectorStore):
    def swap(self, alias: str, collection: str) -> Json:
        with self._box as state:
            previous, state["aliases"][alias] = state["aliases"].get(alias), collection
        return {"alias": alias, "collection": collection, "previous": previous}


OWN = "vectorstore.swap.rule."

SABOTEURS = (
    Saboteur("no_previous", NoPrevious, OWN + "previous", RECORDED),
    Saboteur("first_swap_only", FirstSwapOnly, OWN + "moves", RECORDED, "no alias ever moves"),
    Saboteur("drops_old", DropsOld, OWN + "moves", RECORDED),
    Saboteur("copies", Copies, OWN + "follows", RECORDED, "an alias stands for a collection that nobody made"),
    Saboteur("no_filter_on_alias", NoFilterOnAlias, OWN + "like_a_name", RECORDED),
    Saboteur("one_alias", OneAlias, OWN + "aliases_apart", RECORDED),
    Saboteur("gap", Gap, OWN + "atomic", RECORDED),
    Saboteur("mixes", Mixes, OWN + "atomic", RECORDED),
    Saboteur("resolves_once", ResolvesOnce, OWN + "other_instance", RECORDED),
    Saboteur("alias_in_memory", AliasInMemory, OWN + "survives", RECORDED),
    Saboteur("dangling", Dangling, "vectorstore.swap.bad_input.missing_collection", RECORDED),
)
