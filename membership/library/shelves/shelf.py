"""The posts in their order, and what stands beside each. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from membership.library.post import Post, address_of

LOOKED_AT = 50  # of a tag's posts, for related ones: the newest


@dataclass(frozen=True)
class Tag:
    """`name` as most posts write it; `posts` newest first."""

    address: str
    name: str
    posts: tuple[Post, ...]


@dataclass(frozen=True)
class Around:
    """What to read next: the one before and the one after by day, and what shares tags."""

    older: Post | None
    newer: Post | None
    related: tuple[Post, ...]
    tags: tuple[Tag, ...]


class Shelf:
    """Everything published on or before `today`, newest first."""

    def __init__(self, posts: Iterable[Post], today: date) -> None:
        self.posts = tuple(
            sorted(
                (post for post in posts if not post.draft and post.date <= today),
                key=lambda post: (-post.date.toordinal(), post.slug),
            )
        )
        self._place = {post.slug: i for i, post in enumerate(self.posts)}
        self.levels = frozenset(post.access for post in self.posts)
        self.tags = _tags(self.posts)
        self._months: dict[int, dict[int, list[Post]]] = defaultdict(lambda: defaultdict(list))
        for post in self.posts:
            self._months[post.date.year][post.date.month].append(post)

    def find(self, slug: str) -> Post | None:
        place = self._place.get(slug)
        return None if place is None else self.posts[place]

    def years(self) -> dict[int, int]:
        """How many posts each year has, newest first."""
        return {
            year: sum(len(posts) for posts in months.values())
            for year, months in self._months.items()
        }

    def months(self, year: int) -> dict[int, list[Post]]:
        """The posts of each month that has any, newest first."""
        return self._months.get(year, {})

    def around(self, post: Post) -> Around:
        """Of a post that is not on the shelf, what would be related to it."""
        place = self._place.get(post.slug)
        tags = tuple(self.tags[a] for t in post.tags if (a := address_of(t)) in self.tags)
        return Around(
            older=None if place is None else self._at(place + 1),
            newer=None if place is None else self._at(place - 1),
            related=_related(post, tags),
            tags=tags,
        )

    def _at(self, place: int) -> Post | None:
        return self.posts[place] if 0 <= place < len(self.posts) else None


def _tags(posts: Iterable[Post]) -> dict[str, Tag]:
    """By address, in the order of the alphabet."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    tagged: dict[str, dict[str, Post]] = defaultdict(dict)
    for post in posts:
        for name in post.tags:
            names[address_of(name)][name] += 1
            tagged[address_of(name)][post.slug] = post
    return {
        address: Tag(address, names[address].most_common(1)[0][0], tuple(tagged[address].values()))
        for address in sorted(names)
    }


def _related(post: Post, tags: Iterable[Tag], most: int = 3) -> tuple[Post, ...]:
    """Who shares the most tags, the newer first."""
    shared: Counter[Post] = Counter()
    for tag in tags:
        shared.update(other for other in tag.posts[:LOOKED_AT] if other.slug != post.slug)
    ranked = sorted(shared, key=lambda other: (-shared[other], -other.date.toordinal(), other.slug))
    return tuple(ranked[:most])
