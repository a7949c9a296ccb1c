"""Who proves the judge of geo."""

from pytest_pal.prove.saboteur import RECORDED, Benign, Saboteur

from ..adapter import AcmeGeo, HastyGeo, LossyGeo, NewerGeo


class Forgets(NewerGeo):
    def find(self, place_id):
        return {**super().find(place_id), "region": None}


SABOTEURS = (
    Saboteur("lossy", LossyGeo, "geo.register.idempotency.distinct_keys", also=RECORDED, reason="no place is kept"),
    Saboteur("hasty", HastyGeo, "geo.find.rule.region", also=RECORDED, reason="it knows nothing of 1.1"),
    Saboteur(
        "forgets",
        Forgets,
        "geo.find.rule.region",
        also=("geo.adapter.scenario.found_with_region", "geo.find.rule.found_again"),
    ),
)
BENIGN = (
    Benign("acme", AcmeGeo, "it is pinned to 1.0"),
    Benign("newer", NewerGeo, "it knows of labels and regions"),
)
