"""Valid calls of the llm_gateway contract, and the policy and catalogue that every adapter is given."""

from typing import Any

from ...llm.offline import CATALOGUE, POLICY
from ...model.samples import Sample, Scene

CONFIG = {"policy": POLICY, "catalogue": CATALOGUE}


def prompt(scene: Scene) -> dict[str, Any]:
    """A short question."""
    return {
        "prompt": f"What is the capital of country number {scene.n}?",
        "tags": {"purpose": f"test-{scene.n}"},
    }


SAMPLES = {
    "models": Sample(lambda scene: {}),
    "route": Sample(prompt),
}

SHAPED_BY = ("vendor_script",)
