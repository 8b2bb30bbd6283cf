// What the pages' elements are called by programs that read them aloud.

// The theme's buttons and the folds of code have a visible text, which their label contradicts.
for (const element of document.querySelectorAll("button[aria-label], summary[aria-label]")) {
  if (element.innerText.trim()) element.removeAttribute("aria-label");
}

// The switch of colours is three icons, each with a title of its own; its label says what it does.
for (const icon of document.querySelectorAll("button[aria-label] > :is(i, svg)")) {
  icon.removeAttribute("title");
  icon.querySelector("title")?.remove();
}

// The widget manager leaves its sliders without a name, and their value is a position in a list.
// Its labels are titled "null".
function nameSliders(place) {
  for (const label of place.querySelectorAll('.widget-label[title="null"]')) {
    label.removeAttribute("title");
  }
  for (const handle of place.querySelectorAll(".noUi-handle")) {
    const widget = handle.closest(".jupyter-widgets");
    const label = widget.querySelector(".widget-label")?.textContent;
    const value = widget.querySelector(".widget-readout")?.textContent;
    if (label && handle.ariaLabel !== label) handle.ariaLabel = label;
    if (value && handle.ariaValueText !== value) handle.ariaValueText = value;
  }
}

for (const view of document.querySelectorAll('script[type$="widget-view+json"]')) {
  const place = view.parentElement;
  new MutationObserver(() => nameSliders(place)).observe(place, {
    childList: true,
    subtree: true,
    characterData: true,
    attributeFilter: ["aria-valuetext"],
  });
}
