"""PostHog behind its own host names: /batch/ for events, /api/projects/1 for persons, cohorts and queries."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid5

from ..adapters.posthog_cdp import EVENT_ID, IDENTIFIER, NAMESPACE, OURS, PosthogCDP
from ..errors import NonRetryableError
from ..faults.message import Reply, Request
from ..kit.endpoint import effect, read
from ..kit.harness import Harness
from ..kit.vendor import Vendor, json_reply

Json = dict[str, Any]
PROJECT = 1
API = f"/api/projects/{PROJECT}"
HOSTS = ("us.i.posthog.com", "us.posthog.com")
PAGE = 50
NAMES = {
    "unauthenticated": ("authentication_error", "authentication_failed"),
    "rate_limited": ("throttled_error", "throttled"),
    "quota_exhausted": ("quota_error", "quota_limit_exceeded"),
    "not_found": ("invalid_request", "not_found"),
}


def _batch(request: Request, mock: Any, scratch: Json) -> Json:
    """Takes events; of one uuid, name, person and day it keeps one."""
    with mock.primitives() as data:
        for event in request.json["batch"]:
            id = event["distinct_id"].removeprefix(OURS)
            if event["event"] == "$set":
                _set(data.profile(id), event["properties"])
            elif _is_new(event, scratch):
                data.append(_kept(id, event))
    return {"status": "Ok"}


def _set(profile: Json, properties: Json) -> None:
    for name, value in properties.get("$set", {}).items():
        kind, name = _place(name)
        profile[kind] = {**profile[kind], name: value}
    for kind, name in map(_place, properties.get("$unset", ())):
        profile[kind].pop(name, None)


def _place(name: str) -> tuple[str, str]:
    kind = "identifiers" if name.startswith(IDENTIFIER) else "traits"
    return kind, name.removeprefix(IDENTIFIER)


def _is_new(event: Json, scratch: Json) -> bool:
    slot = "/".join((event["uuid"], event["event"], event["distinct_id"], event["timestamp"][:10]))
    seen = scratch.setdefault("events", {})
    return slot not in seen and not seen.setdefault(slot, False)


def _kept(id: str, event: Json) -> Json:
    own = {name: value for name, value in event["properties"].items() if not name.startswith("$")}
    event_id = own.pop(EVENT_ID)
    properties = {name.removeprefix(OURS): value for name, value in own.items()}
    time = event["timestamp"].replace("+00:00", "Z")
    return {"event_id": event_id, "profile_id": id, "name": event["event"], "time": time, "properties": properties}


def _person(data: Any, id: str) -> Json:
    profile = data.profile(id)
    identifiers = {f"{IDENTIFIER}{name}": value for name, value in profile["identifiers"].items()}
    properties = {"$creator_event_uuid": _uuid(id), **profile["traits"], **identifiers}
    return {"uuid": _uuid(id), "name": id, "distinct_ids": [id], "properties": properties}


def _uuid(id: str) -> str:
    return str(uuid5(NAMESPACE, f"person/{id}"))


def _persons(request: Request, mock: Any, scratch: Json) -> Json:
    """By distinct id, or by properties that are all as asked."""
    asked = request.query
    with mock.primitives() as data:
        persons = [_person(data, id) for id in data.known()]
    wanted = json.loads(asked.get("properties", "[]"))
    found = [person for person in persons if all(_has(person, one) for one in wanted)]
    id = asked.get("distinct_id", "").removeprefix(OURS)
    return {"next": None, "results": [person for person in found if not id or person["name"] == id]}


def _has(person: Json, asked: Json) -> bool:
    return bool(person["properties"].get(asked["key"]) == asked["value"])


def _by_distinct_ids(request: Request, mock: Any, scratch: Json) -> Json:
    ids = request.json["distinct_ids"]
    with mock.primitives() as data:
        known = set(data.known())
        found = {id: _person(data, id.removeprefix(OURS)) for id in ids if id.removeprefix(OURS) in known}
    return {"results": found}


def _query(request: Request, mock: Any, scratch: Json) -> Json:
    """The newest events of the person that the query names."""
    id = request.json["query"]["values"]["person"].removeprefix(OURS)
    with mock.primitives() as data:
        events = data.shown(id)["events"] if id in data.known() else []
    return {"results": [_row(event) for event in reversed(events[-100:])]}


def _row(event: Json) -> list[str]:
    escaped = {f"{OURS}{name}" if name.startswith(("$", OURS)) else name: v for name, v in event["properties"].items()}
    stored = json.dumps({**escaped, EVENT_ID: event["event_id"], "$lib": "posthog-python"})
    return [str(uuid5(NAMESPACE, event["event_id"])), event["name"], event["time"], stored]


def _cohorts(request: Request, mock: Any, scratch: Json) -> Json:
    return _page(request, [*scratch.get("cohorts", {}).values()])


def _create_cohort(request: Request, mock: Any, scratch: Json) -> Json:
    cohorts = scratch.setdefault("cohorts", {})
    cohort = {**request.json, "id": len(cohorts) + 1, "count": 0}
    cohorts[str(cohort["id"])] = cohort
    with mock.primitives() as data:
        data.replace_audience(cohort["name"], [])
    return cohort


def _members(request: Request, mock: Any, scratch: Json) -> Json:
    with mock.primitives() as data:
        return _page(request, [_person(data, id) for id in data.members(_name(request, scratch))])


def _add(request: Request, mock: Any, scratch: Json) -> Json:
    with mock.primitives() as data:
        key, ids = _name(request, scratch), set(_ids(data, request.json["person_ids"]))
        data.replace_audience(key, sorted(ids | set(data.members(key))))
    return {"success": True}


def _remove(request: Request, mock: Any, scratch: Json) -> Json:
    with mock.primitives() as data:
        key, gone = _name(request, scratch), set(_ids(data, [request.json["person_id"]]))
        members = data.members(key)
        if not gone & set(members):
            raise NonRetryableError("not_found", "Person is not part of the cohort")
        data.replace_audience(key, [id for id in members if id not in gone])
    return {"success": True}


def _name(request: Request, scratch: Json) -> str:
    number = request.path.split("/")[5]
    name: str = scratch["cohorts"][number]["name"]
    return name


def _ids(data: Any, uuids: list[str]) -> Iterator[str]:
    return (id for id in data.known() if _uuid(id) in uuids)


def _page(request: Request, rows: list[Json]) -> Json:
    """Pages of 50, whatever was asked for, so that members of an audience of 100 come in some."""
    start = int(request.query.get("offset", "0"))
    further = f"https://us.posthog.com{request.path}?limit={PAGE}&offset={start + PAGE}"
    return {"results": rows[start : start + PAGE], "next": further if start + PAGE < len(rows) else None}


def _error(status: int, code: str | None, message: str) -> Json:
    kind, name = NAMES.get(code or "", ("server_error" if status >= 500 else "validation_error", "error"))
    return {"type": kind, "code": name, "detail": message, "attr": None}


def _quota(request: Request) -> Reply:
    """Events above the quota are dropped behind a 200."""
    if request.path == "/batch/":
        return json_reply(200, {"status": "Ok", "quota_limited": ["events"]})
    return json_reply(402, _error(402, "quota_exhausted", "the quota is used up"))


def _throttled(request: Request) -> Reply:
    return json_reply(400, _error(400, "rate_limited", "Request was throttled."))


VENDOR = Vendor(
    effect("POST /batch/", calls=_batch, key="body:/batch/0/uuid", dedupe="none"),
    read(f"GET {API}/persons/", calls=_persons),
    read(f"POST {API}/persons/batch_by_distinct_ids/", calls=_by_distinct_ids),
    read(f"POST {API}/query/", calls=_query),
    read(f"GET {API}/cohorts/", calls=_cohorts),
    effect(f"POST {API}/cohorts/", calls=_create_cohort, status=201),
    read(f"GET {API}/cohorts/{{id}}/persons/", calls=_members),
    effect(f"PATCH {API}/cohorts/{{id}}/add_persons_to_static_cohort/", calls=_add),
    effect(f"PATCH {API}/cohorts/{{id}}/remove_person_from_static_cohort/", calls=_remove),
    auth=("header:Authorization", "body:/api_key"),
    error_body=_error,
    faults={"hard_quota": _quota, "throttled_400": _throttled},
    max_body=20_000_000,
    hosts=HOSTS,
    unstable=("/sent_at", "/api_key", "/batch/*/properties/$lib_version"),
)
HARNESS = Harness(PosthogCDP, VENDOR, config={"project_id": PROJECT, "durable": False})
