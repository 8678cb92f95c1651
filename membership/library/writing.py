"""What an author writes, and what becomes of it. Whoever wants something of a text asks here;
`text/` is for this module alone."""

from membership.library.text.front_matter import Fields, FrontMatter, parse, split
from membership.library.text.markdown import Text, UnfitText, render, with_whole_addresses
from membership.library.text.notation import plain
from membership.library.text.source import UnfitFile, decoded, slug
from membership.library.text.strict_yaml import NotYaml, load

__all__ = [
    "Fields",
    "FrontMatter",
    "NotYaml",
    "Text",
    "UnfitFile",
    "UnfitText",
    "decoded",
    "load",
    "parse",
    "plain",
    "render",
    "slug",
    "split",
    "with_whole_addresses",
]
