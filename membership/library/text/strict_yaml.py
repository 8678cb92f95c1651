"""YAML as authors write it, with one word for whatever is wrong with it. Pure."""

from typing import Any

import yaml
from frontmatter.default_handlers import YAMLHandler

# What PyYAML lets through for a day such as 2026-02-30, or for more than anybody would write.
_UNFIT = (ArithmeticError, AttributeError, LookupError, RecursionError, ValueError)


class NotYaml(Exception):
    """`line` counts from 1; None when it is not known."""

    def __init__(self, line: int | None) -> None:
        self.line = line
        super().__init__("not YAML")


class FrontMatterHandler(YAMLHandler):
    """For `frontmatter.parse`, which then raises NotYaml."""

    def load(self, fm: str, **_: object) -> Any:
        return load(fm)


def load(text: str) -> object:
    """Plain values only. Raises NotYaml."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe loader, made stricter)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise NotYaml(mark.line + 1 if mark else None) from error
    except _UNFIT as error:
        raise NotYaml(None) from error


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A name written twice is refused: of two that say who may read something, none is believed."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        names = set()
        for name, _ in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value in names:
                raise yaml.constructor.ConstructorError(None, None, "twice", name.start_mark)
            names.add(str(name.value))
        values: dict[object, object] = super().construct_mapping(node, deep)
        return values
