"""Calls that may never end: each in a daemon thread, with a limit that the vendor's side can enforce."""

import threading
from collections.abc import Callable
from typing import TypeVar

from ..model.clause import ClauseFailed

Result = TypeVar("Result")
GRACE_S = 2.0
"""How long a call may go on after the vendor has dropped its connection; in seconds of the machine."""


class Hung(ClauseFailed):
    """A call never came back, also after its vendor had gone: its adapter cannot be judged any further."""


def bounded(
    run: Callable[[], Result],
    seconds: float,
    let_go: Callable[[], None],
    progress: Callable[[], int] = lambda: 0,
) -> tuple[Result, bool]:
    """What ``run`` gives, and whether it did so within ``seconds``; after those ``let_go`` is called.

    As long as ``progress`` gives another number each time, it has so many seconds more. Raises what ``run``
    raises, and `Hung` where it goes on after all.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def target() -> None:
        try:
            results.append(run())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    seen = -1
    while thread.is_alive() and (reached := progress()) != seen:
        seen = reached
        thread.join(seconds)
    in_time = not thread.is_alive()
    if not in_time:
        let_go()
        thread.join(GRACE_S)
    if thread.is_alive():
        raise Hung(f"a call had not come back {GRACE_S:g} s after its vendor had dropped the connection")
    if errors:
        raise errors[0]
    return results[0], in_time
