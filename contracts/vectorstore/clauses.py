"""What vector stores promise beyond the general families.

Scores lie further apart than the largest tolerance wherever an order is expected.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from operator import mul
from typing import Any

from ...model.clause import clause, holds, refused, same
from ...model.subject import Call, Subject
from .protocol import Found

METRICS = ("cosine", "dot", "euclidean")
ROUNDS = 6


def record(id: str, *vector: float, **others: Any) -> dict[str, Any]:
    """A record; ``others`` are its metadata and its text."""
    return {"id": id, "vector": [float(value) for value in vector], **others}


def index(subject: Subject, name: str, records: Sequence[dict[str, Any]], metric: str = "dot") -> Any:
    """Stores at least one record."""
    return subject.call("index", **indexing(name, records, metric))


def indexing(name: str, records: Sequence[dict[str, Any]], metric: str = "dot") -> dict[str, Any]:
    """The arguments of `index`."""
    return {"collection": name, "records": records, "metric": metric, "dimension": len(records[0]["vector"])}


def search(
    subject: Subject, target: str, *vector: float, k: int = 100, where: Iterable[tuple[str, str, Any]] = ()
) -> list[Any]:
    """The hits; ``where`` is (field, op, value), as often as wanted."""
    conditions = [dict(zip(("field", "op", "value"), condition, strict=True)) for condition in where]
    query = [float(value) for value in vector]
    return list(subject.call("search", target=target, vector=query, k=k, filter=conditions).hits)


def only(subject: Subject, target: str, *vector: float, **options: Any) -> Any:
    """The hit of a `search` that must have one."""
    found = search(subject, target, *vector, **options)
    holds(len(found) == 1, f"a search in {target} must find one record", seen=ids(found))
    return found[0]


def ids(hits: Iterable[Any]) -> list[str]:
    """Their ids, in the order of the hits."""
    return [hit.id for hit in hits]


def near(subject: Subject, one: float, other: float, times: float = 1.0) -> float:
    """How far two scores may lie apart, as the trait says."""
    return float(subject.traits.score_tolerance * times * max(1.0, abs(one), abs(other)))


def true_score(metric: str, one: Sequence[float], other: Sequence[float]) -> float:
    """The definition of the metric's score."""
    if metric == "euclidean":
        return -math.dist(one, other)
    product: float = sum(map(mul, one, other))
    return product / (math.hypot(*one) * math.hypot(*other)) if metric == "cosine" else product


def cloud(size: int, dimension: int) -> list[list[float]]:
    """The same random vectors in every run, with three decimals."""
    source = random.Random(f"{size}/{dimension}")
    return [[round(source.gauss(0, 1), 3) for _ in range(dimension)] for _ in range(size)]


def _clouds(subject: Subject) -> Iterable[tuple[str, list[float], dict[str, float], list[Any]]]:
    """For each metric: a query, the true score of each of 30 records, and 12 hits."""
    query, *vectors = cloud(31, 4)
    records = [record(f"point-{place:02}", *vector) for place, vector in enumerate(vectors)]
    for metric in METRICS:
        index(subject, f"cloud_{metric}", records, metric)
        truth = {row["id"]: true_score(metric, query, row["vector"]) for row in records}
        yield metric, query, truth, search(subject, f"cloud_{metric}", *query, k=12)


def same_hits(subject: Subject, seen: Sequence[Any], expected: Sequence[Any], what: str) -> None:
    """Two lists of hits, with scores compared within the tolerance."""
    allowed = subject.traits.score_tolerance
    same(seen, expected, what, tolerances=lambda pointer: allowed if pointer.endswith("/score") else 0.0)


# index


@clause("vectorstore.index.rule.stored")
def stored(subject: Subject) -> None:
    """index returns how many records it stored, replaced ones included, and no failures."""
    for batch in (["a", "b", "c"], ["b", "c", "d", "e"]):
        seen = index(subject, "docs", [record(id, 1, 2) for id in batch])
        same((seen.stored, seen.failed), (len(batch), ()), f"the answer to {len(batch)} records")


@clause("vectorstore.index.rule.effect")
def effect(subject: Subject) -> None:
    """The vendor keeps each record once, in its collection, under the caller's id."""
    for name, batch in (("docs", ["a", "b"]), ("notes", ["b"]), ("docs", ["b", "c"])):
        index(subject, name, [record(id, 1, 2) for id in batch])
    same(
        sorted(row["name"] for row in subject.observe("collections")),
        ["docs", "notes"],
        "the vendor's collections",
    )
    seen = sorted((row["collection"], row["id"]) for row in subject.observe("records"))
    same(seen, [("docs", "a"), ("docs", "b"), ("docs", "c"), ("notes", "b")], "the vendor's records")


@clause("vectorstore.index.rule.no_records")
def no_records(subject: Subject) -> None:
    """index with no records creates the collection: a search of it finds nothing, a later index fills it."""
    for metric in METRICS:
        empty = subject.call("index", collection=metric, records=[], metric=metric, dimension=2)
        same((empty.stored, empty.failed), (0, ()), "the answer to no records")
        same(ids(search(subject, metric, 1, 2)), [], "hits in an empty collection")
        index(subject, metric, [record("a", 1, 2)], metric)
        subject.call("index", collection=metric, records=[], metric=metric, dimension=2)
        same(ids(search(subject, metric, 1, 2)), ["a"], "hits after an index with no records")


@clause("vectorstore.index.rule.upsert")
def upsert(subject: Subject) -> None:
    """Indexing a known id replaces its vector, metadata and text as a whole, and no other record."""
    others = [record("other", 1, 1, metadata={"old": 1}, text="other")]
    index(subject, "docs", [record("a", 3, 0, metadata={"old": 1, "both": 1}, text="before"), *others])
    index(subject, "docs", [record("a", 0, 9, metadata={"both": 2})])
    found = search(subject, "docs", 0, 1)
    same(ids(found), ["a", "other"], "the records by score, after one was replaced")
    first, second = found
    same((dict(first.metadata), first.text), ({"both": 2}, None), "metadata and text of the replaced record")
    holds(abs(first.score - 9) <= near(subject, 9, 9), "the vector was not replaced", seen=first.score)
    same(second.plain(), {"id": "other", "metadata": {"old": 1}}, "the other record", subset=True)
    same(ids(search(subject, "docs", 0, 1, where=[("old", "eq", 1)])), ["other"], "hits by replaced metadata")
    same(ids(search(subject, "docs", 0, 1, where=[("both", "eq", 2)])), ["a"], "hits by new metadata")
    index(subject, "docs", [record("a", 0, 9)])
    same(dict(search(subject, "docs", 0, 1, k=1)[0].metadata), {}, "metadata after a replacement without any")


@clause("vectorstore.index.rule.upsert_text")
def upsert_text(subject: Subject) -> None:
    """Indexing a known id with another text replaces the text."""
    for text in ("before", "after"):
        index(subject, "docs", [record("a", 1, 0, text=text)])
    hit = only(subject, "docs", 1, 0)
    same(hit.text, "after" if subject.traits.stores_text else None, "the text")


@clause("vectorstore.index.rule.ids_apart")
def ids_apart(subject: Subject) -> None:
    """Every id of the contract's pattern is a record of its own and comes back unchanged."""
    given = ["a", "A", "0", "00", "a.b", "a-b", "a_b", "a.b-c_d", "x" * 64, "x" * 63 + "y", "X" * 64]
    index(subject, "docs", [record(id, 1, 2) for id in given])
    same(sorted(ids(search(subject, "docs", 1, 2))), sorted(given), "the ids of the hits")


@clause("vectorstore.index.rule.collections_apart")
def collections_apart(subject: Subject) -> None:
    """Collections of any name are apart: the same id in several of them is several records."""
    names = ["a", "ab", "a_b", "a__b", "a1", "n" * 40, "n" * 39 + "m"]
    for place, name in enumerate(names):
        index(subject, name, [record("same", 1, 2, metadata={"place": place})])
    for place, name in enumerate(names):
        seen = [hit.metadata["place"] for hit in search(subject, name, 1, 2)]
        same(seen, [place], f"records in the collection {name}")


@clause("vectorstore.index.rule.metadata_unchanged")
def metadata_unchanged(subject: Subject) -> None:
    """Strings, booleans and numbers in metadata come back unchanged: unicode, floats, integers to 2**53."""
    values: dict[str, Any] = {
        "word": "Été 🎉 «夏» \u202b\u05e9\u05dc\u202c\ttab\n",
        "empty": "",
        "digits": "007",
        "yes": True,
        "no": False,
        "zero": 0,
        "negative": -17,
        "fraction": 0.1,
        "tiny": -1.5e-9,
        "largest": 2**53 - 1,
    }
    index(subject, "docs", [record("a", 1, 2, metadata=values)])
    hit = only(subject, "docs", 1, 2)
    same(dict(hit.metadata), values, "the metadata")


@clause("vectorstore.index.rule.metadata_size")
def metadata_size(subject: Subject) -> None:
    """Ten metadata pairs of a 64-character name and a 256-character value are accepted and come back."""
    values = {f"{'k' * 63}{place}": f"{place}" * 256 for place in range(10)}
    index(subject, "docs", [record("a", 1, 2, metadata=values)])
    hit = only(subject, "docs", 1, 2, where=[("k" * 63 + "7", "eq", "7" * 256)])
    same(dict(hit.metadata), values, "the metadata")


PLAIN_NAMES = ("lang", "Lang", "LANG", "a_b", "aB", "id", "text", "score", "vector", "metadata")
OTHER_NAMES = ("a.b", "a-b", "a b", "größe", "7", "$type")


@clause("vectorstore.index.rule.metadata_names")
def metadata_names(subject: Subject) -> None:
    """Metadata fields may have any plain name, also id or text; case counts; unusual names come back or are invalid."""
    plain = dict(zip(PLAIN_NAMES, range(9, 99), strict=False))
    batch = [record("plain", 1, 2, metadata=plain, text="a word"), record("none", 1, 2, text="a word")]
    index(subject, "docs", batch)
    seen = {hit.id: dict(hit.metadata) for hit in search(subject, "docs", 1, 2)}
    same(seen, {"plain": plain, "none": {}}, "the metadata")
    for name, value in plain.items():
        same(ids(search(subject, "docs", 1, 2, where=[(name, "eq", value)])), ["plain"], f"hits by the field {name}")
    for place, name in enumerate(OTHER_NAMES):
        _named_or_refused(subject, f"docs_{place}", name)


def _named_or_refused(subject: Subject, collection: str, name: str) -> None:
    batch = [record("a", 1, 2, metadata={name: 1})]
    outcome = subject.attempt("index", **indexing(collection, batch))
    if outcome.error is not None:
        refused(outcome, "invalid")
        return
    hit = only(subject, collection, 1, 2, where=[(name, "eq", 1)])
    same(dict(hit.metadata), {name: 1}, "the metadata")


@clause("vectorstore.index.rule.null_is_absent")
def null_is_absent(subject: Subject) -> None:
    """A null in metadata is as if it were left out, also where it replaces a value."""
    index(subject, "docs", [record("a", 1, 2, metadata={"kept": 1, "gone": "x"})])
    index(subject, "docs", [record("a", 1, 2, metadata={"kept": 1, "gone": None})])
    hit = only(subject, "docs", 1, 2)
    same(dict(hit.metadata), {"kept": 1}, "the metadata")
    for value in ("x", "", "null", "None", 0, False):
        same(
            ids(search(subject, "docs", 1, 2, where=[("gone", "eq", value)])),
            [],
            f"hits where it equals {value!r}",
        )


@clause("vectorstore.index.rule.nested", applies=lambda traits: traits.nested_metadata)
def nested(subject: Subject) -> None:
    """With traits.nested_metadata objects and lists in metadata come back unchanged."""
    values = {
        "flat": 1,
        "deep": {"a": {"b": [1, "x", True]}, "c": "d"},
        "tags": ["a", "b"],
        "rows": [{"a": 1.5}],
    }
    index(subject, "docs", [record("a", 1, 2, metadata=values)])
    hit = only(subject, "docs", 1, 2, where=[("flat", "eq", 1)])
    same(hit.plain()["metadata"], values, "the metadata")


@clause("vectorstore.index.rule.nested_in_batch", applies=lambda traits: not traits.nested_metadata)
def nested_in_batch(subject: Subject) -> None:
    """A record with nested metadata is refused with its batch, nothing stored, or alone and named in failed."""
    batch = [record("good", 1, 2), record("nested", 1, 2, metadata={"deep": {"a": 1}})]
    before = subject.snapshot()
    outcome = subject.attempt("index", **indexing("docs", batch))
    if outcome.error is not None:
        refused(outcome, "invalid")
        same(subject.snapshot(), before, "the vendor's state after the refusal")
        return
    failed = [(row.id, row.code) for row in outcome.value.failed]
    same((outcome.value.stored, failed), (1, [("nested", "invalid")]), "stored and failed of the batch")
    same(ids(search(subject, "docs", 1, 2)), ["good"], "the ids of the hits")


@clause("vectorstore.index.rule.dimensions")
def dimensions(subject: Subject) -> None:
    """Dimensions from 2 to 1024 are accepted, and every component counts."""
    for size in (2, 1024):
        ends = {"first": 0, "last": size - 1}
        vectors = {name: [100.0 if at == place else 0.5 for at in range(size)] for name, place in ends.items()}
        batch = [record(name, *vector) for name, vector in vectors.items()]
        index(subject, f"size_{size}", [*batch, record("a-plain", *[0.5] * size)], "euclidean")
        for name, vector in vectors.items():
            same(ids(search(subject, f"size_{size}", *vector, k=1)), [name], f"the nearest in dimension {size}")


@clause("vectorstore.index.rule.magnitudes")
def magnitudes(subject: Subject) -> None:
    """Components from 1e-6 to 1e6 in magnitude are accepted and count for their true size."""
    table: tuple[tuple[str, Sequence[float], Sequence[float], float], ...] = (
        ("cosine", (1e-6, 1e-6), (1e6, 1e6), 1.0),
        ("cosine", (1e-6, -1e-6), (0.0, 1e6), -math.sqrt(0.5)),
        ("cosine", (1e6, 0.0), (1e-6, 1e-6), math.sqrt(0.5)),
        ("dot", (1e6, 1e6), (1e6, -1e-6), 1e12 - 1),
        ("dot", (-1e6, 1e-6), (1e-6, 1e6), 0.0),
        ("euclidean", (-1e6, 0.0), (1e6, 1e-6), -2e6),
    )
    for place, (metric, vector, query, expected) in enumerate(table):
        index(subject, f"big_{place}", [record("a", *vector)], metric)
        hit = only(subject, f"big_{place}", *query)
        allowed = near(subject, expected, expected)
        holds(abs(hit.score - expected) <= allowed, f"{metric} of {vector} and {query}", seen=hit.score)


@clause("vectorstore.index.rule.zero_vector")
def zero_vector(subject: Subject) -> None:
    """A zero vector is an ordinary one under dot and euclidean, as a record and as a query."""
    for metric, scores in (("dot", [0.0, 0.0, 0.0]), ("euclidean", [-5.0, 0.0, -5.0])):
        index(subject, metric, [record("zero", 0, 0), record("other", 3, 4)], metric)
        seen = {hit.id: hit.score for hit in search(subject, metric, 3, 4)}["zero"]
        around = {hit.id: hit.score for hit in search(subject, metric, 0, 0)}
        for score, expected in zip((seen, around["zero"], around["other"]), scores, strict=True):
            holds(abs(score - expected) <= near(subject, score, expected), f"a {metric} score", seen=score)


@clause("vectorstore.index.rule.hundred")
def hundred(subject: Subject) -> None:
    """A call stores 100 records, and a search returns 100 hits."""
    wanted = [f"r-{place:03}" for place in range(100)]
    batch = [record(id, place + 1, 1, metadata={"place": place}) for place, id in enumerate(wanted)]
    same(index(subject, "docs", batch).stored, 100, "stored records")
    same(sorted(ids(search(subject, "docs", 1, 0))), wanted, "the ids of 100 hits")


@clause("vectorstore.index.rule.above_limits")
def above_limits(subject: Subject) -> None:
    """More than 100 records or 1,024 dimensions are stored, or refused as payload_too_large without effect."""
    many = [*(record(f"r-{place:03}", 1, place + 1) for place in range(100)), record("last", 9, 0)]
    for name, batch in (("many", many), ("long", [record("a", *[0.5] * 1_025)])):
        before = subject.snapshot()
        outcome = subject.attempt("index", **indexing(name, batch))
        if outcome.error is None:
            same(outcome.value.stored, len(batch), f"stored of {len(batch)} records")
            same(ids(search(subject, name, *batch[-1]["vector"], k=1)), [batch[-1]["id"]], "the last record")
        else:
            refused(outcome, "payload_too_large")
            same(subject.snapshot(), before, "the vendor's state after the refusal")


@clause("vectorstore.index.rule.at_once")
def at_once(subject: Subject) -> None:
    """Calls of index at once that create one collection all succeed; a search meanwhile finds nothing else."""
    wanted = [f"r-{place}" for place in range(6)]
    calls = [Call("index", indexing("docs", [record(id, 1, 2), record(f"{id}-b", 1, 2)])) for id in wanted]
    looking = Call("search", {"target": "docs", "vector": [1.0, 2.0], "k": 100})
    outcomes = subject.together([*calls, looking, looking])
    for outcome in outcomes[: len(calls)]:
        same(outcome.unwrap().stored, 2, "records stored by one of the calls")
    expected = sorted([*wanted, *(f"{id}-b" for id in wanted)])
    for outcome in outcomes[len(calls) :]:
        strange = set(ids(outcome.value.hits if outcome.error is None else ())) - set(expected)
        holds(not strange, "a search found what nobody stored", seen=sorted(strange))
    same(sorted(ids(search(subject, "docs", 1, 2))), expected, "the ids of the hits")


@clause("vectorstore.index.rule.whole_or_not")
def whole_or_not(subject: Subject) -> None:
    """A search during upserts sees a record whole, as one of them left it."""

    def version(number: int) -> dict[str, Any]:
        marks = {"first": number, "last": number}
        return indexing("docs", [record("a", number, 0, metadata=marks, text=f"{number}")])

    subject.call("index", **version(1))
    looking = Call("search", {"target": "docs", "vector": [1.0, 0.0], "k": 3})
    for number in range(2, 2 + 3 * ROUNDS, 3):
        writes = [Call("index", version(number + n)) for n in range(3)]
        outcomes = subject.together(call for write in writes for call in (write, looking, looking, looking))
        seen = [outcome.unwrap() for outcome in outcomes]
        for hit in (hit for found in seen if isinstance(found, Found) for hit in found.hits):
            marks = [hit.metadata.get("first"), hit.metadata.get("last"), round(hit.score)]
            marks += [int(hit.text or 0)] if subject.traits.stores_text else []
            holds(len(set(marks)) == 1, "a record that is partly old and partly new", seen=hit.plain())


@clause("vectorstore.index.rule.survives")
def survives(subject: Subject) -> None:
    """Collections with their metric and dimension, and records whole, survive a restart of the adapter."""
    index(subject, "docs", [record("a", 3, 4, metadata={"lang": "en"}, text="word")], "euclidean")
    before = search(subject, "docs", 3, 0)
    subject.restart()
    same_hits(subject, search(subject, "docs", 3, 0), before, "the hits after the restart")
    index(subject, "docs", [record("b", 3, 0)], "euclidean")
    same(ids(search(subject, "docs", 3, 0, k=2)), ["b", "a"], "the hits after a write that followed")
    subject.close()
    same(ids(search(subject, "docs", 3, 0, k=2)), ["b", "a"], "the hits after the adapter was closed")


# It asks for another process to be given the state as a file.
@clause("vectorstore.adapter.rule.state_file", new_process=True)
def state_file(subject: Subject) -> None:
    """Where config['state'] is a path, records and aliases are kept there."""
    index(subject, "docs", [record("a", 1, 2, metadata={"lang": "en"})])
    target = "docs"
    if subject.offers("swap"):
        target = subject.call("swap", alias="live", collection="docs").alias
    before = search(subject, target, 1, 2)
    subject.restart()
    same_hits(subject, search(subject, target, 1, 2), before, "the hits after the restart")


@clause("vectorstore.adapter.rule.shared")
def shared(subject: Subject) -> None:
    """What one instance stored or replaced, another one finds, also if it looked before there was anything."""
    other = subject.sibling()
    refused(other.attempt("search", target="docs", vector=[1.0, 0.0], k=1, filter=[]), "not_found")
    for number in (1, 2):
        index(subject, "docs", [record("a", number, 0, metadata={"number": number})])
        same(
            [hit.metadata["number"] for hit in search(other, "docs", 1, 0)],
            [number],
            "hits of the other instance",
        )


# search


@clause("vectorstore.search.rule.score")
def score(subject: Subject) -> None:
    """A score is cosine similarity, dot product, or minus the Euclidean distance, within the tolerance."""
    for metric, _, truth, hits in _clouds(subject):
        for hit in hits:
            what = f"the {metric} score of {hit.id} must be {truth[hit.id]:.6g}"
            holds(
                abs(hit.score - truth[hit.id]) <= near(subject, hit.score, truth[hit.id]),
                what,
                seen=hit.score,
            )


@clause("vectorstore.search.rule.nearest")
def nearest(subject: Subject) -> None:
    """The hits are the records of the k best scores, under every metric."""
    for metric, _, truth, hits in _clouds(subject):
        left = max(truth[id] for id in truth.keys() - set(ids(hits)))
        worst = min(truth[hit.id] for hit in hits)
        holds(
            worst >= left - near(subject, worst, left, 2),
            f"a better record was left out ({metric})",
            seen=ids(hits),
        )


@clause("vectorstore.search.rule.order")
def order(subject: Subject) -> None:
    """Hits are ordered by score, the best first, within the tolerance."""
    for metric, _, _, hits in _clouds(subject):
        for one, next_ in pairwise(hits):
            in_order = one.score >= next_.score - near(subject, one.score, next_.score)
            holds(in_order, f"{next_.id} comes after {one.id} ({metric})", seen=[hit.score for hit in hits])


@clause("vectorstore.search.rule.ties")
def ties(subject: Subject) -> None:
    """Among hits of equal returned score the ids ascend, as text; of equal records k are returned, whichever."""
    names = [f"tie-{word}" for word in ("g", "c", "a", "H", "b", "F", "d", "10", "9", "i")]
    for metric in METRICS:
        index(subject, metric, [record("best", 2, 2), *(record(name, 1, 0) for name in names)], metric)
        index(subject, metric, [record("tie-a0", 1, 0)], metric)
        for k in (100, 5):
            hits = search(subject, metric, 2, 2, k=k)
            same(hits[0].id, "best", f"the first hit ({metric})")
            same(len(hits), min(k, 12), f"hits of {k} asked for ({metric})")
            for value in {hit.score for hit in hits}:
                tied = [hit.id for hit in hits if hit.score == value]
                same(tied, sorted(tied), f"the ids of the score {value} ({metric})")


@clause("vectorstore.search.rule.count")
def count(subject: Subject) -> None:
    """A search returns min(k, matches) hits, each record once."""
    batch = [record(f"r-{place}", place + 1, 1, metadata={"even": place % 2 == 0}) for place in range(7)]
    index(subject, "docs", batch)
    for k in (1, 2, 6, 7, 8, 100):
        for where, matches in (((), 7), ([("even", "eq", True)], 4), ([("even", "eq", "no")], 0)):
            seen = ids(search(subject, "docs", 1, 0, k=k, where=where))
            same(len(seen), min(k, matches), f"hits of {matches} matches at k = {k}")
            same(len(set(seen)), len(seen), "distinct ids")


@clause("vectorstore.search.rule.above_limits")
def k_above_limit(subject: Subject) -> None:
    """A k above 100 gives all that it asks for, or is refused as payload_too_large."""
    for part in range(2):
        index(subject, "docs", [record(f"r-{part}-{place}", place + 1, 1) for place in range(60)])
    for k in (101, 110, 10_000):
        outcome = subject.attempt("search", target="docs", vector=[1.0, 0.0], k=k, filter=[])
        if outcome.error is None:
            same(len(outcome.value.hits), min(k, 120), f"hits of 120 records at k = {k}")
        else:
            refused(outcome, "payload_too_large")


@clause("vectorstore.search.rule.complete")
def complete(subject: Subject) -> None:
    """Up to 1,000 records a search gives min(k, matches) hits, however few and far the matches are."""
    vectors = cloud(1_000, 3)
    records = [record(f"r-{n:03}", *vector, metadata={"n": n % 97}) for n, vector in enumerate(vectors)]
    for start in range(0, len(records), 100):
        index(subject, "docs", records[start : start + 100], "euclidean")
    for k, value, matches in ((100, 5, 11), (7, 96, 10), (10, 96, 10)):
        where = [("n", "eq", value)]
        for query in cloud(6, 3):
            seen = ids(search(subject, "docs", *query, k=k, where=where))
            same(len(set(seen)), min(k, matches), f"hits of {matches} matches at k = {k}")
    same(len(search(subject, "docs", 0, 0, 0, k=100)), 100, "hits of all records at k = 100")


@clause("vectorstore.search.rule.text")
def text(subject: Subject) -> None:
    """Text comes back unchanged, none where there was none; never with traits.stores_text false."""
    texts = {"a": "Été 🎉 «夏» \u202b\u05e9\u05dc\u202c\r\n\ttab", "b": "x " * 500, "c": "", "d": None}
    index(subject, "docs", [record(id, 1, 2, text=value) for id, value in texts.items()])
    seen = {hit.id: hit.text for hit in search(subject, "docs", 1, 2)}
    same(seen, texts if subject.traits.stores_text else dict.fromkeys(texts), "the texts")


@clause("vectorstore.search.rule.long_text")
def long_text(subject: Subject) -> None:
    """A long text comes back whole, or is refused as too large without effect; it is never cut."""
    for size in (2_000, 20_000, 100_000):
        name, words = f"docs_{size}", ("Wörter " * size)[:size]
        outcome = subject.attempt("index", **indexing(name, [record("a", 1, 2, text=words)]))
        if outcome.error is not None:
            refused(outcome, "payload_too_large", "invalid")
            continue
        hit = only(subject, name, 1, 2)
        kept = words if subject.traits.stores_text else None
        holds(hit.text == kept, f"a text of {size} characters came back changed", seen=len(hit.text or ""))


VALUES: Mapping[str, Any] = {
    "int-2": 2,
    "float-2": 2.0,
    "float-2-5": 2.5,
    "nearly-2": 2.0005,
    "one": 1,
    "zero": 0,
    "minus": -1.5,
    "yes": True,
    "no": False,
    "text-1": "1",
    "text-true": "true",
    "text-empty": "",
    "word": "Sommer",
    "words": "Sommer und Été",
    "blank": "Sommer ",
    "composed": "\u00e9",
    "decomposed": "e\u0301",
    "ten": 10,
    "minus-20": -20,
    "large": 2**53 - 1,
    "large-less": 2**53 - 2,
    "null": None,
}

EQUAL: Sequence[tuple[str, Any, set[str]]] = (
    ("eq", 2, {"int-2", "float-2"}),
    ("eq", 2.0, {"int-2", "float-2"}),
    ("eq", 1, {"one"}),
    ("eq", 0, {"zero"}),
    ("eq", -1.5, {"minus"}),
    ("eq", True, {"yes"}),
    ("eq", False, {"no"}),
    ("eq", "1", {"text-1"}),
    ("eq", "true", {"text-true"}),
    ("eq", "", {"text-empty"}),
    ("eq", "Sommer", {"word"}),
    ("eq", "sommer", set()),
    ("eq", "Sommer ", {"blank"}),
    ("eq", "\u00e9", {"composed"}),
    ("eq", "e", set()),
    ("in", ["e\u0301", " Sommer"], {"decomposed"}),
    ("eq", "Sommer und Été", {"words"}),
    ("eq", 2**53 - 1, {"large"}),
    ("in", ["1", True, 2, 99], {"text-1", "yes", "int-2", "float-2"}),
    ("in", [1, "true", False], {"one", "text-true", "no"}),
    ("in", [2.0], {"int-2", "float-2"}),
    ("in", ["nothing", 7], set()),
    ("in", [*range(100, 164), "word", 10], {"ten"}),
)

RANGE: Sequence[tuple[str, Any, set[str]]] = (
    ("gte", 2, {"int-2", "float-2", "float-2-5", "nearly-2", "ten", "large", "large-less"}),
    ("gt", 2, {"float-2-5", "nearly-2", "ten", "large", "large-less"}),
    ("lte", 2.0, {"int-2", "float-2", "one", "zero", "minus", "minus-20"}),
    ("lt", 2.0, {"one", "zero", "minus", "minus-20"}),
    ("gte", 0, {"int-2", "float-2", "float-2-5", "nearly-2", "ten", "one", "zero", "large", "large-less"}),
    ("lte", 0, {"zero", "minus", "minus-20"}),
    ("lt", -1.5, {"minus-20"}),
    ("lte", -1.5, {"minus", "minus-20"}),
    ("gt", 2**53 - 2, {"large"}),
    ("lt", 0.5, {"zero", "minus", "minus-20"}),
)


def _filtered(subject: Subject, table: Sequence[tuple[str, Any, set[str]]]) -> None:
    batch = [record(id, 1, 2, metadata={"value": value}) for id, value in VALUES.items()]
    index(subject, "docs", [*batch, record("absent", 1, 2, metadata={"other": 2})])
    for op, value, expected in table:
        seen = ids(search(subject, "docs", 1, 2, where=[("value", op, value)]))
        same(sorted(seen), sorted(expected), f"the records whose value is {op} {value!r}")


@clause("vectorstore.search.rule.filter_equal")
def filter_equal(subject: Subject) -> None:
    """eq and in never coerce: "1", 1 and true are three values, 2 and 2.0 are one; text is equal or not."""
    _filtered(subject, EQUAL)


@clause("vectorstore.search.rule.filter_range")
def filter_range(subject: Subject) -> None:
    """gte, lte, gt and lt compare numbers by value, and match no strings, booleans or absent fields."""
    _filtered(subject, RANGE)


@clause("vectorstore.search.rule.filter_absent")
def filter_absent(subject: Subject) -> None:
    """A field that is absent, null, or in no record at all matches no condition."""
    index(subject, "docs", [record("null", 1, 2, metadata={"field": None}), record("absent", 1, 2)])
    for op, value in (("eq", 0), ("eq", ""), ("eq", False), ("in", [0, "", False]), ("gte", -1), ("lte", 1)):
        same(ids(search(subject, "docs", 1, 2, where=[("field", op, value)])), [], f"hits of {op} {value!r}")


@clause("vectorstore.search.rule.filter_in_nothing")
def filter_in_nothing(subject: Subject) -> None:
    """in with an empty list matches no record, or is invalid."""
    index(subject, "docs", [record("a", 1, 2, metadata={"field": 1}), record("absent", 1, 2)])
    nothing = {"field": "field", "op": "in", "value": []}
    outcome = subject.attempt("search", target="docs", vector=[1.0, 2.0], k=10, filter=[nothing])
    if outcome.error is None:
        same(ids(outcome.value.hits), [], "hits of in []")
    else:
        refused(outcome, "invalid")


@clause("vectorstore.search.rule.filter_all")
def filter_all(subject: Subject) -> None:
    """All conditions of a filter must hold, also several on one field; an empty filter always holds."""
    batch = [
        record(f"r-{year}-{lang}", 1, 2, metadata={"year": year, "lang": lang})
        for year in (2019, 2020, 2021)
        for lang in ("de", "en")
    ]
    index(subject, "docs", batch)
    english, from_2020, to_2020 = ("lang", "eq", "en"), ("year", "gte", 2020), ("year", "lte", 2020)
    table: tuple[tuple[list[tuple[str, str, Any]], list[str]], ...] = (
        ([], sorted(row["id"] for row in batch)),
        ([english, from_2020], ["r-2020-en", "r-2021-en"]),
        ([from_2020, to_2020], ["r-2020-de", "r-2020-en"]),
        ([from_2020, to_2020, english], ["r-2020-en"]),
        ([english, ("lang", "eq", "de")], []),
    )
    for where, expected in table:
        same(sorted(ids(search(subject, "docs", 1, 2, where=where))), expected, f"hits where {where}")


@clause("vectorstore.search.rule.filter_first")
def filter_first(subject: Subject) -> None:
    """The filter comes before k: distant matches are found behind nearer records that do not match."""
    near_ones = [record(f"near-{place:03}", 10, place / 32, metadata={"lang": "en"}) for place in range(180)]
    far_ones = [record(f"far-{place}", -9, 30 * place, metadata={"lang": "de"}) for place in range(3)]
    for metric in METRICS:
        index(subject, metric, near_ones[:90], metric)
        index(subject, metric, [*far_ones, *near_ones[90:]], metric)
        seen = ids(search(subject, metric, 10, 1, k=2, where=[("lang", "eq", "de")]))
        expected = ["far-0", "far-1"] if metric == "euclidean" else ["far-2", "far-1"]
        same(seen, expected, f"the two best matches ({metric})")


@clause("vectorstore.search.rule.recall")
def recall(subject: Subject) -> None:
    """Above 1,000 records the mean recall at k = 10 over 50 queries is traits.recall, also with a filter."""
    vectors = cloud(1_010, 3)
    records = [record(f"r-{n:04}", *vector, metadata={"third": n % 3}) for n, vector in enumerate(vectors)]
    for start in range(0, len(records), 100):
        index(subject, "docs", records[start : start + 100], "euclidean")
    for third in (None, 1):
        chosen = [row for row in records if third in (None, row["metadata"]["third"])]
        found = [_recalled(subject, query, chosen, third) for query in cloud(50, 3)]
        mean = sum(found) / len(found)
        what = f"mean recall {'of all' if third is None else 'with a filter'} below {subject.traits.recall:g}"
        holds(mean >= subject.traits.recall - 1e-9, what, seen=mean)


def _recalled(subject: Subject, query: list[float], chosen: list[dict[str, Any]], third: int | None) -> float:
    """The share of 10 hits that are as near as the true tenth."""
    distances = {row["id"]: math.dist(query, row["vector"]) for row in chosen}
    tenth = sorted(distances.values())[9]
    where = [] if third is None else [("third", "eq", third)]
    hits = set(ids(search(subject, "docs", *query, k=10, where=where)))
    return sum(distances.get(id, math.inf) <= tenth + near(subject, tenth, tenth, 2) for id in hits) / 10


# swap


def _colours(subject: Subject, *names: str) -> None:
    """Collections of three records; each record says to which it belongs."""
    for place, name in enumerate(names):
        batch = [record(id, 1, place, metadata={"colour": name}) for id in ("a", "b", "c")]
        index(subject, name, batch)


def _seen(subject: Subject, target: str) -> list[str]:
    """The collections to which the records found in a target belong."""
    return sorted({hit.metadata["colour"] for hit in search(subject, target, 1, 0)})


@clause("vectorstore.swap.rule.previous")
def previous(subject: Subject) -> None:
    """swap returns alias, collection and what the alias stood for before: none for a new one."""
    _colours(subject, "blue", "green", "red")
    before = None
    for name in ("blue", "green", "red", "blue"):
        seen = subject.call("swap", alias="live", collection=name).plain()
        same(seen, {"alias": "live", "collection": name, "previous": before}, "what swap returned", subset=True)
        before = name


@clause("vectorstore.swap.rule.moves")
def moves(subject: Subject) -> None:
    """After swap a search of the alias finds the new collection, and both stay searchable by name."""
    _colours(subject, "blue", "green")
    for name in ("blue", "green", "blue"):
        subject.call("swap", alias="live", collection=name)
        seen = {target: _seen(subject, target) for target in ("live", "blue", "green")}
        same(seen, {"live": [name], "blue": ["blue"], "green": ["green"]}, "the collections that were found")
        same([row["collection"] for row in subject.observe("aliases")], [name], "the vendor's alias")


@clause("vectorstore.swap.rule.follows")
def follows(subject: Subject) -> None:
    """An alias is a name: later writes to its collection are seen through it, of the old one no more."""
    _colours(subject, "blue", "green")
    subject.call("swap", alias="live", collection="blue")
    index(subject, "blue", [record("later", 1, 0, metadata={"colour": "blue"})])
    same(
        sorted(ids(search(subject, "live", 1, 0))),
        ["a", "b", "c", "later"],
        "hits after a write to its collection",
    )
    subject.call("swap", alias="live", collection="green")
    index(subject, "blue", [record("latest", 1, 0, metadata={"colour": "blue"})])
    same(
        sorted(ids(search(subject, "live", 1, 0))),
        ["a", "b", "c"],
        "hits after a write to the old collection",
    )


@clause("vectorstore.swap.rule.like_a_name")
def like_a_name(subject: Subject) -> None:
    """A search of an alias gives what a search of its collection gives, filtered or not, under any metric."""
    for metric in METRICS:
        batch = [record(f"r-{place}", 1 + 5 * place, 9 - 4 * place, metadata={"n": place}) for place in range(4)]
        index(subject, metric, batch, metric)
        subject.call("swap", alias=f"live_{metric}", collection=metric)
        for k, where in ((2, ()), (100, [("n", "gte", 1)])):
            expected = search(subject, metric, 2, 3, k=k, where=where)
            seen = search(subject, f"live_{metric}", 2, 3, k=k, where=where)
            same_hits(subject, seen, expected, f"hits of the alias ({metric})")


@clause("vectorstore.swap.rule.aliases_apart")
def aliases_apart(subject: Subject) -> None:
    """Aliases are apart: moving one moves no other, and a collection may have several."""
    _colours(subject, "blue", "green")
    names = ["live", "live_2", "l" * 40, "l" * 39 + "m"]
    for name in names:
        subject.call("swap", alias=name, collection="blue")
    subject.call("swap", alias=names[2], collection="green")
    expected = [["blue"], ["blue"], ["green"], ["blue"]]
    same([_seen(subject, name) for name in names], expected, "the collections that were found")


@clause("vectorstore.swap.rule.atomic")
def atomic(subject: Subject) -> None:
    """Searches throughout a swap see the old collection or the new one, whole: no mixture and no gap."""
    for name, members in (("blue", "abc"), ("green", "cde")):
        index(subject, name, [record(id, 1, place, metadata={"colour": name}) for place, id in enumerate(members)])
    subject.call("swap", alias="live", collection="green")
    looking = Call("search", {"target": "live", "vector": [1.0, 0.0], "k": 6})
    for place in range(ROUNDS):
        name = ("blue", "green")[place % 2]
        moving = Call("swap", {"alias": "live", "collection": name})
        found = subject.together([looking, moving, *[looking] * 6])
        found.pop(1).unwrap()
        for outcome in found:
            seen = sorted(hit.metadata["colour"] for hit in outcome.unwrap().hits)
            holds(seen in (["blue"] * 3, ["green"] * 3), "what a search saw during a swap", seen=seen)
        same(_seen(subject, "live"), [name], "the collection found after the swap")


@clause("vectorstore.swap.rule.other_instance")
def swap_other_instance(subject: Subject) -> None:
    """A swap is seen by another instance that searched the alias before."""
    _colours(subject, "blue", "green")
    other = subject.sibling()
    for name in ("blue", "green"):
        subject.call("swap", alias="live", collection=name)
        same(_seen(other, "live"), [name], "the collections that the other instance found")


@clause("vectorstore.swap.rule.survives")
def alias_survives(subject: Subject) -> None:
    """An alias survives a restart of the adapter."""
    _colours(subject, "blue", "green")
    subject.call("swap", alias="live", collection="blue")
    subject.call("swap", alias="live", collection="green")
    subject.restart()
    same(_seen(subject, "live"), ["green"], "the collections that were found")
    same(subject.call("swap", alias="live", collection="blue").previous, "green", "previous after the restart")
