"""Code in a post, in colours: spans with the short class names of Pygments, which static/code.css
knows. Pure."""

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES
from pygments.util import ClassNotFound

CLASSES = {name for name in STANDARD_TYPES.values() if name}
_formatter = HtmlFormatter(nowrap=True)


def in_colours(code: str, language: str, _attributes: str) -> str:
    """HTML for `code`; empty when the language is not named or not known, and it stays plain."""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, _formatter))
