"""Progress bars: for people, and silent where TQDM_DISABLE is set."""

import os

from tqdm.auto import tqdm


def bar(wanted=True, **options):
    """A tqdm bar with these options.

    tqdm reads TQDM_DISABLE itself, but not for its bars in notebooks.
    """
    disabled = not wanted or os.environ.get("TQDM_DISABLE", "") not in ("", "0")
    return tqdm(disable=disabled, **options)
