"""Wrong in what a flag's rules come to."""

from collections.abc import Mapping
from typing import Any

from ...mocks.experiments import Project
from ..saboteur import Saboteur
from .projects import Json, over


class ValueOfRules(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        variant, value, reason = super().switch(key, unit, attributes)
        return variant, True if (variant, reason) == ("on", "rule") else value, reason


class FalsyIsOff(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        variant, value, reason = super().switch(key, unit, attributes)
        return (variant, value, reason) if value or reason != "assigned" else ("off", None, "off")


class FalseIsOn(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        variant, value, reason = super().switch(key, unit, attributes)
        return ("on", False, "assigned") if reason == "off" else (variant, value, reason)


class ValueWhenOff(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        variant, _, reason = super().switch(key, unit, attributes)
        return variant, self._flags[key]["value"], reason


class BooleansAreNumbers(Project):
    def matches(self, rule: Json, attributes: Mapping[str, Any]) -> bool:
        wanted = rule["value"] if rule["op"] == "in" else [rule["value"]]
        return attributes.get(rule["attribute"]) in wanted


class AbsentIsFalse(Project):
    def matches(self, rule: Json, attributes: Mapping[str, Any]) -> bool:
        return super().matches(rule, {rule["attribute"]: False, **attributes})


class TrimsText(Project):
    def matches(self, rule: Json, attributes: Mapping[str, Any]) -> bool:
        seen = attributes.get(rule["attribute"])
        trimmed = {rule["attribute"]: seen.strip()} if isinstance(seen, str) else attributes
        return super().matches(rule, trimmed)


class PlainNamesOnly(Project):
    def matches(self, rule: Json, attributes: Mapping[str, Any]) -> bool:
        return rule["attribute"].isidentifier() and super().matches(rule, attributes)


class TenRules(Project):
    def put_flag(self, key: str, value: Any, kind: str, rules: list[Json]) -> None:
        super().put_flag(key, value, kind, rules[:10])


class TenValues(Project):
    def matches(self, rule: Json, attributes: Mapping[str, Any]) -> bool:
        return super().matches({**rule, "value": rule["value"][:10]} if rule["op"] == "in" else rule, attributes)


class OneRuleForAll(Project):
    """Keeps rules by their condition, so that the last of two wins."""

    def put_flag(self, key: str, value: Any, kind: str, rules: list[Json]) -> None:
        kept = {(rule["attribute"], rule["op"], str(rule["value"])): rule for rule in rules}
        super().put_flag(key, value, kind, [*kept.values()])


class LastMatch(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        flag = self._flags[key]
        self._flags[key] = {**flag, "rules": flag["rules"][::-1]}
        try:
            return super().switch(key, unit, attributes)
        finally:
            self._flags[key] = flag


class RampFirst(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        if not self.is_in(key, unit, self._flags[key]["percent"]):
            return "off", None, "not_in_ramp"
        return super().switch(key, unit, attributes)


class OffFirst(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        seen = super().switch(key, unit, attributes)
        false = self._flags[key]["value"] is False
        return ("off", None, "off") if false and seen[2] == "not_in_ramp" else seen


class OffBeatsRules(Project):
    def switch(self, key: str, unit: str, attributes: Any) -> tuple[str, Any, str]:
        seen = super().switch(key, unit, attributes)
        return ("off", None, "off") if self._flags[key]["value"] is False and seen[2] == "rule" else seen


SABOTEURS = (
    Saboteur("falsy_is_off", over(FalsyIsOff), "experiments.assign.rule.flag_value"),
    Saboteur(
        "false_is_on",
        over(FalseIsOn),
        "experiments.assign.rule.flag_value",
        also=(
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.long_life",
            "experiments.assign.rule.order",
            "experiments.assign.rule.other_instance",
        ),
    ),
    Saboteur(
        "booleans_are_numbers",
        over(BooleansAreNumbers),
        "experiments.assign.rule.matching",
        also=(
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.long_life",
        ),
    ),
    Saboteur("absent_is_false", over(AbsentIsFalse), "experiments.assign.rule.matching"),
    Saboteur("trims_text", over(TrimsText), "experiments.assign.rule.matching"),
    Saboteur("plain_names_only", over(PlainNamesOnly), "experiments.assign.rule.attribute_names"),
    Saboteur("ten_rules", over(TenRules), "experiments.assign.rule.many_rules"),
    Saboteur("ten_values", over(TenValues), "experiments.assign.rule.many_rules"),
    Saboteur("one_rule_for_all", over(OneRuleForAll), "experiments.assign.rule.first_match"),
    Saboteur("last_match", over(LastMatch), "experiments.assign.rule.first_match"),
    Saboteur(
        "ramp_first",
        over(RampFirst),
        "experiments.assign.rule.order",
        also=(
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.long_life",
            "experiments.assign.rule.first_match",
            "experiments.assign.rule.no_value_when_off",
        ),
    ),
    Saboteur("off_first", over(OffFirst), "experiments.assign.rule.order"),
    Saboteur("off_beats_rules", over(OffBeatsRules), "experiments.assign.rule.order"),
    Saboteur(
        "value_when_off",
        over(ValueWhenOff),
        "experiments.assign.rule.no_value_when_off",
        also=(
            "experiments.adapter.golden.every_operation",
            "experiments.adapter.golden.long_life",
            "experiments.adapter.scenario.every_operation",
            "experiments.adapter.scenario.long_life",
            "experiments.assign.rule.flag_value",
        ),
        reason="whatever is off for a unit comes with a value",
    ),
    Saboteur("value_of_rules", over(ValueOfRules), "experiments.assign.rule.no_value_when_off"),
)
