"""Which adapters are judged, and what is said of those that cannot be."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from pytest_pal.contracts.ads.protocol import AdsTraits
from pytest_pal.kit.discovery import Discovered, Selection, contract_of, discover
from pytest_pal.kit.harness import Harness
from pytest_pal.kit.plan import Case
from pytest_pal.mocks.ads import MockAds
from pytest_pal.registry.entry_points import CAPABILITIES, entries, normalised

MODULE = """
from pytest_pal.kit.harness import Harness
from pytest_pal.mocks.ads import MockAds

class AcmeAds(MockAds):
    pass

HARNESS = Harness(AcmeAds)
OTHER = Harness(MockAds)

def make_harness():
    return Harness(AcmeAds)
"""


@pytest.fixture(autouse=True)
def fresh_metadata() -> Iterator[None]:
    entries.cache_clear()
    yield
    entries.cache_clear()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def distribution(site: Path, name: str, module: str, entry_points: str, code: str = MODULE) -> None:
    """Installs a distribution of one module by writing what an installer writes."""
    (site / f"{module}.py").write_text(code)
    info = site / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(dedent(entry_points))


def project(root: Path, name: str) -> Path:
    (root / "pyproject.toml").write_text(f'[project]\nname = "{name}"\n')
    return root


def local(**adapters: Any) -> Discovered:
    return discover(Selection(Path("/nowhere"), local=adapters))


def problem(found: Discovered, name: str) -> tuple[str, str]:
    """The kind and the words of the one clause of a broken case."""
    (case,) = [case for case in found.cases if case.adapter == name]
    assert case.target is None
    run = case.run(case.clauses[0])
    return case.clauses[0].id, " ".join(run.result.text.split())


def names(found: Discovered) -> list[str]:
    return [case.adapter for case in found.cases]


def test_an_empty_folder_judges_the_seven_mocks(tmp_path: Path) -> None:
    found = discover(Selection(tmp_path))
    assert len(found.cases) == 7
    assert all(name.startswith("mock_") for name in names(found))


def test_a_project_judges_its_own_adapters(site: Path) -> None:
    distribution(site, "Acme.Ads", "acme1", "[pytest_pal.adapters]\nacme_ads = acme1:AcmeAds\n")
    assert names(discover(Selection(project(site, "acme_ads")))) == ["acme_ads"]
    assert "acme_ads" in names(discover(Selection(site / "elsewhere", adapters=["*"])))


def test_a_broken_entry_point_is_told_and_stops_nobody(site: Path) -> None:
    code = MODULE + "\ndef later(): import no_such_module\n"
    points = "[pytest_pal.adapters]\nbad_ads = acme2:Nothing\ngood_ads = acme2:AcmeAds\nworse_ads = gone:X\n"
    distribution(site, "acme", "acme2", points, code)
    found = discover(Selection(project(site, "acme")))
    assert [(case.adapter, case.target is None) for case in found.cases] == [
        ("bad_ads", True),
        ("good_ads", False),
        ("worse_ads", True),
    ]
    id, words = problem(found, "worse_ads")
    assert id == "ads.adapter.discovery.loads"
    assert "No module named 'gone'" in words
    assert "entry point worse_ads = 'gone:X' of acme" in words


def test_two_adapters_of_one_name_are_red(site: Path) -> None:
    for n in (3, 4):
        distribution(site, f"acme{n}", f"acme{n}", f"[pytest_pal.adapters]\ntwin_ads = acme{n}:AcmeAds\n")
    id, words = problem(discover(Selection(site, adapters=["twin_ads"])), "twin_ads")
    assert id == "unknown.adapter.discovery.unique_name"
    assert "of acme3" in words
    assert "of acme4" in words


@pytest.mark.parametrize("harness", ["acme5:HARNESS", "acme5:make_harness"])
def test_a_harness_is_found_by_its_adapters_name(site: Path, harness: str) -> None:
    points = f"[pytest_pal.adapters]\nacme = acme5:AcmeAds\n[pytest_pal.harnesses]\nacme = {harness}\n"
    distribution(site, "acme", "acme5", points)
    (case,) = discover(Selection(project(site, "acme"))).cases
    assert case.target is not None
    assert isinstance(case.target.harness, Harness)


@pytest.mark.parametrize(
    ("harness", "words"), [("acme6:OTHER", "the adapter's entry point names"), ("acme6:AcmeAds", "not a Harness")]
)
def test_a_harness_of_something_else_is_red(site: Path, harness: str, words: str) -> None:
    points = f"[pytest_pal.adapters]\nacme = acme6:AcmeAds\n[pytest_pal.harnesses]\nacme = {harness}\n"
    distribution(site, "acme", "acme6", points)
    assert words in problem(discover(Selection(project(site, "acme"))), "acme")[1]


def test_a_required_name_that_is_not_there_is_red() -> None:
    id, words = problem(discover(Selection(Path("/nowhere"), required=["mock_adz"])), "mock_adz")
    assert id == "unknown.adapter.discovery.loads"
    assert "did you mean 'mock_ads'?" in words


def test_a_missing_extra_is_listed_and_red_when_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "qdrant_client", None)
    for module in ("adapters", "harnesses"):
        monkeypatch.delitem(__import__("sys").modules, f"pytest_pal.{module}.qdrant_vectorstore", raising=False)
    found = discover(Selection(Path("/nowhere"), adapters=["qdrant*"]))
    assert (names(found), found.missing_extras) == ([], {"qdrant_vectorstore": "qdrant"})
    for selection in (
        Selection(Path("/nowhere"), adapters=["qdrant_vectorstore"]),
        Selection(Path("/nowhere"), required=["qdrant_vectorstore"]),
    ):
        id, words = problem(discover(selection), "qdrant_vectorstore")
        assert id == "vectorstore.adapter.discovery.extra"
        assert "pip install 'pytest-pal[qdrant]'" in words


class NoCapability(MockAds):
    capability = "adz"


class Empty:
    capability = "ads"
    contract = "1.0"


class Newer(MockAds):
    contract = "1.10"


class Unpinned(MockAds):
    contract = None  # type: ignore[assignment]


class WrongTraits(MockAds):
    traits = {"overdelivery": 3}  # type: ignore[assignment] # noqa: RUF012


class AllOff(MockAds):
    unsupported = dict.fromkeys(["create_campaign", "report", "pause"], "not today")


class NoReason(MockAds):
    unsupported = {"create_campaign.lifetime": " "}  # noqa: RUF012


class NotAMapping(MockAds):
    unsupported = ["create_campaign.lifetime"]  # noqa: RUF012


@pytest.mark.parametrize(
    ("adapter", "id", "words"),
    [
        (NoCapability, "unknown.adapter.discovery.capability", "capability is 'adz'; set it to one of ads, cdp"),
        (Empty, "ads.adapter.discovery.operations", "Empty has no create_campaign(), report(), pause()"),
        (Newer, "ads.adapter.discovery.pin", "pinned to ads 1.10, this kit knows 1.0: upgrade pytest-pal"),
        (Unpinned, "ads.adapter.discovery.pin", "contract is None; set it to '1.0'"),
        (WrongTraits, "ads.adapter.discovery.traits", "/overdelivery: Input should be less than or equal to 2"),
        (AllOff, "ads.adapter.discovery.unsupported", "optional in this contract: create_campaign.lifetime"),
        (NoReason, "ads.adapter.discovery.unsupported", "without a reason"),
        (NotAMapping, "ads.adapter.discovery.unsupported", "must map names to the vendor's reason"),
        (MockAds({}, None), "unknown.adapter.discovery.is_a_class", "name a class"),  # type: ignore[arg-type]
    ],
)
def test_what_is_wrong_with_an_adapter_is_told(adapter: Any, id: str, words: str) -> None:
    found = problem(local(acme=adapter), "acme")
    assert found[0] == id
    assert words in found[1]


def test_a_mapping_of_traits_will_do() -> None:
    class Mapped(MockAds):
        traits = {"min_daily_budget": 2_000_000}  # type: ignore[assignment] # noqa: RUF012

    (case,) = local(acme=Mapped).cases
    assert case.target is not None
    assert case.target.traits == AdsTraits(min_daily_budget=2_000_000)


def test_capabilities_select(tmp_path: Path) -> None:
    found = discover(Selection(tmp_path, capabilities=["ads", "llm_*"]))
    assert {case.capability for case in found.cases} == {"ads", "llm_gateway", "llm_observability"}


def test_contracts_are_loaded_by_name() -> None:
    assert contract_of("ads").capability.name == "ads"
    with pytest.raises(Exception, match="no capability 'adz'"):
        contract_of("adz")


def test_a_clone_that_is_not_installed_offers_what_its_pyproject_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_pal.registry import entry_points

    monkeypatch.setattr(entry_points.metadata, "entry_points", lambda group: ())
    assert {entry.name for entry in entries(CAPABILITIES)} >= {"ads", "cdp"}
    monkeypatch.setattr(entry_points, "_PYPROJECT", Path("/nowhere"))
    entries.cache_clear()
    assert entries(CAPABILITIES) == ()


def test_names_of_distributions_compare_in_one_spelling() -> None:
    assert normalised("Acme.Ads__X") == "acme-ads-x"


def test_cases_know_their_clauses() -> None:
    (case,) = local(acme=MockAds).cases
    assert isinstance(case, Case)
    assert case.run(case.clauses[0]).result.verdict == "passed"
