"""The page on reliability says what the tests have found."""

from __future__ import annotations

import re

from tests.reliability import BEGIN, END, HEADER, PAGE, faults_of_the_tests


def test_the_table_lists_nothing_that_is_not_tested_and_nothing_that_did_not_come_right() -> None:
    table = PAGE.read_text().split(BEGIN)[1].split(END)[0]
    rows = re.findall(r"^\| (.*) \| (.*) \| (.*) \|$", table.replace(HEADER, ""), re.MULTILINE)
    tested = [(fault.what, fault.who, "yes") for fault in faults_of_the_tests()]
    assert len(tested) > 10
    assert rows in ([], tested)
