"""Progress is shown to people, and hidden where it is switched off."""

import pytest

from qemlib._progress import bar


@pytest.mark.parametrize(
    ("value", "wanted", "disabled"),
    [("1", True, True), ("0", True, False), ("", True, False), ("", False, True)],
)
def test_bars_follow_the_caller_and_the_environment(monkeypatch, value, wanted, disabled):
    monkeypatch.setenv("TQDM_DISABLE", value)
    with bar(wanted, total=3) as shown:
        assert shown.disable is disabled


def test_an_iterable_passes_through(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    assert list(bar(iterable=iter("abc"), total=3)) == ["a", "b", "c"]
