"""What a record may tell beside its figures: content of prompts and messages stays out unless it is asked for.

Content is: the text, args, notes and attributes of an exception (a vendor's refusal quotes what was sent), and what
a rationale holds under a name of content. The classes of an exception and of its causes are none.
"""

from typing import Any

from .plain import class_name
from .records import OperationRecord
from .redaction import Redactor

CONTENT = "[content]"
_LONGEST_CHAIN = 16
_NAMES = frozenset(
    "answer arguments body completion content contents documents html input inputs message messages output outputs "
    "prompt prompts query question subject system template text".split()
)


def told(record: OperationRecord, redactor: Redactor, *, content: bool) -> dict[str, Any]:
    """The record as JSON types without secrets, and without content where it is not asked for.

    The members of `OperationRecord.plain`, and ``started`` (ISO 8601), ``unclassified``, ``outcome_unknown``,
    ``each_attempt`` and ``causes`` (classes of the exception and of what caused it, outermost first). With content also
    ``error``, as `Redactor.error` tells it.
    """
    members = record.plain() | {
        "started": record.started.isoformat(),
        "unclassified": record.unclassified,
        "outcome_unknown": getattr(record.error, "outcome_unknown", False) is True,
        "each_attempt": [attempt._asdict() | {"started": attempt.started.isoformat()} for attempt in record.attempts],
        "causes": _causes(record.error),
    }
    plain = {name: redactor.value(value) for name, value in members.items()}
    if content:
        return plain | {"error": redactor.error(record.error) if record.error else None}
    return plain | {"rationale": without_content(plain["rationale"])}


def without_content(value: Any) -> Any:
    """JSON with `CONTENT` for each value under a name of content: ``prompt``, ``messages``, ``subject``, ..."""
    if isinstance(value, dict):
        return {key: CONTENT if key.lower() in _NAMES else without_content(item) for key, item in value.items()}
    return [without_content(item) for item in value] if isinstance(value, list) else value


def _causes(error: BaseException | None) -> list[str]:
    classes: list[str] = []
    while error is not None and len(classes) < _LONGEST_CHAIN:
        classes.append(class_name(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return classes
