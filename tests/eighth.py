"""The eighth capability, geo 1.1, as if its distribution were installed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_pal.kit import process
from pytest_pal.kit.discovery import contract_of
from pytest_pal.registry.entry_points import entries

EIGHTH = Path(__file__).parent / "data" / "eighth"


@contextmanager
def offered(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Writes into ``site`` what an installer writes, and puts it and the sources on the path."""
    info = site / "acme_geo-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-geo\nVersion: 1.0\n")
    lines = (EIGHTH / "pyproject.toml").read_text("utf-8").split("\n\n")
    points = [block.replace('project.entry-points."', "").replace('"]', "]") for block in lines if "entry-" in block]
    (info / "entry_points.txt").write_text("\n".join(points).replace('"', ""))
    monkeypatch.syspath_prepend(str(EIGHTH / "src"))
    monkeypatch.syspath_prepend(str(site))
    try:
        _forget()
        yield
    finally:
        _forget()


def _forget() -> None:
    """Also the child process, which has the path of the day it was started."""
    process.stop()
    entries.cache_clear()
    contract_of.cache_clear()
