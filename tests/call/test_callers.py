"""The Protocols that are made from the written ones: up to date, complete, and what a handle is."""

import inspect
import shutil
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pytest_pal.call.callers.ads import AdsCaller, AsyncAdsCaller, AsyncAdsProvider
from pytest_pal.call.handles import async_handle, handle
from pytest_pal.clock import SystemClock
from pytest_pal.model.capability import Capability
from pytest_pal.model.context import RandomIds
from pytest_pal.registry.entry_points import CAPABILITIES, OURS, entries
from tools import callers

CONTRACTS = [entry.load() for entry in entries(CAPABILITIES) if entry.distribution == OURS]


def test_they_say_what_the_contracts_say() -> None:
    assert callers.stale() == []


def test_one_that_was_changed_by_hand_is_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, made = callers.TARGET, tmp_path / "callers"
    shutil.copytree(callers.TARGET, made)
    monkeypatch.setattr(callers, "TARGET", made)
    monkeypatch.setattr(callers, "generated", lambda protocol: (before / f"{protocol.parent.name}.py").read_text())
    ads = made / "ads.py"
    ads.write_text(ads.read_text().replace("campaign_id", "id"))
    (made / "cdp.py").unlink()
    assert callers.stale() == [ads, made / "cdp.py"]
    assert callers.stale(write=True) == [ads, made / "cdp.py"]
    assert callers.stale() == []


def names_of(kind: type) -> dict[str, list[str]]:
    functions = {name: member for name, member in vars(kind).items() if inspect.isfunction(member)}
    public = {name: found for name, found in functions.items() if not name.startswith("_")}
    return {name: list(inspect.signature(found).parameters)[1:] for name, found in public.items()}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_each_has_every_operation_with_its_parameters(contract: Capability) -> None:
    module = import_module(f"pytest_pal.call.callers.{contract.name}")
    written, base = contract.protocol.__name__, contract.protocol.__name__.removesuffix("Provider")
    expected = {name: [p.name for p in found.parameters] for name, found in contract.operations.items()}
    assert names_of(getattr(module, f"Async{written}")) == expected
    assert names_of(getattr(module, f"{base}Caller")) == {**expected, "close": []}
    assert names_of(getattr(module, f"Async{base}Caller")) == {**expected, "aclose": []}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
@pytest.mark.parametrize(("make", "prefix"), [(handle, ""), (async_handle, "Async")])
def test_a_handle_has_all_that_a_caller_is_promised(contract: Capability, make: Any, prefix: str) -> None:
    module = import_module(f"pytest_pal.call.callers.{contract.name}")
    base = contract.protocol.__name__.removesuffix("Provider")
    made = make(object(), contract, name="acme", clock=SystemClock(), random=Random(1), ids=RandomIds(Random(2)))
    assert all(callable(getattr(made, name)) for name in names_of(getattr(module, f"{prefix}{base}Caller")))


def test_a_caller_may_leave_the_key_out_and_an_adapter_always_gets_one() -> None:
    def default(kind: type) -> Any:
        return inspect.signature(kind.create_campaign).parameters["idempotency_key"].default  # type: ignore[attr-defined]

    assert default(AdsCaller) is default(AsyncAdsCaller) is ...
    assert default(AsyncAdsProvider) is inspect.Parameter.empty
    assert inspect.iscoroutinefunction(AsyncAdsProvider.create_campaign)
    assert not inspect.iscoroutinefunction(AdsCaller.create_campaign)


def test_the_command_says_what_is_stale(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "stale", lambda write: [callers.TARGET / "ads.py"])
    assert callers.main([]) == 1
    assert callers.main(["--write"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "pytest_pal/call/callers/ads.py is stale: tools/callers.py --write",
        "pytest_pal/call/callers/ads.py was written",
    ]
