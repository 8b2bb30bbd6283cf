"""Compiled kernels on disk, where that is possible; a kernel works without.

Numba's own cache is an error at import where it finds no folder to write to, an error at the first
call when a file of it is cut short, and at the first compilation when the disk is full.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from numba import njit
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    InTreeCacheLocator,
)

__all__ = ["OPTIONS", "keep_on_disk", "kernel"]

# Multiply-adds may be fused and signed zeros confused; NaN and infinity keep their meaning.
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "nsz"},
}

_DIGEST = hashlib.sha256
_DIGEST_SIZE = _DIGEST().digest_size


def kernel(function: Any, **other: Any) -> Any:
    """Compile a function with these options but for `other` ones, and keep it on disk."""
    return keep_on_disk(njit(**(OPTIONS | other))(function))


def keep_on_disk(kernel: Any, made_of: Iterable[Any] = ()) -> Any:
    """Give a kernel of Numba a cache, if there is a place for one.

    Numba does not see changes of what another file contributes: `made_of` holds a kernel from each
    of them.  What a closure holds must be told by its qualified name.
    """
    if hasattr(kernel, "enable_caching"):  # not a plain function, as with NUMBA_DISABLE_JIT
        with suppress(RuntimeError):  # no place: compiled anew by each process
            parts = [part.py_func for part in made_of]
            cache = _Cache(kernel.py_func, parts, kernel.targetoptions)
            kernel._cache = cache  # noqa: SLF001  Numba offers no other way
    return kernel


class _TemporaryFolder(InTreeCacheLocator):
    """The last resort: a folder of this user's, and of nobody else's, beside other passing files.

    What is found there is run, so another user must not have laid it there.
    """

    def __init__(self, function: Any, file: str) -> None:
        super().__init__(function, file)
        user = os.getuid() if hasattr(os, "getuid") else "user"
        self._own = os.path.join(tempfile.gettempdir(), f"qemlib-{user}")
        self._cache_path = os.path.join(self._own, self.get_suitable_cache_subpath(file))

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Any:
        try:
            return super().from_function(py_func, py_file)
        except OSError:  # there is no folder for passing files either
            return None

    def ensure_cache_path(self) -> None:
        os.makedirs(self._own, mode=0o700, exist_ok=True)
        found = os.lstat(self._own)
        foreign = hasattr(os, "getuid") and (
            found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077
        )
        if foreign or not stat.S_ISDIR(found.st_mode):
            raise PermissionError(f"{self._own} is not this user's alone")
        super().ensure_cache_path()


class _Places(CompileResultCacheImpl):
    _inherited = CompileResultCacheImpl._locator_classes  # noqa: SLF001  as above
    _locator_classes = (*_inherited, _TemporaryFolder)


class _CheckedFiles(IndexDataCacheFile):
    """Files that carry a digest: what was damaged is not there, and is written anew.

    Nor is code that another process laid under the name: Numba numbers the files by an index that
    a process reads before it writes.  So a file also says what its code was compiled from.
    """

    def save(self, key: Any, data: Any) -> None:
        super().save(key, (self._source_stamp, key, data))

    def load(self, key: Any) -> Any:
        stamp, compiled_for, data = super().load(key) or (None, None, None)
        return data if (stamp, compiled_for) == (self._source_stamp, key) else None

    def _dump(self, obj: Any) -> bytes:
        pickled = super()._dump(obj)
        # After the end of a pickle nothing is read, so Numba's reading of the index goes on as is.
        return pickled + _DIGEST(pickled).digest()

    def _load_index(self) -> dict[Any, str]:
        try:
            return dict(super()._load_index())
        except Exception:  # whatever a damaged pickle may raise
            return {}

    def _load_data(self, name: str) -> Any:
        with open(self._data_path(name), "rb") as file:
            content = file.read()
        pickled, digest = content[:-_DIGEST_SIZE], content[-_DIGEST_SIZE:]
        if _DIGEST(pickled).digest() != digest:
            raise OSError(f"{name} is damaged")
        return super()._load_data(name)


class _Cache(FunctionCache):
    _impl_class = _Places

    def __init__(self, function: Any, parts: Iterable[Any], options: dict[str, Any]) -> None:
        super().__init__(function)
        stamps = [self._impl_class(part).locator.get_source_stamp() for part in parts]
        # Options may stand in another file than the kernel; a set has no order.
        told = {
            name: sorted(value) if isinstance(value, set) else value
            for name, value in options.items()
        }
        stamp = (self._impl.locator.get_source_stamp(), repr(sorted(told.items())), *stamps)
        self._cache_file = _CheckedFiles(self._cache_path, self._impl.filename_base, stamp)

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        # Numba adds what a closure holds, as a pickle; that of a kernel differs in each process.
        code = _DIGEST(self._py_func.__code__.co_code).hexdigest()
        return sig, codegen.magic_tuple(), code

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # what is whole may still be something else
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):  # a full disk, a folder that is gone
            super().save_overload(sig, data)
