// Paper is white, also for those who read in the dark.
const paper = matchMedia("print");
let onScreen;
paper.addEventListener("change", () => {
  const root = document.documentElement;
  if (paper.matches) onScreen = root.dataset.theme;
  root.dataset.theme = paper.matches ? "light" : onScreen;
});
