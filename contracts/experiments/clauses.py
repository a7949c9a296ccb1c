"""What experiments promise beyond the general families. Unit ids are the kit's own; weights are parts of 10,000.

Statistical clauses fail a correct adapter with a chance of one in a million for each test.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import fsum, log, sqrt
from statistics import NormalDist
from typing import Any

from ...model.clause import clause, holds, refused, same
from ...model.subject import Call, Subject

DAY = 86_400
CHANCE = 1e-6
# The upper points of the chi-square distribution for that chance, by degrees of freedom.
CRITICAL = {1: NormalDist().inv_cdf(1 - CHANCE / 2) ** 2, 2: -2 * log(CHANCE), 3: 30.66}
DEVIATIONS = -NormalDist().inv_cdf(CHANCE)
EVENLY = [5_000, 5_000]
LOOKALIKES = ("Exp-1", "exp-1", "exp.1", "exp_1", "7", "007", f"{'x' * 63}a", f"{'x' * 63}b")
UNUSUAL = ("user.plan", "größe", "a b", "Plan-2")
TYPES: dict[str, tuple[Any, ...]] = {
    "boolean": (True, False),
    "string": ("", " Grün 🎉 e\u0301 «x»\ttab ", "true", "x" * 300),
    "number": (0, -1.5, 2**53 - 1),
}


def settle(subject: Subject) -> None:
    """Waits until an assign must see what was written: it is a write, so nobody waits for it by itself."""
    if subject.traits.read_bound_s:
        subject.advance(subject.traits.read_bound_s)


def flag(subject: Subject, key: str = "flag_0", value: Any = True, rules: Iterable[Any] = ()) -> Any:
    """A flag with rules of (attribute, op, value, variant)."""
    names = ("attribute", "op", "value", "variant")
    plain = [dict(zip(names, rule, strict=True)) for rule in rules]
    return subject.call("set_flag", key=key, value=value, rules=plain)


def start(subject: Subject, key: str = "exp_0", weights: list[int] = EVENLY) -> Any:
    """An experiment with the variants a, b, c, ... for the weights."""
    variants = [chr(ord("a") + n) for n in range(len(weights))]
    return subject.call("start_ab", key=key, variants=variants, weights=weights, metric="sales")


def bandit(subject: Subject, arms: list[str], floor: int) -> Any:
    """The bandit ``bandit_0``."""
    return subject.call("start_bandit", key="bandit_0", arms=arms, floor=floor)


def ramp(subject: Subject, key: str, percent: int) -> None:
    """Ramped, and seen to be by the next assign."""
    subject.call("ramp", key=key, percent=percent)
    settle(subject)


def units(count: int, word: str = "unit") -> list[str]:
    return [f"{word}-{n}" for n in range(count)]


def assign(subject: Subject, key: str, unit: str, **attributes: Any) -> tuple[str | None, str]:
    """Variant and reason of one unit."""
    seen = subject.call("assign", key=key, unit_id=unit, attributes=attributes)
    return seen.variant, seen.reason


def assigned(subject: Subject, key: str, asked: Iterable[str]) -> dict[str, str | None]:
    """The variants of many units."""
    return {unit: assign(subject, key, unit)[0] for unit in asked}


def record(subject: Subject, key: str, values: Mapping[str, Iterable[float]]) -> None:
    """Some values of some units."""
    for unit, found in values.items():
        for value in found:
            subject.call("record", key=key, unit_id=unit, value=value)


def rows(subject: Subject, key: str) -> dict[str, Any]:
    """The report's rows by variant, without interval and p."""
    names = ("units", "conversions", "mean", "lift")
    found = subject.call("report", key=key).variants
    same(sorted({row.variant for row in found}), sorted(row.variant for row in found), "variants of the rows")
    return {row.variant: {name: getattr(row, name) for name in names} for row in found}


def balanced(counts: Mapping[Any, int], weights: Mapping[Any, int], what: str) -> None:
    """Fails unless the counts are what the weights give by chance; what weighs 0 must not be there at all."""
    total = sum(counts.values())
    holds(total > 0, f"{what}: there are none")
    expected = {name: total * weight / sum(weights.values()) for name, weight in weights.items() if weight}
    strange = sorted(str(name) for name in counts if name not in expected)
    holds(not strange, f"{what}: these came up, though they weigh 0 or do not exist", seen=strange)
    off = fsum((counts.get(name, 0) - wanted) ** 2 / wanted for name, wanted in expected.items())
    limit = CRITICAL[len(expected) - 1]
    what += f": {expected} were to be expected (chi-square {off:.1f}; above {limit:.1f} only once in a million)"
    holds(off <= limit, what, seen=dict(counts))


# flags


@clause("experiments.set_flag.rule.echo")
def echo(subject: Subject) -> None:
    """A flag is given back with the key, value, type and rules that were set, and at first with percent 100."""
    rules = [
        ("plan", "in", ["pro", "free"], "on"),
        ("land", "eq", "Österreich", "off"),
        ("age", "in", [1.5, 2], "on"),
        ("beta", "eq", False, "off"),
    ]
    for kind in subject.traits.flag_types:
        for n, value in enumerate(TYPES[kind]):
            key = f"{kind}_{n}"
            written = flag(subject, key, value, rules)
            _is_flag(written, key, value, kind, rules)
            same(
                subject.call("get_flag", key=key),
                written,
                "the flag that is read is not the one that was set",
            )


def _is_flag(seen: Any, key: str, value: Any, kind: str, rules: list[tuple[Any, ...]]) -> None:
    found = [(rule.attribute, rule.op, rule.value, rule.variant) for rule in seen.rules]
    same(found, rules, "the rules of the flag")
    expected = {"key": key, "value": value, "type": kind, "percent": 100}
    same(seen.plain(), expected, "the flag differs from what was set", subset=True)


@clause("experiments.set_flag.rule.replaces")
def replaces(subject: Subject) -> None:
    """Setting a flag again replaces its value and all its rules, and leaves other flags alone."""
    other = flag(subject, "flag_1", True, [("plan", "eq", "pro", "off")])
    flag(subject, "flag_0", True, [("plan", "eq", "pro", "off")])
    _is_flag(flag(subject, "flag_0", False), "flag_0", False, "boolean", [])
    _is_flag(subject.call("get_flag", key="flag_0"), "flag_0", False, "boolean", [])
    same(subject.call("get_flag", key="flag_1"), other, "the other flag")


@clause("experiments.set_flag.rule.keeps_percent")
def flag_keeps_percent(subject: Subject) -> None:
    """Setting a flag again never changes its percent."""
    for percent in (35, 0):
        flag(subject)
        subject.call("ramp", key="flag_0", percent=percent)
        for value in (False, True):
            same(flag(subject, value=value).percent, percent, "percent after the flag was set again")
        same(subject.call("get_flag", key="flag_0").percent, percent, "percent of the flag that is read")


@clause("experiments.set_flag.rule.type_stays", applies=lambda traits: len(traits.flag_types) > 1)
def type_stays(subject: Subject) -> None:
    """A flag keeps its type: a boolean is no number, a number no text, but all numbers are one type."""
    looks_alike = {"boolean": True, "string": "1", "number": 1}
    for kind in subject.traits.flag_types:
        key = f"flag_{kind}"
        before = flag(subject, key, looks_alike[kind], [("plan", "eq", "pro", "off")])
        subject.call("get_flag", key=key)
        for other in set(subject.traits.flag_types) - {kind}:
            refused(subject.attempt("set_flag", key=key, value=looks_alike[other], rules=[]), "conflict")
        same(subject.call("get_flag", key=key), before, "the flag after the refused ones")
        flag(subject, key, looks_alike[kind])
    if "number" in subject.traits.flag_types:
        same(flag(subject, "flag_number", 2.5).value, 2.5, "a fraction after a whole number")


@clause("experiments.get_flag.rule.other_instance")
def other_instance(subject: Subject) -> None:
    """What one instance sets, another one reads within traits.read_bound_s, also if it has read before."""
    sibling = subject.sibling()
    for value in (True, False):
        written = flag(subject, value=value)
        same(sibling.call("get_flag", key="flag_0"), written, "the flag as another instance reads it")


@clause("experiments.ramp.rule.shown")
def shown(subject: Subject) -> None:
    """ramp gives key and percent; get_flag shows the percent, with value and rules as they were."""
    before = flag(subject, value=False, rules=[("plan", "eq", "pro", "on")]).plain()
    for percent in (40, 0, 100):
        seen = subject.call("ramp", key="flag_0", percent=percent)
        same((seen.key, seen.percent), ("flag_0", percent), "what ramp gives")
        expected = {**before, "percent": percent}
        del expected["extensions"]
        same(subject.call("get_flag", key="flag_0"), expected, "the flag after the ramp", subset=True)


@clause("experiments.assign.rule.flag_value")
def flag_value(subject: Subject) -> None:
    """A unit gets a flag's value when the flag is on for it; false is off, but zero and an empty text are on."""
    tried = [(kind, value) for kind in subject.traits.flag_types for value in TYPES[kind]]
    for n, (_, value) in enumerate(tried):
        flag(subject, f"flag_{n}", value)
    settle(subject)
    for n, (_, value) in enumerate(tried):
        seen = subject.call("assign", key=f"flag_{n}", unit_id="unit-0", attributes={}).plain()
        on = value is not False
        expected = {"variant": "on", "value": value, "reason": "assigned"}
        off = {"variant": "off", "value": None, "reason": "off"}
        wanted = {"key": f"flag_{n}", "unit_id": "unit-0", **(expected if on else off)}
        same(seen, wanted, f"a unit of a flag with the value {value!r}", subset=True)


@clause("experiments.assign.rule.matching")
def matching(subject: Subject) -> None:
    """A rule matches equal values: numbers by value, a boolean is never a number, what is absent never matches."""
    table: list[tuple[str, Any, dict[str, Any], bool]] = [
        ("eq", "Zürich 🎉", {"x": "Zürich 🎉"}, True),
        ("eq", "Zürich", {"x": "Genève"}, False),
        ("eq", "Zürich", {"y": "Zürich"}, False),
        ("eq", "Zürich", {"X": "Zürich"}, False),
        ("eq", "Zürich", {"x": "zürich"}, False),
        ("eq", "Zürich", {"x": "Zrich"}, False),
        ("eq", "Zürich", {"x": "Zürich-West"}, False),
        ("eq", "Zürich", {"x": "Zürich "}, False),
        ("eq", "Z\u00fcrich", {"x": "Zu\u0308rich"}, False),
        ("eq", "Zürich", {}, False),
        ("in", ["a", "b"], {"x": "b"}, True),
        ("in", ["a", "b"], {"x": "c"}, False),
        ("in", ["abc"], {"x": "b"}, False),
        ("in", ["a", "b"], {}, False),
        ("eq", 2020, {"x": 2020.0}, True),
        ("in", [7, 1.5], {"x": 1.5}, True),
        ("eq", 2020, {"x": 2021}, False),
        ("eq", 2020, {"x": 2020.0005}, False),
        ("eq", 1.5, {"x": 1}, False),
        ("eq", True, {"x": True}, True),
        ("eq", False, {"x": False}, True),
        ("eq", True, {"x": False}, False),
        ("eq", False, {}, False),
        ("eq", False, {"x": None}, False),
        ("eq", 1, {"x": True}, False),
        ("eq", True, {"x": 1}, False),
        ("in", [0, 5], {"x": False}, False),
    ]
    for n, (op, value, _, _) in enumerate(table):
        flag(subject, f"flag_{n}", True, [("x", op, value, "off")])
    flag(subject, "by_unit", True, [(name, "eq", "unit-0", "off") for name in ("key", "unit_id", "id")])
    settle(subject)
    same(assign(subject, "by_unit", "unit-0"), ("on", "assigned"), "a unit's id is no attribute of it")
    for n, (op, value, attributes, matches) in enumerate(table):
        expected = ("off", "rule") if matches else ("on", "assigned")
        what = f"variant and reason of a unit with {attributes} under the rule x {op} {value!r} -> off"
        same(assign(subject, f"flag_{n}", "unit-0", **attributes), expected, what)


@clause("experiments.assign.rule.attribute_names")
def attribute_names(subject: Subject) -> None:
    """A rule on an attribute with an unusual name works, or is refused as invalid; it is never passed over."""
    for n, name in enumerate(UNUSUAL):
        rules = [{"attribute": name, "op": "eq", "value": 7, "variant": "off"}]
        outcome = subject.attempt("set_flag", key=f"flag_{n}", value=True, rules=rules)
        if outcome.error is not None:
            refused(outcome, "invalid")
            continue
        settle(subject)
        same(assign(subject, f"flag_{n}", "unit-0", **{name: 7}), ("off", "rule"), f"a unit whose {name} is 7")


@clause("experiments.assign.rule.many_rules")
def many_rules(subject: Subject) -> None:
    """Of many rules and many values each one counts, or the flag is refused as too large without effect."""
    cities, values = [f"city-{n}" for n in range(30)], [*range(60)]
    rules: list[dict[str, Any]] = [
        {"attribute": "city", "op": "eq", "value": city, "variant": "off"} for city in cities
    ]
    rules += [{"attribute": "age", "op": "in", "value": values, "variant": "off"}]
    before = subject.snapshot()
    outcome = subject.attempt("set_flag", key="flag_0", value=True, rules=rules)
    if outcome.error is not None:
        refused(outcome, "payload_too_large", "invalid")
        same(subject.snapshot(), before, "the vendor's state after the refusal")
        return
    same(outcome.value.rules, rules, "the rules of the flag")
    settle(subject)
    for attributes in ({"city": cities[-1]}, {"age": values[-1]}):
        same(assign(subject, "flag_0", "unit-0", **attributes), ("off", "rule"), f"a unit with {attributes}")


@clause("experiments.assign.rule.first_match")
def first_match(subject: Subject) -> None:
    """The first of a flag's rules that matches decides."""
    flag(
        subject,
        rules=[
            ("plan", "eq", "pro", "on"),
            ("plan", "in", ["pro", "free"], "off"),
            ("land", "eq", "DE", "on"),
        ],
    )
    flag(subject, "flag_1", rules=[("plan", "eq", "pro", "off"), ("land", "eq", "DE", "on")])
    flag(subject, "flag_2", rules=[("plan", "eq", "pro", "off"), ("plan", "eq", "pro", "on")])
    ramp(subject, "flag_0", 0)
    table = (
        ("flag_0", {"plan": "pro", "land": "DE"}, "on"),
        ("flag_0", {"plan": "free", "land": "DE"}, "off"),
        ("flag_0", {"plan": "none", "land": "DE"}, "on"),
        ("flag_1", {"plan": "pro", "land": "DE"}, "off"),
        ("flag_2", {"plan": "pro"}, "off"),
    )
    for key, attributes, variant in table:
        what = f"variant and reason of a unit with {attributes}"
        same(assign(subject, key, "unit-0", **attributes), (variant, "rule"), what)


@clause("experiments.assign.rule.order")
def order(subject: Subject) -> None:
    """A rule goes before the ramp, the ramp before a boolean false, and that before on."""
    rules = [("plan", "eq", "pro", "on"), ("plan", "eq", "free", "off")]
    for key, value in (("yes_0", True), ("yes_100", True), ("no_0", False), ("no_100", False)):
        flag(subject, key, value, rules)
    ramp(subject, "yes_0", 0)
    ramp(subject, "no_0", 0)
    table = {
        "yes_0": (("on", "rule"), ("off", "rule"), ("off", "not_in_ramp")),
        "yes_100": (("on", "rule"), ("off", "rule"), ("on", "assigned")),
        "no_0": (("on", "rule"), ("off", "rule"), ("off", "not_in_ramp")),
        "no_100": (("on", "rule"), ("off", "rule"), ("off", "off")),
    }
    for key, expected in table.items():
        seen = [assign(subject, key, "unit-0", plan=plan) for plan in ("pro", "free", "none")]
        same(seen, expected, f"variants and reasons for a flag that is {key.replace('_', ' at percent ')}")


@clause("experiments.assign.rule.no_value_when_off")
def no_value_when_off(subject: Subject) -> None:
    """A unit gets a flag's value where a rule says on, and none where it is off by a rule or by the ramp."""
    values = {f"flag_{kind}": TYPES[kind][0] for kind in subject.traits.flag_types}
    for key, value in values.items():
        flag(subject, key, value, [("plan", "eq", "free", "off"), ("plan", "eq", "pro", "on")])
        ramp(subject, key, 0)
    for key, value in values.items():
        for plan, expected in (("free", None), ("none", None), ("pro", value)):
            seen = subject.call("assign", key=key, unit_id="unit-0", attributes={"plan": plan})
            same(seen.value, expected, f"value of a unit with plan {plan}")


# ramps


@clause("experiments.ramp.rule.exact")
def exact(subject: Subject) -> None:
    """At percent 0 no unit is in, at 100 every unit is; a flag or an experiment begins with 100."""
    flag(subject)
    start(subject)
    settle(subject)
    for percent in (None, 0, 100):
        for key in ("flag_0", "exp_0"):
            if percent is not None:
                ramp(subject, key, percent)
            _all_alike(subject, key, "not_in_ramp" if percent == 0 else "assigned")


def _all_alike(subject: Subject, key: str, reason: str) -> None:
    inside = {"flag_0": ("on",), "exp_0": ("a", "b")}
    outside = {"flag_0": ("off",), "exp_0": (None,)}
    asked = units(1_000 if reason == "not_in_ramp" else 400)
    allowed = [(variant, reason) for variant in (outside if reason == "not_in_ramp" else inside)[key]]
    wrong = {unit: seen for unit in asked if (seen := assign(subject, key, unit)) not in allowed}
    what = f"every one of {len(asked)} units of {key} must be {reason}; {len(wrong)} are not, for example"
    holds(not wrong, what, seen=dict([*wrong.items()][:3]))


@clause("experiments.ramp.rule.share")
def share(subject: Subject) -> None:
    """Percent is the share of units that are in."""
    flag(subject)
    start(subject)
    for percent in (30, 95):
        for key in ("flag_0", "exp_0"):
            ramp(subject, key, percent)
            reasons = Counter(assign(subject, key, unit)[1] for unit in units(1_000))
            weights = {"assigned": percent, "not_in_ramp": 100 - percent}
            balanced(reasons, weights, f"units of {key} at percent {percent}")


@clause("experiments.ramp.rule.keeps_units")
def keeps_units(subject: Subject) -> None:
    """A unit that is in keeps its variant when percent rises; lowering, also to 0, and raising restores it."""
    flag(subject)
    start(subject)
    for key in ("flag_0", "exp_0"):
        first: dict[int, dict[str, Any]] = {}
        for percent in (20, 50, 60, 0, 60, 20, 60):
            ramp(subject, key, percent)
            found = _in(subject, key)
            first.setdefault(percent, found)
            same(found, first[percent], f"units of {key} that are in at percent {percent}, once more")
        for low, high in ((20, 50), (50, 60)):
            same(first[high], first[low], f"units of {key} that were in at percent {low}, at {high}", subset=True)
        holds(len(first[20]) < len(first[60]), "the share did not rise", seen=[len(first[20]), len(first[60])])


def _in(subject: Subject, key: str) -> dict[str, Any]:
    seen = {unit: assign(subject, key, unit) for unit in units(200)}
    return {unit: variant for unit, (variant, reason) in seen.items() if reason == "assigned"}


# experiments


@clause("experiments.start_ab.rule.echo")
def ab_echo(subject: Subject) -> None:
    """A started experiment has the settings that were asked for, and percent 100."""
    settings = {"key": "Exp-1.b", "variants": ["b", "a", "c"], "weights": [1, 9_999, 0], "metric": "sales"}
    for _ in range(2):
        seen = subject.call("start_ab", **settings).plain()
        same(seen, {**settings, "percent": 100}, "the experiment differs from its settings", subset=True)


@clause("experiments.start_ab.rule.other_order")
def other_order(subject: Subject) -> None:
    """The same variants with the same weights in another order are other settings: lift is against the first."""
    start(subject, weights=[4_000, 6_000])
    other = {"key": "exp_0", "variants": ["b", "a"], "weights": [6_000, 4_000], "metric": "sales"}
    refused(subject.attempt("start_ab", **other), "conflict")


@clause("experiments.adapter.rule.ids")
def ids(subject: Subject) -> None:
    """Experiments, metrics and units whose ids look alike are different ones; 64 characters count."""
    for key in LOOKALIKES:
        settings = {"key": key, "variants": ["a", "b"], "weights": EVENLY, "metric": key}
        same(subject.call("start_ab", **settings).plain(), settings, "the settings", subset=True)
    settle(subject)
    for n, key in enumerate(LOOKALIKES):
        assigned(subject, key, LOOKALIKES[n:])
    seen = {key: sum(row["units"] for row in rows(subject, key).values()) for key in LOOKALIKES}
    expected = {key: len(LOOKALIKES) - n for n, key in enumerate(LOOKALIKES)}
    same(seen, expected, "units of each experiment, of experiments and units that look alike")


@clause("experiments.start_ab.rule.keeps_percent")
def ab_keeps_percent(subject: Subject) -> None:
    """Starting an experiment again with the same settings never changes its percent, and no unit's variant."""
    start(subject)
    start(subject, "exp_1")
    settle(subject)
    before = assigned(subject, "exp_0", units(30))
    for percent in (40, 0):
        subject.call("ramp", key="exp_0", percent=percent)
        same(start(subject).percent, percent, "percent of the experiment that is started again")
        same(start(subject, "exp_1").percent, 100, "percent of an experiment that was not ramped")
    settle(subject)
    same(assign(subject, "exp_0", "unit-0"), (None, "not_in_ramp"), "a unit at percent 0, after another start")
    ramp(subject, "exp_0", 100)
    same(assigned(subject, "exp_0", units(30)), before, "variants after another start")


@clause("experiments.start_bandit.rule.echo")
def bandit_echo(subject: Subject) -> None:
    """A started bandit has the settings that were asked for and percent 100; another start keeps its percent."""
    settings = {"key": "Bandit-1.b", "arms": ["b", "a", "c"], "floor": 3_333}
    seen = subject.call("start_bandit", **settings).plain()
    same(seen, {**settings, "percent": 100}, "the bandit differs from its settings", subset=True)
    for percent in (40, 0):
        subject.call("ramp", key="Bandit-1.b", percent=percent)
        again = subject.call("start_bandit", **settings).plain()
        same(again, {**settings, "percent": percent}, "the bandit that is started again", subset=True)


@clause("experiments.assign.rule.balanced")
def balance(subject: Subject) -> None:
    """Of 10,000 units each variant gets the share of its weight, within traits.balance_tolerance and chance."""
    weights = {"a": 4_970, "b": 0, "c": 3_000, "d": 2_000, "e": 30}
    start(subject, weights=list(weights.values()))
    settle(subject)
    counts = Counter(assigned(subject, "exp_0", units(10_000, "user")).values())
    balanced(counts, weights, "units of the variants")
    limit = subject.traits.balance_tolerance
    off = {name: counts[name] / 10_000 - weight / 10_000 for name, weight in weights.items()}
    far = {name: gap for name, gap in off.items() if abs(gap) > limit}
    holds(not far, f"a variant's share is off its weight by more than {limit}", seen=far)


@clause("experiments.assign.rule.balanced_in_ramp")
def balanced_in_ramp(subject: Subject) -> None:
    """Of the units that are in at percent 50, each variant gets the share of its weight."""
    start(subject)
    ramp(subject, "exp_0", 50)
    found = Counter(assigned(subject, "exp_0", units(800, "user")).values())
    del found[None]
    balanced(found, {"a": 1, "b": 1}, "units that are in at percent 50")


@clause("experiments.assign.rule.independent")
def independent(subject: Subject) -> None:
    """Assignments are independent between experiments: a unit's variant in one says nothing about another."""
    for key in ("exp_0", "exp_1"):
        start(subject, key)
    settle(subject)
    asked = units(800, "user")
    first, second = assigned(subject, "exp_0", asked), assigned(subject, "exp_1", asked)
    alike = Counter(first[unit] == second[unit] for unit in asked)
    balanced(alike, {True: 1, False: 1}, "units with the same variant in two experiments (true) or not (false)")


@clause("experiments.assign.rule.independent_ramps")
def independent_ramps(subject: Subject) -> None:
    """At percent 50, whether a unit is in one experiment says nothing about whether it is in another."""
    for key in ("exp_0", "exp_1"):
        start(subject, key)
        ramp(subject, key, 50)
    asked = units(400, "user")
    first, second = (assigned(subject, key, asked) for key in ("exp_0", "exp_1"))
    alike = Counter((first[unit] is None) == (second[unit] is None) for unit in asked)
    balanced(alike, {True: 1, False: 1}, "units that are in both experiments or in none (true), or in one (false)")


@clause("experiments.assign.rule.other_instance")
def assigns_elsewhere(subject: Subject) -> None:
    """Another instance, which looked before, assigns by what was set, started and ramped meanwhile."""
    other, keys = subject.sibling(), ("flag_0", "exp_0")
    for key in keys:
        refused(other.attempt("assign", key=key, unit_id="unit-0", attributes={}), "not_found")
    flag(subject)
    start(subject)
    for percent in (100, 0, 100):
        for key in keys:
            ramp(subject, key, percent)
        reason = "assigned" if percent else "not_in_ramp"
        seen = [assign(other, key, "unit-0")[1] for key in keys]
        same(seen, [reason, reason], f"reasons that another instance gives at percent {percent}")
    flag(subject, value=False)
    settle(subject)
    same(assign(other, "flag_0", "unit-0"), ("off", "off"), "a flag that was set to false, at another instance")


@clause("experiments.assign.rule.sticky")
def sticky(subject: Subject) -> None:
    """A unit keeps what it got: asked again, with other attributes, later, by another instance, after a restart."""
    before = _part_in(subject, 60)
    other = subject.sibling()
    attributes = {unit: assign(subject, "exp_0", unit, plan="pro", age=7)[0] for unit in units(60)}
    same(attributes, before["exp_0"], "variants of units with attributes")
    same({key: assigned(other, key, units(60)) for key in before}, before, "variants given by another instance")
    subject.advance(400 * DAY)
    same({key: assigned(subject, key, units(60)) for key in before}, before, "variants after 400 days")
    subject.restart()
    same({key: assigned(subject, key, units(60)) for key in before}, before, "variants after a restart")


def _part_in(subject: Subject, count: int) -> dict[str, dict[str, str | None]]:
    """Who gets what of a flag and an experiment, both at percent 50."""
    flag(subject)
    start(subject)
    for key in ("flag_0", "exp_0"):
        ramp(subject, key, 50)
    return {key: assigned(subject, key, units(count)) for key in ("flag_0", "exp_0")}


@clause("experiments.assign.rule.same_in_new_process", new_process=True)
def same_in_new_process(subject: Subject) -> None:
    """A unit gets the same in another process, under another hash seed."""
    before = _part_in(subject, 25)
    asked = [(key, unit) for key in before for unit in units(25)]
    calls = [Call("assign", {"key": key, "unit_id": unit, "attributes": {}}) for key, unit in asked]
    seen = [outcome.unwrap().variant for outcome in subject.in_new_process(calls)]
    same(seen, [before[key][unit] for key, unit in asked], "variants in another process")


# exposure and reports


@clause("experiments.assign.rule.exposed_once")
def exposed_once(subject: Subject) -> None:
    """A unit counts once for its experiment, however often it is assigned; other experiments count on their own."""
    for key in ("exp_0", "exp_1"):
        start(subject, key)
    settle(subject)
    found = assigned(subject, "exp_0", units(20))
    for _ in range(3):
        assigned(subject, "exp_0", units(8))
    assigned(subject, "exp_1", units(3))
    counts = {variant: row["units"] for variant, row in rows(subject, "exp_0").items()}
    same(counts, {"a": 0, "b": 0, **Counter(found.values())}, "units of the variants")
    same(sum(row["units"] for row in rows(subject, "exp_1").values()), 3, "units of the other experiment")


@clause("experiments.assign.rule.not_in_no_exposure")
def not_in_no_exposure(subject: Subject) -> None:
    """A unit that is not in gets no variant, with reason not_in_ramp, and is not exposed."""
    start(subject)
    ramp(subject, "exp_0", 0)
    seen = {assign(subject, "exp_0", unit) for unit in units(20)}
    holds(seen == {(None, "not_in_ramp")}, "no unit is in at percent 0", seen=sorted(map(str, seen)))
    same(_exposed(subject), 0, "exposed units at percent 0")
    ramp(subject, "exp_0", 50)
    inside = [variant for variant in assigned(subject, "exp_0", units(40)).values() if variant]
    same(_exposed(subject), len(inside), "exposed units at percent 50")
    ramp(subject, "exp_0", 0)
    assigned(subject, "exp_0", units(40))
    same(_exposed(subject), len(inside), "exposed units after percent went back to 0")


def _exposed(subject: Subject) -> int:
    return sum(row["units"] for row in rows(subject, "exp_0").values())


@clause("experiments.assign.rule.at_once")
def at_once(subject: Subject) -> None:
    """Different units assigned at once are all exposed."""
    start(subject)
    settle(subject)
    calls = [Call("assign", {"key": "exp_0", "unit_id": unit, "attributes": {}}) for unit in units(12)]
    found = Counter(outcome.unwrap().variant for outcome in subject.together(calls))
    counts = {variant: row["units"] for variant, row in rows(subject, "exp_0").items()}
    same(counts, {"a": 0, "b": 0, **found}, "units of the variants")


@clause("experiments.report.rule.rows")
def every_variant(subject: Subject) -> None:
    """A report has one row for every variant, also without units: mean 0, and no lift where the first's mean is 0."""
    start(subject, weights=[5_000, 0, 5_000])
    found = rows(subject, "exp_0")
    same(sorted(found), ["a", "b", "c"], "variants of the report")
    nothing = {"units": 0, "conversions": 0, "mean": 0}
    same(found, dict.fromkeys("abc", nothing), "rows without units", subset=True)
    same([found[name]["lift"] for name in "bc"], [None, None], "lifts against a mean of 0")


@clause("experiments.report.rule.bandit_rows", needs=["start_bandit"])
def every_arm(subject: Subject) -> None:
    """A bandit's report has one row for every arm, counts its exposed units, and gives lifts."""
    bandit(subject, ["left", "right", "up"], 0)
    settle(subject)
    found = Counter(assigned(subject, "bandit_0", units(20)).values())
    counts = {arm: row["units"] for arm, row in rows(subject, "bandit_0").items()}
    same(counts, {"left": 0, "right": 0, "up": 0, **found}, "units of the arms")
    if subject.offers("record"):
        record(subject, "bandit_0", {unit: [1] for unit in units(20)})
        seen = rows(subject, "bandit_0")
        lift = 0 if seen["left"]["units"] else None
        lifts = {arm: row["lift"] for arm, row in seen.items() if row["units"]}
        same(lifts, dict.fromkeys(lifts, lift), "lifts against the first arm, left, of arms that are alike")


@clause("experiments.report.rule.as_of")
def as_of(subject: Subject) -> None:
    """A report says its experiment's key and the instant it holds for."""
    start(subject)
    subject.advance(3_600)
    found = subject.call("report", key="exp_0")
    same(found.key, "exp_0", "key")
    lag = (subject.now() - found.as_of).total_seconds()
    holds(-0.002 <= lag <= max(1.0, subject.traits.read_bound_s), "as_of is not the report's instant", seen=lag)


@clause("experiments.record.rule.counts", needs=["record"])
def counts(subject: Subject) -> None:
    """A report counts each record of an exposed unit; mean is their sum / units, lift is against the first variant."""
    start(subject, weights=[4_000, 3_000, 3_000])
    start(subject, "exp_1")
    settle(subject)
    found = assigned(subject, "exp_0", units(40))
    assigned(subject, "exp_1", units(24))
    values: dict[str, list[float]] = {unit: [n, 0.25, -1] if n % 2 else [n] for n, unit in enumerate(units(30))}
    record(subject, "exp_0", values)
    record(subject, "exp_1", {unit: [1_000] for unit in units(3)})
    _counted(rows(subject, "exp_0"), found, values)
    subject.call("ramp", key="exp_0", percent=0)
    record(subject, "exp_0", {"unit-0": [5.5]})
    _counted(rows(subject, "exp_0"), found, {**values, "unit-0": [*values["unit-0"], 5.5]})


def _counted(seen: Any, found: Mapping[str, str | None], values: Mapping[str, list[float]]) -> None:
    expected: dict[str, dict[str, Any]] = {}
    for variant in ("a", "b", "c"):
        members = [unit for unit in found if found[unit] == variant]
        holds(bool(members), f"no unit of {len(found)} got {variant}, at a third of the weight")
        all_values = [value for unit in members for value in values.get(unit, [])]
        mean = fsum(all_values) / len(members)
        expected[variant] = {"units": len(members), "conversions": len(all_values), "mean": mean}
    for row in expected.values():
        row["lift"] = row["mean"] / expected["a"]["mean"] - 1
    same(seen, expected, "the report's rows", tolerances=lambda pointer: 1e-6)


@clause("experiments.record.rule.lift_below_zero", needs=["record"])
def lift_below_zero(subject: Subject) -> None:
    """Lift is mean / the first variant's mean - 1 also where the first variant's mean is negative."""
    start(subject)
    settle(subject)
    values = {"a": -2.0, "b": 3.0}
    found = assigned(subject, "exp_0", units(30))
    record(subject, "exp_0", {unit: [values[str(variant)]] for unit, variant in found.items()})
    expected = {"a": {"mean": -2, "lift": 0}, "b": {"mean": 3, "lift": -2.5}}
    seen = rows(subject, "exp_0")
    same(seen, expected, "mean and lift of the rows", subset=True, tolerances=lambda pointer: 1e-6)


@clause("experiments.report.rule.long")
def long_report(subject: Subject) -> None:
    """A report counts every unit and every record, however many there are."""
    start(subject, weights=[10_000, 0])
    settle(subject)
    assigned(subject, "exp_0", units(150))
    row: dict[str, float] = {"units": 150}
    if subject.offers("record"):
        values: dict[str, list[float]] = {unit: [2.0] for unit in units(120)}
        record(subject, "exp_0", {**values, "unit-7": [4.0] * 30})
        row |= {"conversions": 149, "mean": 358 / 150}
    same(rows(subject, "exp_0"), {"a": row}, "the report's rows", subset=True, tolerances=lambda pointer: 1e-6)


@clause("experiments.record.rule.key_scope", needs=["record"])
def key_scope(subject: Subject) -> None:
    """A record's key is the account's: another experiment or another unit under a known key is a key conflict."""
    start(subject)
    start(subject, "exp_1")
    first = {"key": "exp_0", "unit_id": "unit-0", "value": 1.0, "idempotency_key": subject.key()}
    subject.call("record", **first)
    for change in ({"key": "exp_1"}, {"unit_id": "unit-1"}):
        refused(subject.attempt("record", **{**first, **change}), "key_conflict")


@clause("experiments.record.rule.from_exposure_on", needs=["record"])
def from_exposure_on(subject: Subject) -> None:
    """A record of a unit that is not exposed counts for nothing; it counts from the unit's exposure on."""
    start(subject, weights=[10_000, 0])
    record(subject, "exp_0", {"unit-0": [2, 4], "unit-1": [100]})
    ramp(subject, "exp_0", 0)
    assigned(subject, "exp_0", ["unit-0", "unit-2"])
    row: dict[str, float] = {"units": 0, "conversions": 0, "mean": 0}
    same(rows(subject, "exp_0"), {"a": row}, "the report's rows before any exposure", subset=True)
    ramp(subject, "exp_0", 100)
    assigned(subject, "exp_0", ["unit-0", "unit-2", "unit-0"])
    row = {"units": 2, "conversions": 2, "mean": 3.0}
    same(rows(subject, "exp_0"), {"a": row}, "the report's rows after two exposures", subset=True)
    record(subject, "exp_0", {"unit-2": [3]})
    row = {"units": 2, "conversions": 3, "mean": 4.5}
    same(rows(subject, "exp_0"), {"a": row}, "the report's rows after another record", subset=True)


@clause("experiments.record.rule.echo")
def record_echo(subject: Subject) -> None:
    """A record gives back key, unit and value, whatever the number."""
    start(subject)
    for value in (0, -2.5, 2**53 - 1, 1e-9):
        seen = subject.call("record", key="exp_0", unit_id="Unit-1.b", value=value).plain()
        same(seen, {"key": "exp_0", "unit_id": "Unit-1.b", "value": value}, "the record", subset=True)


# bandits


@clause("experiments.start_bandit.rule.finds_the_better", needs=["record"])
def finds_the_better(subject: Subject) -> None:
    """With 0.9 against 0.1 in 500 records, a bandit gives at least 60% of 500 new units the better arm."""
    bandit(subject, ["first", "second"], 500)
    settle(subject)
    _teach(subject, "second", 500)
    new = Counter(assigned(subject, "bandit_0", units(500, "new")).values())
    holds(new["second"] >= 300, "the better arm, second, gets too few of 500 new units", seen=dict(new))


def _teach(subject: Subject, best: str, count: int) -> None:
    """One record for each of some units: 1 for nine of ten on the best arm, and for one of ten elsewhere."""
    found = assigned(subject, "bandit_0", units(count))
    seen: Counter[str | None] = Counter()
    for unit, arm in found.items():
        seen[arm] += 1
        lucky = seen[arm] % 10 == 0
        record(subject, "bandit_0", {unit: [int(lucky is not (arm == best))]})
    subject.call("report", key="bandit_0")


@clause("experiments.start_bandit.rule.floor", needs=["record"])
def floor(subject: Subject) -> None:
    """A bandit gives each arm at least its floor of the new units, also the worst."""
    bandit(subject, ["best", "poor", "bad"], 2_000)
    settle(subject)
    _teach(subject, "best", 200)
    new = Counter(assigned(subject, "bandit_0", units(500, "new")).values())
    least = 500 * 0.2 - DEVIATIONS * sqrt(500 * 0.2 * 0.8)
    few = {arm: new[arm] for arm in ("best", "poor", "bad") if new[arm] < least}
    holds(not few, f"an arm with a floor of 2,000 got less than {least:.0f} of 500 new units", seen=few)


@clause("experiments.start_bandit.rule.sticky")
def bandit_sticky(subject: Subject) -> None:
    """A bandit moves only new units: a unit keeps its arm whatever is recorded, ramped, or restarted."""
    bandit(subject, ["first", "second"], 500)
    settle(subject)
    before = assigned(subject, "bandit_0", units(60))
    same(assigned(subject, "bandit_0", units(60)), before, "arms of units that are asked again")
    if subject.offers("record"):
        record(subject, "bandit_0", {unit: [int(arm == "second")] for unit, arm in before.items()})
    subject.call("report", key="bandit_0")
    ramp(subject, "bandit_0", 0)
    same({*assigned(subject, "bandit_0", units(60)).values()}, {None}, "arms at percent 0")
    ramp(subject, "bandit_0", 100)
    same(assigned(subject, "bandit_0", units(60)), before, "arms after the records")
    subject.call("report", key="bandit_0")
    subject.restart()
    same(assigned(subject, "bandit_0", units(60)), before, "arms after a restart")


@clause("experiments.start_bandit.rule.at_once")
def bandit_at_once(subject: Subject) -> None:
    """A new unit that is assigned several times at once gets one arm."""
    bandit(subject, ["a", "b", "c", "d"], 2_500)
    settle(subject)
    for unit in units(2):
        calls = [Call("assign", {"key": "bandit_0", "unit_id": unit, "attributes": {}})] * 6
        arms = {outcome.unwrap().variant for outcome in subject.together(calls)}
        holds(len(arms) == 1, "one unit has several arms", seen=sorted(map(str, arms)))
