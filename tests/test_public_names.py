"""The public names: all resolve, all are documented, and none brings in a test framework."""

import ast
import inspect
import subprocess
import sys
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest

import pytest_pal
from pytest_pal import errors, interfaces

LAZY = """
import sys
import pytest_pal
assert not [name for name in sys.modules if name.startswith("pytest_pal.")], "the package itself is not lazy"
for name in sys.argv[1:]:
    getattr(pytest_pal, name)
heavy = {"pytest", "_pytest", "pluggy", "hypothesis", "freezegun", "yaml"} & set(sys.modules)
assert not heavy, heavy
"""
SPECIFIED = {
    "AdsProvider",
    "LifecycleProvider",
    "ExperimentsProvider",
    "CDPProvider",
    "VectorStore",
    "LLMGateway",
    "LLMObservabilityProvider",
    "RetryableError",
    "NonRetryableError",
}


@pytest.mark.parametrize("name", pytest_pal.__all__)
def test_a_public_name_resolves_and_is_documented(name: str) -> None:
    found = getattr(pytest_pal, name)
    if isinstance(found, type) or inspect.isfunction(found):
        assert found.__name__ == name
        assert vars(found).get("__doc__") if isinstance(found, type) else found.__doc__
    else:
        assert name in described(pytest_pal._HOME[name])
    assert name in dir(pytest_pal)


@cache
def described(module: str) -> set[str]:
    """The names of a module's constants that a docstring follows."""
    body = ast.parse(inspect.getsource(import_module(f"pytest_pal.{module}"))).body
    pairs = [(node, after) for node, after in pairwise(body) if isinstance(node, ast.Assign)]
    return {
        ast.unparse(node.targets[0]) for node, after in pairs if ast.get_docstring(ast.Module([after], [])) is not None
    }


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'pytest_pal' has no attribute 'Regsitry'"):
        _ = pytest_pal.Regsitry


def test_the_table_the_list_and_the_typed_imports_agree() -> None:
    tree = ast.parse(Path(pytest_pal.__file__).read_text("utf-8"))
    (typed,) = (node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
    imported = {alias.name for node in ast.walk(typed) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported == set(pytest_pal.__all__) == set(pytest_pal._HOME)
    assert len(pytest_pal.__all__) == len(imported)


def test_every_error_class_is_public() -> None:
    classes = {
        name
        for name, found in vars(errors).items()
        if isinstance(found, type) and found.__module__ == errors.__name__ and not name.startswith("_")
    }
    assert classes <= set(pytest_pal.__all__)


def test_the_interfaces_have_the_names_of_the_specification() -> None:
    assert set(interfaces.__all__) == SPECIFIED
    for name in interfaces.__all__:
        assert getattr(interfaces, name) is getattr(pytest_pal, name)


def test_public_names_import_neither_pytest_nor_hypothesis() -> None:
    arguments = [sys.executable, "-c", LAZY, *pytest_pal.__all__]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
