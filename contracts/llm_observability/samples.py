"""Valid and refusable calls of the llm_observability contract."""

from typing import Any

from ...model.samples import Given, Refusal, Sample, Scene

PROVIDED = {"runs": ["run-1", "run-2"]}
"""``runs``: two run ids that a trace can be linked to. A harness whose vendor knows which runs exist
gives two of those, and may give ``unknown_run``, one that does not exist.
"""

UNKNOWN = "no-such-trace"


def variables(scene: Scene) -> dict[str, Any]:
    """What scenarios name as ``${...}``: the two runs."""
    return {"run": scene.provided["runs"][0], "other_run": scene.provided["runs"][1]}


def _start(scene: Scene, **changes: Any) -> dict[str, Any]:
    return {"name": f"Answer {scene.n}", "attributes": {"model": "m-1", "turn": scene.n}, **changes}


def _eval(scene: Scene, id: str) -> dict[str, Any]:
    return {"id": id, "name": f"quality {scene.n}", "score": 0.5, "label": "good"}


def _refused(operation: str, name: str, what: str, arguments: Any, **options: Any) -> Refusal:
    sentence = f"{what} an id that no instance issued is not_found."
    return Refusal(operation, name, sentence, ("not_found",), arguments, **options)


TRACE = Given("trace", "trace_start")

SAMPLES = {
    "trace_start": Sample(_start),
    "trace_stop": Sample(
        lambda scene: {
            "id": scene.given["trace"].id,
            "status": ("ok", "error", "aborted")[scene.n % 3],
            "output": f"Text {scene.n}",
        },
        given=(TRACE,),
    ),
    "log_eval": Sample(lambda scene: _eval(scene, scene.given["trace"].id), given=(TRACE,)),
    "link": Sample(
        lambda scene: {"id": scene.given["trace"].id, "run_id": scene.provided["runs"][scene.n % 2]},
        given=(TRACE,),
    ),
}

REFUSALS = (
    _refused("trace_start", "unknown_parent", "Starting under", lambda scene: _start(scene, parent=UNKNOWN)),
    _refused("trace_stop", "unknown_trace", "Stopping", lambda scene: {"id": UNKNOWN, "status": "ok"}),
    _refused(
        "log_eval",
        "unknown_trace",
        "Evaluating",
        lambda scene: _eval(scene, UNKNOWN),
        applies=lambda traits: traits.unknown_trace == "refused",
    ),
    _refused(
        "link",
        "unknown_trace",
        "Linking",
        lambda scene: {"id": UNKNOWN, "run_id": scene.provided["runs"][0]},
        applies=lambda traits: traits.unknown_trace == "refused",
    ),
)

SHAPED_BY = ("unknown_trace", "open_traces")
