"""Run the examples of READMEs, and hold what each prints against the comment that ends it.

python tests/package/readme_example.py README.md ...

It needs qemlib alone, so that any environment can run it.
"""

import contextlib
import io
import platform
import re
import sys
from pathlib import Path


def example(path):
    """The code of the one example, and the numbers that it says it prints."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", Path(path).read_text("utf-8"), re.M | re.S)
    return code, code.rstrip().rpartition("#")[2].split()


def printed(code):
    """What the code prints, with as many digits as a reader is shown."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "<example>", "exec"), {"__name__": "example"})
    return [f"{float(number):.6g}" for number in out.getvalue().split()]


def main(paths):
    import numba
    import numpy
    import scipy

    import qemlib

    print(qemlib.__file__)
    versions = (f"{m.__name__} {m.__version__}" for m in (qemlib, numba, numpy, scipy))
    print("Python", platform.python_version(), *versions)
    for path in paths:
        code, told = example(path)
        got = printed(code)
        print(f"{path}:", *got)
        if got != told:
            sys.exit(f"{path} says that it prints {' '.join(told)}")


if __name__ == "__main__":
    main(sys.argv[1:])
