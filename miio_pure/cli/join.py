# SPDX-License-Identifier: MIT
"""join: bring a new device into a Wi-Fi network.

However the command ends, even with Ctrl-C, it says what was sent and what was not. It
never shows the password.
"""

import sys
import time

from ..client import Client, choose_first_id
from ..devices import Record
from ..discovery import discover
from ..errors import DeviceError, MiioError, NoReply, PayloadError, TokenError
from ..join import (
    ACCEPTED,
    GONE,
    KEEPERS,
    SETUP_ADDRESSES,
    UNCLEAR,
    Joining,
    Wifi,
    wants_handshake,
)
from ..plans import carry_out
from ..surroundings import read_variable
from .arrival import Arrival
from .connect import Given, check_bind, check_host, create_devices, decode_name
from .output import Notice, Waiting, escape, is_terminal, say, write
from .secret import hide_secrets
from .status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

    from ..discovery import Found
    from ..packet import Token
    from .arguments import Options
    from .debug import Tracer

VARIABLE = "MIIO_WIFI_PASSWORD"
# Firmware that does not know the request answers with one of these.
UNKNOWN_METHOD = (-10000, -32601)
SAID = {
    ACCEPTED: "it says that it will",
    UNCLEAR: "what it answers is not known here",
    GONE: "it has left its own network without an answer",
}
ONLY_APP = "some devices can only be set up with the app"


def run(options: "Options") -> int:
    """Find the device, tell it to join, and look for it in the network."""
    task = Task(options)
    try:
        task.find()
        task.save()
        task.prepare()
        arrival = Arrival(task, task.tell())
        arrival.wait()
        return arrival.conclude()
    except KeyboardInterrupt:
        Notice.hide()
        if is_terminal(sys.stderr):
            # The line may still hold text that was typed at a prompt, or the ^C.
            write("\n", sys.stderr)
        say("note: interrupted; " + task.state)
        raise
    finally:
        task.close()


class Task:
    """The steps that bring one device into a network, in their order.

    name: the network's name, for messages. found: the device in its own network.
    token: the last one that it revealed. info: the result of miIO.info, or {}.
    """

    found: "Found"
    token: "Token"

    def __init__(self, options: "Options") -> None:
        check_bind(options)
        (name,) = map(decode_name, options.arguments)
        self.options = options
        # The user may have typed a token in place of the name.
        self.name = '"%s"' % escape(hide_secrets(name))
        self._password = read_password(options)
        self.wifi = self._make_wifi(name, self._password or "")
        if options.ip is not None:
            check_host(options.ip)
        self._devices = create_devices(options)
        self.trace = make_tracer(options)
        self.info: "Dict[str, Any]" = {}
        self._client: "Optional[Client]" = None
        self._joining: "Optional[Joining]" = None
        self._is_saved = self._is_told = False

    @property
    def state(self) -> str:
        """A text for messages: what was sent so far, and what was not."""
        text = "the name and the password of the network were not sent"
        if self._is_told:
            text = "device %d was told to join %s" % (self.found.device_id, self.name)
        elif self._joining is not None and self._joining.may_have_sent:
            text = (
                "the name and the password of the network may have been sent, so that "
                "device %d may join it" % self.found.device_id
            )
        return text + "; the token of the device is saved" * self._is_saved

    def _make_wifi(self, name: str, password: str) -> Wifi:
        try:
            return Wifi(name, password, self.options.timezone or "")
        except ValueError as error:
            raise UsageError(str(error)) from None

    def close(self) -> None:
        """Close the current client."""
        if self._client is not None:
            self._client.close()

    def open(self, address: str, token: "Token") -> Client:
        """Return a new client, and close the one that it replaces."""
        self.close()
        options = self.options
        self._client = Client(
            address,
            tokens=Given(token, "its own hello"),
            port=options.port,
            timeout=options.timeout,
            # In the other network, this computer has another address.
            bind=options.bind if address == self.found.address else None,
            trace=self.trace,
        )
        return self._client

    def describe(self) -> str:
        """Return the id and the model of the device, as far as they are known."""
        known = " (%s)" % escape(self.model) if self.model else ""
        return "%d%s" % (self.found.device_id, known)

    @property
    def model(self) -> str:
        """The model of the device, or "" if it is not known."""
        return self._make_record("").model

    def store(self, address: str) -> None:
        """Save the device with its token.

        address: its address in the new network, or "" until we know it.
        """
        self._devices.save([self._make_record(address)])

    def _make_record(self, address: str) -> Record:
        return Record(
            "join",
            address=address,
            device_id=self.found.device_id,
            token=self.token.hex(),
            model=self.info.get("model"),
            mac=self.info.get("mac"),
        )

    def find(self) -> None:
        """Find the device in its own network, where it has to reveal its token."""
        options, ip = self.options, self.options.ip
        targets = SETUP_ADDRESSES if ip is None else (ip,)
        hiding: "Optional[Found]" = None
        reason = ""
        limits: "Any" = {"timeout": options.timeout, "bind": options.bind}
        limits.update(port=options.port, trace=self.trace)
        with Waiting("waiting for the device to answer ..."):
            try:
                for found in discover(*targets, **limits):
                    if found.token is not None:
                        self.found, self.token = found, found.token
                        return
                    hiding = found
            except NoReply as error:
                reason = " (%s)" % error
        if hiding is not None:
            raise TokenError(
                "device %d at %s hides its token, so it is not in set-up mode: reset "
                "it first; %s" % (hiding.device_id, hiding.address, self.state)
            )
        raise NoReply(
            "no new device answers at %s%s: connect this computer to the network of "
            "the device, which has a name such as zhimi-fan-v3_miap1A2B. If the device "
            "has another address there, often that of the gateway, give it with --ip; "
            "%s" % (", ".join(targets), reason, self.state)
        )

    def save(self) -> None:
        """Ask the device what it is, and save the token that it reveals."""
        client = self.open(self.found.address, self.token)
        is_mute = False
        try:
            self.info = client.info()
        except NoReply:
            is_mute = True
        except (DeviceError, PayloadError):
            # The device does not know miIO.info.
            pass
        self.store("")
        self._is_saved = True
        say(
            "note: device %s is new; its token is saved in %s"
            % (self.describe(), self._devices.source)
        )
        if is_mute:
            say("warning: it answers hellos, but no requests so far; " + ONLY_APP)

    def prepare(self) -> None:
        """Get the password, say what will happen, and ask whether to go on."""
        if self.model.startswith(KEEPERS):
            say("note: devices of this model are known to keep their token")
        else:
            say(
                "warning: most devices since about 2019 make a new token when they "
                "join a network, and hide it, even without the app. Then the saved one "
                "is of no use, and nobody knows the new one. Only some keep theirs"
            )
        if wants_handshake(self.info):
            say(
                "warning: its firmware may want another kind of set-up, which is not "
                "supported here; " + ONLY_APP
            )
        if self._password is None:
            self.wifi = self._ask_password()
        if self.trace is not None:
            self.trace.hide(self.wifi.hide)
        if self.wifi.has_risks():
            say(
                "warning: some firmwares fail where a password has quotes, a "
                "semicolon, a slash, a backslash, a # or a non-ASCII character in it"
            )
        if not self.options.yes:
            self._ask()

    def _ask_password(self) -> Wifi:
        from .password import ask_password

        password = ask_password("password of the network: ", VARIABLE)
        reason = "no password was typed; for a network without one, set %s to nothing"
        try:
            if password:
                return self._make_wifi(self.wifi.ssid, password)
            reason %= VARIABLE
        except UsageError as error:
            reason = str(error)
        raise MiioError("%s; %s" % (reason, self.state))

    def _ask(self) -> None:
        """Ask whether to send; raise MiioError for any answer but yes."""
        Notice.hide()
        question = "Tell device %s to join %s? [y/N] " % (self.describe(), self.name)
        write(question, sys.stderr)
        try:
            answer = sys.stdin.readline() if sys.stdin is not None else ""
        except ValueError:
            # stdin is closed, or the answer is not in the encoding of the locale.
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            more = "" if answer else " (--yes sends without asking)"
            raise MiioError("not confirmed%s: %s" % (more, self.state))

    def tell(self) -> float:
        """Tell the device to join; return the monotonic time at which it was told."""
        client = self.open(self.found.address, self.token)
        self._joining = joining = Joining(self.wifi, choose_first_id(), time.monotonic)
        with Waiting("waiting for an answer from %s ..." % self.found.address):
            try:
                outcome = carry_out(client, joining.run())
            except DeviceError as error:
                raise explain_refusal(error) from None
            except NoReply as error:
                text = "%s; %s" % (error, self.state)
                raise NoReply(text, error.attempts) from None
            except TokenError as error:
                raise TokenError("%s; %s" % (error, self.state)) from None
        self._is_told = True
        told = (self.found.device_id, self.name, SAID[outcome])
        say("note: device %d was told to join %s; %s" % told)
        if self.wifi.timezone and "tz" not in joining.members:
            say("warning: it has refused the time zone")
        return joining.at


def read_password(options: "Options") -> "Optional[str]":
    """Return the password of the network, or None if it has to be asked for."""
    if options.password_prompt:
        return None
    given = read_variable(VARIABLE)
    if given is None:
        raise UsageError(
            "the password of the network is missing: give --password-prompt, or set "
            "%s, to nothing for a network without a password" % VARIABLE
        )
    return decode_name(given)


def make_tracer(options: "Options") -> "Optional[Tracer]":
    """Return a tracer that shows each datagram, if the user asked for that."""
    if not options.debug:
        return None
    from . import debug

    return debug.Tracer()


def explain_refusal(error: DeviceError) -> DeviceError:
    """Return the same error with an explanation of what it means here."""
    text = error.message + "; " if error.message else ""
    if error.code in UNKNOWN_METHOD:
        text += ONLY_APP + "; "
    return DeviceError(error.code, text + "it has not joined")
