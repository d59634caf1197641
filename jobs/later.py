"""Modules that are named in a declaration and loaded when they are first needed.

Stage functions stand on libraries that take seconds and hundreds of megabytes to
import. The web process and the dispatcher read declarations and never run a stage;
a worker loads everything before it forks, so that its horses share it.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

_named: set[str] = set()


class Later:
    """Stands for a module of functions; each can be passed on before the module is loaded."""

    def __init__(self, module: str) -> None:
        self._module = module
        _named.add(module)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        # Python asks modules and callables for many a `__name__`; no stage is called so.
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(import_module(self._module), name)(*args, **kwargs)

        call.__module__, call.__qualname__ = self._module, name
        return call


def load_all() -> None:
    """Load every module that was named so far."""
    for module in sorted(_named):
        import_module(module)
