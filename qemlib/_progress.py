"""Progress bars: for people, and silent where TQDM_DISABLE is set."""

from __future__ import annotations

import os
from typing import Any

from tqdm.auto import tqdm


def bar(wanted: bool = True, **options: Any) -> Any:
    """A tqdm bar with these options.

    tqdm reads TQDM_DISABLE itself, but not for its bars in notebooks.
    """
    disabled = not wanted or os.environ.get("TQDM_DISABLE", "") not in ("", "0")
    return tqdm(disable=disabled, **options)
