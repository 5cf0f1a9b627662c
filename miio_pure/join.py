# SPDX-License-Identifier: MIT
"""Makes a new device join a Wi-Fi network.

A new or reset device opens a network of its own, in which its hello reveals its token.
The request miIO.config_router gives it the name and the password of another network.
Then the device leaves its own network and turns up in the other one.

**Why we do not simply repeat the request.** A device that took the request may leave
before its answer is out, so a silence is more often a yes than a no. And nobody knows
what a second request does to a device that is about to join. So after a silence, we
wait until a device that took the request would be gone. Only if it is still there, and
answers another request, do we send the request once more, under the same id. A refusal
is different: the device has not acted, so we may send the request in another form.

**What happens to the token.** Most devices since about 2019 make a new one when they
join, and hide it. So afterwards we send a request to see if the old one is still valid.

The steps are written as plans (see `plans`): the caller has the clients, and looks for
the device in the networks.
"""

from .errors import DeviceError, MiioError, NoReply, PayloadError, TokenError
from .exchange import BUSY, Request, Signal, greet
from .host import write
from .session import MAX_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional

    from .plans import Plan

# Devices have one of these addresses in their own networks.
SETUP_ADDRESSES = (
    "192.168.4.1",
    "192.168.8.1",
    "192.168.13.1",
    "10.10.10.1",
    "192.168.1.1",
)
METHOD = "miIO.config_router"
MAX_SSID = 32  # bytes
MIN_PASSWORD, MAX_PASSWORD = 8, 64  # characters
MAX_TIMEZONE = 64  # characters
# Some firmwares do not join if the password contains one of these characters.
RISKY = ";\\/#'\""
# The app sends the number of an account. Some vacuums refuse 0.
UID = 1337
# With these codes, a device says that it does not take the params in this form.
BAD_PARAMS = (-1, -5001)
# Models that begin like this are known to keep their token.
KEEPERS = ("philips.light.sread1", "rockrobo.vacuum.", "xiaomi.repeater.v2")
FIRST_VERSION = "0.0.1"
# A device that took the request leaves its own network within 5 s.
LEAVE_TIME = 6.0  # s
MAX_SENDS = 2
# A device that has just joined may answer hellos before it answers requests.
CHECKS = 2
CHECK_PAUSE = 3.0  # s
HIDDEN = "(hidden)"

# How a device reacted to the request: it said yes; it said something else; it left its
# network without an answer.
ACCEPTED, UNCLEAR, GONE = Signal("ACCEPTED"), Signal("UNCLEAR"), Signal("GONE")

_INFO = Request({"method": "miIO.info"}, None)
_STATE = Request({"method": "miIO.wifi_assoc_state"}, None)


class Wifi:
    """The network to join; its repr does not show the password.

    password: "" for a network without one. timezone: such as Europe/Berlin, or "".
    Raises ValueError, which does not show the password either.
    """

    __slots__ = ("ssid", "timezone", "_password")

    def __init__(self, ssid: str, password: str = "", timezone: str = "") -> None:
        self.ssid, self.timezone, self._password = ssid, timezone, password
        if not 0 < len(_encode(ssid, "the name of the network")) <= MAX_SSID:
            raise ValueError(
                "the name of a Wi-Fi network has 1 to %d bytes in UTF-8" % MAX_SSID
            )
        _encode(password, "the password")
        if password and not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise ValueError(
                "a Wi-Fi password has %d to %d characters"
                % (MIN_PASSWORD, MAX_PASSWORD)
            )
        plain = timezone.replace("/", "").replace("_", "").replace("-", "")
        plain = plain.replace("+", "")
        if timezone and not (len(timezone) <= MAX_TIMEZONE and plain.isalnum()):
            raise ValueError("a time zone is a name such as Europe/Berlin")

    def __repr__(self) -> str:
        return "<Wifi %r>" % self.ssid

    def list_forms(self) -> "List[Dict[str, Any]]":
        """Return the params of the request in the forms that devices take.

        The first form is for most devices. The next ones are for devices that refuse
        it: one with the members that the app adds, and the shortest one.
        """
        least = {"ssid": self.ssid, "passwd": self._password, "uid": UID}
        zone = {"tz": self.timezone} if self.timezone else {}
        forms = [dict(least, **zone), dict(least, config_type="app", **zone)]
        return forms + [least] * bool(zone)

    def has_risks(self) -> bool:
        """Tell whether the password has characters that some firmwares cannot take."""
        return any(char in RISKY or not " " <= char <= "~" for char in self._password)

    def hide(self, text: str) -> str:
        """Return a text without the password, which a device may have repeated."""
        # The password may appear as it is, in JSON, and in JSON inside a JSON string.
        forms = [self._password]
        forms.append(write(forms[0])[1:-1])
        forms.append(write(forms[1])[1:-1])
        for form in reversed(forms) if self._password else ():
            text = text.replace(form, HIDDEN)
        return text


def _encode(text: str, what: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        # A command line that is not in UTF-8 has bytes that are not valid characters.
        # The error of encode() would show the text.
        raise ValueError("%s is not valid UTF-8" % what) from None


class Joining:
    """Sends the request to one device, and finds out whether the device took it.

    first_id: the id of the first request. now: returns the monotonic time.
    may_have_sent: whether the request may have left this host. at: when it last left.
    members: the names of the params that were sent last.
    """

    def __init__(self, wifi: Wifi, first_id: int, now: "Callable[[], float]") -> None:
        self._wifi, self._first_id, self._now = wifi, first_id, now
        self.may_have_sent = False
        self.at = 0.0
        self.members: "List[str]" = []

    def __repr__(self) -> str:
        return "<Joining %r>" % self._wifi

    def run(self) -> "Plan[Signal]":
        """Send the request, in the form that the device takes.

        Returns ACCEPTED, UNCLEAR or GONE. Raises DeviceError if the device refuses the
        request, and NoReply if it could not be sent, or if the device ignores it.
        """
        # After a hello, the request leaves at once, so `may_have_sent` is exact.
        yield greet
        for number, params in enumerate(self._wifi.list_forms()):
            self.members = list(params)
            ident = (self._first_id + number) & MAX_ID or 1
            try:
                return (yield from self._send(params, ident))
            except DeviceError as error:
                refusal = DeviceError(error.code, self._wifi.hide(error.message))
            if refusal.code not in BAD_PARAMS:
                break
        raise refusal

    def _send(self, params: "Dict[str, Any]", ident: int) -> "Plan[Signal]":
        fields = {"method": METHOD, "params": params, "id": ident}
        request = Request(fields, "never")
        for _ in range(MAX_SENDS):
            before, self.may_have_sent = self.may_have_sent, True
            self.at = self._now()
            try:
                return judge_result((yield request.begin))
            except NoReply as error:
                if not error.sent:
                    self.may_have_sent = before
                    raise
            except DeviceError as error:
                if error.code not in BUSY:
                    raise
                # A device that says it is busy may still have acted.
                return UNCLEAR
            except PayloadError:
                # The device has answered, but not in JSON.
                return UNCLEAR
            outcome = yield from self._look_again()
            if outcome is not None:
                return outcome
        raise NoReply(
            "the device is still in its own network: it answers other requests, but "
            "not %s" % METHOD,
            MAX_SENDS,
        )

    def _look_again(self) -> "Plan[Optional[Signal]]":
        """Return what a silence meant, or None if the request has to be sent again."""
        yield self.at + LEAVE_TIME
        try:
            yield greet
        except NoReply:
            return GONE
        try:
            state = yield _STATE.begin
        except (DeviceError, PayloadError):
            # The device does not know this method, but it does answer requests.
            return None
        except NoReply:
            pass
        else:
            check_state(state)
            return UNCLEAR if _is_connecting(state) else None
        try:
            yield greet
        except NoReply:
            return GONE
        raise NoReply(
            "the device is still in its own network: it answers hellos, but no "
            "requests. Some devices can only be set up with the app",
            1,
        )


def judge_result(result: "Any") -> Signal:
    """Return ACCEPTED for any known form of yes; raise DeviceError for a no."""
    if isinstance(result, list) and len(result) == 1:
        (result,) = result
    code = result.get("code", 0) if isinstance(result, dict) else result
    if isinstance(code, str):
        return ACCEPTED if code.lower() == "ok" else UNCLEAR
    if type(code) is not int or code > 0:
        return UNCLEAR
    if code < 0:
        raise DeviceError(code, "")
    return ACCEPTED


def check_state(state: "Any") -> None:
    """Raise MiioError if miIO.wifi_assoc_state says that the password is wrong."""
    failures = state.get("auth_fail_count") if isinstance(state, dict) else None
    if type(failures) is int and failures > 0:
        raise MiioError(
            "the network refuses the device: the password is probably wrong. The "
            "device is still in its own network, so this can be tried again"
        )


def _is_connecting(state: "Any") -> bool:
    name = state.get("state") if isinstance(state, dict) else None
    return name in ("CONNECTING", "CONNECTED", "ONLINE")


def wants_handshake(info: "Any") -> bool:
    """Tell from miIO.info whether the firmware may want another kind of set-up.

    From version 0.0.2 of the protocol on, it may want a key exchange, which we do not
    support.
    """
    version = info.get("miio_ver") if isinstance(info, dict) else None
    return isinstance(version, str) and version > FIRST_VERSION


def look_there(ssid: str) -> "Plan[bool]":
    """Ask a device at the address that it had in its own network whether it has joined.

    Returns True if it is in the network with this name, and False if it is still in its
    own network. Raises MiioError if the password is wrong.
    """
    try:
        info = yield _INFO.begin
        if find_network(info) == ssid:
            return True
        check_state((yield _STATE.begin))
    except (DeviceError, NoReply, PayloadError, TokenError):
        # The device may give another answer the next time we ask.
        pass
    return False


def find_network(info: "Any") -> str:
    """Return the name of the network that a device is in, from its miIO.info, or ""."""
    point = info.get("ap") if isinstance(info, dict) else None
    name = point.get("ssid") if isinstance(point, dict) else None
    return name if isinstance(name, str) else ""


def check_token(now: "Callable[[], float]") -> "Plan[Any]":
    """Return the result of miIO.info under the client's token, or {} if it has none.

    Raises TokenError if the device rejects the token, or ignores requests under it.
    """
    for turn in range(CHECKS):
        if turn:
            yield now() + CHECK_PAUSE
        try:
            return (yield _INFO.begin)
        except (DeviceError, PayloadError):
            # The device has accepted the token, but does not know miIO.info.
            return {}
        except NoReply as error:
            if not error.sent:
                raise
    raise TokenError("the device answers hellos, but no requests under its old token")
