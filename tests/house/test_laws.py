"""The laws of the house, each a test (docs/adr/0001-the-house.md)."""
from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = sorted(p for p in (ROOT / "engine").rglob("*.py") if "migrations" not in p.parts)
SHOWN = {".py", ".js", ".mjs", ".html", ".css", ".j2"}


def tracked(*suffixes: str) -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    paths = (ROOT / name for name in listing.stdout.splitlines())
    return [path for path in paths if path.suffix in suffixes and path.exists()]


def calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def place(path: Path, line: int = 0) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_commit_is_written_once_in_the_unit_of_work() -> None:
    found = [place(p, n) for p in ENGINE for n, name in calls(p) if name.endswith(".commit") and "session" in name]
    assert [spot.split(":")[0] for spot in found] == ["engine/work.py"]


def test_nothing_below_the_unit_of_work_reads_the_clock() -> None:
    clock = re.compile(r"(^|\.)(now|utcnow|today)$|^time\.time$")
    found = [
        place(p, n)
        for p in ENGINE
        for n, name in calls(p)
        if clock.search(name) and name.split(".")[0] in {"datetime", "date", "time"} and p.name != "work.py"
    ]
    assert found == []


def test_the_engine_names_no_procedure() -> None:
    keys = {
        key
        for path in (ROOT / "processes").rglob("*.bpmn")
        for key in re.findall(r'<(?:bpmn:)?process id="([^"]+)"', path.read_text("utf-8"))
    }
    assert keys, "no procedure found"
    keys -= {"escalation", "refund"}  # also the word for a BPMN event and for a kind of payment
    keys -= {"complaint", "survey", "assignment", "reconciliation"}  # records and a paper of the same name
    engine = [p for p in ENGINE if "crm" not in p.parts]
    found = [
        f"{place(p, node.lineno)} {node.value}"
        for p in engine
        for node in ast.walk(ast.parse(p.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in keys
    ]
    assert found == []


def test_no_file_is_longer_than_400_lines() -> None:
    long = {place(p): n for p in tracked(*SHOWN) if (n := len(p.read_text("utf-8").splitlines())) > 400}
    assert long == {}


def test_every_function_fits_a_screen() -> None:
    long = [
        f"{place(p, node.lineno)} {node.name}"
        for p in [*ENGINE, ROOT / "app.py"]
        for node in ast.walk(ast.parse(p.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (node.end_lineno or 0) - node.lineno >= 60
    ]
    assert long == []


@pytest.mark.parametrize("name", ["util", "utils", "helpers", "manager", "service", "common", "misc"])
def test_no_module_has_a_name_that_says_nothing(name: str) -> None:
    assert [place(p) for p in tracked(".py") if p.stem == name] == []


def test_the_engine_works_as_a_library_where_flask_cannot_be_imported() -> None:
    code = (
        "import sys; sys.modules['flask'] = None; sys.modules['werkzeug'] = None; sys.modules['apscheduler'] = None\n"
        "import engine.jobs, engine.tasks, engine.deployments, engine.messages, engine.queries, engine.crm.deals"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("SpiffWorkflow", ("engine/bpmn/", "tests/", "benchmarks/")),
        ("flask", ("engine/web/", "app.py", "tests/")),
        ("apscheduler", ("app.py",)),
    ],
)
def test_each_framework_is_known_to_one_room(package: str, allowed: tuple[str, ...]) -> None:
    pattern = re.compile(rf"^\s*(?:from|import) {package}\b", re.M)
    found = [str(p.relative_to(ROOT)) for p in tracked(".py") if pattern.search(p.read_text("utf-8"))]
    assert [path for path in found if not path.startswith(allowed)] == []


def test_lock_files_carry_hashes_and_no_addresses() -> None:
    for path in ROOT.glob("requirements*.txt"):
        text = path.read_text("utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "--find-links" not in text
    for path in tracked(".json"):
        if path.name == "package-lock.json":
            text = path.read_text("utf-8")
            assert '"integrity"' in text
            assert '"resolved"' not in text


def test_public_functions_say_what_they_mean() -> None:
    silent = [
        f"{place(p, node.lineno)} {node.name}"
        for p in ENGINE
        for node in ast.parse(p.read_text("utf-8")).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and not node.decorator_list[: isinstance(node, ast.FunctionDef)]  # registered under a documented name
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []
