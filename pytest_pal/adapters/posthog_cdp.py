"""cdp on PostHog: persons by $set and $unset, events by capture, audiences as static cohorts."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from ..contracts.cdp.protocol import CDPTraits
from ..errors import NonRetryableError, ProviderError
from ..model.context import Context
from ..model.values import NAME_PATTERN, instant_text, thaw
from ..primitives.key_memo import KeyMemo
from .posthog_claims import Pairs, RecentClaims
from .posthog_wire import Attempt, Link, listed

Json = dict[str, Any]
NAMESPACE = uuid5(NAMESPACE_URL, "pytest-pal/posthog")
OURS = "pal:"
"""Begins what is ours among the vendor's names, and what would mean something to the vendor. No id, trait or
identifier of a caller has a colon."""
EVENT_ID = f"{OURS}event_id"
IDENTIFIER = f"{OURS}identifier:"
LARGEST_PERSON = 500_000
"""Bytes of JSON; PostHog keeps 512 KB of a person."""
_MOST_FUTURE_S = 23 * 3_600
_LOOK_UP, _ADD = 200, 1_000
_HISTORY = 100
_NOT_A_MEMBER = "Person is not part of the cohort"
# https://posthog.com/docs/product-analytics/identify: PostHog takes these for mistakes.
_NO_IDS = frozenset(
    "anonymous guest distinctid distinct_id id not_authenticated email undefined true false null none nan 0".split()
)
_NEWEST = f"""
SELECT toString(uuid), event, timestamp, properties FROM events
WHERE distinct_id = {{person}} AND properties."{EVENT_ID}" IS NOT NULL
ORDER BY timestamp DESC, properties."{EVENT_ID}" DESC LIMIT 1 BY uuid LIMIT {_HISTORY}
"""


class PosthogCDP:
    """CDPProvider on one project of PostHog.

    config: project_id; optional project_key and personal_key (else the secrets ``posthog_project_key`` and
    ``posthog_personal_key``), host and app_host (default PostHog Cloud US: https://us.i.posthog.com for events,
    https://us.posthog.com for the API), cafile (PEM, for hosts of one's own), durable (false: what is kept in
    ``ctx.state_dir`` outlives the process, but not a loss of power).

    A profile's id is its person's distinct id; traits and identifiers are person properties.
    """

    capability = "cdp"
    contract = "1.0"
    traits = CDPTraits(nested="replace", read_bound_s=60)

    def __init__(self, config: Mapping[str, Any], ctx: Context) -> None:
        self._ctx, self._link = ctx, Link(config, ctx)
        durable = config.get("durable", True)
        self._memo = KeyMemo(ctx.state_dir, ctx.clock, durable=durable, asks_again=True)
        bound = self.traits.read_bound_s
        self._claims = RecentClaims(ctx.state_dir, ctx.clock, seconds=bound, durable=durable)

    def upsert_profile(self, id: str, traits: Mapping[str, Any], identifiers: Mapping[str, Any]) -> Json:
        """The returned profile is what PostHog showed before, with the patch."""
        attempt, patch = self._link.attempt(), _patch(traits, identifiers)
        before = _properties(_person(attempt, id))
        after = _patched(before, patch)
        if len(json.dumps(after)) > LARGEST_PERSON:
            raise NonRetryableError("payload_too_large", f"PostHog keeps {LARGEST_PERSON:,} bytes of a person")
        with self._claimed(attempt, id, _new(before, identifiers)):
            self._set(attempt, id, patch)
        self._claims.release(id, _released(before, identifiers))
        return _profile(id, after)

    def ingest_event(
        self, event_id: str, profile_id: str, name: str, time: datetime, properties: Mapping[str, Any]
    ) -> Json:
        """PostHog keeps one event of a uuid, name, person and day; the memo sees that a uuid has but one of each."""
        sent = {"profile_id": profile_id, "name": name, "time": instant_text(time), "properties": thaw(properties)}

        def attempt() -> Json:
            if (time - self._ctx.clock.now()).total_seconds() > _MOST_FUTURE_S:
                raise NonRetryableError("invalid", "PostHog moves an event of more than 23 hours ahead to now")
            own = {**_escaped(properties), EVENT_ID: event_id}
            self._link.attempt().capture(name, _distinct_id(profile_id), own, time, uuid5(NAMESPACE, event_id))
            return {"event_id": event_id, "profile_id": profile_id}

        return self._memo.run("ingest_event", event_id, sent, attempt)

    def sync_audience(self, key: str, members: tuple[str, ...]) -> Json:
        """Members are added, then others removed, one by one as PostHog has it; a repeat does what is left."""
        attempt = self._link.attempt()
        wanted = _person_ids(attempt, sorted(set(members)))
        cohort = _cohort(attempt, key)
        before = {_uuid(row) for row in attempt.rows(f"cohorts/{cohort}/persons")}
        added, removed = sorted(wanted - before), sorted(before - wanted)
        for some in _batches(added, _ADD):
            attempt.patch(f"cohorts/{cohort}/add_persons_to_static_cohort", {"person_ids": some})
        for person in removed:
            _remove(attempt, cohort, person)
        return {"added": len(added), "removed": len(removed), "size": len(wanted)}

    def get_profile(self, id: str) -> Json:
        attempt = self._link.attempt()
        person = _person(attempt, id)
        if person is None:
            raise NonRetryableError("not_found", f"no profile {id!r}")
        return {**_profile(id, _properties(person)), "events": _history(attempt, id)}

    def close(self) -> None:
        """The SDK has nothing open in its synchronous mode, and each request has a connection of its own."""
        self._memo.close()
        self._claims.close()

    def _set(self, attempt: Attempt, id: str, patch: Mapping[str, Any]) -> None:
        properties: Json = {"$set": {name: thaw(value) for name, value in patch.items() if value is not None}}
        if unset := sorted(name for name, value in patch.items() if value is None):
            properties["$unset"] = unset
        at, uuid = self._ctx.clock.now(), uuid5(NAMESPACE, f"$set/{self._ctx.ids.new()}")
        attempt.capture("$set", _distinct_id(id), properties, at, uuid)

    @contextmanager
    def _claimed(self, attempt: Attempt, id: str, pairs: Pairs) -> Iterator[None]:
        """Around the write that claims these. Raises NonRetryableError(conflict) where one has another owner."""
        unsure = self._claims.claim(id, pairs) if pairs else {}
        try:
            for name, value in unsure.items():
                _refuse_owner(attempt, id, name, value)
            yield
        except ProviderError as error:
            if not error.outcome_unknown:
                self._claims.forget(id, pairs)
            raise


def _distinct_id(id: str) -> str:
    return f"{OURS}{id}" if id.lower() in _NO_IDS else id


def _escaped(properties: Mapping[str, Any]) -> Json:
    """A property whose name means something to the vendor is kept under another; see `_unescaped`."""
    return {
        f"{OURS}{name}" if name.startswith(("$", OURS)) else name: thaw(value) for name, value in properties.items()
    }


def _unescaped(properties: Mapping[str, Any]) -> Json:
    own = {name: value for name, value in properties.items() if not name.startswith("$") and name != EVENT_ID}
    return {name.removeprefix(OURS): value for name, value in own.items()}


def _patch(traits: Mapping[str, Any], identifiers: Mapping[str, Any]) -> Json:
    """Both as person properties, None for those to be removed."""
    return {**traits, **{f"{IDENTIFIER}{name}": value for name, value in identifiers.items()}}


def _patched(before: Json, patch: Mapping[str, Any]) -> Json:
    removed = {name for name, value in patch.items() if value is None}
    return {name: thaw(value) for name, value in {**before, **patch}.items() if name not in removed}


def _new(before: Json, identifiers: Mapping[str, Any]) -> Pairs:
    """The identifiers that the profile gets and that PostHog does not show as its own."""
    given = {name: value for name, value in identifiers.items() if value is not None}
    return {name: value for name, value in given.items() if before.get(f"{IDENTIFIER}{name}") != value}


def _released(before: Json, identifiers: Mapping[str, Any]) -> Pairs:
    """The identifiers that the profile had and that the patch removes or replaces."""
    had = {name: before.get(f"{IDENTIFIER}{name}") for name in identifiers}
    return {name: value for name, value in had.items() if isinstance(value, str) and value != identifiers[name]}


def _profile(id: str, properties: Json) -> Json:
    identifiers = {name.removeprefix(IDENTIFIER): v for name, v in properties.items() if name.startswith(IDENTIFIER)}
    traits = {name: value for name, value in properties.items() if re.fullmatch(NAME_PATTERN, name)}
    return {"id": id, "traits": traits, "identifiers": identifiers}


def _person(attempt: Attempt, id: str) -> Json | None:
    found = listed(attempt.get("persons", distinct_id=_distinct_id(id)).get("results"))
    return found[0] if found else None


def _properties(person: Json | None) -> Json:
    properties = {} if person is None else person.get("properties")
    if isinstance(properties, dict):
        return properties
    raise NonRetryableError("malformed_reply", "PostHog's person has no properties")


def _refuse_owner(attempt: Attempt, id: str, name: str, value: str) -> None:
    asked = [{"key": f"{IDENTIFIER}{name}", "value": value, "operator": "exact", "type": "person"}]
    for person in listed(attempt.get("persons", properties=json.dumps(asked)).get("results")):
        has_it = _properties(person).get(f"{IDENTIFIER}{name}") == value
        if has_it and _distinct_id(id) not in person.get("distinct_ids", ()):
            raise NonRetryableError("conflict", f"another profile owns this {name}")


def _person_ids(attempt: Attempt, ids: list[str]) -> set[str]:
    """The vendor's ids of these profiles. Raises NonRetryableError(not_found) unless all exist."""
    found: Json = {}
    for some in _batches(ids, _LOOK_UP):
        answer = attempt.ask("persons/batch_by_distinct_ids", {"distinct_ids": [_distinct_id(id) for id in some]})
        results = answer.get("results")
        if not isinstance(results, dict):
            raise NonRetryableError("malformed_reply", "PostHog's answer has no persons")
        found.update({id: results.get(_distinct_id(id)) for id in some})
    if missing := [id for id, person in found.items() if person is None]:
        raise NonRetryableError("not_found", f"no profile {', '.join(map(repr, missing))}")
    return {_uuid(person) for person in found.values()}


def _batches(items: list[str], size: int) -> list[list[str]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _uuid(person: Any) -> str:
    try:
        return str(UUID(person["uuid"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise NonRetryableError("malformed_reply", "PostHog's person has no uuid")


def _cohort(attempt: Attempt, key: str) -> int:
    """The id of the audience's cohort, made where there is none. Of several of one name it is the oldest."""
    found = [_cohort_id(row) for row in attempt.rows("cohorts") if row.get("name") == key and row.get("is_static")]
    return min(found) if found else _cohort_id(attempt.post("cohorts", {"name": key, "is_static": True}), written=True)


def _cohort_id(row: Json, *, written: bool = False) -> int:
    id = row.get("id")
    if isinstance(id, int):
        return id
    raise NonRetryableError("malformed_reply", "PostHog's cohort has no id", outcome_unknown=written)


def _remove(attempt: Attempt, cohort: int, person: str) -> None:
    try:
        attempt.patch(f"cohorts/{cohort}/remove_person_from_static_cohort", {"person_id": person})
    except NonRetryableError as error:
        # The list of members may be older than an interrupted call.
        if _NOT_A_MEMBER not in error.message:
            raise


def _history(attempt: Attempt, id: str) -> list[Json]:
    query = {"kind": "HogQLQuery", "query": _NEWEST, "values": {"person": _distinct_id(id)}}
    rows = attempt.ask("query", {"query": query, "refresh": "force_blocking"}).get("results")
    try:
        events = [_event(*row[1:]) for row in rows or ()]
    except (TypeError, ValueError, KeyError, AttributeError):
        pass
    else:
        return sorted(events, key=lambda event: (event["time"], event["event_id"]))
    raise NonRetryableError("malformed_reply", "PostHog's events are not what was asked for")


def _event(name: str, at: str, stored: Any) -> Json:
    properties = json.loads(stored) if isinstance(stored, str) else stored
    moment = datetime.fromisoformat(at)
    time = instant_text(moment.replace(tzinfo=moment.tzinfo or UTC))
    return {"event_id": properties[EVENT_ID], "name": name, "time": time, "properties": _unescaped(properties)}
