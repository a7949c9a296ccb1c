"""YAML in which no key stands twice, with the line on which each mapping starts."""

from functools import cache
from typing import Any

from ..errors import PalError

LINE = "__line__"


def load_yaml(text: str) -> Any:
    """The value of a text; every mapping has its line under `LINE`. Raises PalError, with the line."""
    import yaml

    try:
        return yaml.load(text, Loader=_loader())
    except yaml.YAMLError as error:
        raise PalError(" ".join(str(error).split())) from error
    except RecursionError:
        raise PalError("is nested too deep") from None


def bare(value: Any) -> Any:
    """The value without the notes of lines."""
    if isinstance(value, dict):
        return {key: bare(item) for key, item in value.items() if key != LINE}
    return [bare(item) for item in value] if isinstance(value, list) else value


@cache
def _loader() -> Any:
    import yaml

    class Lines(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Safe, and strict about keys."""

    Lines.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _with_line)
    return Lines


def _with_line(loader: Any, node: Any) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    pairs: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in pairs:
            raise PalError(f"line {key_node.start_mark.line + 1}: the key {key!r} stands twice")
        pairs[key] = loader.construct_object(value_node, deep=True)
    return {**pairs, LINE: node.start_mark.line + 1}
