# SPDX-License-Identifier: MIT
"""The second half of join: finds the device in the network that it was told to join.

We cannot tell when this computer is back in that network, so we search until the device
turns up. If it answers at its old address, we ask it which network it is in.
"""

import time

from ..discovery import discover
from ..errors import MiioError, NoReply, TokenError
from ..join import LEAVE_TIME, check_token, look_there
from ..plans import carry_out
from .hint import format_hint
from .output import Waiting, print_json, print_line, say
from .status import DONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from ..discovery import Found
    from .join import Task

MAX_WAIT = 600.0  # s for the device to turn up in the network
# If the device is in its own network after this time, it could not join.
MAX_STAY = 30.0  # s
ROUND = 3.0  # s from one search to the next
BROADCAST_TIME, HELLO_TIME = 2.0, 1.0  # s of a search


class Arrival:
    """Waits for the device of a task, and tells whether its token still holds.

    told_at: the monotonic time at which the device was told to join.
    """

    home: "Found"

    def __init__(self, task: "Task", told_at: float) -> None:
        self._task, self._told_at = task, told_at

    def wait(self) -> None:
        """Wait until both the device and this computer are in the network."""
        task, minutes = self._task, MAX_WAIT // 60
        say(
            "note: connect this computer to %s now, unless it is connected already; "
            "waiting for the device there for up to %d minutes ..."
            % (task.name, minutes)
        )
        deadline = time.monotonic() + MAX_WAIT
        with Waiting("waiting for device %d ..." % task.found.device_id):
            while time.monotonic() < deadline:
                start = time.monotonic()
                if self._look(task.found.address) or self._look(None):
                    return
                time.sleep(max(0.0, start + ROUND - time.monotonic()))
        hint = format_hint(task.options, "discover")
        raise NoReply(
            "device %d did not turn up within %d minutes: is this computer in the "
            "network, and does the device reach it? Devices use 2.4 GHz only. %s. To "
            "look for it again: %s" % (task.found.device_id, minutes, task.state, hint)
        )

    def _look(self, address: "Optional[str]") -> bool:
        """Look for the device at an address, or with a broadcast if that is None."""
        task = self._task
        targets = () if address is None else (address,)
        timeout = BROADCAST_TIME if address is None else HELLO_TIME
        try:
            for found in discover(
                *targets, timeout=timeout, port=task.options.port, trace=task.trace
            ):
                if found.device_id == task.found.device_id and self._is_home(found):
                    self.home = found
                    return True
        except NoReply:
            # This computer may be between two networks.
            pass
        return False

    def _is_home(self, found: "Found") -> bool:
        """Tell whether the device has left its own network for good.

        It has if it answers elsewhere, or hides its token. Otherwise, we ask it.
        """
        task = self._task
        if found.address != task.found.address or found.token is None:
            return True
        since = time.monotonic() - self._told_at
        if since < LEAVE_TIME:
            # The device may be about to leave.
            return False
        client = task.open(found.address, found.token)
        if carry_out(client, look_there(task.wifi.ssid)):
            return True
        if since > MAX_STAY:
            raise MiioError(
                "the device is still in its own network, or is back there, so it could "
                "not join %s: is the name right, and the password, and is it a network "
                "at 2.4 GHz? The token of the device is saved" % task.name
            )
        return False

    def conclude(self) -> int:
        """Tell where the device is, and whether its token still holds."""
        task, home = self._task, self.home
        said = "its token still holds"
        if home.token is not None and home.token != task.token:
            task.token, said = home.token, "it reveals a new token"
        self._store()
        try:
            info = self._check_token()
        except MiioError as error:
            # Whatever the error, the device is in the network.
            is_wrong = isinstance(error, TokenError)
            self._print(False if is_wrong else None, "")
            if is_wrong:
                raise TokenError("%s: %s" % (error, self._advise())) from None
            raise
        if isinstance(info, dict) and not task.info:
            task.info = info
            self._store()
        self._print(True, said)
        say("note: try: " + format_hint(task.options, "info", str(home.device_id)))
        return DONE

    def _store(self) -> None:
        """Save the new address; only warn if that fails."""
        try:
            self._task.store(self.home.address)
        except MiioError as error:
            say("warning: what is new cannot be saved: %s" % error)

    def _check_token(self) -> "Any":
        client = self._task.open(self.home.address, self._task.token)
        with Waiting("waiting for an answer from %s ..." % self.home.address):
            return carry_out(client, check_token(time.monotonic))

    def _advise(self) -> str:
        """Return advice about a token that is no longer valid."""
        words = (self.home.address, "--token", "HEX")
        return (
            "it has most probably made a new one, and hides it. Where the app knows "
            "the device, the tokens command finds the new token in the app's data; "
            "then: " + format_hint(self._task.options, "devices add", *words)
        )

    def _print(self, holds: "Optional[bool]", said: str) -> None:
        """Print where the device is.

        holds: whether its saved token still holds, or None if that is not known.
        """
        task, address = self._task, self.home.address
        if task.options.json:
            facts = {"address": address, "device_id": self.home.device_id}
            facts.update(model=task.model or None, token_holds=holds)
            print_json(facts)
            return
        line = "joined: device %s at %s" % (task.describe(), address)
        print_line(line + ("; " + said if said else ""))
