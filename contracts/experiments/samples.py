"""Valid and refusable calls of the experiments contract."""

from typing import Any

from ...model.samples import Given, Refusal, Sample, Scene

EVENLY = [5_000, 5_000]
VALUES = {"boolean": True, "string": "blue", "number": 7}


def flag(scene: Scene, **changes: Any) -> dict[str, Any]:
    """A boolean flag with a rule."""
    rules = [{"attribute": "plan", "op": "in", "value": ["free", "trial"], "variant": "off"}]
    return {"key": f"flag_{scene.n}", "value": True, "rules": rules, **changes}


def ab(scene: Scene, **changes: Any) -> dict[str, Any]:
    """Two variants of equal weight."""
    plain = {
        "key": f"exp_{scene.n}",
        "variants": ["control", "treatment"],
        "weights": EVENLY,
        "metric": "sales",
    }
    return {**plain, **changes}


def bandit(scene: Scene, **changes: Any) -> dict[str, Any]:
    """Two arms, each with a floor of a twentieth."""
    return {"key": f"bandit_{scene.n}", "arms": ["left", "right"], "floor": 500, **changes}


def _key(scene: Scene, name: str) -> dict[str, Any]:
    """The key of a flag or an experiment that stands already."""
    return {"key": scene.given[name].key}


def _unit(scene: Scene, key: str) -> dict[str, Any]:
    return {"key": key, "unit_id": f"unit-{scene.n}", "attributes": {"plan": "paid"}}


def _value(scene: Scene, key: str, unit: str = "unit-0") -> dict[str, Any]:
    return {"key": key, "unit_id": unit, "value": 1 + scene.n}


def _value_of_a_type(scene: Scene, offered: bool) -> Any:
    others = ("string", "number")
    return next(VALUES[kind] for kind in others if (kind in scene.traits.flag_types) is offered)


def _read(operation: str, name: str) -> Given:
    """A read in between: whoever may answer from an older state for a while has been waited for."""
    return Given("read", operation, arguments=lambda scene: _key(scene, name))


FLAG = (Given("flag", "set_flag"), _read("get_flag", "flag"))
STARTED = (Given("experiment", "start_ab"), _read("report", "experiment"))
BANDIT = (Given("bandit", "start_bandit"), _read("report", "bandit"))
ASSIGNED = Given("unit", "assign", arguments=lambda scene: _unit(scene, scene.given["experiment"].key))
EXPOSED = (*STARTED, ASSIGNED, _read("report", "experiment"))

SAMPLES = {
    "set_flag": Sample(flag),
    "get_flag": Sample(lambda scene: _key(scene, "flag"), given=FLAG),
    "ramp": Sample(lambda scene: {**_key(scene, "flag"), "percent": scene.n % 100}, given=FLAG),
    "start_ab": Sample(ab),
    "start_bandit": Sample(bandit),
    "assign": Sample(lambda scene: _unit(scene, scene.given["experiment"].key), given=STARTED),
    "report": Sample(lambda scene: _key(scene, "experiment"), given=EXPOSED),
    "record": Sample(
        lambda scene: _value(scene, scene.given["experiment"].key, scene.given["unit"].unit_id), given=EXPOSED
    ),
}

REFUSALS = (
    Refusal(
        "set_flag",
        "other_type",
        "A value of another type than the flag's first one is a conflict.",
        ("conflict",),
        lambda scene: flag(scene, **_key(scene, "flag"), value=_value_of_a_type(scene, offered=True)),
        given=FLAG,
        applies=lambda traits: len(traits.flag_types) > 1,
    ),
    Refusal(
        "set_flag",
        "foreign_type",
        "A value of a type that the traits do not list is unsupported.",
        ("unsupported",),
        lambda scene: flag(scene, value=_value_of_a_type(scene, offered=False)),
        applies=lambda traits: len(traits.flag_types) < len(VALUES),
    ),
    Refusal(
        "set_flag",
        "experiment_key",
        "A flag under the key of an experiment is a conflict.",
        ("conflict",),
        lambda scene: flag(scene, **_key(scene, "experiment")),
        given=STARTED,
    ),
    Refusal(
        "set_flag",
        "bandit_key",
        "A flag under the key of a bandit is a conflict.",
        ("conflict",),
        lambda scene: flag(scene, **_key(scene, "bandit")),
        given=BANDIT,
        needs=("start_bandit",),
    ),
    Refusal(
        "get_flag",
        "unknown_key",
        "A flag that does not exist is not_found.",
        ("not_found",),
        lambda scene: {"key": "no_such_flag"},
    ),
    Refusal(
        "get_flag",
        "experiment_key",
        "An experiment is not found as a flag.",
        ("not_found",),
        lambda scene: _key(scene, "experiment"),
        given=STARTED,
    ),
    Refusal(
        "ramp",
        "unknown_key",
        "Ramping what does not exist is not_found.",
        ("not_found",),
        lambda scene: {"key": "no_such_key", "percent": 50},
    ),
    Refusal(
        "start_ab",
        "flag_key",
        "An experiment under the key of a flag is a conflict.",
        ("conflict",),
        lambda scene: ab(scene, **_key(scene, "flag")),
        given=FLAG,
    ),
    Refusal(
        "start_ab",
        "other_weights",
        "Starting an experiment again with other weights is a conflict.",
        ("conflict",),
        lambda scene: ab(scene, **_key(scene, "experiment"), weights=[5_001, 4_999]),
        given=STARTED,
    ),
    Refusal(
        "start_ab",
        "other_variants",
        "Starting an experiment again with other variants is a conflict.",
        ("conflict",),
        lambda scene: ab(scene, **_key(scene, "experiment"), variants=["control", "candidate"]),
        given=STARTED,
    ),
    Refusal(
        "start_ab",
        "other_metric",
        "Starting an experiment again with another metric is a conflict.",
        ("conflict",),
        lambda scene: ab(scene, **_key(scene, "experiment"), metric="visits"),
        given=STARTED,
    ),
    Refusal(
        "start_ab",
        "bandit_key",
        "An experiment under the key of a bandit is a conflict.",
        ("conflict",),
        lambda scene: ab(scene, **_key(scene, "bandit"), variants=["left", "right"]),
        given=BANDIT,
        needs=("start_bandit",),
    ),
    Refusal(
        "start_bandit",
        "flag_key",
        "A bandit under the key of a flag is a conflict.",
        ("conflict",),
        lambda scene: bandit(scene, **_key(scene, "flag")),
        given=FLAG,
    ),
    Refusal(
        "start_bandit",
        "experiment_key",
        "A bandit under the key of an experiment is a conflict.",
        ("conflict",),
        lambda scene: bandit(scene, **_key(scene, "experiment"), arms=["control", "treatment"]),
        given=STARTED,
    ),
    Refusal(
        "start_bandit",
        "other_floor",
        "Starting a bandit again with another floor is a conflict.",
        ("conflict",),
        lambda scene: bandit(scene, **_key(scene, "bandit"), floor=501),
        given=BANDIT,
    ),
    Refusal(
        "start_bandit",
        "other_arms",
        "Starting a bandit again with other arms is a conflict.",
        ("conflict",),
        lambda scene: bandit(scene, **_key(scene, "bandit"), arms=["left", "middle", "right"]),
        given=BANDIT,
    ),
    Refusal(
        "assign",
        "unknown_key",
        "Assigning a unit to what does not exist is not_found.",
        ("not_found",),
        lambda scene: _unit(scene, "no_such_key"),
    ),
    Refusal(
        "report",
        "unknown_key",
        "A report on an experiment that does not exist is not_found.",
        ("not_found",),
        lambda scene: {"key": "no_such_key"},
    ),
    Refusal(
        "report",
        "flag_key",
        "A flag has no report: not_found.",
        ("not_found",),
        lambda scene: _key(scene, "flag"),
        given=FLAG,
    ),
    Refusal(
        "record",
        "unknown_key",
        "A value for an experiment that does not exist is not_found.",
        ("not_found",),
        lambda scene: _value(scene, "no_such_key"),
    ),
    Refusal(
        "record",
        "flag_key",
        "A value for a flag is not_found.",
        ("not_found",),
        lambda scene: _value(scene, scene.given["flag"].key),
        given=FLAG,
    ),
)

SHAPED_BY = ("flag_types",)
