"""What customer data promises beyond the general families."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ...errors import NonRetryableError
from ...model.clause import clause, holds, refused, same
from ...model.subject import Call, Subject
from ...model.values import instant_text

USER, OTHER = "user-1", "user-2"
WINDOW = timedelta(hours=72)
INSTANT = timedelta(milliseconds=2)
TEN_YEARS_S = 3_650 * 86_400
LOOKALIKES = ("a1", "A1", "a.1", "a-1", "a_1", "1", "x" * 64)
VALUES = {
    "text": "Été 🎉 «夏» שלום e\u0301",
    "blanks": "  two  spaces\ttab\r\nline\n",
    "markup": "<b>A&amp;B</b> 'x' \"y\" \\ %s {n} O'Neil",
    "email": "Ann@Example.com",
    "empty": "",
    "digits": "007",
    "word": "true",
    "day": "2026-03-02T09:00:00Z",
    "yes": True,
    "no": False,
    "one": 1,
    "zero": 0,
    "minus": -1.5,
    "precise": 0.1234567890123456,
    "year": 2020.0,
    "large": 2**53 - 1,
    "small": -(2**53) + 1,
}


def upsert(
    subject: Subject,
    id: str,
    traits: Mapping[str, Any] | None = None,
    identifiers: Mapping[str, Any] | None = None,
) -> Any:
    """The returned profile."""
    return subject.call("upsert_profile", id=id, traits=traits or {}, identifiers=identifiers or {})


def event(subject: Subject, event_id: str, **changes: Any) -> dict[str, Any]:
    """Arguments of an event that happens now to the first user."""
    plain = {"profile_id": USER, "name": "order_placed", "time": subject.now(), "properties": {"total": 20}}
    return {"event_id": event_id, **plain, **changes}


def ingest(subject: Subject, event_id: str, **changes: Any) -> Any:
    """The receipt of such an event."""
    return subject.call("ingest_event", **event(subject, event_id, **changes))


def settle(subject: Subject) -> None:
    """Lets the vendor see what was acknowledged: its read bound passes, and what is deferred is sent."""
    subject.close()
    subject.advance(subject.traits.read_bound_s)


def kept(subject: Subject, id: str) -> dict[str, Any]:
    """The stored profile's id, traits and identifiers, by get_profile or else by the observer."""
    if subject.offers("get_profile"):
        found = subject.call("get_profile", id=id).plain()
    else:
        settle(subject)
        found = next((row for row in subject.observe("profiles") if row["id"] == id), {})
    return {name: found.get(name) for name in ("id", "traits", "identifiers")}


def events_of(subject: Subject, id: str) -> list[dict[str, Any]]:
    """The profile's stored events in order of time and event_id, by get_profile or else by the observer."""
    if subject.offers("get_profile") and subject.traits.event_history != "none":
        return [found.plain() for found in subject.call("get_profile", id=id).events]
    settle(subject)
    rows = [row for row in subject.observe("events") if row.pop("profile_id") == id]
    return sorted(rows, key=lambda row: (row["time"], row["event_id"]))


def members(subject: Subject, key: str) -> list[str]:
    """The stored members of an audience, ascending; none where there is no such audience."""
    settle(subject)
    rows = [row["members"] for row in subject.observe("audiences") if row["key"] == key]
    holds(len(rows) <= 1, f"the audience {key!r} stands more than once", seen=rows)
    return rows[0] if rows else []


def people(subject: Subject, *ids: str) -> None:
    """Profiles that audiences may have as members."""
    for id in ids:
        upsert(subject, id)
    settle(subject)


def patched(subject: Subject, patch: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Patches the first user's traits; the returned profile and the stored one must have ``expected``."""
    _is(subject, upsert(subject, USER, patch), {"id": USER, "traits": expected})


def identified(subject: Subject, patch: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """The same with identifiers."""
    _is(subject, upsert(subject, USER, None, patch), {"id": USER, "identifiers": expected})


def _is(subject: Subject, returned: Any, expected: Mapping[str, Any]) -> None:
    """A vendor without reads, or with late ones, cannot say in its reply what the profile has come to."""
    knows = subject.offers("get_profile") and not subject.traits.read_bound_s
    same(returned, expected if knows else {"id": expected["id"]}, "the returned profile", subset=True)
    seen = kept(subject, expected["id"])
    same({name: seen[name] for name in expected}, expected, "the stored profile")


def _are(subject: Subject, id: str, expected: list[dict[str, Any]]) -> None:
    same(_snapped(events_of(subject, id), expected), _told(expected), f"the stored events of {id}")


def _told(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    fields = ("event_id", "name", "time", "properties")
    return [{**{name: row[name] for name in fields}, "time": instant_text(row["time"])} for row in events]


def _snapped(seen: list[dict[str, Any]], expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events with the expected time wherever theirs is within the tolerance of instants."""
    times = {row["event_id"]: row["time"] for row in expected}
    return [{**row, "time": _snap(row["time"], times.get(row["event_id"]))} for row in seen]


def _snap(seen: str, expected: datetime | None) -> str:
    near = expected is not None and abs(datetime.fromisoformat(seen) - expected) < INSTANT
    return instant_text(expected) if near and expected is not None else seen


def _one_event(subject: Subject, event_id: str, *ids: str) -> None:
    found = [row for id in ids for row in events_of(subject, id) if row["event_id"] == event_id]
    holds(len(found) == 1, f"there must be one event {event_id!r}", seen=found)


@clause("cdp.upsert_profile.rule.merge")
def merge(subject: Subject) -> None:
    """Traits that an upsert does not name stay; those that it names are set."""
    patched(subject, {"plan": "free", "seats": 1}, {"plan": "free", "seats": 1})
    patched(subject, {"plan": "pro", "trial": True}, {"plan": "pro", "seats": 1, "trial": True})
    patched(subject, {}, {"plan": "pro", "seats": 1, "trial": True})


@clause("cdp.upsert_profile.rule.null_removes")
def null_removes(subject: Subject) -> None:
    """Null removes a trait, is nothing where there is none, and is never stored; the profile stays."""
    patched(subject, {"plan": None, "seats": 1, "trial": False}, {"seats": 1, "trial": False})
    patched(subject, {"seats": None, "plan": None}, {"trial": False})
    patched(subject, {"trial": None}, {})


@clause("cdp.upsert_profile.rule.nested_merge", applies=lambda traits: traits.nested == "merge")
def nested_merge(subject: Subject) -> None:
    """With traits.nested = merge an object patches at any depth, as RFC 7386 says."""
    deep = {"ZIP Code": {"Länge": {"c": {"D": 1}}}}
    steps: tuple[tuple[Any, Any], ...] = (
        ({"city": "Pune", "lines": ["a", "b"], "no": None}, {"city": "Pune", "lines": ["a", "b"]}),
        (
            {"lines": [None, {"x": None}], "geo": {"lat": 1, "lon": 2}},
            {"city": "Pune", "lines": [None, {"x": None}], "geo": {"lat": 1, "lon": 2}},
        ),
        ({"city": None, "lines": None, "geo": {"lat": None}}, {"geo": {"lon": 2}}),
        ({}, {"geo": {"lon": 2}}),
        ({"geo": 5}, {"geo": 5}),
        ({"geo": {"lat": None}}, {"geo": {}}),
        ("nowhere", "nowhere"),
        (deep, deep),
    )
    consent = {"consent": {"email": True}}
    for patch, expected in steps:
        patched(subject, {"at": patch, "work": patch, **consent}, {"at": expected, "work": expected, **consent})
    patched(subject, {"new": {}}, {"at": deep, "work": deep, "new": {}, **consent})


@clause("cdp.upsert_profile.rule.nested_replace", applies=lambda traits: traits.nested == "replace")
def nested_replace(subject: Subject) -> None:
    """With traits.nested = replace an object replaces the stored one whole, nested nulls included."""
    patched(subject, {"at": {"city": "Pune", "geo": {"lat": 1}}}, {"at": {"city": "Pune", "geo": {"lat": 1}}})
    patched(subject, {"at": {"zip": None, "geo": {}}}, {"at": {"zip": None, "geo": {}}})


@clause("cdp.upsert_profile.rule.arrays_replace")
def arrays_replace(subject: Subject) -> None:
    """An array replaces the stored one whole, also an empty one."""
    for tags in (["new", "web"], ["web"], [], [3, 1, 3], ["b", "a"]):
        patched(subject, {"tags": tags}, {"tags": tags})


@clause("cdp.upsert_profile.rule.consent")
def consent(subject: Subject) -> None:
    """The trait consent maps channels to booleans and is replaced whole; null removes it."""
    patched(
        subject,
        {"consent": {"email": True, "sms": False}, "plan": "pro"},
        {"consent": {"email": True, "sms": False}, "plan": "pro"},
    )
    patched(subject, {"seats": 1}, {"consent": {"email": True, "sms": False}, "plan": "pro", "seats": 1})
    patched(subject, {"consent": {"push": True}}, {"consent": {"push": True}, "plan": "pro", "seats": 1})
    patched(subject, {"consent": None}, {"plan": "pro", "seats": 1})


@clause("cdp.upsert_profile.rule.values")
def values(subject: Subject) -> None:
    """Traits keep their type and value: Unicode as given, numbers by value, booleans never as numbers."""
    patched(subject, VALUES, VALUES)
    swapped = {**VALUES, "yes": 1, "no": 0, "one": True, "zero": False, "digits": 7, "year": "2020"}
    patched(subject, swapped, swapped)


@clause("cdp.upsert_profile.rule.fifty_traits")
def fifty_traits(subject: Subject) -> None:
    """A profile may have 50 traits, with names of 40 characters, set at once or one after another."""
    many = {f"{'t' * 37}_{n:02}": n for n in range(50)}
    patched(subject, many, many)
    for n in range(50):
        upsert(subject, OTHER, {f"trait_{n}": n})
    same(kept(subject, OTHER)["traits"], {f"trait_{n}": n for n in range(50)}, "the stored traits")


@clause("cdp.upsert_profile.rule.too_many")
def too_many(subject: Subject) -> None:
    """More than 50 traits are accepted whole, or payload_too_large without effect."""
    upsert(subject, USER, {"plan": "pro"})
    many = {f"trait_{n}": n for n in range(300)}
    outcome = subject.attempt("upsert_profile", id=USER, traits=many, identifiers={})
    if outcome.error is not None:
        refused(outcome, "payload_too_large")
    expected = {"plan": "pro", **({} if outcome.error else many)}
    same(kept(subject, USER)["traits"], expected, "the stored traits")


@clause("cdp.upsert_profile.rule.long_value")
def long_value(subject: Subject) -> None:
    """A long text is kept whole, or payload_too_large without effect; it is never cut."""
    upsert(subject, USER, {"plan": "pro"})
    long = "é" * 70_000
    outcome = subject.attempt("upsert_profile", id=USER, traits={"bio": long}, identifiers={})
    if outcome.error is not None:
        refused(outcome, "payload_too_large")
    expected = {"plan": "pro", **({} if outcome.error else {"bio": long})}
    same(kept(subject, USER)["traits"], expected, "the stored traits")


@clause("cdp.upsert_profile.rule.concurrent_traits")
def concurrent_traits(subject: Subject) -> None:
    """Upserts of different traits at once all survive, on a new profile and on a known one."""
    expected: dict[str, Any] = {}
    for turn in range(2):
        patches = [{f"trait_{turn}_{n}": n} for n in range(6)]
        calls = [Call("upsert_profile", {"id": USER, "traits": patch, "identifiers": {}}) for patch in patches]
        for outcome, patch in zip(subject.together(calls), patches, strict=True):
            outcome.unwrap()
            expected.update(patch)
        same(kept(subject, USER)["traits"], expected, "the stored traits after upserts at once")


@clause("cdp.upsert_profile.rule.spares_others")
def spares_others(subject: Subject) -> None:
    """An upsert concerns one profile: the traits and identifiers of others stay as they are."""
    upsert(subject, OTHER, {"plan": "free"}, {"crm_id": "c-2"})
    upsert(subject, USER, {"plan": "pro"}, {"crm_id": "c-1"})
    upsert(subject, USER, {"plan": None}, {"crm_id": None})
    same(
        kept(subject, OTHER),
        {"id": OTHER, "traits": {"plan": "free"}, "identifiers": {"crm_id": "c-2"}},
        OTHER,
    )
    same(kept(subject, USER), {"id": USER, "traits": {}, "identifiers": {}}, USER)


@clause("cdp.upsert_profile.rule.identifiers")
def identifiers(subject: Subject) -> None:
    """Identifiers are merge-patched like traits: what is not named stays, null releases."""
    upsert(subject, USER, {"plan": "pro"})
    identified(subject, {"crm_id": "c-1", "device": "d-1", "phone": None}, {"crm_id": "c-1", "device": "d-1"})
    identified(subject, {"device": None, "account": "a-1"}, {"crm_id": "c-1", "account": "a-1"})
    identified(subject, {"crm_id": "c-2"}, {"crm_id": "c-2", "account": "a-1"})
    same(kept(subject, USER)["traits"], {"plan": "pro"}, "the traits after upserts of identifiers")


@clause("cdp.upsert_profile.rule.identifier_values")
def identifier_values(subject: Subject) -> None:
    """An identifier of 1 to 256 characters is kept unchanged."""
    good = {"crm_id": "x", "account": "é" * 256, "partner_ref": "Ünï Code/№ 7 + 夏", "digits": "007"}
    identified(subject, good, good)


@clause("cdp.upsert_profile.rule.released_identifier", applies=lambda traits: traits.identity == "conflict")
def released_identifier(subject: Subject) -> None:
    """An identifier that its owner released or replaced is free for another profile."""
    upsert(subject, USER, None, {"crm_id": "c-1", "account": "a-1"})
    upsert(subject, USER, None, {"crm_id": None, "account": "a-2"})
    upsert(subject, OTHER, None, {"crm_id": "c-1", "account": "a-1"})
    same(kept(subject, USER)["identifiers"], {"account": "a-2"}, USER)
    same(kept(subject, OTHER)["identifiers"], {"crm_id": "c-1", "account": "a-1"}, OTHER)
    equal = "-".join(("c", "1"))  # and not the same object
    taken = subject.attempt("upsert_profile", id=USER, traits={}, identifiers={"crm_id": equal})
    refused(taken, "conflict")


@clause("cdp.upsert_profile.rule.identifier_names")
def identifier_names(subject: Subject) -> None:
    """An identifier is a name with its value: under another name, or in other case, it is another one."""
    upsert(subject, USER, None, {"crm_id": "77", "device": "77", "partner": "ab"})
    upsert(subject, OTHER, None, {"account": "77", "partner": "AB"})
    same(kept(subject, USER)["identifiers"], {"crm_id": "77", "device": "77", "partner": "ab"}, USER)
    same(kept(subject, OTHER)["identifiers"], {"account": "77", "partner": "AB"}, OTHER)


@clause("cdp.upsert_profile.rule.one_claim", applies=lambda traits: traits.identity == "conflict")
def one_claim(subject: Subject) -> None:
    """Of several profiles that claim one identifier at once, one gets it, and the others a conflict."""
    ids = [f"user-{n}" for n in range(4)]
    claim = {"traits": {}, "identifiers": {"crm_id": "c-1"}}
    outcomes = subject.together([Call("upsert_profile", {"id": id, **claim}) for id in ids])
    owners = [id for id, outcome in zip(ids, outcomes, strict=True) if outcome.error is None]
    holds(len(owners) == 1, "one profile must get the identifier", seen=owners)
    for outcome in outcomes:
        if outcome.error is not None:
            refused(outcome, "conflict")
    same(kept(subject, owners[0])["identifiers"], {"crm_id": "c-1"}, "the owner's identifiers")


@clause("cdp.upsert_profile.rule.merged_identity", applies=lambda traits: traits.identity == "merges")
def merged_identity(subject: Subject) -> None:
    """With traits.identity = merges a claim of an owned identifier succeeds, and one profile owns it."""
    upsert(subject, OTHER, {"plan": "pro"}, {"crm_id": "c-1"})
    upsert(subject, USER, {"seats": 1}, {"crm_id": "c-1"})
    settle(subject)
    owners = [row["id"] for row in subject.observe("profiles") if row["identifiers"].get("crm_id") == "c-1"]
    holds(len(owners) == 1, "one profile must own the identifier", seen=owners)


@clause("cdp.upsert_profile.rule.keeps_events")
def keeps_events(subject: Subject) -> None:
    """An upsert keeps the profile's events, and events keep its traits and identifiers."""
    upsert(subject, USER, {"plan": "pro"}, {"crm_id": "c-1"})
    first = event(subject, "e1", properties={"plan": "free", "crm_id": "c-9"})
    subject.call("ingest_event", **first)
    same(kept(subject, USER), {"id": USER, "traits": {"plan": "pro"}, "identifiers": {"crm_id": "c-1"}}, USER)
    upsert(subject, USER, {"plan": None}, {"crm_id": None})
    _are(subject, USER, [first])


@clause("cdp.adapter.rule.ids")
def ids(subject: Subject) -> None:
    """Ids that look alike are different things, and an id of 64 characters is one."""
    for n, id in enumerate(LOOKALIKES):
        same(upsert(subject, id, {"nth": n}).id, id, "the id of the returned profile")
        receipt = ingest(subject, id, profile_id=id).plain()
        same(receipt, {"event_id": id, "profile_id": id}, "the receipt", subset=True)
    for n, id in enumerate(LOOKALIKES):
        same(kept(subject, id), {"id": id, "traits": {"nth": n}, "identifiers": {}}, f"the profile {id}")
        same([row["event_id"] for row in events_of(subject, id)], [id], f"the events of {id}")


@clause("cdp.sync_audience.rule.keys")
def keys(subject: Subject) -> None:
    """Audiences whose keys look alike are different audiences, and one sync concerns one of them."""
    people(subject, *LOOKALIKES)
    for key, id in zip(LOOKALIKES, reversed(LOOKALIKES), strict=True):
        _counts(subject, key, [id], (1, 0, 1))
    _counts(subject, LOOKALIKES[0], [], (0, 1, 0))
    for key, id in [*zip(LOOKALIKES, reversed(LOOKALIKES), strict=True)][1:]:
        same(members(subject, key), [id], f"the members of {key}")


def _counts(subject: Subject, key: str, ids: list[str], counts: tuple[int, int, int]) -> None:
    seen = subject.call("sync_audience", key=key, members=ids)
    same((seen.added, seen.removed, seen.size), counts, f"added, removed and size of {key} made {ids}")
    same(seen.unknown, (), "unknown members")


@clause("cdp.sync_audience.rule.replacement")
def replacement(subject: Subject) -> None:
    """A sync makes the audience just these members, and counts exactly who came, went and is in it."""
    people(subject, "a", "b", "c", "d")
    changes: tuple[tuple[list[str], int, int], ...] = (
        (["a", "b"], 2, 0),
        (["c", "b"], 1, 1),
        (["c", "b"], 0, 0),
        (["d"], 1, 2),
        ([], 0, 1),
        ([], 0, 0),
    )
    for ids, added, removed in changes:
        _counts(subject, "buyers", ids, (added, removed, len(ids)))
        same(members(subject, "buyers"), sorted(ids), "the stored members")


@clause("cdp.sync_audience.rule.duplicates")
def duplicates(subject: Subject) -> None:
    """A member that is named more than once counts once."""
    people(subject, "a", "b")
    _counts(subject, "buyers", ["a", "b", "a", "a"], (2, 0, 2))
    _counts(subject, "buyers", ["b", "b"], (0, 1, 1))
    same(members(subject, "buyers"), ["b"], "the stored members")


@clause("cdp.sync_audience.rule.hundred_members")
def hundred_members(subject: Subject) -> None:
    """An audience may have 100 members, and be replaced by others."""
    ids = [f"member-{n:03}" for n in range(101)]
    people(subject, *ids)
    _counts(subject, "buyers", ids[:100], (100, 0, 100))
    _counts(subject, "buyers", ids[1:], (1, 1, 100))
    same(members(subject, "buyers"), ids[1:], "the stored members")


@clause("cdp.sync_audience.rule.reported", applies=lambda traits: traits.unknown_members == "reported")
def reported(subject: Subject) -> None:
    """With traits.unknown_members = reported an unknown member is named in unknown and not counted."""
    people(subject, "a", "b")
    for added in (1, 0):
        seen = subject.call("sync_audience", key="buyers", members=["ghost", "a", "ghost"]).plain()
        expected = {"added": added, "removed": 0, "size": 1, "unknown": ["ghost"]}
        same({**seen, "unknown": sorted({*seen["unknown"]})}, expected, "the result", subset=True)
    same(members(subject, "buyers"), ["a"], "the stored members")


@clause("cdp.sync_audience.rule.known_by_event")
def known_by_event(subject: Subject) -> None:
    """A profile that an event created is a member like any other."""
    ingest(subject, "e1")
    settle(subject)
    _counts(subject, "buyers", [USER], (1, 0, 1))


@clause("cdp.ingest_event.rule.stored")
def stored(subject: Subject) -> None:
    """An event is stored once, as it was given, with the profile it names and no other."""
    upsert(subject, OTHER)
    given = event(subject, "e1", time=subject.now() - timedelta(hours=1, microseconds=1_499), properties=VALUES)
    receipt = subject.call("ingest_event", **given)
    same(receipt, {"event_id": "e1", "profile_id": USER}, "the receipt", subset=True)
    _are(subject, USER, [given])
    same(events_of(subject, OTHER), [], "the events of another profile")


@clause("cdp.ingest_event.rule.properties")
def properties(subject: Subject) -> None:
    """Properties are kept as given under any name: arrays, an empty map, objects where traits may nest."""
    cart = {"items": [{"sku": "A", "n": 2, "note": None}], "none": {}}
    given = [
        event(subject, "e1", name="e" * 40, properties={"Größe 1": ["b", "a", "b"], "0": [], "coupon": None}),
        event(subject, "e2", properties={}),
        event(subject, "e3", properties={} if subject.traits.nested == "unsupported" else {"cart": cart}),
    ]
    for arguments in given:
        subject.call("ingest_event", **arguments)
    _are(subject, USER, given)


@clause("cdp.ingest_event.rule.creates_profile")
def creates_profile(subject: Subject) -> None:
    """An event for an unknown profile creates it, with nothing but the event; a later upsert adds to it."""
    first = event(subject, "e1")
    subject.call("ingest_event", **first)
    same(kept(subject, USER), {"id": USER, "traits": {}, "identifiers": {}}, "the created profile")
    patched(subject, {"plan": "pro"}, {"plan": "pro"})
    _are(subject, USER, [first])


@clause("cdp.ingest_event.rule.created_at_once")
def created_at_once(subject: Subject) -> None:
    """Events at once for one unknown profile make one profile with all of them."""
    given = [event(subject, f"e{n}") for n in range(5)]
    for outcome in subject.together([Call("ingest_event", arguments) for arguments in given]):
        outcome.unwrap()
    _are(subject, USER, given)
    settle(subject)
    same([row["id"] for row in subject.observe("profiles")], [USER], "the profiles")


@clause("cdp.ingest_event.rule.late_events")
def late_events(subject: Subject) -> None:
    """Every time from 72 hours ago to now is accepted."""
    now = subject.now()
    times = [now - WINDOW + timedelta(seconds=1), now - timedelta(hours=30), now - timedelta(hours=1), now]
    given = [event(subject, f"e{n}", time=time) for n, time in enumerate(times)]
    for arguments in given:
        subject.call("ingest_event", **arguments)
    _are(subject, USER, given)


@clause("cdp.ingest_event.rule.other_times")
def other_times(subject: Subject) -> None:
    """A time before that or after now is accepted and kept, or invalid without burning the event's id."""
    upsert(subject, USER)
    expected = []
    for n, away in enumerate((timedelta(days=-400), timedelta(days=1))):
        given = event(subject, f"e{n}", time=subject.now() + away)
        outcome = subject.attempt("ingest_event", **given)
        if outcome.error is not None:
            refused(outcome, "invalid")
            same([row for row in events_of(subject, USER) if row["event_id"] == f"e{n}"], [], "a refused event")
            given = event(subject, f"e{n}")
            subject.call("ingest_event", **given)
        expected.append(given)
    _are(subject, USER, expected)


@clause("cdp.ingest_event.rule.same_body")
def same_body(subject: Subject) -> None:
    """A body is the same however it is spelled: numbers by value, members in any order, any offset."""
    given = event(subject, "e1", properties={"year": 2020, "total": 1.5})
    first = subject.call("ingest_event", **given)
    spelled = {
        "time": given["time"].isoformat().replace("+00:00", "Z"),
        "properties": {"total": 1.50, "year": 2020.0},
    }
    same(subject.call("ingest_event", **{**given, **spelled}), first, "the receipt of the repeat")
    _are(subject, USER, [given])


@clause("cdp.ingest_event.rule.known_id_first")
def known_id_first(subject: Subject) -> None:
    """A known event_id is answered before its time is checked: 23 hours later it may be too old for a new one."""
    given = event(subject, "e1", time=subject.now() - WINDOW + timedelta(seconds=10))
    first = subject.call("ingest_event", **given)
    subject.advance(23 * 3_600)
    same(subject.call("ingest_event", **given), first, "the receipt of the repeat")
    _one_event(subject, "e1", USER)


@clause("cdp.ingest_event.rule.one_per_id")
def one_per_id(subject: Subject) -> None:
    """There is one event of an event_id, whichever part of a later body differs."""
    upsert(subject, OTHER)
    time = (subject.now() - timedelta(hours=1)).replace(microsecond=500_000)
    first = event(subject, "e1", time=time, properties={"seats": 1})
    subject.call("ingest_event", **first)
    for change in _other_bodies(first):
        outcome = subject.attempt("ingest_event", **{**first, **change})
        if subject.traits.event_conflict == "detect":
            refused(outcome, "key_conflict")
        else:
            outcome.unwrap()
        _one_event(subject, "e1", USER, OTHER)
    if subject.traits.event_conflict != "last_wins":
        _are(subject, USER, [first])


def _other_bodies(first: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": "order_cancelled"},
        {"time": first["time"] - timedelta(seconds=1)},
        {"time": first["time"] - timedelta(milliseconds=5)},
        {"properties": {"seats": 2}},
        {"properties": {"seats": True}},
        {"properties": {}},
        {"profile_id": OTHER},
    ]


@clause("cdp.ingest_event.rule.last_wins", applies=lambda traits: traits.event_conflict == "last_wins")
def last_wins(subject: Subject) -> None:
    """With traits.event_conflict = last_wins the later body replaces the earlier one."""
    ingest(subject, "e1")
    last = event(subject, "e1", name="order_cancelled", properties={"reason": "late"})
    subject.call("ingest_event", **last)
    _are(subject, USER, [last])


@clause("cdp.ingest_event.rule.dedupe_window", applies=lambda traits: traits.event_dedupe_s > 86_400)
def dedupe_window(subject: Subject) -> None:
    """For traits.event_dedupe_s a repeat of an event gives its receipt and makes no second event."""
    given = event(subject, "e1")
    first = subject.call("ingest_event", **given)
    subject.advance(min(subject.traits.event_dedupe_s, TEN_YEARS_S) - 60)
    same(subject.call("ingest_event", **given), first, "the receipt of the repeat")
    found = [row for row in events_of(subject, USER) if row["event_id"] == "e1"]
    holds(len(found) <= 1, "a repeat within the window made a second event", seen=found)


@clause("cdp.get_profile.rule.order", applies=lambda traits: traits.event_history == "newest")
def order(subject: Subject) -> None:
    """Events come by time, newest last, then by event_id, never by arrival."""
    hour = subject.now().replace(microsecond=0) - timedelta(hours=1)
    seconds = {"e4": -9.0, "e2": 5.2, "e9": 60.0, "e1": 5.2, "e3": -7.0, "e0": 5.8, "e5": 5.2}
    for event_id, after in seconds.items():
        ingest(subject, event_id, time=hour + timedelta(seconds=after))
    seen = [row["event_id"] for row in events_of(subject, USER)]
    same(seen, ["e4", "e3", "e1", "e2", "e5", "e0", "e9"], "the order of events")


@clause("cdp.get_profile.rule.ten_newest", applies=lambda traits: traits.event_history == "newest")
def ten_newest(subject: Subject) -> None:
    """Of more events at least the 10 newest are shown, whichever came last, and none between is left out."""
    now = subject.now()
    for n in (11, 3, 0, 7, 12, 5, 1, 9, 2, 10, 4, 8, 6):
        ingest(subject, f"e{n:02}", time=now - timedelta(hours=1, minutes=-n))
    seen = [row["event_id"] for row in events_of(subject, USER)]
    holds(len(seen) >= 10, "fewer than 10 events are shown", seen=seen)
    same(seen, [f"e{n:02}" for n in range(13)][-len(seen) :], "the newest events")


@clause("cdp.get_profile.rule.no_history", applies=lambda traits: traits.event_history == "none")
def no_history(subject: Subject) -> None:
    """With traits.event_history = none a profile shows no events."""
    ingest(subject, "e1")
    same(subject.call("get_profile", id=USER).events, (), "the events")


@clause("cdp.get_profile.rule.other_instance")
def other_instance(subject: Subject) -> None:
    """Another instance sees an acknowledged write within traits.read_bound_s."""
    sibling = subject.sibling()
    for plan in ("free", "pro"):
        upsert(subject, USER, {"plan": plan}, {"crm_id": plan})
        same(kept(sibling, USER), {"id": USER, "traits": {"plan": plan}, "identifiers": {"crm_id": plan}}, USER)


@clause("cdp.get_profile.rule.by_id")
def by_id(subject: Subject) -> None:
    """A profile is found by its id only, never by an identifier; and once it is made, however often it was not."""
    upsert(subject, USER, {}, {"crm_id": OTHER})
    refused(subject.attempt("get_profile", id=OTHER), "not_found")
    upsert(subject, OTHER, {"plan": "pro"})
    same(kept(subject, OTHER), {"id": OTHER, "traits": {"plan": "pro"}, "identifiers": {}}, OTHER)


@clause("cdp.get_profile.rule.only_reads")
def only_reads(subject: Subject) -> None:
    """Reading a profile changes nothing, whether it exists or not."""
    upsert(subject, USER, {"plan": "pro"}, {"crm_id": "c-1"})
    ingest(subject, "e1")
    settle(subject)
    before = subject.snapshot()
    for id in (USER, OTHER):
        outcome = subject.attempt("get_profile", id=id)
        holds(outcome.error is None or isinstance(outcome.error, NonRetryableError), outcome.brief())
    same(subject.snapshot(), before, "the vendor's state after reads")
