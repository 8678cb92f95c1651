"""Rules of addresses that are ready sooner: what builds an address is compiled when one is asked
for. Werkzeug compiles two functions for every rule at the start, which is most of its work there.
"""

from collections.abc import Callable
from typing import Any

from werkzeug import routing

_Builder = Callable[..., tuple[str, str]]
# The same rule in another application of this process needs no compiling.
_compiled: dict[tuple[Any, ...], _Builder] = {}


class Rule(routing.Rule):
    """For `Flask.url_rule_class`. The same as Werkzeug's in all that can be asked of it."""

    def _compile_builder(self, append_unknown: bool = True) -> _Builder:
        if self.defaults:  # their converters would be part of the key
            return super()._compile_builder(append_unknown)
        compile_now = super()._compile_builder
        key = (append_unknown, *self._trace)
        place = "_build_unknown" if append_unknown else "_build"

        def build(rule: routing.Rule, /, **values: Any) -> tuple[str, str]:
            if key not in _compiled:
                _compiled[key] = compile_now(append_unknown)
            setattr(rule, place, _compiled[key].__get__(rule))
            return _compiled[key](rule, **values)

        return build
