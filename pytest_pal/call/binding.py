"""One operation of one adapter, looked up once: what goes in, what comes out, and on what terms it is repeated."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from ..clock import Clock
from ..errors import NonRetryableError
from ..model.capability import Capability, faults
from ..model.context import Ids
from ..model.operation import Operation
from ..model.payload import Output
from ..telemetry.spans import Site, Span
from .terms import Arguments, Failures, Terms

_NONE: Arguments = {}


class Binding:
    """Everything about an operation that no call changes; ``method`` is the adapter's."""

    __slots__ = (
        "_accept",
        "_by_keyword",
        "_by_position",
        "_check",
        "_ids",
        "_key",
        "_routes",
        "clock",
        "method",
        "site",
        "terms",
    )

    def __init__(
        self,
        capability: Capability,
        declared: Operation,
        method: Callable[..., Any],
        *,
        site: Site,
        terms: Terms,
        ids: Ids,
    ) -> None:
        names = [parameter.name for parameter in declared.parameters]
        self._by_keyword = tuple(name for name in names if name in declared.by_keyword)
        self._by_position = tuple(name for name in names if name not in declared.by_keyword)
        self._check, self._accept = capability.check, capability.accept
        self._key, self._ids = declared.key, ids
        self.method, self.site, self.terms = method, site, terms
        self.clock: Clock = site.clock
        self._routes = "rationale" in declared.output.model_fields

    def arguments(self, given: tuple[Any, ...], named: Arguments) -> Arguments:
        """The validated, frozen arguments by name; a key that was left out is minted, for all attempts of this call.

        Raises NonRetryableError(invalid) as the capability's ``check`` does.
        """
        if given:
            named = self._with_names(given, named)
        if self._key is not None and named.get(self._key) is None:
            named = {**named, self._key: self._ids.new()}
        return self._check(self.site.operation, **named)

    def split(self, checked: Arguments) -> tuple[tuple[Any, ...], Arguments]:
        """The arguments as the adapter's method takes them: by position and by keyword."""
        by_position = tuple(map(checked.__getitem__, self._by_position))
        return by_position, {name: checked[name] for name in self._by_keyword} if self._by_keyword else _NONE

    def succeeded(self, span: Span, returned: Any) -> Output:
        """The declared output. Raises NonRetryableError(malformed_reply) for anything else."""
        try:
            output = self._accept(self.site.operation, returned)
        except ValidationError as error:
            text = f"{self.site.operation} returned what the contract does not allow: {faults(error)}"
            raise NonRetryableError("malformed_reply", text, outcome_unknown=self.terms.writes) from error
        span.attempted()
        if self._routes:
            span.rationale = output.rationale.plain()  # type: ignore[attr-defined] # declared by the contract
        return output

    def failed(self, span: Span, failures: Failures, error: Exception, left: Callable[[], float]) -> float:
        """Seconds to wait before the next attempt. Raises what the caller gets where there is none."""
        span.attempted(error)
        classified = self.terms.classified(error)
        span.unclassified = span.unclassified or classified is not error
        if self._routes and "rejects" in classified.details:
            span.rationale = {"rejects": classified.details["rejects"]}
        failures.errors.append(classified)
        return self.terms.wait(failures, left)

    def _with_names(self, given: tuple[Any, ...], named: Arguments) -> Arguments:
        operation, names = self.site.operation, self._by_position
        if len(given) > len(names):
            takes = f"at most {len(names)} ({', '.join(names)})" if names else "none"
            raise NonRetryableError("invalid", f"{operation}: {len(given)} arguments by position; it takes {takes}")
        by_position = dict(zip(names, given, strict=False))
        if not named:
            return by_position
        twice = named.keys() & by_position
        if twice:
            raise NonRetryableError("invalid", f"{operation}: {', '.join(sorted(twice))} by position and by keyword")
        return by_position | named
