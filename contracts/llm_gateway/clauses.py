"""What llm_gateway promises beyond the general families.

The clauses of a failure need a vendor that fails on demand: the script of `LLMGatewayTraits`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ...errors import ProviderError, RetryableError
from ...llm.catalogue import Catalogue, cost_of
from ...llm.decision import Decision
from ...llm.policy import FACTORS, Policy
from ...llm.request import Request, request_of
from ...llm.routing import decide
from ...llm.units import PICODOLLARS
from ...model.clause import Check, Clause, ClauseFailed, Unproven, clause, holds, refused, same
from ...model.subject import Call, Outcome, Subject

PROMPT = "Which river flows through Vienna, and where does it end?"
UNICODE = "Été 🎉 «夏» \u202bשלום\u202c\ttab\nline"  # noqa: RUF001 - right-to-left text on purpose
STEADY = {"weights": {"quality": 1}, "constraints": {}}
"""Quality does not depend on the prompt's length: words of the script leave the ranking as it is."""
NEAR = 1e-6
"""How far, relatively, a vendor's own figure of a cost may be off."""
PICTURE = {"type": "image", "data": "data:image/png;base64,iVBORw0KGgo="}


def scripted(id: str) -> Callable[[Check], Clause]:
    """A clause about a vendor that fails or answers as words in the prompt say."""

    def make(check: Check) -> Clause:
        return clause(f"llm_gateway.route.rule.{id}", applies=lambda traits: traits.vendor_script)(check)

    return make


def configured(subject: Any) -> tuple[Policy, Catalogue]:
    """The policy and the catalogue of the subject's configuration."""
    config = subject.bench.config
    return Policy.model_validate(config["policy"]), Catalogue.model_validate(config["catalogue"])


def under(subject: Subject, changes: Mapping[str, Any] | None = None, **policy: Any) -> Subject:
    """An instance with such a policy over the models that the account offers, with ``changes`` in each entry."""
    _, catalogue = configured(subject)
    offered = [entry.id for entry in subject.call("models").models]
    entries = [{**entry.plain(), **(changes or {})} for entry in catalogue.models if entry.id in offered]
    if not entries:
        raise Unproven("the account offers no model of config['catalogue']; configure a catalogue of models it has")
    return subject.stranger(policy={**STEADY, **policy}, catalogue={"models": entries})


def route(subject: Subject, prompt: Any = PROMPT, tags: Any = (), **options: Any) -> Any:
    """The result of a call."""
    return subject.call("route", prompt=prompt, tags=dict(tags), **options)


def request(subject: Subject, prompt: Any = PROMPT, tags: Any = (), limit: int | None = None) -> Request:
    """What `request_of` makes of a call's arguments."""
    checked = subject.capability.check("route", prompt=prompt, tags=dict(tags))
    return request_of(checked["prompt"], checked["tags"], limit)


def decision(subject: Subject, *call: Any, **options: Any) -> Decision:
    """What the published function decides for a call."""
    return decide(*configured(subject), request(subject, *call, **options))


def ranking(subject: Subject, *call: Any) -> list[str]:
    return [candidate.model for candidate in decision(subject, *call).candidates]


def failed(subject: Subject, prompt: str, tags: Any = ()) -> tuple[Outcome, list[str], dict[str, Any]]:
    """A call that must fail: the outcome, the models that were asked, the error's details."""
    outcome = subject.attempt("route", prompt=prompt, tags=dict(tags))
    if not isinstance(outcome.error, ProviderError):
        outcome.unwrap()
        raise ClauseFailed(f"route must fail where the vendor does ({prompt[len(PROMPT) :].strip()})")
    details = outcome.error.details
    holds(bool(details.get("attempts")), "the error's details have no attempts", seen=details)
    last = details["attempts"][-1]
    same(str(outcome.error.code), str(last.get("error")), "the error's code, against the last attempt in details")
    if any(row.get("cost") is not None for row in details["attempts"]):
        same(details.get("cost"), last.get("cost"), "details.cost, against the last attempt in details")
    return outcome, [row["model"] for row in details["attempts"]], details


def said(*words: tuple[str, str]) -> str:
    """The prompt with words of the script, each as (model, word)."""
    return " ".join([PROMPT, *(f"[[{model}: {word}]]" for model, word in words)])


# the decision


POLICIES: tuple[dict[str, Any], ...] = (
    {},
    *({"weights": {factor: 1}} for factor in FACTORS),
    {"weights": {"cost": 3, "latency": 0.5}, "references": {"cost_usd": 0.0001, "latency_ms": 20}},
    {"constraints": {"min_safety": 0.5}, "on_missing": "accept", "fallback": {"max": 1}},
    {
        "tag_overrides": [{"tag": "tier", "value": "gold", "weights": {"cost": 1}}],
        "expected_output_tokens": 9,
    },
)


@clause("llm_gateway.route.rule.decision")
def decides(subject: Subject) -> None:
    """The rationale is what decide gives for the configured policy, catalogue and request, digests included."""
    for instance in (subject, *(under(subject, **policy) for policy in POLICIES)):
        for tags, limit in (({}, None), ({"tier": "gold", "team": "é"}, 40), ({}, 40)):
            seen = route(instance, PROMPT, tags, max_output_tokens=limit)
            expected = decision(instance, PROMPT, tags, limit=limit)
            same(seen.rationale, expected, f"the rationale under the policy {configured(instance)[0]}")
            same(seen.digests.plain(), expected.digests.plain(), "digests")
            same(seen.requested_model, expected.chosen, "requested_model")


@clause("llm_gateway.route.rule.rationale")
def rationale(subject: Subject) -> None:
    """The rationale names every model: ranked with the parts of its score, or rejected with rule and limit."""
    first, *others = ranking(under(subject))
    for banned in ([], [first] if others else []):
        instance = under(subject, constraints={"deny_models": banned})
        seen = route(instance).rationale
        named = {row.model for row in (*seen.candidates, *seen.rejected)}
        same(sorted(named), sorted(configured(instance)[1].by_id), "models named in the rationale")
        parts = [[part.factor for part in candidate.parts] for candidate in seen.candidates]
        same(parts, [list(FACTORS)] * len(parts), "the parts of each candidate's score")
        same(
            [row.model for row in seen.rejected if row.rule == "deny_models"],
            banned,
            "rejects by deny_models",
        )


@clause("llm_gateway.route.rule.constraints")
def constraints(subject: Subject) -> None:
    """The models that are asked and that serve satisfy the constraints, also those that a tag brings."""
    first = ranking(under(subject))[0]
    vendor = configured(subject)[1].by_id[first].vendor
    bans: tuple[dict[str, Any], ...] = ({"deny_models": [first]}, {"deny_vendors": [vendor]})
    for ban in bans:
        override = [{"tag": "strict", "constraints": ban}]
        for instance in (under(subject, constraints=ban), under(subject, tag_overrides=override)):
            allowed = ranking(instance, PROMPT, {"strict": ""})
            if allowed:
                same([id for id in _used(instance) if id not in allowed], [], f"models used in spite of {ban}")


def _used(subject: Subject) -> set[str]:
    seen = route(subject, PROMPT, {"strict": ""})
    return {seen.served_model, seen.requested_model, *(attempt.model for attempt in seen.attempts)} - {None}


@clause("llm_gateway.route.rule.health")
def health(subject: Subject) -> None:
    """A model that the catalogue shows as down or in cooldown is not asked, and the rationale says so."""
    instance = under(subject)
    first, *others = ranking(instance)
    for state in ("down", "cooldown") if others else ():
        entries = [entry.plain() for entry in configured(instance)[1].models]
        marked = [{**entry, "health": state} if entry["id"] == first else entry for entry in entries]
        marked_instance = subject.stranger(policy=STEADY, catalogue={"models": marked})
        seen = route(marked_instance)
        same(seen.rationale, decision(marked_instance), "the rationale, by decide over the whole catalogue")
        asked = [attempt.model for attempt in seen.attempts]
        holds(first not in asked, f"{first} was asked although its health is {state}", seen=asked)


@clause("llm_gateway.route.rule.no_candidate")
def no_candidate(subject: Subject) -> None:
    """Where nothing is eligible the call is refused with no_candidate, and the details hold every reject."""
    nothing: dict[str, Any] = {"allow_models": [], "min_context_tokens": 2**40}
    override = [{"tag": "nowhere", "constraints": nothing}]
    policies: tuple[dict[str, Any], ...] = ({"constraints": nothing}, {"tag_overrides": override})
    for instance in (under(subject, **policy) for policy in policies):
        tags = {"nowhere": ""}
        outcome = instance.attempt("route", prompt=PROMPT, tags=tags)
        refused(outcome, "no_candidate")
        assert isinstance(outcome.error, ProviderError)
        expected = [reject.plain() for reject in decision(instance, PROMPT, tags).rejected]
        same(list(outcome.error.details.get("rejects", ())), expected, "details.rejects")


@clause("llm_gateway.adapter.rule.own_policy")
def own_policy(subject: Subject) -> None:
    """Two instances of different configuration decide each by its own policy and catalogue."""
    first, *rest = ranking(under(subject))
    one = under(subject, constraints={"allow_models": [first]})
    two = under(subject, constraints={"deny_models": [first]})
    for _ in range(2):
        same(route(one).requested_model, first, "requested_model of the instance that allows only this")
        if rest:
            same(route(two).requested_model, rest[0], "requested_model of the instance that denies the first")


# the answer


@clause("llm_gateway.route.rule.attempts")
def attempts(subject: Subject) -> None:
    """Attempts are listed: the decision's choice first, each model once, in order, the one that answered last."""
    for instance in (under(subject), subject):
        _in_order(route(instance))


def _in_order(seen: Any) -> None:
    order = [candidate.model for candidate in seen.rationale.candidates]
    asked = [attempt.model for attempt in seen.attempts]
    same(asked[0], seen.requested_model, "the model asked first")
    same(asked, [model for model in order if model in asked], "the order of the models asked")
    errors = [attempt.error is not None for attempt in seen.attempts]
    same(errors, [True] * (len(errors) - 1) + [False], "attempts that failed")
    holds(seen.served_model in (None, *order), "the served model is no eligible one", seen=seen.served_model)
    last = seen.attempts[-1].cost
    holds(last in (None, seen.cost), f"the attempt that answered costs {last}, the answer {seen.cost}")


@clause("llm_gateway.route.rule.answer")
def answer(subject: Subject) -> None:
    """An answer that ends with stop has text."""
    seen = route(subject)
    holds(
        seen.text != "" or seen.finish_reason != "stop",
        "a normal stop without text is a malformed reply",
        seen=seen,
    )


@clause("llm_gateway.route.rule.cost")
def cost(subject: Subject) -> None:
    """A cost from usage is, to the picodollar, what the usage of any model costs at the catalogue's prices."""
    for model in ranking(under(subject)):
        instance = under(subject, constraints={"allow_models": [model]})
        _priced(instance, route(instance, max_output_tokens=7))


@clause("llm_gateway.route.rule.unknown_cost")
def unknown_cost(subject: Subject) -> None:
    """A cost that nobody knows is none, never 0; what is known to be free costs 0."""
    for prices in (None, {"input": 0, "output": 0, "cached_input": 0, "cache_write": 0}):
        instance = under(subject, {"prices": prices})
        _priced(instance, route(instance))


def _priced(subject: Subject, seen: Any) -> None:
    """The figure of a test's vendor is near; a real one may have prices of its own."""
    entry = configured(subject)[1].by_id[seen.served_model or seen.attempts[-1].model]
    expected, what = cost_of(entry.prices, seen.usage), f"picodollars for {seen.usage} at {entry.prices}"
    if seen.cost_source != "vendor":
        same(seen.cost, expected, what)
    elif subject.traits.vendor_script and expected is not None:
        holds(abs(seen.cost - expected) <= 1 + expected * NEAR, f"{what}, by the vendor", seen=seen.cost)


@clause("llm_gateway.route.rule.limit")
def limit(subject: Subject) -> None:
    """max_output_tokens bounds the output; a text that is cut there is a success."""
    for most in (1, 5):
        seen = route(subject, PROMPT, max_output_tokens=most)
        holds(
            seen.usage is None or seen.usage.output is None or seen.usage.output <= most,
            "too long",
            seen=seen.usage,
        )


# what goes in


@clause("llm_gateway.route.rule.tags")
def tags(subject: Subject) -> None:
    """A list of tags means the same as a mapping from each to an empty text."""
    as_list = subject.call("route", prompt=PROMPT, tags=["urgent", "é"])
    as_map = subject.call("route", prompt=PROMPT, tags={"é": "", "urgent": ""})
    same(as_list.digests.request, as_map.digests.request, "the request's digest")
    other = subject.call("route", prompt=PROMPT, tags={"urgent": "yes", "é": ""})
    holds(other.digests.request != as_map.digests.request, "another value of a tag is another request")


@clause("llm_gateway.route.rule.messages")
def messages(subject: Subject) -> None:
    """Messages are accepted, with text or text parts as content, and are decided on as a whole."""
    for prompt in _conversations(PROMPT, UNICODE):
        seen = route(subject, prompt)
        same(seen.digests.request, decision(subject, prompt).digests.request, "the request's digest")


@clause("llm_gateway.route.rule.media")
def media(subject: Subject) -> None:
    """A prompt with a picture is answered by a model that takes pictures, or refused."""
    prompt = [{"role": "user", "content": [{"type": "text", "text": PROMPT}, PICTURE]}]
    instance = under(subject)
    outcome = instance.attempt("route", prompt=prompt, tags={})
    if outcome.error is None:
        same(outcome.value.rationale, decision(instance, prompt), "the rationale of the prompt with a picture")
    else:
        refused(outcome, "no_candidate", "unsupported", "invalid", "content_refused", "payload_too_large")


def _conversations(first: str, last: str) -> tuple[list[dict[str, Any]], ...]:
    parts = [{"type": "text", "text": first}, {"type": "text", "text": last}]
    return (
        [{"role": "user", "content": parts}],
        [
            {"role": "system", "content": first},
            {"role": "user", "content": "Go on."},
            {"role": "assistant", "content": [{"type": "text", "text": "I do."}]},
            {"role": "user", "content": last},
        ],
    )


@clause("llm_gateway.route.rule.big_prompt")
def big_prompt(subject: Subject) -> None:
    """A prompt of 100 KB is accepted where a model has room for it."""
    prompt = "word " * 20_000
    if decision(subject, prompt).candidates:
        route(subject, prompt, max_output_tokens=5)


@clause("llm_gateway.route.rule.unicode")
def unicode(subject: Subject) -> None:
    """Unicode and control characters are free in prompts and tags."""
    seen = route(subject, UNICODE, {UNICODE: UNICODE})
    same(
        seen.digests.request,
        decision(subject, UNICODE, {UNICODE: UNICODE}).digests.request,
        "the request's digest",
    )


# the list of models


@clause("llm_gateway.models.rule.catalogue")
def listed(subject: Subject) -> None:
    """models gives entries of the configured catalogue, each once and as it stands there."""
    for instance in (subject, under(subject, {"quality_ppm": 123_456, "tags": ["changed"], "health": "cooldown"})):
        _, catalogue = configured(instance)
        for entry in (seen := instance.call("models").models):
            holds(entry.id in catalogue.by_id, f"{entry.id} does not stand in the catalogue")
            same(entry, catalogue.by_id[entry.id], f"the entry of {entry.id}")
        same(len({entry.id for entry in seen}), len(seen), "models that stand once")


@clause("llm_gateway.models.rule.complete")
def complete(subject: Subject) -> None:
    """A model that answers is listed by models."""
    offered = [entry.id for entry in subject.call("models").models]
    for model in configured(subject)[1].by_id:
        instance = subject.stranger(policy={**STEADY, "constraints": {"allow_models": [model]}})
        outcome = instance.attempt("route", prompt=PROMPT, tags={})
        holds(outcome.error is not None or model in offered, f"{model} answers and is not listed", seen=offered)


# a vendor that obeys the script: what it answers


@scripted("text")
def text(subject: Subject) -> None:
    """All text of a prompt, of every role, reaches the model unchanged, and its answer comes back unchanged."""
    for prompt in (UNICODE, *_conversations(PROMPT, UNICODE)):
        answered = route(subject, prompt).text
        missing = [each for each in _texts(prompt) if each not in answered]
        same(missing, [], "texts of the prompt that the answer, which repeats it, lacks")
    for prompt in _conversations(said(("*", "invalid")), UNICODE):
        refused(subject.attempt("route", prompt=prompt, tags={}), "invalid")


def _texts(prompt: Any) -> list[str]:
    """The texts in a prompt."""
    if isinstance(prompt, str):
        return [prompt]
    contents = [message["content"] for message in prompt]
    parts = [[{"text": content}] if isinstance(content, str) else content for content in contents]
    return [part["text"] for listed in parts for part in listed]


@scripted("at_once")
def at_once(subject: Subject) -> None:
    """Calls at once each get their own answer."""
    prompts = [f"{PROMPT} {n}" for n in range(6)]
    outcomes = subject.together(Call("route", {"prompt": prompt, "tags": {}}) for prompt in prompts)
    same([outcome.unwrap().text for outcome in outcomes], prompts, "answers")


@scripted("length")
def length(subject: Subject) -> None:
    """An answer that is cut at max_output_tokens is returned with finish_reason length, every other one with stop."""
    whole = PROMPT + " " + "word " * 400
    seen = route(subject, whole)
    same((seen.finish_reason, seen.text), ("stop", whole), "finish_reason and text without a limit")
    for most, expected in (
        (3, ("length", PROMPT[:12], 3)),
        (14, ("stop", PROMPT, 14)),
        (500, ("stop", PROMPT, 14)),
    ):
        seen = route(subject, PROMPT, max_output_tokens=most)
        answered = (seen.finish_reason, seen.text, seen.usage.output)
        same(answered, expected, f"finish_reason, text and output with a limit of {most}")


@scripted("usage")
def usage(subject: Subject) -> None:
    """The parts of usage are disjoint: cached and written input tokens are not counted as input again."""
    prompt = said(("*", "cached=4"), ("*", "cache_write=3"))
    instance = under(subject)
    seen = route(instance, prompt)
    total = request(instance, prompt).input_tokens
    same(
        (seen.usage.input, seen.usage.cached_input, seen.usage.cache_write),
        (total - 7, 4, 3),
        "tokens of the input",
    )
    _priced(instance, seen)


@scripted("unmetered")
def unmetered(subject: Subject) -> None:
    """Usage that the vendor does not give is none, and so is the cost, also after a call with usage."""
    route(subject)
    seen = route(subject, said(("*", "unmetered")))
    same((seen.usage, seen.cost), (None, None), "usage and cost")


@scripted("served")
def served(subject: Subject) -> None:
    """The served model is the one that answered: a dated name is the asked model, one not told is none."""
    instance = under(subject)
    first, *others = ranking(instance)
    for word, expected in (
        ("dated", first),
        ("silent", None),
        *((f"served={model}", model) for model in others),
    ):
        seen = route(instance, said(("*", word)))
        same(
            (seen.requested_model, seen.served_model),
            (first, expected),
            f"models where the vendor says {word}",
        )
        _priced(instance, seen)


@scripted("substitute")
def substitute(subject: Subject) -> None:
    """An answer of a model outside the constraints is a malformed reply, and its cost is in the details."""
    denied = ranking(under(subject))[0]
    instance = under(subject, constraints={"deny_models": [denied]})
    allowed = ranking(instance)
    names = (denied, "somebody-else", f"{denied}-2026-01-15", *(f"{model}-mini" for model in allowed[:1]))
    for name in names if allowed else ():
        outcome, _, details = failed(instance, said(("*", f"served={name}")))
        refused(outcome, "malformed_reply")
        holds("cost" in details, "details have no cost", seen=details)
        if name == denied:
            _known_cost(instance, details, (denied, allowed[0]))
    if allowed[1:]:
        words = [(model, f"served={denied}") for model in allowed[1:]]
        outcome, _, _ = failed(instance, said((allowed[0], "unavailable"), *words))
        refused(outcome, "malformed_reply")


def _known_cost(subject: Subject, details: Mapping[str, Any], models: tuple[str, str]) -> None:
    """The first attempt told its usage: whichever of the two models is paid for, its cost is known."""
    _, catalogue = configured(subject)
    first = details["attempts"][0].get("cost")
    seen = details["cost"] if len(details["attempts"]) == 1 else first
    if all(catalogue.by_id[model].prices for model in models):
        holds(seen is not None, "the cost of an answer with usage must be told", seen=details)


@scripted("empty")
def empty(subject: Subject) -> None:
    """A normal stop without text is a malformed reply; its cost is not the cost of another model's answer."""
    instance = under(subject)
    outcome, asked, _ = failed(instance, said(("*", "empty")))
    refused(outcome, "malformed_reply")
    _each_once(asked)
    outcome = instance.attempt("route", prompt=said((asked[0], "empty")), tags={})
    if outcome.error is None:
        _priced(instance, outcome.value)


@scripted("content_refused")
def content_refused(subject: Subject) -> None:
    """A refusal is content_refused with its cost, and is not asked again on that model."""
    instance, prompt = under(subject), said(("*", "refuse"))
    outcome, asked, details = failed(instance, prompt)
    refused(outcome, "content_refused")
    _each_once(asked)
    holds(not getattr(outcome.error, "outcome_unknown", False), "the outcome of a refusal is known")
    holds("cost" in details, "details have no cost", seen=details)
    prices = configured(instance)[1].by_id[asked[-1]].prices
    if prices:  # the refusal's own words may cost too
        least = prices.input * request(instance, prompt).input_tokens
        enough = details["cost"] is not None and details["cost"] >= least * (1 - NEAR) - 1
        holds(enough, f"details.cost must be at least what the prompt costs, {least} picodollars", seen=details)


def _each_once(asked: list[str]) -> None:
    same(len(set(asked)), len(asked), f"models of {asked}, each asked once")


# a vendor that obeys the script: what follows a failure


ON_THE_WIRE_UNKNOWN = frozenset({"unavailable", "timeout"})
"""A vendor that says so has done nothing; over HTTP its 503 or 504 does not tell. CONTRACTS, section 4."""


@scripted("fallback")
def fallback(subject: Subject) -> None:
    """After a retryable failure, an unknown outcome or a model that is not there, the next of the ranking is asked."""
    instance = under(subject)
    first, *rest = ranking(instance)
    for word in ("unavailable", "rate_limited", "timeout", "not_found", "lost"):
        if rest:
            seen = route(instance, said((first, word)))
            rows = [(row.model, str(row.error), row.outcome_unknown) for row in seen.attempts]
            unknown = rows[0][2] if word in ON_THE_WIRE_UNKNOWN else word == "lost"
            error = "connection" if word == "lost" else word
            same(rows, [(first, error, unknown), (rest[0], "None", False)], f"attempts after {word}")
            same((seen.requested_model, seen.served_model), (first, rest[0]), "requested and served model")
            same(seen.rationale, decision(instance, said((first, word))), f"the rationale after {word}")


@scripted("ranking_used_up")
def ranking_used_up(subject: Subject) -> None:
    """A failure comes back when the ranking is used up, each model asked once; fallback.max bounds how many."""
    for most in (None, 0, 1):
        instance = under(subject, fallback={"max": most})
        outcome, asked, _ = failed(instance, said(("*", "unavailable")))
        same(
            asked,
            ranking(instance)[: None if most is None else most + 1],
            f"models asked with fallback.max {most}",
        )
        _error(outcome, "unavailable", unknown=None)


@scripted("unknown_stops")
def unknown_stops(subject: Subject) -> None:
    """With fallback.on_unknown false an unknown outcome comes back at once, and says that it is unknown."""
    instance = under(subject, fallback={"on_unknown": False})
    outcome, asked, _ = failed(instance, said(("*", "lost")))
    same(asked, ranking(instance)[:1], "models asked")
    _error(outcome, "connection", unknown=True)


@scripted("other_vendor")
def other_vendor(subject: Subject) -> None:
    """After a used-up quota or a refused credential only models of other vendors are asked."""
    instance = under(subject)
    vendors = {model: configured(instance)[1].by_id[model].vendor for model in ranking(instance)}
    firsts = [model for n, model in enumerate(vendors) if vendors[model] not in [*vendors.values()][:n]]
    for word in ("quota_exhausted", "unauthenticated"):
        outcome, asked, _ = failed(instance, said(("*", word)))
        refused(outcome, word)
        same(asked, firsts, f"models asked after {word}")


@scripted("invalid_stops")
def invalid_stops(subject: Subject) -> None:
    """A request that a model calls invalid, forbidden or too large is not tried on another."""
    instance = under(subject)
    for word in ("invalid", "forbidden", "payload_too_large"):
        outcome, asked, _ = failed(instance, said(("*", word)))
        refused(outcome, word)
        same(asked, ranking(instance)[:1], f"models asked after {word}")


@scripted("cost_limit")
def cost_limit(subject: Subject) -> None:
    """Fallbacks stay within the cost limit of the policy or of a tag; an unknown outcome counts with its estimate."""
    prompt = said(("*", "lost"))
    costs = {row.model: row.cost or 0 for row in decision(under(subject), prompt).candidates}
    limit = max(costs.values())
    capped = {"max_cost_usd": limit / PICODOLLARS}
    policies: tuple[dict[str, Any], ...] = (
        {"constraints": capped},
        {"tag_overrides": [{"tag": "thrifty", "constraints": capped}]},
    )
    for instance in (under(subject, **policy) for policy in policies):
        if decision(instance, prompt, {"thrifty": ""}).candidates:
            outcome, asked, _ = failed(instance, prompt, {"thrifty": ""})
            _error(outcome, "connection", unknown=True)
            spent = sum(costs[model] for model in asked)
            holds(spent <= limit, f"{spent} picodollars may have been spent on {asked}, the limit is {limit}")


def _error(outcome: Outcome, code: str, *, unknown: bool | None) -> None:
    """The call path asks again after these: they are retryable. ``unknown`` None: whether the outcome is so is open."""
    error = outcome.error
    holds(isinstance(error, RetryableError), "the error must be a RetryableError", seen=outcome.brief())
    assert isinstance(error, RetryableError)
    same(
        (str(error.code), error.outcome_unknown),
        (code, error.outcome_unknown if unknown is None else unknown),
        "the code, and whether the outcome is unknown",
    )
