"""The table of docs/reliability.md, written by the tests that are marked as faults: `make reliability`."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- table: make reliability -->", "<!-- end of table -->"
HEADER = "| what happens | who brings it right | tables as undisturbed, each load done once |\n|---|---|---|\n"


@dataclass(frozen=True)
class Fault:
    """What happens to a run, and who brings it right."""

    what: str
    who: str


# pytest keeps its plugins in sets.
@dataclass(eq=False)
class Reliability:
    """A plugin of pytest that writes the table at the end."""

    faults: dict[str, list[Fault]] = field(default_factory=dict)
    passed: dict[str, bool] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if found := [Fault(*mark.args) for mark in item.iter_markers("fault")]:
                self.faults[item.nodeid] = found

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid in self.faults:
            self.passed[report.nodeid] = self.passed.get(report.nodeid, True) and report.passed

    def pytest_sessionfinish(self) -> None:
        held = {fault: self.passed.get(test, False) for test, faults in self.faults.items() for fault in faults}
        rows = "".join(
            f"| {fault.what} | {fault.who} | {'yes' if held[fault] else '**no**'} |\n" for fault in in_order(held)
        )
        before, _, rest = PAGE.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n\n{HEADER}{rows}\n{END}{after}")


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    return sorted(set(faults), key=lambda fault: fault.what.replace("`", ""))


def faults_of_the_tests() -> list[Fault]:
    """Every fault that a test is marked with, read from the tests without running them."""
    found = []
    for path in Path(__file__).parent.rglob("test_*.py"):
        tree = ast.parse(path.read_text())
        names = {
            node.targets[0].id: ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_text(node.value)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
                what, who = (names[arg.id] if isinstance(arg, ast.Name) else ast.literal_eval(arg) for arg in node.args)
                found.append(Fault(what, who))
    return in_order(found)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
