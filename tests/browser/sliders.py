"""Sliders over pictures, moved by keyboard."""


def has_sliders(path):
    return "SelectionSliderModel" in path.read_text(encoding="utf-8")


def move_sliders(page):
    """Move each slider of a page by one, and say of each what followed: (readout, alt) pairs.

    An entry is empty where the picture stayed, did not carry the slider's value, or where a
    program that reads pages aloud would not hear name and value.
    """
    boxes = page.locator(
        ".widget-vbox:has(> .widget-hslider):has(> .widget-box:not(.widget-vbox, .widget-hbox) img)"
    )
    return [move_slider(page, box) for box in boxes.all()]


def move_slider(page, box):
    control, picture = box.locator("> .widget-hslider"), box.locator("img:visible")
    slider = control.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    before = picture.get_attribute("alt"), picture.get_attribute("src")
    page.keyboard.press("ArrowRight")
    after = picture.get_attribute("alt"), picture.get_attribute("src")
    value = control.locator(".widget-readout").inner_text()
    named = slider.get_attribute("aria-label") == control.locator(".widget-label").inner_text()
    spoken = slider.get_attribute("aria-valuetext") == value
    moved = before[0] != after[0] and before[1] != after[1]
    return (value, after[0]) if moved and named and spoken and value in after[0] else ()
