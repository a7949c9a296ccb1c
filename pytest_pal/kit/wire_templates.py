"""Templates of a wire mapping: JSON with pointers into the request, or into what the mock returned.

In a request's template ``$`` is the JSON body, ``$/spec/name`` a place in it, ``$path/id`` a parameter of the
path, ``$query/from`` one of the query, ``$header/x-account`` a header, ``$form/name`` a form field. In a reply's
``$`` is the mock's result, and
``$/id`` a place in it. ``$/status|states`` goes through the vendor's value map of that name, backwards in requests.
A function in the place of a value is called with the request, or the result. What a pointer does not find is left
out; ``$$`` is a plain dollar sign.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from ..errors import PalError
from ..faults.message import Request
from ..model.differences import MISSING
from .playing import pick

Maps = Mapping[str, Mapping[Any, Any]]
Finder = Callable[[str, str], Any]
"""Takes a source (``path``, ``query``, ..., empty for the body or the result) and a pointer."""
SOURCES = ("path", "query", "header", "form")


def arguments(template: Any, request: Request, path: Mapping[str, str], maps: Maps) -> dict[str, Any]:
    """What a request means: the arguments of the call. Without a template: the body's members and the path's."""
    if template is None:
        body = request.json
        return {**(body if isinstance(body, Mapping) else {}), **request.query, **path}
    backwards = {name: {theirs: ours for ours, theirs in pairs.items()} for name, pairs in maps.items()}
    filled = _filled(template, request, lambda source, pointer: _of_request(request, path, source, pointer), backwards)
    if not isinstance(filled, Mapping):
        raise PalError(f"the template of a request gives arguments by name, not {filled!r}")
    return dict(filled)


def body(template: Any, result: Any, maps: Maps) -> Any:
    """The JSON body of a reply to ``result``, the plain data that the mock returned; None for an empty one."""
    found = _filled(template, result, lambda source, pointer: _of_result(result, source, pointer), maps)
    return None if found is MISSING else found


def place(request: Request, path: Mapping[str, str], where: str) -> str | None:
    """The text at ``header:Name``, ``body:/pointer``, ``query:name`` or ``path:name``; None where there is none."""
    source, _, name = where.partition(":")
    pointer = name if name.startswith("/") else f"/{name}"
    found = _of_request(request, path, "" if source == "body" else source, pointer)
    return None if found is MISSING or found is None else str(found)


def _of_request(request: Request, path: Mapping[str, str], source: str, pointer: str) -> Any:
    match source:
        case "":
            return _at(request.json, pointer)
        case "header":
            return request.headers.get(pointer[1:].lower(), MISSING)
        case "path" | "query":
            return _at(path if source == "path" else request.query, pointer)
        case "form":
            return _at(dict(parse_qsl(request.body.decode(), keep_blank_values=True)), pointer)
    raise PalError(f"${source}{pointer}: a request has ${', $'.join(SOURCES)} and, for its body, $")


def _of_result(result: Any, source: str, pointer: str) -> Any:
    if source:
        raise PalError(f"${source}{pointer}: a reply has the result only; write ${pointer}, or $$ for a dollar sign")
    return _at(result, pointer)


def _at(value: Any, pointer: str) -> Any:
    try:
        return pick(value, pointer)
    except (LookupError, TypeError, ValueError):
        return MISSING


def _filled(template: Any, whole: Any, find: Finder, maps: Maps) -> Any:
    if callable(template):
        return template(whole)
    if isinstance(template, str):
        return _text(template, find, maps)
    if isinstance(template, Mapping):
        return dict(_found((key, _filled(item, whole, find, maps)) for key, item in template.items()))
    if isinstance(template, list | tuple):
        return [value for _, value in _found((None, _filled(item, whole, find, maps)) for item in template)]
    return template


def _found(pairs: Iterator[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    return (pair for pair in pairs if pair[1] is not MISSING)


def _text(template: str, find: Finder, maps: Maps) -> Any:
    if not template.startswith("$"):
        return template
    if template.startswith("$$"):
        return template[1:]
    pointer, _, name = template[1:].partition("|")
    source, slash, rest = pointer.partition("/")
    value = find(source, slash + rest)
    if not name or value is MISSING:
        return value
    if name not in maps:
        raise PalError(f"{template!r}: there is no value map {name!r}; the vendor has {', '.join(maps) or 'none'}")
    return maps[name].get(value, value) if isinstance(value, Hashable) else value
