"""Twenty posts and five thousand: what a page costs must not know the difference."""

import itertools
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from bench import contenders, servers, site
from bench.contenders import Contender
from bench.load import Ask
from bench.table import Figure
from membership.library.posts import Library

FEW, MANY = 20, 5_000
WORDS = 800  # of a post: five minutes' reading, with notes, a table and some code
CALLERS, COUNT = 4, 1000
_LETTERS = "abcdefghiklmnoprstuvw"
_REST = """
| a | b |
|---|--:|
| one | 1 |

```python
def lamps(street):
    return [lamp for lamp in street if lamp.is_lit]
```

[^1]: A note of a few words.
"""


def measure(folder: Path) -> list[Figure]:
    few, many = (_written(folder / str(count), count) for count in (FEW, MANY))
    starts = [_opened(many), _opened(many)]
    with ExitStack() as stack:
        small, large = _serve(stack, few), _serve(stack, many)
        contenders.take_turns([*small, *large], [CALLERS], count=COUNT)
        memory = servers.pss_mib(large[0].master)
    contenders.show([*small, *large], [CALLERS])
    return [
        Figure(f"{MANY:,} posts read for the first time", starts[0], "s"),
        Figure("- and at every later start", starts[1], "s", at_most=1),
        Figure(f"PSS with {MANY:,} posts", memory, "MiB"),
        *(
            Figure(
                f"{one.name}: CPU with {MANY:,} posts / with {FEW}",
                other.cpu(CALLERS) / one.cpu(CALLERS),
                at_most=1.25,
            )
            for one, other in zip(small, large, strict=True)
        ),
    ]


def _written(folder: Path, count: int) -> Path:
    """A folder of so many posts, one a day, the newest yesterday; every tenth is locked."""
    chosen = random.Random(count)  # noqa: S311 (the same words each time)
    words = ["".join(chosen.choices(_LETTERS, k=chosen.randint(2, 9))) for _ in range(8000)]
    (folder / "posts").mkdir(parents=True)
    for number in range(count):
        day = date.today() - timedelta(days=number + 1)  # noqa: DTZ011
        access = "public" if number % 10 else "premium"
        head = f"title: Post {number}\ndate: {day}\naccess: {access}\ntags: [all]"
        text = [" ".join(chosen.choices(words, k=WORDS // 8)) + "[^1]." for _ in range(8)]
        known = "heliotrope" if number < FEW else "hollyhock"
        text.insert(1, f"<!-- more -->\n\nA place for a {known}.")
        post = f"---\n{head}\n---\n" + "\n\n".join(text) + _REST
        (folder / "posts" / f"post-{number}.md").write_text(post)
    return folder


def _opened(folder: Path) -> float:
    """Seconds."""
    began = time.perf_counter()
    Library(folder, reread=False, cache=folder / "cache", today=date.today)
    return time.perf_counter() - began


def _serve(stack: ExitStack, content: Path) -> list[Contender]:
    environ = _environ(content)
    environ |= {"CONTENT_DIR": str(content), "CACHE_DIR": str(content / "cache")}
    site.prepare(environ, members=1, signed_in=[1])
    port = servers.free_port()
    master = stack.enter_context(servers.gunicorn("membership.app:create_app()", port, environ))
    numbers = itertools.cycle(range(1, FEW))
    pages = {
        "list": ("/posts" for _ in itertools.count()),
        "post": (f"/posts/post-{number}" for number in numbers),
        "tag": ("/tags/all" for _ in itertools.count()),
        "search": (f"/search?q={word}" for word in itertools.repeat("heliotrope")),
    }
    return [Contender(name, port, _get(paths), master) for name, paths in pages.items()]


def _environ(folder: Path) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    return site.environ(folder, RATELIMIT_ENABLED="false")


def _get(paths: Iterator[str]) -> Iterator[Ask]:
    return (Ask("GET", path, {}) for path in paths)
