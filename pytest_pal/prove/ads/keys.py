"""Wrong about keys: what a repeat of create_campaign comes to."""

import re
import threading
from typing import Any, ClassVar

from ...canonical import digest
from ...errors import NonRetryableError
from ...mocks.ads import MockAds
from ..saboteur import RECORDED, Saboteur


class Keyless(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return super().create_campaign(spec, idempotency_key=self._ctx.ids.new())


class RemembersLastKey(MockAds):
    """Knows only the key of its newest write."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        with self._box as state:
            state["keys"] = {slot: v for slot, v in state["keys"].items() if slot.endswith(idempotency_key)}
        return super().create_campaign(spec, idempotency_key=idempotency_key)


class ForgetsOvernight(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        night = str(self._ctx.clock.now().date())
        return super().create_campaign(spec, idempotency_key=f"{night}-{idempotency_key}")


class IgnoresOtherPayload(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        with self._box as state:
            known = state["keys"].get(f"create_campaign/{idempotency_key}")
            return known["result"] if known else super().create_campaign(spec, idempotency_key=idempotency_key)


class FoldsKeys(MockAds):
    """Takes keys for the same that are not."""

    def fold(self, key: str) -> str:
        raise NotImplementedError

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return super().create_campaign(spec, idempotency_key=self.fold(idempotency_key))


class FoldsCase(FoldsKeys):
    def fold(self, key: str) -> str:
        return key.lower()


class FoldsPunctuation(FoldsKeys):
    def fold(self, key: str) -> str:
        return re.sub("[._-]", "-", key)


class CutsKeys(FoldsKeys):
    def fold(self, key: str) -> str:
        return key[:50]


class ComparesPayloads(MockAds):
    """Takes for the same payload what has the same print."""

    def print_of(self, spec: Any) -> Any:
        raise NotImplementedError

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        with self._box as state:
            prints = state.setdefault("prints", {})
            known = state["keys"].get(f"create_campaign/{idempotency_key}")
            if prints.setdefault(idempotency_key, self.print_of(spec)) != self.print_of(spec):
                raise NonRetryableError("key_conflict")
            return known["result"] if known else super().create_campaign(spec, idempotency_key=idempotency_key)


class IgnoresTargeting(ComparesPayloads):
    def print_of(self, spec: Any) -> Any:
        return {**spec.plain(), "targeting": None}


class TakesTheLater(MockAds):
    """Refuses another payload, and then believes that it was the first."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        try:
            return super().create_campaign(spec, idempotency_key=idempotency_key)
        except NonRetryableError as error:
            if error.code == "key_conflict":
                with self._box as state:
                    state["keys"][f"create_campaign/{idempotency_key}"]["payload"] = digest(spec.plain())
            raise


class IgnoresPaused(ComparesPayloads):
    def print_of(self, spec: Any) -> Any:
        return {**spec.plain(), "paused": None}


class TrueIsOne(ComparesPayloads):
    def print_of(self, spec: Any) -> Any:
        return repr(spec.plain()).replace("True", "1")


class KeyIsThePayload(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return super().create_campaign(spec, idempotency_key=f"key-{spec.name}".replace(" ", "-"))


class RacesOnKeys(MockAds):
    """Looks first, writes later: two at once both find nothing."""

    gate: ClassVar[threading.Barrier] = threading.Barrier(2)

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        with self._box as state:
            known = f"create_campaign/{idempotency_key}" in state["keys"]
        try:
            self.gate.wait(0.05)
        except threading.BrokenBarrierError:
            self.gate.reset()
        key = idempotency_key if known or spec.name.endswith("0") else self._ctx.ids.new()
        return super().create_campaign(spec, idempotency_key=key)


class IgnoresStateFiles(MockAds):
    """Keeps its state in a dict only."""

    def __init__(self, config: Any, ctx: Any) -> None:
        state = config["state"]
        super().__init__({**config, "state": state if isinstance(state, dict) else {}}, ctx)


class KeysInMemory(MockAds):
    def __init__(self, config: Any, ctx: Any) -> None:
        super().__init__(config, ctx)
        self._memory: dict[str, Any] = {}

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        if idempotency_key not in self._memory:
            self._memory[idempotency_key] = (
                spec,
                super().create_campaign(spec, idempotency_key=self._ctx.ids.new()),
            )
        if self._memory[idempotency_key][0] != spec:
            raise NonRetryableError("key_conflict")
        return dict(self._memory[idempotency_key][1])


class HashesKeys(MockAds):
    """Derives its wire key from Python's hash, which differs from process to process."""

    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        return super().create_campaign(spec, idempotency_key=f"k{abs(hash(idempotency_key))}")


class BurnsKeys(MockAds):
    def create_campaign(self, spec: Any, *, idempotency_key: str) -> Any:
        with self._box as state:
            burnt = state.setdefault("burnt", {})
            if burnt.setdefault(idempotency_key, spec.plain()) != spec.plain():
                raise NonRetryableError("key_conflict")
        return super().create_campaign(spec, idempotency_key=idempotency_key)


class PausesAnother(MockAds):
    """A repeat of pause creates something."""

    def pause(self, campaign_id: str) -> Any:
        found = super().pause(campaign_id)
        with self._box as state:
            state["campaigns"][self._ctx.ids.new()] = dict(state["campaigns"][campaign_id])
        return found


SABOTEURS = (
    Saboteur(
        "keyless",
        Keyless,
        "ads.create_campaign.idempotency.repeat",
        also=RECORDED,
        reason="whatever is repeated is made again",
    ),
    Saboteur(
        "remembers_last_key",
        RemembersLastKey,
        "ads.create_campaign.idempotency.newer_writes",
        also=("ads.adapter.golden.long_life", "ads.adapter.scenario.long_life"),
    ),
    Saboteur(
        "forgets_overnight",
        ForgetsOvernight,
        "ads.create_campaign.idempotency.late_repeat",
        also=("ads.create_campaign.rule.known_key_first",),
    ),
    Saboteur(
        "ignores_other_payload",
        IgnoresOtherPayload,
        "ads.create_campaign.idempotency.conflict",
        also=(
            "ads.create_campaign.idempotency.by_value",
            "ads.create_campaign.idempotency.every_member",
            "ads.create_campaign.rule.other_end",
            "ads.create_campaign.shape.no_alias",
        ),
    ),
    Saboteur("folds_case", FoldsCase, "ads.create_campaign.idempotency.whole_key"),
    Saboteur("folds_punctuation", FoldsPunctuation, "ads.create_campaign.idempotency.whole_key"),
    Saboteur("cuts_keys", CutsKeys, "ads.create_campaign.idempotency.whole_key"),
    Saboteur(
        "ignores_targeting",
        IgnoresTargeting,
        "ads.create_campaign.idempotency.every_member",
        also=(
            "ads.create_campaign.idempotency.by_value",
            "ads.create_campaign.idempotency.refused_is_free",
            "ads.create_campaign.shape.no_alias",
        ),
    ),
    Saboteur("takes_the_later", TakesTheLater, "ads.create_campaign.idempotency.every_member"),
    Saboteur(
        "ignores_paused",
        IgnoresPaused,
        "ads.create_campaign.idempotency.every_member",
        also=(
            "ads.create_campaign.idempotency.by_value",
            "ads.create_campaign.idempotency.refused_is_free",
            "ads.create_campaign.shape.no_alias",
        ),
    ),
    Saboteur(
        "true_is_one",
        TrueIsOne,
        "ads.create_campaign.idempotency.by_value",
        also=("ads.create_campaign.idempotency.refused_is_free", "ads.create_campaign.shape.no_alias"),
    ),
    Saboteur(
        "key_is_the_payload",
        KeyIsThePayload,
        "ads.create_campaign.idempotency.distinct_keys",
        also=("ads.create_campaign.idempotency.conflict", "ads.create_campaign.idempotency.every_member"),
    ),
    Saboteur(
        "races_on_keys",
        RacesOnKeys,
        "ads.create_campaign.idempotency.concurrent",
        also=("ads.adapter.golden.long_life", "ads.adapter.scenario.long_life"),
    ),
    Saboteur("ignores_state_files", IgnoresStateFiles, "ads.create_campaign.idempotency.new_process"),
    Saboteur(
        "keys_in_memory",
        KeysInMemory,
        "ads.create_campaign.idempotency.restart",
        also=(
            "ads.adapter.golden.long_life",
            "ads.adapter.scenario.long_life",
            "ads.create_campaign.idempotency.by_value",
            "ads.create_campaign.idempotency.concurrent",
            "ads.create_campaign.idempotency.new_process",
        ),
    ),
    Saboteur("hashes_keys", HashesKeys, "ads.create_campaign.idempotency.new_process"),
    Saboteur("burns_keys", BurnsKeys, "ads.create_campaign.idempotency.refused_is_free"),
    Saboteur(
        "pauses_another",
        PausesAnother,
        "ads.pause.idempotency.repeat",
        also=RECORDED,
        reason="every pause adds a campaign",
    ),
)
