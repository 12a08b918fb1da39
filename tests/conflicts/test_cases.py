"""Small merges of every kind of document, each with its right answer (tests/data/conflicts)."""

import pytest

from afterpush.conflicts.merge import Merged, merge_document
from tests.support.conflicts import DEFAULTS
from tests.support.merge_cases import MergeCase, merge_cases

CASES = merge_cases()
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def merged(case: MergeCase, base: bytes, ours: bytes, theirs: bytes) -> Merged:
    return merge_document(base or None, ours, theirs, path=case.path, documents=DEFAULTS)


@each_case
def test_the_answer_is_right_and_the_same_for_either_side(case: MergeCase) -> None:
    answer = merged(case, case.base, case.ours, case.theirs)
    assert answer.text.decode() == case.merged.decode()
    assert answer.is_clean is case.is_clean and bool(answer.reasons) is not case.is_clean
    swapped = merged(case, case.base, case.theirs, case.ours)
    assert swapped.is_clean is case.is_clean
    assert not case.is_clean or swapped.text == answer.text


@each_case
def test_a_merge_that_is_merged_again_stays_as_it_is(case: MergeCase) -> None:
    if case.is_clean and case.base:
        for side in (case.ours, case.theirs):
            again = merged(case, case.base, case.merged, side)
            assert again.is_clean and again.text == case.merged, again.reasons
