"""Writes the three Protocols that follow from each contract's written one: ``callers.py [--write]``.

The written one is a plain adapter's. From it come the async adapter's, the plain caller's and the async caller's,
in ``pytest_pal/call/callers/<capability>.py``. Without ``--write`` the exit code is 1 where a file is not up to date.
"""

import ast
import builtins
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "pytest_pal" / "call" / "callers"
KEY = "idempotency_key"
HEAD = '''"""{name} for type checkers: async adapters, plain callers, async callers.

Made by tools/callers.py from contracts/{folder}/protocol.py; change that one.
"""

'''
_CLOSING = {"close": "def close(self) -> None: ...", "aclose": "async def aclose(self) -> None: ..."}


def generated(protocol: Path) -> str:
    """The text of the file for one contract's ``protocol.py``."""
    folder, tree = protocol.parent.name, ast.parse(protocol.read_text("utf-8"))
    written = next(node for node in tree.body if isinstance(node, ast.ClassDef) and _operations(node))
    base = written.name.removesuffix("Provider")
    classes = [
        _protocol(written, f"Async{written.name}", is_async=True, calls=False),
        _protocol(written, f"{base}Caller", is_async=False, calls=True),
        _protocol(written, f"Async{base}Caller", is_async=True, calls=True),
    ]
    imports = "\n".join(_imports(tree, folder, "\n".join(classes)))
    head = HEAD.format(name=written.name, folder=folder)
    return _formatted(head + "\n\n\n".join([imports, *classes]) + "\n")


def _operations(node: ast.ClassDef) -> list[ast.FunctionDef]:
    functions = [member for member in node.body if isinstance(member, ast.FunctionDef)]
    return [function for function in functions if "operation" in map(_called, function.decorator_list)]


def _called(decorator: ast.expr) -> str:
    return decorator.func.id if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) else ""


def _protocol(written: ast.ClassDef, name: str, *, is_async: bool, calls: bool) -> str:
    lines = [f"class {name}(Protocol):", f'    """{ast.get_docstring(written)}"""', ""]
    for function in _operations(written):
        arguments = ast.unparse(_arguments(function.args, optional_key=calls))
        assert function.returns is not None
        head = f"{'async ' * is_async}def {function.name}({arguments}) -> {ast.unparse(function.returns)}:"
        lines += [f"    {head}", f'        """{ast.get_docstring(function, clean=False)}"""', ""]
    return "\n".join([*lines, f"    {_CLOSING['aclose' if is_async else 'close']}" if calls else ""]).rstrip()


def _arguments(written: ast.arguments, *, optional_key: bool) -> ast.arguments:
    """Defaults become ``...``; for callers the key may be left out."""
    made = ast.parse(f"def f({ast.unparse(written)}): ...").body[0]
    assert isinstance(made, ast.FunctionDef)
    made.args.defaults = [ast.Constant(...) for _ in made.args.defaults]
    made.args.kw_defaults = [default and ast.Constant(...) for default in made.args.kw_defaults]
    for index, argument in enumerate(made.args.kwonlyargs):
        if optional_key and argument.arg == KEY:
            argument.annotation = ast.parse("Key | None", mode="eval").body
            made.args.kw_defaults[index] = ast.Constant(...)
    return made.args


def _imports(tree: ast.Module, folder: str, text: str) -> Iterator[str]:
    """Where the names in the generated text come from: the contract itself, or what it imports them from."""
    used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)} - {"Protocol", "None"}
    yield "from typing import Protocol"
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            names = sorted({alias.name for alias in node.names} & used)
            used -= set(names)
            if names:
                yield f"from {'.' * node.level}{node.module} import {', '.join(names)}"
    yield f"from ...contracts.{folder}.protocol import {', '.join(sorted(used - set(dir(builtins))))}"


def _formatted(text: str) -> str:
    for command in (["check", "--select", "I", "--fix", "--quiet"], ["format", "--quiet"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(TARGET / "made.py"), "-"]
        text = subprocess.run(ruff, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return text


def stale(write: bool = False) -> list[Path]:
    """The generated files that are not what the contracts say; with ``write`` they are then."""
    found = []
    for protocol in sorted((ROOT / "contracts").glob("*/protocol.py")):
        path, text = TARGET / f"{protocol.parent.name}.py", generated(protocol)
        if not path.exists() or path.read_text("utf-8") != text:
            found.append(path)
            if write:
                path.write_text(text, "utf-8", newline="\n")
    return found


def main(arguments: list[str]) -> int:
    write = arguments == ["--write"]
    found, says = stale(write), "was written" if write else "is stale: tools/callers.py --write"
    for path in found:
        sys.stdout.write(f"{path.relative_to(ROOT)} {says}\n")
    return 1 if found and not write else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
