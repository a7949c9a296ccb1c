"""Valid and refusable calls of the cdp contract."""

from datetime import timedelta
from typing import Any

from ...model.samples import Arguments, Given, Refusal, Sample, Scene

OWNED = "owned-already"


def variables(scene: Scene) -> dict[str, Any]:
    """What scenarios name as ``${...}``: an address, a patch, and what both make by ``traits.nested``."""
    city, street = {"city": "Pune", "zip": "411001"}, {"street": "MG Road", "zip": None}
    address = {
        "merge": (city, street, {"city": "Pune", "street": "MG Road"}),
        "replace": (city, street, street),
        "unsupported": ("Pune", "MG Road, Pune", "MG Road, Pune"),
    }
    return dict(zip(("address", "address_patch", "patched_address"), address[scene.traits.nested], strict=True))


def _profile(scene: Scene) -> dict[str, Any]:
    return {
        "id": f"user-{scene.n}",
        "traits": {
            "plan": "pro",
            "seats": 3 + scene.n,
            "trial": False,
            "tags": ["new", "web"],
            "consent": {"email": True, "sms": False},
        },
        "identifiers": {"email": f"user{scene.n}@example.com"},
    }


def _event(scene: Scene) -> dict[str, Any]:
    return {
        "profile_id": scene.given["profile"].id,
        "name": "order_placed",
        "time": scene.now - timedelta(minutes=5 + scene.n),
        "properties": {"order": f"A-{scene.n}", "total": 19.5 + scene.n, "gift": False},
    }


def _audience(scene: Scene) -> dict[str, Any]:
    return {"key": f"buyers-{scene.n}", "members": [scene.given["profile"].id, scene.given["other"].id]}


def _known_audience(scene: Scene) -> dict[str, Any]:
    return {**_audience(scene), "key": "buyers"}


def _with_unknown(key: str) -> Arguments:
    return lambda scene: {"key": key, "members": [scene.given["profile"].id, "no-such-profile"]}


def _owner(scene: Scene) -> dict[str, Any]:
    return {"id": "owner", "traits": {}, "identifiers": {"crm_id": OWNED}}


def _claim(id: str) -> dict[str, Any]:
    patch = {"account": "free", "crm_id": OWNED, "email": None}
    return {"id": id, "traits": {"plan": "basic"}, "identifiers": patch}


def _nested(scene: Scene) -> dict[str, Any]:
    traits = {"plan": "basic", "address": {"city": "Pune"}}
    return {"id": scene.given["profile"].id, "traits": traits, "identifiers": {}}


PROFILE = Given("profile", "upsert_profile")
OTHER = Given("other", "upsert_profile")
EVENT = Given("event", "ingest_event")
OWNER = Given("owner", "upsert_profile", arguments=_owner)

SAMPLES = {
    "upsert_profile": Sample(_profile),
    "ingest_event": Sample(_event, given=(PROFILE,)),
    "sync_audience": Sample(_audience, given=(PROFILE, OTHER)),
    "get_profile": Sample(lambda scene: {"id": scene.given["profile"].id}, given=(PROFILE, EVENT)),
}

REFUSALS = (
    Refusal(
        "upsert_profile",
        "owned_identifier",
        "Claiming an identifier that another profile owns is a conflict: nothing of the call takes effect.",
        ("conflict",),
        lambda scene: _claim(scene.given["profile"].id),
        given=(PROFILE, OWNER),
        applies=lambda traits: traits.identity == "conflict",
    ),
    Refusal(
        "upsert_profile",
        "owned_identifier_new_profile",
        "A new profile that claims an identifier of another one is a conflict and is not created.",
        ("conflict",),
        lambda scene: _claim("newcomer"),
        given=(OWNER,),
        applies=lambda traits: traits.identity == "conflict",
    ),
    Refusal(
        "upsert_profile",
        "nested_object",
        "A trait that is an object is invalid where traits.nested says unsupported.",
        ("invalid",),
        lambda scene: {
            "id": "user-0",
            "traits": {"plan": "basic", "address": {"city": "Pune"}},
            "identifiers": {},
        },
        given=(PROFILE,),
        applies=lambda traits: traits.nested == "unsupported",
    ),
    Refusal(
        "sync_audience",
        "unknown_member",
        "An audience with a member that does not exist is not_found, before any change.",
        ("not_found",),
        _with_unknown("buyers"),
        given=(PROFILE, OTHER, Given("audience", "sync_audience", arguments=_known_audience)),
        applies=lambda traits: traits.unknown_members == "refused",
    ),
    Refusal(
        "sync_audience",
        "unknown_member_new_audience",
        "A new audience with a member that does not exist is not_found and is not created.",
        ("not_found",),
        _with_unknown("fans"),
        given=(PROFILE,),
        applies=lambda traits: traits.unknown_members == "refused",
    ),
    Refusal(
        "get_profile",
        "unknown_profile",
        "Reading a profile that does not exist is not_found.",
        ("not_found",),
        lambda scene: {"id": "no-such-profile"},
        given=(PROFILE,),
    ),
)
