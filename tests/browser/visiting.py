"""A look at a page that misses nothing of what goes wrong."""

# Milliseconds: for what never comes, and longer than anything takes on a busy machine.
PATIENCE = 180_000


class Visit:
    """One tab, and all that went wrong in it."""

    def __init__(self, page, server=None):
        self.page = page
        page.set_default_timeout(PATIENCE)
        self.problems = []
        self.pending = 0
        self.allowed = ("file:", "data:", "blob:", *([server] if server else []))
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_end)
        page.on("requestfailed", self._on_failure)
        page.on("response", self._on_response)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("console", self._on_console)

    def _on_request(self, request):
        if not request.url.startswith(self.allowed):
            self.problems.append(f"foreign: {request.url}")

        self.pending += 1

    def _on_end(self, request):
        self.pending -= 1

    def _on_failure(self, request):
        self.problems.append(f"failed: {request.url[:200]}")
        self.pending -= 1

    def _on_response(self, response):
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url[:200]}")

    def _on_console(self, message):
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def open(self, path, query=""):
        """Open a file and wait until its equations and widgets are drawn."""
        return self.open_address(path.as_uri() + query)

    def open_address(self, address):
        """The same for an address."""
        self.page.goto(address)
        self.page.evaluate("window.MathJax && MathJax.startup.promise.then(() => true)")
        self.page.wait_for_function(
            """() => [...document.querySelectorAll('script[type$="widget-view+json"]')]
                .every(view => view.parentElement.querySelector('.jupyter-widgets'))"""
        )
        return self.page

    def settle(self):
        """Wait until nothing has been under way for a while."""
        quiet = 0
        for _ in range(PATIENCE // 100):
            self.page.wait_for_timeout(100)
            quiet = quiet + 1 if self.pending == 0 else 0
            if quiet == 3:
                return
        self.problems.append(f"{self.pending} requests without an end")
