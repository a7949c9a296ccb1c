"""Templates of messages: ``{{name}}`` is replaced by a variable, in one pass."""

import html as escaping
import json
import re
from collections.abc import Mapping
from typing import Any

from ..errors import NonRetryableError

PLACEHOLDER = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*\}\}")


def render(template: str, variables: Mapping[str, Any], *, html: bool = False) -> str:
    """The template with its variables put in; what has no variable stays as written.

    Values are never expanded again. true and false are in lower case, null is empty, numbers are as in
    JSON, whole ones as integers. ``html`` escapes the values, not the template. Raises
    NonRetryableError(invalid) for a value that is an object, an array, NaN or infinite.
    """

    def value(found: re.Match[str]) -> str:
        if found[1] not in variables:
            return found[0]
        text = _text(found[1], variables[found[1]])
        return escaping.escape(text) if html else text

    return PLACEHOLDER.sub(value, template)


def missing_variables(variables: Mapping[str, Any], *templates: str | None) -> list[str]:
    """The names that the templates use and ``variables`` lacks, sorted, each once."""
    used = {name for template in templates for name in PLACEHOLDER.findall(template or "")}
    return sorted(used - variables.keys())


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool | int | float):
        return _number(name, value)
    raise NonRetryableError("invalid", f"the variable {name!r} is a {type(value).__name__}, not a plain value")


def _number(name: str, value: float) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise NonRetryableError("invalid", f"the variable {name!r} is not a finite number") from error
