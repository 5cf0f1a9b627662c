# SPDX-License-Identifier: MIT
"""Simulates a device in set-up mode, which miIO.config_router ends.

It reveals its token. When it is told to join a network, it leaves, and soon turns up
again on the same socket, because there is only one network here. By then it has a new
token and hides it, as most devices do. Each kind in NEW_DEVICES has been seen.
"""

from ..errors import DeviceError
from ..packet import HELLO, Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Union

    from .device import FakeDevice, Params

# fmt: off
NEW_DEVICES = (
    "0",               # It answers 0, and joins.
    "ok",              # It answers "ok".
    "OK",              # It answers "OK".
    "list",            # It answers ["ok"].
    "object",          # It answers an object.
    "silent",          # It joins without answering.
    "keep token",      # It answers "ok", and then shows the same token for ever.
    "strict",          # It refuses more than ssid, passwd and uid, with -5001.
    "refuse",          # It refuses everything, with -1.
    "wrong password",  # It cannot join, and is back in set-up mode.
    "hello only",      # It answers hellos, and nothing else.
)
# fmt: on
_ANSWERS: "Dict[str, Any]" = {"0": 0, "OK": "OK", "list": ["ok"], "object": {}}
_LEAST = {"ssid", "passwd", "uid"}
STAYS = 0.0  # s from the answer until it leaves
AWAY = 2.0  # s until it turns up in the other network


class NewDevice:
    """Wraps a FakeDevice that is not in a network yet.

    kind: one of NEW_DEVICES. next_token: the token that it makes when it joins. stays,
    away: how long it takes to leave, and then to turn up; s. report: called with a line
    about each step, or None. has_joined: whether it is in the network.
    """

    def __init__(
        self,
        device: "FakeDevice",
        next_token: "Union[str, bytes, Token]",
        kind: str = "ok",
        *,
        stays: float = STAYS,
        away: float = AWAY,
        report: "Optional[Callable[[str], None]]" = None,
    ) -> None:
        self.device, self.kind = device, kind
        self._next_token = Token(next_token)
        self._stays, self._away = stays, away
        self._report = report
        self._now = 0.0
        # When it was told to join, or None while it is in set-up mode.
        self._told: "Optional[float]" = None
        self._ssid = ""
        self._failures = 0
        self.has_joined = False
        device.reveal = True
        device.methods["miIO.info"] = self._get_info
        device.methods["miIO.wifi_assoc_state"] = self._get_state
        device.methods["miIO.config_router"] = self._join

    @property
    def delay(self) -> float:
        """Seconds for which a Simulator holds back each reply."""
        return self.device.delay

    def handle(self, datagram: bytes, now: float) -> "List[bytes]":
        """Return the datagrams that answer this one, as FakeDevice.handle() does."""
        self._now = now
        told = self._told
        if told is not None and now >= told + self._stays:
            if now < told + self._stays + self._away:
                return []
            self._arrive()
        if self.kind == "hello only" and datagram != HELLO:
            return []
        replies = self.device.handle(datagram, now)
        is_told = told is None and self._told is not None
        return [] if is_told and self.kind == "silent" else replies

    def _arrive(self) -> None:
        """Join the network, or go back to set-up mode."""
        self._told = None
        if self.kind == "wrong password":
            self._failures += 1
            self._say("cannot join the network, and is back in set-up mode")
            return
        self.has_joined = True
        # Only a device in set-up mode can be told to join.
        del self.device.methods["miIO.config_router"]
        if self.kind != "keep token":
            self.device.token, self.device.reveal = self._next_token, False
        self._say("is in the network")

    def _join(self, params: "Params") -> "Any":
        if self._told is not None:
            # The device is about to leave, and no longer takes requests.
            raise DeviceError(-9999, "user ack timeout")
        fields = params if isinstance(params, dict) else {}
        ssid, uid = fields.get("ssid"), fields.get("uid")
        is_right = isinstance(ssid, str) and isinstance(fields.get("passwd"), str)
        if not is_right or type(uid) is not int or uid == 0:
            raise DeviceError(-5001, "invalid params")
        if self.kind == "refuse":
            raise DeviceError(-1, "bad params")
        if self.kind == "strict" and set(fields) != _LEAST:
            raise DeviceError(-5001, "invalid params")
        self._told, self._ssid = self._now, str(ssid)
        self._say("was told to join %s" % ascii(ssid))
        return _ANSWERS.get(self.kind, "ok")

    def _get_info(self, params: "Params") -> "Any":
        device = self.device
        low_word = (device.device_id & 0xFFFFFFFF).to_bytes(4, "big")
        mac = ":".join("%02X" % byte for byte in b"\2\0" + low_word)
        info: "Dict[str, Any]" = {"model": device.model, "mac": mac}
        if self.has_joined:
            info["ap"] = {"ssid": self._ssid}
        return info

    def _get_state(self, params: "Params") -> "Any":
        return {
            "state": "ONLINE" if self.has_joined else "CONNECTING",
            "auth_fail_count": self._failures,
            "dhcp_fail_count": 0,
        }

    def _say(self, text: str) -> None:
        if self._report is not None:
            self._report(text)
