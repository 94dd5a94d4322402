"""The README says what is there."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import pipeline
from detectors.base import registry
from pipeline.cli import app
from pipeline.sources import sources

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    return [str(c.callback.__name__) for c in app.registered_commands if c.callback]


def between(marker: str) -> str:
    return README.split(f"<!-- {marker} -->")[1].split(f"<!-- /{marker} -->")[0]


def table_of(marker: str) -> list[str]:
    return [line for line in between(marker).splitlines() if line.startswith("| `")]


def test_the_table_of_sources_is_the_sources() -> None:
    assert table_of("sources") == [f"| `{s.name}` | {s.title} |" for s in sources().values()]


def test_the_table_of_detectors_is_the_detectors() -> None:
    specs = [cls.spec for cls in registry().values()]
    assert table_of("detectors") == [f"| `{s.id}` | {s.summary} |" for s in specs]


def test_the_map_of_the_code_names_every_module_once() -> None:
    modules = sorted(m.name for m in pkgutil.iter_modules(pipeline.__path__) if m.name[0] != "_")
    assert sorted(re.findall(r"`(\w+)`", between("modules"))) == modules


@pytest.mark.parametrize("name", re.findall(r"^nhiwatch (\w+)", README, flags=re.MULTILINE))
def test_the_commands_of_the_readme_are_there(name: str) -> None:
    assert name in commands()


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help_with_an_example(name: str) -> None:
    done = CliRunner().invoke(app, [name, "--help"], prog_name="nhiwatch")
    assert done.exit_code == 0
    assert f"nhiwatch {name}" in done.output
    assert "Example:" in done.output


def test_the_readme_needs_the_python_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"Python {project['requires-python'].removeprefix('>=')}" in README


def test_imports_go_one_way() -> None:
    linter = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linter.returncode == 0, linter.stdout
