"""The house stays in order: imports point down only, rooms stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PORTAL = ROOT / "portal"
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 30

TOP, FACE, DOMAIN, GROUND, BASE = 4, 3, 2, 1, 0
LAYERS = {
    **dict.fromkeys(("accounts", "mlegitymacja", "pages", "students", "usosapi", "verifier", "wallet"), FACE),
    "orders": DOMAIN,
    **dict.fromkeys(("issuer", "registry"), GROUND),
    **dict.fromkeys(("portal", "demo"), TOP),
}
# The protocol's own pages, and the forms of a face: the rest of these parts knows of no request.
MAY_SEE_THE_REQUEST = ("views", "forms", "http")


def sources(*folders: str) -> list[Path]:
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.relative_to(ROOT).parts
    )


OURS = [*sources("portal"), ROOT / "wsgi.py"]
ALL = [*OURS, *sources("tests", "benchmarks", "scripts")]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    """The part of the house that a module of ours belongs to: the first name under `portal`."""
    names = module.split(".")
    return names[1] if len(names) > 1 else names[0]


def layer_of(module: str) -> int:
    return LAYERS.get(part_of(module), BASE)


def imports(path: Path) -> Iterator[str]:
    """Every module of ours that the file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "portal")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: relative import"
            if node.module == "portal":
                yield from (f"portal.{alias.name}" for alias in node.names)
            elif node.module and node.module.startswith("portal."):
                yield node.module


def wrong_imports(path: Path) -> list[str]:
    module = module_of(path)
    own, layer = part_of(module), layer_of(module)
    return [
        f"{module} imports {other}"
        for other in imports(path)
        if part_of(other) != own
        and layer < TOP
        # Within the base they know each other; above it nobody knows a neighbour.
        and (layer_of(other) > layer or (layer_of(other) == layer and layer > BASE))
    ]


def test_imports_point_down_only() -> None:
    wrong = [line for path in sources("portal") for line in wrong_imports(path)]
    assert wrong == []


def test_every_part_has_its_layer() -> None:
    parts = {path.name for path in PORTAL.iterdir() if (path / "__init__.py").exists()}
    assert parts - LAYERS.keys() <= {"administration", "migrations", "vc", "web"}


def test_orders_ask_the_issuer_through_its_interface_alone() -> None:
    asked = {other for path in sources("portal/orders") for other in imports(path)}
    assert {other for other in asked if part_of(other) == "issuer"} <= {"portal.issuer.interface"}


def test_the_wallet_knows_the_issuer_over_http_alone() -> None:
    asked = {other for path in sources("portal/wallet") for other in imports(path)}
    assert asked
    assert {other for other in asked if layer_of(other) > BASE and part_of(other) != "wallet"} == set()


@pytest.mark.parametrize("part", ["orders", "registry", "issuer", "vc"])
def test_the_domain_knows_no_request(part: str) -> None:
    seen = [
        f"{name_of(path)}: {alias.name}"
        for path in sources(f"portal/{part}")
        if path.stem not in MAY_SEE_THE_REQUEST
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "flask"
        for alias in node.names
        if alias.name in ("request", "session", "g", "render_template", "flash", "redirect")
    ]
    assert seen == []


def test_files_are_short() -> None:
    long = {name_of(path): len(path.read_text().splitlines()) for path in ALL}
    assert {name: lines for name, lines in long.items() if lines > MAX_FILE_LINES} == {}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function's name and length, its docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            told = node.body[0].end_lineno if ast.get_docstring(node) else None
            docstring = (told or 0) - node.body[0].lineno + 1 if told else 0
            lines = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring
            yield f"{name_of(path)}: {node.name}", lines


def test_functions_are_short() -> None:
    long = {name: lines for path in ALL for name, lines in functions(path) if lines > MAX_FUNCTION_LINES}
    assert long == {}


def test_nothing_is_left_to_do() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "INTER" + "IM", "(being " + "built)")
    left = [f"{name_of(path)}: {mark}" for path in ALL for mark in marks if mark in path.read_text()]
    assert left == []
