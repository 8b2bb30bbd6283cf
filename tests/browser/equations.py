"""Equations against the room that a page gives them."""

# What holds an equation: the boxes around it, from the inside out.  The first one that it leaves
# and that does not let it through decides: there it has to be scrolled to, or is cut off.  What
# lies to the left of where scrolling begins is out of reach as well.
TOO_WIDE = """() => {
    const fate = svg => {
        const {left, right} = svg.getBoundingClientRect();
        let found = null;
        for (let box = svg.parentElement; box; box = box.parentElement) {
            const style = getComputedStyle(box);
            if (style.display.startsWith('inline')) continue;
            const room = box.getBoundingClientRect();
            const before = left < room.left - 1;
            if (before || right > room.right + 1) {
                if (style.overflowX === 'visible') found = 'leaves its column';
                else if (before || !['auto', 'scroll'].includes(style.overflowX)) return 'cut off';
                else return 'scrolls';
            }
            if (['ARTICLE', 'ASIDE'].includes(box.tagName)) break;
        }
        return found;
    };
    const label = svg => {
        const math = svg.closest('.math');
        const text = svg.closest('mjx-container').querySelector('mjx-assistive-mml');
        return (math?.id || '') + ' ' + (text?.textContent ?? '').trim().slice(0, 80);
    };
    return [...document.querySelectorAll('article mjx-container > svg')]
        .map(svg => [fate(svg), label(svg)])
        .filter(([fate]) => fate);
}"""


def too_wide(page) -> list[tuple[str, str]]:
    """(what becomes of it, which one) of each equation that is wider than its column."""
    return [tuple(found) for found in page.evaluate(TOO_WIDE)]
