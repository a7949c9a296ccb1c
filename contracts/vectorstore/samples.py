"""Valid and refusable calls of the vectorstore contract. Scores lie further apart than any tolerance."""

from dataclasses import replace
from typing import Any

from ...model.samples import Arguments, Given, Refusal, Sample, Scene

COLLECTION = "pal_docs"
OTHER = "pal_other"
ALIAS = "pal_live"
MANY = 99
DIRECTIONS = ([1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0])


def index(scene: Scene, **changes: Any) -> dict[str, Any]:
    """Three records in three directions; another ``n`` is three other records of the same collection."""
    records = [
        {
            "id": f"doc-{scene.n}-{place}",
            "vector": vector,
            "metadata": {"lang": "en", "year": 2020 + place, "public": True},
            "text": f"Text {place}",
        }
        for place, vector in enumerate(DIRECTIONS)
    ]
    return {"collection": COLLECTION, "records": records, "metric": "cosine", "dimension": 3, **changes}


def index_many(scene: Scene) -> dict[str, Any]:
    """As many records as every adapter takes, and more than some vendors take in one request."""
    batches = [index(replace(scene, n=1_000 * (scene.n + 1) + batch))["records"] for batch in range(MANY // 3)]
    return index(scene, records=[record for batch in batches for record in batch])


def search(scene: Scene, **changes: Any) -> dict[str, Any]:
    """The two nearest to a direction that turns with ``n``."""
    english = {"field": "lang", "op": "eq", "value": "en"}
    query = [9.0, float(scene.n), 0.0]
    return {"target": COLLECTION, "vector": query, "k": 2, "filter": [english], **changes}


def swap(scene: Scene, **changes: Any) -> dict[str, Any]:
    """An alias of its own for each ``n``."""
    return {"alias": f"{ALIAS}_{scene.n}", "collection": COLLECTION, **changes}


def _with(sample: Arguments, **changes: Any) -> Arguments:
    return lambda scene: {**sample(scene), **changes}


INDEXED = Given("indexed", "index")
EMPTY = Given("empty", "index", arguments=_with(index, records=[]))
OTHER_INDEXED = Given("other", "index", arguments=_with(index, collection=OTHER))
SWAPPED = Given("swapped", "swap", arguments=_with(swap, alias=ALIAS))

SAMPLES = {
    "index": Sample(index, many=index_many),
    "search": Sample(search, given=(INDEXED,)),
    "swap": Sample(swap, given=(INDEXED,)),
}

FLAT = [{"id": "flat", "vector": [1.0, 0.0], "metadata": {}}]
NESTED = [{"id": "nested", "vector": [1.0, 0.0, 0.0], "metadata": {"ok": 1, "deep": {"a": 1}}}]
LISTED = [{"id": "listed", "vector": [1.0, 0.0, 0.0], "metadata": {"ok": 1, "tags": ["a", "b"]}}]

REFUSALS = (
    Refusal(
        "index",
        "other_metric",
        "A collection's metric is fixed: index with another is a conflict.",
        ("conflict",),
        _with(index, metric="dot"),
        given=(INDEXED,),
    ),
    Refusal(
        "index",
        "other_dimension",
        "A collection's dimension is fixed: index with another is a conflict.",
        ("conflict",),
        _with(index, records=FLAT, dimension=2),
        given=(INDEXED,),
    ),
    Refusal(
        "index",
        "other_dimension_empty",
        "A collection made without records has a dimension too: another is a conflict, with no records too.",
        ("conflict",),
        _with(index, records=[], dimension=4),
        given=(EMPTY,),
    ),
    Refusal(
        "index",
        "name_of_alias",
        "Indexing into the name of an alias is a conflict.",
        ("conflict",),
        _with(index, collection=ALIAS),
        given=(INDEXED, SWAPPED),
        needs=("swap",),
    ),
    Refusal(
        "index",
        "nothing_into_alias",
        "Indexing no records into the name of an alias is a conflict too.",
        ("conflict",),
        _with(index, collection=ALIAS, records=[]),
        given=(INDEXED, SWAPPED),
        needs=("swap",),
    ),
    Refusal(
        "index",
        "nested_object",
        "Without traits.nested_metadata an object in metadata is invalid.",
        ("invalid",),
        _with(index, records=NESTED),
        applies=lambda traits: not traits.nested_metadata,
    ),
    Refusal(
        "index",
        "nested_list",
        "Without traits.nested_metadata a list in metadata is invalid.",
        ("invalid",),
        _with(index, records=LISTED),
        applies=lambda traits: not traits.nested_metadata,
    ),
    Refusal(
        "search",
        "unknown_target",
        "Searching what is neither a collection nor an alias is not_found.",
        ("not_found",),
        _with(search, target="no_such_target"),
        given=(INDEXED,),
    ),
    Refusal(
        "search",
        "short_vector",
        "A query with fewer components than the collection's dimension is invalid.",
        ("invalid",),
        _with(search, vector=[1.0, 0.0]),
        given=(INDEXED,),
    ),
    Refusal(
        "search",
        "long_vector",
        "A query with more components than the collection's dimension is invalid, if it is empty too.",
        ("invalid",),
        _with(search, vector=[1.0, 0.0, 0.0, 0.0]),
        given=(EMPTY,),
    ),
    Refusal(
        "search",
        "vector_for_alias",
        "A query of another dimension than the collection's is invalid through an alias too.",
        ("invalid",),
        _with(search, target=ALIAS, vector=[1.0, 0.0]),
        given=(INDEXED, SWAPPED),
        needs=("swap",),
    ),
    Refusal(
        "search",
        "zero_vector",
        "A zero query is invalid under cosine.",
        ("invalid",),
        _with(search, vector=[0.0, 0.0, 0.0]),
        given=(INDEXED,),
    ),
    Refusal(
        "swap",
        "missing_collection",
        "Pointing an alias at a collection that does not exist is not_found, and leaves the alias as it was.",
        ("not_found",),
        _with(swap, alias=ALIAS, collection="no_such_collection"),
        given=(INDEXED, SWAPPED),
    ),
    Refusal(
        "swap",
        "new_alias_of_missing",
        "A new alias of a collection that does not exist is not_found, and makes no alias.",
        ("not_found",),
        _with(swap, collection="no_such_collection"),
        given=(INDEXED,),
    ),
    Refusal(
        "swap",
        "name_of_collection",
        "An alias with the name of a collection is a conflict.",
        ("conflict",),
        _with(swap, alias=OTHER),
        given=(INDEXED, OTHER_INDEXED),
    ),
    Refusal(
        "swap",
        "own_name",
        "An alias with the name of its own collection is a conflict.",
        ("conflict",),
        _with(swap, alias=COLLECTION),
        given=(INDEXED,),
    ),
)

SHAPED_BY = ("nested_metadata", "stores_text")
