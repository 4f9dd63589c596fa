"""What the whole source must keep to, read from the source itself."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "evbunker": {"evbunker"},
    "bookings": {"evbunker", "bookings"},
    "payments": {"evbunker", "bookings", "payments"},
    "dashboard": {"evbunker", "bookings", "payments", "dashboard"},
    "adminpanel": {"evbunker", "bookings", "payments", "adminpanel"},
}
LOOK_UP = {"evbunker/urls.py", "evbunker/asgi.py", "evbunker/api.py", "evbunker/settings.py"}
KNOWS_THE_ENGINE = {
    "evbunker/db/units.py",
    "evbunker/db/engine.py",
    "evbunker/db/direct.py",
    "evbunker/db/whole.py",
    "evbunker/relay/stream.py",
}

ENGINE_UNSAFE_CALLS = {
    "aget_or_create", "aupdate_or_create", "extra", "get_or_create", "raw", "select_for_update", "select_related",
    "update_or_create",
}  # fmt: skip
ENGINE_UNSAFE_ARGUMENTS = {"ignore_conflicts", "update_conflicts"}
ENGINE_UNSAFE_NAMES = {"CheckConstraint", "RunSQL"}

LONGEST_FUNCTION, LONGEST_MODULE, LONGEST_TEMPLATE = 60, 300, 80

Finding = tuple[int, str]


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the product but migrations, by its path."""
    paths = (path for app in MAY_IMPORT for path in (ROOT / app).rglob("*.py"))
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text())
        for path in sorted(paths)
        if not {"migrations", "mongo_migrations"} & set(path.parts)
    }


def templates() -> list[Path]:
    return sorted(path for path in ROOT.glob("**/templates/**/*.html") if ".venv" not in path.parts)


def offenders(look: Callable[[str, ast.Module], Iterable[Finding]], *, but: Iterable[str] = ()) -> list[str]:
    """Where `look` found something, as `path:line what`."""
    searched = {path: tree for path, tree in modules().items() if path not in but}
    return [f"{path}:{line} {what}" for path, tree in searched.items() for line, what in look(path, tree)]


def imported(tree: ast.AST) -> Iterator[Finding]:
    """Line and full name of everything that is imported, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def test_imports_point_one_way():
    def upwards(path: str, tree: ast.Module) -> Iterator[Finding]:
        allowed = MAY_IMPORT[path.split("/")[0]]
        for line, name in imported(tree):
            if name.split(".")[0] in MAY_IMPORT.keys() - allowed:
                yield line, f"imports {name}"

    assert offenders(upwards, but=LOOK_UP) == []


def test_the_product_does_not_import_its_tests():
    def tests(_path: str, tree: ast.Module) -> Iterator[Finding]:
        yield from ((line, name) for line, name in imported(tree) if name.split(".")[0] == "tests")

    assert offenders(tests) == []


def test_only_evbunker_db_opens_transactions():
    def transactions(_path: str, tree: ast.Module) -> Iterator[Finding]:
        yield from ((line, name) for line, name in imported(tree) if re.search(r"^django.*\btransaction\b", name))
        yield from ((n.lineno, n.id) for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "ATOMIC_REQUESTS")

    assert offenders(transactions, but=KNOWS_THE_ENGINE) == []


def test_only_evbunker_db_knows_the_engine():
    def engines(_path: str, tree: ast.Module) -> Iterator[Finding]:
        yield from ((line, name) for line, name in imported(tree) if re.match(r"(pymongo|bson|sqlite3)\b", name))
        yield from ((n.lineno, n.attr) for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == "vendor")

    assert offenders(engines, but=KNOWS_THE_ENGINE) == []


def test_no_query_works_on_one_engine_only():
    def unsafe(_path: str, tree: ast.Module) -> Iterator[Finding]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in ENGINE_UNSAFE_CALLS:
                    yield node.lineno, node.func.attr
                yield from ((node.lineno, k.arg) for k in node.keywords if k.arg in ENGINE_UNSAFE_ARGUMENTS)
            elif isinstance(node, ast.Attribute | ast.Name):
                name = node.attr if isinstance(node, ast.Attribute) else node.id
                if name in ENGINE_UNSAFE_NAMES:
                    yield node.lineno, name

    assert offenders(unsafe) == []


def test_time_comes_from_the_clock():
    clocks = re.compile(r"\b(datetime|timezone)\.(now|utcnow|today|localdate)$|\bdate\.today$|\btime\.time$")

    def other_clocks(_path: str, tree: ast.Module) -> Iterator[Finding]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and clocks.search(ast.unparse(node.func)):
                yield node.lineno, ast.unparse(node.func)

    assert offenders(other_clocks, but={"evbunker/clock.py"}) == []


def test_business_does_not_hang_on_model_signals():
    def signals(_path: str, tree: ast.Module) -> Iterator[Finding]:
        yield from ((line, name) for line, name in imported(tree) if name.startswith("django.db.models.signals"))

    assert offenders(signals) == []


def test_functions_are_short():
    def long_ones(_path: str, tree: ast.Module) -> Iterator[Finding]:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    yield node.lineno, f"{node.name} has {lines} lines"

    assert offenders(long_ones) == []


def test_modules_are_short():
    def long_ones(path: str, _tree: ast.Module) -> Iterator[Finding]:
        if (lines := (ROOT / path).read_text().count("\n")) > LONGEST_MODULE:
            yield lines, "is too long"

    assert offenders(long_ones, but={"evbunker/settings.py"}) == []


def test_templates_are_short():
    long_ones = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in templates()}
    assert {path: lines for path, lines in long_ones.items() if lines > LONGEST_TEMPLATE} == {}


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("unescaped output", r"\|\s*safe\b|\bautoescape\s+off\b"),
        ("an inline style", r"<style\b|\sstyle\s*="),
        ("an inline script", r"<script(?![^>]*\b(?:src|type=\"application/json\"))[^>]*>|\son[a-z]+\s*=\s*[\"']"),
        ("another host", r"(?:\bsrc|<link[^>]*\bhref)\s*=\s*[\"'](?:https?:)?//"),
    ],
)
def test_templates_have_no(what, pattern):
    found = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()}"
        for path in templates()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == [], f"Templates have no {what}."


@pytest.mark.parametrize(("file", "extras"), [("base", ()), ("dev", ("dev", "engines")), ("engines", ("engines",))])
def test_requirements_are_compiled_from_the_project(file, extras):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [
        *project["dependencies"],
        *(line for extra in extras for line in project["optional-dependencies"][extra]),
    ]
    text = (ROOT / f"requirements/{file}.txt").read_text()
    pinned = dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", text, re.MULTILINE))
    assert not re.search(r"://|index-url", text)
    for line in declared:
        wanted = Requirement(line)
        assert wanted.specifier.contains(pinned.get(canonicalize_name(wanted.name), "0")), f"{line}: compile {file}.txt"


def test_these_rules_find_what_they_look_for(tmp_path, monkeypatch):
    """A negative control: each kind of offence, in one module."""
    source = "from payments import models\nfrom django.db import transaction\nimport pymongo\nx.get_or_create()\n"
    tree = ast.parse(source + "import datetime\ndatetime.datetime.now()\n")
    monkeypatch.setattr("tests.test_house_rules.modules", lambda: {"bookings/bad.py": tree})
    for rule in (
        test_imports_point_one_way,
        test_only_evbunker_db_opens_transactions,
        test_only_evbunker_db_knows_the_engine,
        test_no_query_works_on_one_engine_only,
        test_time_comes_from_the_clock,
    ):
        with pytest.raises(AssertionError, match=r"bookings/bad\.py"):
            rule()
