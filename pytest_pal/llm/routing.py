"""`decide`: the one place in which a model is chosen."""

from collections.abc import Sequence

from ..canonical import digest
from .catalogue import Catalogue
from .decision import DecidedBy, Decision, Digests, Reject
from .policy import Policy
from .request import Request
from .rules import rejects
from .scoring import KEY_NAMES, Scored, flips


def decide(policy: Policy, catalogue: Catalogue, request: Request) -> Decision:
    """The eligible model with the highest score, and why. Pure: no clock, no chance, no order of the catalogue.

    Equal scores go to the lower cost, then the lower latency, the higher quality, the vendor's and at
    last the model's name. Where nothing is eligible, ``chosen`` is None and ``rejected`` says why.
    """
    asked = policy.for_tags(request.tags)
    ranking: list[Scored] = []
    rejected: list[Reject] = []
    for entry in sorted(catalogue.models, key=lambda entry: entry.id):
        faults = list(rejects(entry, asked, request))
        rejected += faults
        if not faults:
            ranking.append(Scored.of(entry, asked, request))
    ranking.sort(key=lambda scored: scored.key)
    digests = Digests(policy=policy.digest, catalogue=catalogue.digest, request=request.digest(), decision="")
    return _sealed(_decision(ranking, rejected, policy, digests))


def decision_digest(decision: Decision) -> str:
    """The digest of a decision without the one that it carries itself."""
    plain = decision.plain()
    del plain["digests"]["decision"]
    return digest(plain)


def _sealed(decision: Decision) -> Decision:
    digests = decision.digests.model_copy(update={"decision": decision_digest(decision)})
    return decision.model_copy(update={"digests": digests})


def _decision(ranking: list[Scored], rejected: list[Reject], policy: Policy, digests: Digests) -> Decision:
    first, second = [*ranking, None, None][:2]
    return Decision(
        chosen=first.entry.id if first else None,
        decided_by=_decided_by(first, second),
        margin_ppm=first.score - second.score if first and second else None,
        summary=_summary(ranking, rejected),
        candidates=tuple(scored.candidate() for scored in ranking),
        rejected=tuple(rejected),
        fallback_chain=tuple(scored.entry.id for scored in ranking[1:])[: policy.fallback.max],
        flips=flips(first, second) if first and second else (),
        digests=digests,
    )


def _decided_by(first: Scored | None, second: Scored | None) -> DecidedBy:
    if first is None:
        return "nothing_eligible"
    if second is None:
        return "only_candidate"
    pairs = zip(KEY_NAMES, first.key, second.key, strict=True)
    return next(name for name, one, other in pairs if one != other)


def _summary(ranking: Sequence[Scored], rejected: Sequence[Reject]) -> str:
    out = len({fault.model for fault in rejected})
    if not ranking:
        return f"no model is eligible; {out} rejected"
    first = ranking[0]
    text = f"{first.entry.id} of {first.entry.vendor} scores {first.score} ppm"
    if len(ranking) > 1:
        second = ranking[1]
        by = _decided_by(first, second)
        text += f", {first.score - second.score} ahead of {second.entry.id}, decided by {by}"
    unknown = [f"{scored.entry.id}: {', '.join(names)}" for scored in ranking if (names := scored.unknown)]
    return text + f"; {out} rejected" + (f"; not known: {'; '.join(unknown)}" if unknown else "")
