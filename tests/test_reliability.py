"""The page on reliability says what the tests have found."""

from __future__ import annotations

import re

from tests.reliability import BEGIN, END, HEADER, PAGE, faults_of_the_tests


def test_the_table_lists_exactly_the_faults_that_are_tested_and_all_came_right() -> None:
    table = PAGE.read_text().split(BEGIN)[1].split(END)[0]
    rows = re.findall(r"^\| (.*) \| (.*) \| (.*) \|$", table.replace(HEADER, ""), re.MULTILINE)
    assert len(rows) > 10
    assert rows == [(fault.what, fault.who, "yes") for fault in faults_of_the_tests()]
