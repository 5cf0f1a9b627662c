# SPDX-License-Identifier: MIT
"""Runs plans: tasks of several exchanges, such as reading many properties.

A plan is a generator. For each exchange, it yields the function that begins it, such as
`exchange.greet` or `Request.begin`; then it is sent the result, or the MiioError is
thrown into it. It may also yield a float, the monotonic time until which it wants to
wait, or a `Part`, which is an exchange that must leave time for others. The value that
it returns is its outcome.

So a plan does not block, and does not know what runs it: `carry_out` runs a plan with
one client, and `together.run_all` runs plans with many clients.
"""

import time

from .errors import MiioError
from .link import drive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator, Tuple, TypeVar, Union

    from .client import Begin, Client
    from .link import Call

    Result = TypeVar("Result")
    Plan = Generator[Union[Begin[Any], float, "Part"], Any, Result]
    # A function that runs one exchange in this share of the remaining time, and returns
    # the address and the result.
    Converse = Callable[[Begin[Any], float], Call[Tuple[str, Any]]]

NEVER = float("inf")
# A Part of a plan may take this share of the time that the plan has left.
PART = 0.5


class Part:
    """An exchange that must leave time for others.

    begin: the function that begins it. A Part makes a difference only if the whole plan
    has a deadline.
    """

    def __init__(self, begin: "Begin[Any]") -> None:
        self.begin = begin


class Clock:
    """Stand in for a link when a plan only waits for a time."""

    def receive(self, until: float) -> None:
        """Wait until this monotonic time."""
        time.sleep(max(0.0, until - time.monotonic()))


def carry_out(client: "Client", plan: "Plan[Result]") -> "Result":
    """Carry out a plan with one client, and return its value.

    Each exchange has the client's timeout.
    """

    def converse(begin: "Begin[Any]", share: float) -> "Call[Tuple[str, Any]]":
        return client.converse(begin, time.monotonic() + client.timeout)

    return drive(follow(plan, converse, NEVER))


def follow(
    plan: "Plan[Result]", converse: "Converse", deadline: float
) -> "Call[Result]":
    """Carry out a plan without blocking, and return its value.

    converse: runs one exchange. deadline: the time at which each wait ends.
    """
    resume: "Callable[[Any], Any]" = plan.send
    given: "Any" = None
    try:
        while True:
            try:
                wish = resume(given)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            resume, given = plan.send, None
            try:
                if isinstance(wish, float):
                    yield Clock(), min(wish, deadline)
                else:
                    is_part = isinstance(wish, Part)
                    begin, share = (wish.begin, PART) if is_part else (wish, 1.0)
                    _, given = yield from converse(begin, share)
            except MiioError as error:
                resume, given = plan.throw, error
    finally:
        plan.close()
