"""The catalogue of frameworks: ids well-formed, unique, none of a withdrawn or foreign edition."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

from detectors import frameworks
from pipeline.errors import NotFoundError

SHAPES = {
    "ATT&CK": r"T\d{4}(\.\d{3})?",
    "ATLAS": r"AML\.(T\d{4}(\.\d{3})?|M\d{4}|CS\d{4})",
    "OWASP-ASI": r"ASI(0[1-9]|10)",
    "OWASP-AAI-TM-1.1": r"T([1-9]|1[0-7])",
    "OWASP-NHI": r"NHI([1-9]|10):2025",
    "MAESTRO": r"L[1-7]|Cross-Layer",
    "NIST-AI-RMF": r"(GOVERN|MAP|MEASURE|MANAGE) [1-6]\.\d+",
    "NIST-CSF": r"(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}-\d{2}",
}

# Revoked by ATT&CK v19; gone from CSF 1.1 to 2.0.
WITHDRAWN = {
    *("ATT&CK:T1562", "ATT&CK:T1562.001", "ATT&CK:T1562.007", "ATT&CK:T1562.008", "ATT&CK:T1656"),
    *("NIST-CSF:ID.AM-06", "NIST-CSF:DE.AE-01", "NIST-CSF:DE.AE-05"),
    *(f"NIST-CSF:DE.CM-0{n}" for n in (4, 5, 7, 8)),
}


@pytest.mark.parametrize("id_", sorted(frameworks.TITLES))
def test_an_id_is_well_formed_and_has_a_title(id_: str) -> None:
    namespace, _, local = id_.partition(":")
    assert namespace in frameworks.NAMESPACES
    assert re.fullmatch(SHAPES[namespace], local)
    assert frameworks.title(id_)


def test_no_id_is_written_twice() -> None:
    """A dict literal swallows a doubled key, so the source is read."""
    tree = ast.parse(inspect.getsource(frameworks))
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            assert len(keys) == len(set(keys))


def test_no_withdrawn_id() -> None:
    assert WITHDRAWN.isdisjoint(frameworks.TITLES)


def test_no_code_of_csf_1_1() -> None:
    """CSF 1.1 wrote PR.AC-1 and had other categories."""
    old_categories = r"NIST-CSF:(PR\.(AC|IP|PT|MA)|DE\.DP|ID\.(BE|GV|SC|RM)|RS\.(RP|IM))-"
    assert [id_ for id_ in frameworks.TITLES if re.match(old_categories, id_)] == []


@pytest.mark.parametrize(
    ("id_", "title"),
    [
        ("ATT&CK:T1685.002", "Disable or Modify Tools: Disable or Modify Cloud Log"),
        ("ATLAS:AML.T0053", "AI Agent Tool Invocation"),
        ("OWASP-ASI:ASI02", "Tool Misuse and Exploitation"),
        ("OWASP-ASI:ASI09", "Human-Agent Trust Exploitation"),
        ("OWASP-NHI:NHI9:2025", "NHI Reuse"),
        ("MAESTRO:L7", "Agent Ecosystem"),
    ],
)
def test_titles_are_the_publishers(id_: str, title: str) -> None:
    assert frameworks.title(id_) == title


def test_each_list_of_ten_has_ten() -> None:
    for namespace in ("OWASP-ASI", "OWASP-NHI"):
        assert sum(id_.startswith(f"{namespace}:") for id_ in frameworks.TITLES) == 10


def test_an_unknown_id_is_named() -> None:
    with pytest.raises(NotFoundError, match=r"T1562\.008"):
        frameworks.title("ATT&CK:T1562.008")
