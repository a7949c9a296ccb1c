"""Samples of geo."""

from pytest_pal import Given, Refusal, Sample

SAMPLES = {
    "register": Sample(
        lambda scene: {"place": {"name": f"Place {scene.n}", "latitude": 48.1 + scene.n / 100, "longitude": 11.5}}
    ),
    "find": Sample(lambda scene: {"place_id": scene.given["place"].id}, given=(Given("place", "register"),)),
}

REFUSALS = (
    Refusal(
        "find",
        "unknown_place",
        "A place that was never registered is not_found.",
        ("not_found",),
        lambda scene: {"place_id": "nowhere"},
    ),
    Refusal(
        "register",
        "at_sea",
        "A place at sea is invalid.",
        ("invalid",),
        lambda scene: {"place": {"name": "Null Island", "latitude": 0, "longitude": 0}},
        since="1.1",
    ),
)
