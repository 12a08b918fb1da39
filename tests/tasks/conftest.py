"""What the tests of the tasks share."""

from collections.abc import Iterator

import pytest

from tests.support.deployed import Site, deployed
from tests.support.repositories import Repository


@pytest.fixture
def site(repository: Repository) -> Iterator[Site]:
    with deployed(repository) as here:
        yield here
