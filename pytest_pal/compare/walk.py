"""The walk: whether and where two values part, type-exact and without recursion.

Objects are mappings, arrays are lists and tuples; a subclass of a JSON type counts as that type. True is not 1,
1 is not 1.0, 0.0 is not -0.0, NaN is NaN. Other Python values are compared by their type and by ``==``.
"""

import marshal
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from math import copysign
from typing import Any, Literal, NamedTuple

from ..canonical import escape

Kind = Literal["added", "removed", "type", "value", "order"]
ABSENT: Any = object()
Path = tuple[Any, str] | None
"""The way down to a value, innermost token last: (the way to its container, token)."""
Arrange = Callable[[Sequence[str]], str | None]
"""How the array at a path is compared: by a member's name, as a multiset (``""``), or by order (None)."""

_WITHOUT_REFERENCES = 2
_LEAVES = frozenset({str, int, bool, type(None)})


class Mismatch(NamedTuple):
    """``path`` is an RFC 6901 pointer: into the candidate where something was added, else into the reference.

    The side on which there is nothing is None.
    """

    path: str
    kind: Kind
    reference: Any
    candidate: Any


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same, at any depth, in time linear in their size."""
    return _same_bytes(left, right) or _same_values(left, right)


def _same_bytes(left: Any, right: Any) -> bool:
    """True proves that the values are the same, types and bits; False says nothing, since members have no order."""
    try:
        return marshal.dumps(left, _WITHOUT_REFERENCES) == marshal.dumps(right, _WITHOUT_REFERENCES)
    except ValueError:
        return False


def _same_values(left: Any, right: Any) -> bool:
    """Nearly all of the time goes into the loops, so what most values are is decided there, without a call."""
    stack = [(left, right)]
    push, pop = stack.append, stack.pop
    while stack:
        a, b = pop()
        if type(a) is dict and type(b) is dict and len(a) == len(b):
            get = b.get
            pairs: Any = [(x, get(key, ABSENT)) for key, x in a.items()]
        else:
            pairs = _pairs(a, b)
        if pairs is None:
            return False
        for x, y in pairs:
            kind = type(x)
            if kind is type(y):
                if kind in _LEAVES:
                    if x != y:
                        return False
                    continue
                if kind is float and x == y != 0.0:
                    continue
            push((x, y))
    return True


def _pairs(a: Any, b: Any) -> Any:
    """What two values of one kind hold, side by side; None where they differ already."""
    kind = kind_of(a)
    if kind != kind_of(b):
        return None
    if kind == "object":
        return [(item, b[key]) for key, item in a.items()] if a.keys() == b.keys() else None
    if kind == "array":
        return zip(a, b, strict=True) if len(a) == len(b) else None
    return () if same_leaf(a, b) else None


_KINDS: dict[type, str] = {
    dict: "object",
    list: "array",
    tuple: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "float",
    type(None): "null",
}


def kind_of(value: Any) -> str:
    """The JSON type of a value, integers and floats apart; of anything else the name of its class."""
    found = _KINDS.get(type(value))
    if found is not None:
        return found
    if isinstance(value, Mapping):
        return "object"
    for base in (list, tuple, str, int, float):
        if isinstance(value, base):
            return _KINDS[base]
    return f"{type(value).__module__}.{type(value).__qualname__}"


def same_leaf(a: Any, b: Any) -> bool:
    """Whether two values of one kind that hold nothing are the same."""
    if isinstance(a, float):
        return (a == b and copysign(1.0, a) == copysign(1.0, b)) or (a != a and b != b)
    return bool(a == b)


def walk(reference: Any, candidate: Any, arrange: Arrange | None = None) -> Iterator[Mismatch]:
    """Every mismatch, in no particular order."""
    prints = Prints()
    stack: list[tuple[Any, Any, Path]] = [(reference, candidate, None)]
    while stack:
        a, b, path = stack.pop()
        kind, other = kind_of(a), kind_of(b)
        if kind != other:
            yield Mismatch(pointer(path), "type", a, b)
        elif kind == "object":
            yield from _objects(a, b, path, stack)
        elif kind == "array":
            yield from _arrays(a, b, path, stack, prints, arrange)
        elif not same_leaf(a, b):
            yield Mismatch(pointer(path), "value", a, b)


def _objects(a: Any, b: Any, path: Path, stack: list[Any]) -> Iterator[Mismatch]:
    for key, item in a.items():
        here = (path, escape(str(key)))
        if key in b:
            stack.append((item, b[key], here))
        else:
            yield Mismatch(pointer(here), "removed", item, None)
    for key, item in b.items():
        if key not in a:
            yield Mismatch(pointer((path, escape(str(key)))), "added", None, item)


def _arrays(
    a: Any, b: Any, path: Path, stack: list[Any], prints: "Prints", arrange: Arrange | None
) -> Iterator[Mismatch]:
    mode = arrange(tokens(path)) if arrange is not None else None
    if mode is not None:
        groups = (_by(a, mode, prints), _by(b, mode, prints))
        yield from _matched(*groups, a, b, path, stack)
    elif prints.reordered(a, b):
        yield Mismatch(pointer(path), "order", a, b)
    else:
        common = min(len(a), len(b))
        stack.extend((a[n], b[n], (path, str(n))) for n in range(common))
        for n in range(common, len(a)):
            yield Mismatch(pointer((path, str(n))), "removed", a[n], None)
        for n in range(common, len(b)):
            yield Mismatch(pointer((path, str(n))), "added", None, b[n])


Groups = Mapping[Hashable, list[int]]


def _by(elements: Any, mode: str, prints: "Prints") -> Groups:
    """The places of an array's elements by their key, or by their whole value for a multiset."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for n, element in enumerate(elements):
        keyed = mode and isinstance(element, Mapping) and mode in element
        groups[(bool(keyed), prints.of(element[mode] if keyed else element) if keyed or not mode else 0)].append(n)
    return groups


def _matched(left: Groups, right: Groups, a: Any, b: Any, path: Path, stack: list[Any]) -> Iterator[Mismatch]:
    for key in dict.fromkeys((*left, *right)):
        mine, theirs = left.get(key, []), right.get(key, [])
        stack.extend((a[n], b[m], (path, str(n))) for n, m in zip(mine, theirs, strict=False))
        for n in mine[len(theirs) :]:
            yield Mismatch(pointer((path, str(n))), "removed", a[n], None)
        for m in theirs[len(mine) :]:
            yield Mismatch(pointer((path, str(m))), "added", None, b[m])


class Prints:
    """Hashes of whole values, each computed once. They find candidates for equality; `equal` decides."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def reordered(self, a: Any, b: Any) -> bool:
        """Whether two arrays hold the same elements, in another order."""
        if len(a) != len(b) or len(a) < 2:
            return False
        mine, theirs = [self.of(item) for item in a], [self.of(item) for item in b]
        return mine != theirs and Counter(mine) == Counter(theirs) and _same_elements(a, b, mine, theirs)

    def of(self, value: Any) -> int:
        """The hash of a value; equal values have equal ones."""
        stack = [(value, False)]
        while stack:
            item, ready = stack.pop()
            if ready:
                self._known[id(item)] = self._hash(item)
            elif _holds_some(item) and id(item) not in self._known:
                stack.append((item, True))
                stack.extend((inner, False) for inner in _inner(item))
        return self._print(value)

    def _hash(self, value: Any) -> int:
        kind = kind_of(value)
        if kind == "object":
            return hash((kind, frozenset((key, self._print(item)) for key, item in value.items())))
        if kind == "array":
            return hash((kind, tuple(self._print(item) for item in value)))
        return _leaf_print(kind, value)

    def _print(self, item: Any) -> int:
        known = self._known.get(id(item))
        return self._hash(item) if known is None else known


def _holds_some(value: Any) -> bool:
    return kind_of(value) in ("object", "array")


def _inner(value: Any) -> Any:
    return value.values() if kind_of(value) == "object" else value


def _leaf_print(kind: str, value: Any) -> int:
    """Of numbers that of their text: hash(-1) is hash(-2)."""
    if kind == "integer":
        return hash((kind, hex(value)))
    if kind == "float":
        return hash((kind, value.hex()))
    try:
        return hash((kind, value))
    except TypeError:
        return hash(kind)


def _same_elements(a: Any, b: Any, mine: list[int], theirs: list[int]) -> bool:
    places: dict[int, deque[int]] = defaultdict(deque)
    for m, found in enumerate(theirs):
        places[found].append(m)
    return all(equal(a[n], b[places[found].popleft()]) for n, found in enumerate(mine))


def tokens(path: Path) -> list[str]:
    """The tokens of a path, outermost first."""
    found: list[str] = []
    while path is not None:
        path, token = path
        found.append(token)
    return found[::-1]


def pointer(path: Path) -> str:
    """The RFC 6901 pointer of a path."""
    return "".join(f"/{token}" for token in tokens(path))
