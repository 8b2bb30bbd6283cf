// The widget manager hands its texts to MathJax 2's queue, which MathJax 3 no longer has, and throws.
if (window.MathJax && !window.MathJax.Hub) {
  window.MathJax.Hub = {
    Queue([, , element]) {
      MathJax.startup.promise = MathJax.startup.promise.then(() => MathJax.typesetPromise([element]));
    },
  };
}
