"""One adapter by its name, outside of pytest: an installed one, or one that the folder's conftest.py names."""

import inspect
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from ..errors import PalError, did_you_mean
from ..model.clause import Clause
from .discovery import Selection, discover
from .plan import Case, with_own_goldens

HOOK = "pytest_pal_adapters"


def case_named(name: str, folder: Path) -> Case:
    """The adapter as it would be judged in ``folder``. Raises PalError where there is none."""
    found = discover(Selection(folder, adapters=[name], local=local_adapters(folder)))
    case = next((case for case in found.cases if case.adapter == name), None)
    if case is None:
        extra = found.missing_extras.get(name)
        why = f"it needs an extra: pip install 'pytest-pal[{extra}]'" if extra else did_you_mean(name, found.known)
        raise PalError(f"no adapter {name!r}: {why}")
    own = folder / "golden" / name
    return with_own_goldens(case, own) if own.is_dir() else case


def clause_named(case: Case, id: str) -> Clause:
    """Raises PalError for a clause that does not speak of the adapter."""
    found = next((clause for clause in case.clauses if clause.id == id), None)
    if found is None:
        hint = did_you_mean(id, [c.id for c in case.clauses], else_=f"pal contract show {case.capability} lists them")
        raise PalError(f"no clause {id!r} speaks of {case.adapter}; {hint}")
    return found


def local_adapters(folder: Path) -> dict[str, Any]:
    """What the hook in a folder's conftest.py names. Raises PalError for a conftest that cannot be loaded so."""
    file = folder / "conftest.py"
    if not file.is_file():
        return {}
    try:
        hook = getattr(_loaded(file), HOOK, None)
        # As pluggy does it, a hook may take less than it is offered; there is no pytest.Config here.
        return {} if hook is None else dict(hook(*[None] * len(inspect.signature(hook).parameters)) or {})
    except Exception as error:
        text = f"{file}: {type(error).__name__}: {error}. Its {HOOK}(config) is called without a session of pytest"
        raise PalError(f"{text}, so config is None") from error


def _loaded(file: Path) -> Any:
    """The conftest as pytest loads it: its folder comes first in what is imported from."""
    if str(file.parent) not in sys.path:
        sys.path.insert(0, str(file.parent))
    spec = spec_from_file_location("conftest", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["conftest"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
