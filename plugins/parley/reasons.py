"""Why records were set aside: the reasons that most had.

A reason may name the value that is bad, so that an input with a million bad values has a million reasons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

TOLD = 20
OTHERS = "other reasons"


def foremost(reasons: Mapping[str, int]) -> dict[str, int]:
    """How many records had each of the most frequent reasons, and how many any other."""
    counts = Counter(reasons)
    told = dict(counts.most_common(TOLD))
    others = counts.total() - sum(told.values())
    return {**told, OTHERS: others} if others else told
