"""Wrong in set_flag and get_flag."""

from typing import Any

from ...contracts.experiments.protocol import ExperimentsTraits
from ...errors import NonRetryableError
from ...mocks.experiments import MockExperiments, Project
from ..saboteur import RECORDED, Saboteur
from .projects import Json, over


class CutsText(MockExperiments):
    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        return super().set_flag(key, value.strip() if isinstance(value, str) else value, rules)


class SortsRules(MockExperiments):
    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        return super().set_flag(key, value, sorted(rules, key=lambda rule: rule.attribute))


class NumbersOfBooleans(MockExperiments):
    def get_flag(self, key: str) -> Json:
        found = super().get_flag(key)
        return {**found, "type": "number" if isinstance(found["value"], bool | int | float) else "string"}


class StartsAtZero(Project):
    def put_flag(self, key: str, *rest: Any) -> None:
        new = key not in self._flags
        super().put_flag(key, *rest)
        if new:
            self.ramp(key, 0)


class KeepsRules(Project):
    def put_flag(self, key: str, value: Any, kind: str, rules: list[Json]) -> None:
        super().put_flag(key, value, kind, [*self._flags.get(key, {}).get("rules", []), *rules])


class ResetsFlag(Project):
    def put_flag(self, key: str, *rest: Any) -> None:
        super().put_flag(key, *rest)
        self._flags[key]["percent"] = 100


class ZeroIsUnset(Project):
    def put_flag(self, key: str, *rest: Any) -> None:
        super().put_flag(key, *rest)
        self._flags[key]["percent"] = self._flags[key]["percent"] or 100


class BooleansAreIntegers(MockExperiments):
    """isinstance(True, int)."""

    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        with self._box as state:
            if key in state["flags"] and isinstance(value, int):
                state["flags"][key]["type"] = kind_of(value)
        return super().set_flag(key, value, rules)


class ChangesType(Project):
    def put_flag(self, key: str, value: Any, kind: str, rules: list[Json]) -> None:
        self._flags.get(key, {}).update(type=kind)
        super().put_flag(key, value, kind, rules)


class StrictNumbers(MockExperiments):
    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        if isinstance(value, float) and key in self._box._state["flags"]:
            raise NonRetryableError("conflict", "was a whole number")
        return super().set_flag(key, value, rules)


class ReadsOnce(MockExperiments):
    def get_flag(self, key: str) -> Json:
        known: Json = self.__dict__.setdefault("_known", {}).setdefault(key, super().get_flag(key))
        return known

    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        self.__dict__.setdefault("_known", {}).pop(key, None)
        return super().set_flag(key, value, rules)


class Converts(MockExperiments):
    """Takes values of every type, and says that it does not."""

    traits = ExperimentsTraits(flag_types=("boolean",))

    def set_flag(self, key: str, value: Any, rules: Any) -> Json:
        return super().set_flag(key, bool(value), rules)


def kind_of(value: Any) -> str:
    return "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"


SABOTEURS = (
    Saboteur("cuts_text", CutsText, "experiments.set_flag.rule.echo"),
    Saboteur(
        "sorts_rules", SortsRules, "experiments.set_flag.rule.echo", also=("experiments.adapter.golden.edge_values",)
    ),
    Saboteur(
        "numbers_of_booleans",
        NumbersOfBooleans,
        "experiments.set_flag.rule.echo",
        also=RECORDED,
        reason="every boolean flag that is read has the wrong type",
    ),
    Saboteur(
        "starts_at_zero",
        over(StartsAtZero),
        "experiments.set_flag.rule.echo",
        also=RECORDED,
        reason="no new flag is on",
    ),
    Saboteur(
        "keeps_rules",
        over(KeepsRules),
        "experiments.set_flag.rule.replaces",
        also=(
            "experiments.set_flag.concurrency.same_calls",
            "experiments.set_flag.idempotency.repeat",
        ),
    ),
    Saboteur("resets_flag", over(ResetsFlag), "experiments.set_flag.rule.keeps_percent"),
    Saboteur("zero_is_unset", over(ZeroIsUnset), "experiments.set_flag.rule.keeps_percent"),
    Saboteur("booleans_are_integers", BooleansAreIntegers, "experiments.set_flag.rule.type_stays"),
    Saboteur(
        "changes_type",
        over(ChangesType),
        "experiments.set_flag.rule.type_stays",
        also=("experiments.set_flag.bad_input.other_type",),
    ),
    Saboteur("strict_numbers", StrictNumbers, "experiments.set_flag.rule.type_stays"),
    Saboteur(
        "reads_once",
        ReadsOnce,
        "experiments.get_flag.rule.other_instance",
        also=("experiments.get_flag.shape.no_alias",),
    ),
    Saboteur("converts", Converts, "experiments.set_flag.bad_input.foreign_type"),
)
