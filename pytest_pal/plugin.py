"""pytest-pal's options and hooks. Everything else is loaded only when ``--pal`` is given.

PYTEST_DONT_REWRITE: there is no assertion here, and rewriting would cost every session.
"""

from typing import Any

import pytest

from .fixtures import pal, pal_clock, pal_golden
from .kit.golden_session import GOLDENS, GoldenSession

__all__ = ["pal", "pal_clock", "pal_golden"]


class Hooks:
    """Hooks that a conftest.py may implement."""

    @pytest.hookspec
    def pytest_pal_adapters(self, config: pytest.Config) -> dict[str, Any]:
        """Adapters to judge besides installed ones: name -> class or Harness."""
        raise NotImplementedError


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pal", "pytest-pal: judge vendor adapters against capability contracts")
    group.addoption("--pal", action="store_true", help="judge adapters; without paths nothing else is run")
    for option, metavar, text in (
        ("--pal-adapter", "GLOB", "judge the installed adapters of this name; '*' is all of them"),
        ("--pal-capability", "GLOB", "judge only adapters of this capability"),
        ("--pal-clause", "GLOB", "run only clauses with this ID; the run is then partial"),
        ("--pal-require", "NAME", "also judge this adapter, and fail if it is not installed"),
    ):
        group.addoption(option, action="append", default=[], metavar=metavar, help=f"{text} (repeatable)")
    group.addoption("--pal-report", metavar="FILE", help="write the JSON report of a whole run to this file")
    text = "golden files: verify (default), new writes missing ones, update all that differ, prune deletes orphans"
    group.addoption("--pal-golden", choices=["verify", "new", "update", "prune"], default="verify", help=text)
    group.addoption("--pal-debug", action="store_true", help="show pytest-pal's own frames in failures")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(GoldenSession(config), GOLDENS)
    if config.option.pal:
        from .kit.session import activate

        activate(config)
    elif given := _given_options(config):
        raise pytest.UsageError(f"{given} does nothing without --pal; type: pytest --pal {given} ...")


def _given_options(config: pytest.Config) -> str:
    names = ("adapter", "capability", "clause", "require", "report")
    return " ".join(f"--pal-{name}" for name in names if getattr(config.option, f"pal_{name}"))
