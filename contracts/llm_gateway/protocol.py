"""LLMGateway: its payloads, traits and operations. Money is in picodollars, time in microseconds.

The configuration of an adapter holds ``policy`` (a `Policy` as JSON) and ``catalogue`` (a `Catalogue` as
JSON). ``route`` makes `request_of` its arguments, lets `decide` choose, executes exactly that model, and
after a failure goes on as `next_model` says; all of these are in `pytest_pal.llm`.
"""

from typing import Annotated, Literal, Protocol, Self

from pydantic import Field, model_validator

from ...llm.catalogue import CatalogueEntry, Usage
from ...llm.decision import Decision, Digests
from ...llm.fallback import Attempt
from ...llm.request import Prompt, Tags
from ...llm.units import Microseconds, ModelId, Picodollars, TokenLimit
from ...model.fields import FREE, MEASURED
from ...model.operation import operation
from ...model.payload import Output, Traits
from ...model.values import Flag, Text


class LLMGatewayTraits(Traits):
    """``vendor_script``: the vendor behind this adapter is a test's, and obeys words in prompts.

    ``[[<model>: <word>]]`` anywhere in a prompt's text concerns requests to that model (``*``: to each):
    an error code (that error, with a known outcome), ``lost`` (the answer is cut off, the outcome
    unknown), ``refuse`` (a refusal, with usage), ``empty`` (a normal stop without text), ``dated`` (the
    model's name comes back with a date), ``silent`` (without a name), ``served=<model>`` (another name),
    ``unmetered`` (without usage), ``cached=<n>`` and ``cache_write=<n>`` (so many of the input tokens).
    Else the answer is the prompt's text, a token per four characters, cut at the limit. Its input has
    as many tokens as `request_of` says.
    """

    vendor_script: Flag = False


class ModelList(Output):
    """The catalogue's entries that the account offers, each as it stands in the catalogue."""

    models: tuple[CatalogueEntry, ...]


class RouteResult(Output):
    """``requested_model`` is the decision's choice, ``served_model`` a catalogue id, None if not told.

    ``cost`` is that of the answer in picodollars, None where it is not known: from its ``usage`` and the
    catalogue's prices, or the vendor's figure, as ``cost_source`` says. ``attempts`` are in order, the
    one that answered last; only there is a ``finish_reason`` refused.
    """

    text: Annotated[Text, FREE]
    requested_model: ModelId
    served_model: ModelId | None
    finish_reason: Literal["stop", "length", "tool"]
    usage: Annotated[Usage | None, MEASURED]
    cost: Annotated[Picodollars | None, MEASURED]
    cost_source: Annotated[Literal["usage", "vendor"] | None, MEASURED] = None
    latency_us: Annotated[Microseconds, MEASURED]
    attempts: Annotated[tuple[Attempt, ...], Field(min_length=1), MEASURED]
    rationale: Decision
    digests: Digests

    @model_validator(mode="after")
    def _cost_has_a_source(self) -> Self:
        if (self.cost is None) != (self.cost_source is None):
            raise ValueError("cost_source says where the cost is from, and is none where the cost is")
        return self


class LLMGateway(Protocol):
    """Answers prompts by the models of several vendors."""

    @operation("read", "repeatable", unit="request", entity="model")
    def models(self) -> ModelList:
        """The models that the account offers."""

    @operation("write", "repeatable", deadline_s=120.0, unit="request", entity="request")
    def route(self, prompt: Prompt, tags: Tags, *, max_output_tokens: TokenLimit | None = None) -> RouteResult:
        """Answers a prompt by the model that policy, catalogue and request decide on.

        Raises NonRetryableError(no_candidate) where nothing is eligible, with ``rejects`` in its details;
        after a failure ``details`` holds ``attempts`` and the last one's ``cost``.
        """
