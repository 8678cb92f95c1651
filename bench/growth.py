"""A thousand members and a million: what a request costs must not know the difference."""

from contextlib import ExitStack
from pathlib import Path

from bench import contenders, servers, site
from bench.contenders import Contender
from bench.table import Figure

FEW, MANY = 1_000, 1_000_000
CALLERS, COUNT = 4, 2000


def measure(folder: Path) -> list[Figure]:
    with ExitStack() as stack:
        few, many = (_serve(stack, folder / str(members), members) for members in (FEW, MANY))
        taking_part = [*few, *many]
        contenders.take_turns(taking_part, [CALLERS], count=COUNT)
    contenders.show(taking_part, [CALLERS])
    return [
        Figure(
            f"{small.name}: CPU with {MANY:,} members / with {FEW:,}",
            large.cpu(CALLERS) / small.cpu(CALLERS),
            at_most=1.05,
        )
        for small, large in zip(few, many, strict=True)
    ]


def _serve(stack: ExitStack, folder: Path, members: int) -> list[Contender]:
    folder.mkdir()
    environ = site.environ(folder)
    cookies = site.prepare(environ, members=members, signed_in=site.from_all_over(members))
    port = servers.free_port()
    master = stack.enter_context(servers.gunicorn("membership.app:create_app()", port, environ))
    return [
        Contender("webhook", port, site.webhooks("/webhooks/stripe"), master),
        Contender("premium page", port, site.premium_page(cookies), master),
    ]
