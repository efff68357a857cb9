"""What the tests of kernels share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from spotgpu.backends import compiled


@pytest.fixture(autouse=True, scope="module")
def mirrors() -> Iterator[None]:
    """Run the mirrors themselves: compiled loops are compared with them in tests/backends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled._Work, "loops", None)
        patch.setattr(compiled._Work, "absent", True)
        yield
