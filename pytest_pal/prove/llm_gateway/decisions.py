"""Wrong in deciding: by something else than the policy, the catalogue and the request."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from ...canonical import digest
from ...errors import NonRetryableError, ProviderError
from ...llm.policy import Constraints, Weights
from ...mocks.llm_gateway import MockLLMGateway
from ..saboteur import RECORDED, Saboteur
from .gateways import Changed

LATE = datetime(2026, 3, 16, tzinfo=UTC)


class ForgetsLimit(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        return super().route(prompt, tags)


class ForgetsTags(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        return super().route(prompt, {}, max_output_tokens=max_output_tokens)


class ForgetsTagValues(MockLLMGateway):
    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        return super().route(prompt, dict.fromkeys(tags, ""), max_output_tokens=max_output_tokens)


class OtherDigest(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "digests": {**found["digests"], "request": "sha256:0"}}


class RequestsTheLast(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "requested_model": found["rationale"]["candidates"][-1]["model"]}


class HidesRejects(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "rationale": {**found["rationale"], "rejected": []}}


class HidesParts(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        rows = [{**row, "parts": row["parts"][:1]} for row in found["rationale"]["candidates"]]
        return {**found, "rationale": {**found["rationale"], "candidates": rows}}


class Unconstrained(MockLLMGateway):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._policy = self._policy.model_copy(update={"constraints": Constraints()})


class IgnoresOverrides(MockLLMGateway):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._policy = self._policy.model_copy(update={"tag_overrides": ()})


class IgnoresHealth(MockLLMGateway):
    def __init__(self, config: Any, ctx: Any) -> None:
        models = [{**row, "health": "up"} for row in config["catalogue"]["models"]]
        super().__init__({**config, "catalogue": {"models": models}}, ctx)


class SilentAboutRejects(MockLLMGateway):
    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            error.details.pop("rejects", None)
            raise


class NothingIsInvalid(MockLLMGateway):
    def route(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().route(*arguments, **options)
        except ProviderError as error:
            raise NonRetryableError("invalid", details=error.details) from error


class SharesPolicy(MockLLMGateway):
    shared: ClassVar[dict[str, Any]] = {}

    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        type(self).shared["policy"] = self._policy

    def route(self, *arguments: Any, **options: Any) -> Any:
        self._policy = self.shared["policy"]
        return super().route(*arguments, **options)


class DecidesOnHealthy(MockLLMGateway):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        healthy = tuple(entry for entry in self._catalogue.models if entry.health == "up")
        self._catalogue = self._catalogue.model_copy(update={"models": healthy})


class DecidesOnce(MockLLMGateway):
    """Remembers a decision by tags; the limit counts only the first time."""

    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        self._limits = getattr(self, "_limits", {})
        limit = self._limits.setdefault(str(tags), max_output_tokens)
        return super().route(prompt, tags, max_output_tokens=limit)


class ExplainsAfterwards(Changed):
    def changed(self, found: dict[str, Any]) -> dict[str, Any]:
        return {**found, "rationale": {**found["rationale"], "chosen": found["attempts"][-1]["model"]}}


class DigestsTheText(MockLLMGateway):
    """Its digest of a request is one of the prompt's text, too."""

    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        found = super().route(prompt, tags, max_output_tokens=max_output_tokens)
        mixed = digest([found["digests"]["request"], repr(prompt)])
        return {**found, "digests": {**found["digests"], "request": mixed}}


class ForgetsItsPolicy(MockLLMGateway):
    """After two weeks it decides by weights of its own."""

    def route(self, prompt: Any, tags: Any, *, max_output_tokens: Any = None) -> Any:
        if self._ctx.clock.now() >= LATE:
            self._policy = self._policy.model_copy(update={"weights": Weights(cost=1)})
        return super().route(prompt, tags, max_output_tokens=max_output_tokens)


SABOTEURS = (
    Saboteur(
        "decides_once",
        DecidesOnce,
        "llm_gateway.route.rule.decision",
        also=(
            "llm_gateway.adapter.golden.long_life",
            "llm_gateway.route.rule.length",
        ),
    ),
    Saboteur("decides_on_healthy", DecidesOnHealthy, "llm_gateway.route.rule.health"),
    Saboteur("explains_afterwards", ExplainsAfterwards, "llm_gateway.route.rule.fallback"),
    Saboteur(
        "forgets_limit",
        ForgetsLimit,
        "llm_gateway.route.rule.decision",
        also=(
            "llm_gateway.adapter.golden.edge_values",
            "llm_gateway.adapter.golden.long_life",
            "llm_gateway.adapter.scenario.edge_values",
            "llm_gateway.route.rule.length",
            "llm_gateway.route.rule.limit",
        ),
        reason="no limit reaches the model",
    ),
    Saboteur(
        "forgets_tags",
        ForgetsTags,
        "llm_gateway.route.rule.decision",
        also=RECORDED,
        reason="every call with tags is decided on without them",
    ),
    Saboteur(
        "other_digest",
        OtherDigest,
        "llm_gateway.route.rule.decision",
        also=RECORDED,
        reason="no request has its own digest",
    ),
    Saboteur(
        "requests_the_last",
        RequestsTheLast,
        "llm_gateway.route.rule.decision",
        also=RECORDED,
        reason="no call says rightly whom it asked",
    ),
    Saboteur(
        "hides_rejects",
        HidesRejects,
        "llm_gateway.route.rule.rationale",
        also=(
            "llm_gateway.route.rule.health",
            "llm_gateway.route.rule.media",
        ),
    ),
    Saboteur(
        "hides_parts", HidesParts, "llm_gateway.route.rule.rationale", also=RECORDED, reason="no rationale says why"
    ),
    Saboteur(
        "unconstrained",
        Unconstrained,
        "llm_gateway.route.rule.constraints",
        also=RECORDED,
        reason="whatever a policy forbids is asked",
    ),
    Saboteur(
        "ignores_overrides",
        IgnoresOverrides,
        "llm_gateway.route.rule.constraints",
        also=(
            "llm_gateway.adapter.golden.refused_inputs",
            "llm_gateway.adapter.scenario.refused_inputs",
            "llm_gateway.route.rule.cost_limit",
            "llm_gateway.route.rule.decision",
            "llm_gateway.route.rule.no_candidate",
        ),
        reason="no tag changes anything",
    ),
    Saboteur("ignores_health", IgnoresHealth, "llm_gateway.route.rule.health"),
    Saboteur("silent_about_rejects", SilentAboutRejects, "llm_gateway.route.rule.no_candidate"),
    Saboteur(
        "nothing_is_invalid",
        NothingIsInvalid,
        "llm_gateway.route.rule.no_candidate",
        also=RECORDED,
        reason="every failure is told as invalid",
    ),
    Saboteur("shares_policy", SharesPolicy, "llm_gateway.adapter.rule.own_policy"),
    Saboteur(
        "forgets_tag_values",
        ForgetsTagValues,
        "llm_gateway.route.rule.tags",
        also=(
            "llm_gateway.adapter.golden.edge_values",
            "llm_gateway.adapter.golden.every_operation",
            "llm_gateway.adapter.golden.long_life",
            "llm_gateway.route.rule.decision",
            "llm_gateway.route.rule.unicode",
        ),
        reason="all values of a tag are one",
    ),
    Saboteur(
        "digests_the_text",
        DigestsTheText,
        "llm_gateway.adapter.scenario.every_operation",
        also=(
            "llm_gateway.adapter.golden.edge_values",
            "llm_gateway.adapter.golden.every_operation",
            "llm_gateway.adapter.golden.long_life",
            "llm_gateway.adapter.golden.refused_inputs",
            "llm_gateway.adapter.scenario.edge_values",
        ),
        reason="no request has its own digest",
    ),
    Saboteur(
        "forgets_its_policy",
        ForgetsItsPolicy,
        "llm_gateway.adapter.scenario.long_life",
        also=("llm_gateway.adapter.golden.long_life",),
    ),
)
