"""One adapter by its name, outside of pytest."""

from pathlib import Path

import pytest

from pytest_pal.errors import PalError
from pytest_pal.kit.named import case_named, local_adapters
from pytest_pal.kit.plan import target_of

ADAPTER = """
from helping import Better

def pytest_pal_adapters():
    return {"better_ads": Better}
"""
HELPING = """
from pytest_pal.mocks.ads import MockAds

class Better(MockAds):
    pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "conftest", raising=False)
    return tmp_path


def test_an_installed_one_is_found_with_its_harness(tmp_path: Path) -> None:
    found = case_named("twin_ads", tmp_path)
    assert found.target is not None
    assert found.target.reach == "http"


def test_one_of_the_conftest_is_found_as_pytest_would(folder: Path) -> None:
    (folder / "conftest.py").write_text(ADAPTER)
    (folder / "helping.py").write_text(HELPING)
    found = case_named("better_ads", folder)
    assert found.target is not None
    assert found.target.cls.__name__ == "Better"


def test_a_folder_without_a_conftest_names_none(folder: Path) -> None:
    assert local_adapters(folder) == {}
    (folder / "conftest.py").write_text("")
    assert local_adapters(folder) == {}


def test_a_conftest_that_needs_a_session_says_so(folder: Path) -> None:
    (folder / "conftest.py").write_text("def pytest_pal_adapters(config):\n    return {config.rootpath: 1}\n")
    with pytest.raises(PalError, match="so config is None"):
        local_adapters(folder)


def test_a_name_that_there_is_not_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(PalError, match="no adapter 'twin_adz': did you mean 'twin_ads'"):
        case_named("twin_adz", tmp_path)


def test_one_that_cannot_be_judged_says_why(folder: Path) -> None:
    (folder / "conftest.py").write_text("def pytest_pal_adapters(config):\n    return {'odd': int}\n")
    with pytest.raises(PalError, match=r"odd cannot be opened: int\.capability is None"):
        target_of(case_named("odd", folder))
