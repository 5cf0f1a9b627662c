# SPDX-License-Identifier: MIT
"""From the DEVICE that somebody typed to a client that talks to it.

A DEVICE is looked up as the name or the id of a saved device, then as an address, then
as a host name. A saved device that is no longer at its address is looked for with a
broadcast, and its new address is saved.
"""

import os

from ..client import Client
from ..errors import MiioError, NoReply, TokenError
from ..packet import Token
from .output import Waiting, say
from .secret import check_secret
from .status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

    from ..devices import Devices, Record
    from ..discovery import Found
    from ..link import Trace
    from ..session import Saved
    from .arguments import Options

LOW_WORD = 0xFFFFFFFF
# A high word below this is not a part of a device id.
MAX_FILLING = 1 << 16
# The share of the time in which a saved device has to answer at its saved address.
ADDRESS_SHARE = 0.4


class Given:
    """The token that the user gave; it serves for any device.

    source: how messages call the place where it came from.
    """

    def __init__(self, token: Token, source: str) -> None:
        self._token, self.source = token, source

    def token(self, device_id: int) -> Token:
        """Return the token, whatever the device is."""
        return self._token


def read_token(options: "Options") -> "Optional[Given]":
    """Return the token of --token or MIIO_TOKEN; UsageError if it is malformed."""
    source, text = "--token", options.token
    if text is None:
        source, text = "MIIO_TOKEN", os.environ.get("MIIO_TOKEN") or None
    try:
        return None if text is None else Given(Token(text), source)
    except TokenError as error:
        raise UsageError("%s: %s" % (source, error)) from None


def open_devices(options: "Options") -> "Optional[Devices]":
    """Return the saved devices; None where there can be none."""
    try:
        from ..devices import Devices, default_path
    except ImportError:
        if options.devices is not None:
            raise UsageError("this copy came without devices.py") from None
        return None
    if options.devices is not None and not os.path.exists(options.devices):
        raise UsageError("--devices: there is no such file; devices add makes one")
    path = options.devices or default_path()
    return None if path is None else Devices(path)


def create_devices(options: "Options") -> "Devices":
    """Return the saved devices, to save more; the file need not be there yet.

    Raises TokenError if other users can read the file.
    """
    from ..devices import Devices

    devices = Devices(options.devices)
    devices.check_rights()
    return devices


def check_address(text: str) -> None:
    """Raise UsageError for what cannot be a DEVICE, and say what to type instead."""
    check_secret("the device", text)
    host, colon, port = text.rpartition(":")
    if not text.strip():
        raise UsageError("the device is empty: give an address, a name or a device id")
    if "://" in text:
        raise UsageError("give the address alone, such as 192.168.1.47, not a URL")
    if colon and not port.strip("0123456789") and ":" not in host:
        raise UsageError("give the port as an option: %s --port %s" % (host, port))
    if colon:
        raise UsageError("miIO needs an IPv4 address, such as 192.168.1.47")
    if not text.strip("0123456789"):
        raise UsageError("there is no saved device with this device id")
    if "," in text or text.lower() == "all":
        raise UsageError("give one device; several at once are not possible here")
    if "=" in text or text[:1] in "{[":
        raise UsageError("the device comes first: an address, a name or a device id")


def find_record(devices: "Optional[Devices]", text: str) -> "Optional[Record]":
    """Return the saved device of this name or id; an address is nobody's name."""
    if devices is None:
        return None
    if any(text in (record.name, record.device_id) for record in devices.records):
        return devices.find(text)
    return None


class Connection:
    """A device that has answered a hello, and the client that talks to it.

    A context manager. found: the Found of its hello. record: the saved Record, or None.
    is_guest: it need not be a saved one, although there are saved devices. devices: the
    saved devices, if they are open already.
    """

    found: "Found"

    def __init__(
        self,
        options: "Options",
        text: str,
        is_guest: bool = False,
        devices: "Optional[Devices]" = None,
    ) -> None:
        self._options, self._text = options, text
        self._given = read_token(options)
        self._devices = devices or self._open_devices()
        self.record = find_record(self._devices, text)
        if self.record is None:
            check_address(text)
        self._is_guest = is_guest
        self._tokens = self._choose_tokens()
        self._trace = make_trace(options, self._tokens)
        address = self.record.address if self.record else text
        self._waiting = Waiting("waiting for an answer from %s ..." % address)
        self.client = self._make_client(address)

    def __enter__(self) -> "Connection":
        self._waiting.__enter__()
        try:
            self.found = self._say_hello()
            self._admit_guest()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self._waiting.__exit__()
        self.client.close()
        if isinstance(error, TokenError):
            raise TokenError(str(error) + self._advise()) from None

    def facts(self) -> "Dict[str, Any]":
        """Return what names the device in a line of JSON."""
        return {"address": self.found.address, "device_id": self.found.device_id}

    def did(self) -> str:
        """Return MIoT's name for the device, which some devices insist on.

        At least one device fills the high word of its id with 16, which is no part of
        it, while other ids are longer than 32 bits (mi-home-cli).
        """
        device_id = self.found.device_id
        if self.record is not None:
            return self.record.device_id
        is_filled = device_id >> 32 < MAX_FILLING
        return str(device_id & LOW_WORD if is_filled else device_id)

    def name_property(self, address: "Tuple[int, int]") -> "Dict[str, Any]":
        """Return what names a MIoT property in a request."""
        siid, piid = address
        return {"did": self.did(), "siid": siid, "piid": piid}

    def use(self, token: Token, source: str) -> None:
        """Talk to the device with this token from now on."""
        self._tokens = Given(token, source)
        self._renew_client()

    def choose_token(self) -> "Tuple[Token, str]":
        """Return the token to save for this device, and where it comes from.

        A revealed token comes before a saved one: the device was reset since then.
        """
        if self._given is not None:
            return self._given.token(0), self._given.source
        if self.found.token is not None:
            return self.found.token, "the device's own hello"
        saved = look_up(self._devices, self.found.device_id)
        if saved is None:
            raise TokenError(
                "device %d hides its token: give it with --token, or in MIIO_TOKEN. "
                "The tokens command finds it in backups and data of the Mi Home app"
                % self.found.device_id
            )
        return saved, "the saved devices"

    def _renew_client(self) -> None:
        self.client.close()
        self.client = self._make_client(self.found.address)

    def _open_devices(self) -> "Optional[Devices]":
        try:
            return open_devices(self._options)
        except MiioError as error:
            if self._given is None:
                raise
            say("warning: %s" % error)
            return None

    def _choose_tokens(self) -> "Optional[Saved]":
        if self._given is not None:
            return self._given
        if self._devices is not None and self._devices.records:
            # Nothing that the device says can change this, so it comes before a hello.
            self._devices.check_rights()
            return self._devices
        return None

    def _make_client(self, address: str) -> Client:
        options = self._options
        return Client(
            address,
            tokens=self._tokens,
            port=options.port,
            timeout=options.timeout,
            bind=options.bind,
            trace=self._trace,
        )

    def _say_hello(self) -> "Found":
        if self.record is None or self._devices is None:
            return self.client.handshake()
        if not self.record.address:
            self._find_again(self._devices, self.record, "its address is not known")
            return self.client.handshake()
        timeout = self.client.timeout
        self.client.timeout = timeout * ADDRESS_SHARE
        try:
            found = self.client.handshake()
            if is_same(found, self.record):
                return found
            reason = "device %d answers at %s" % (found.device_id, found.address)
        except NoReply as error:
            reason = str(error)
        finally:
            self.client.timeout = timeout
        self._find_again(self._devices, self.record, reason)
        return self.client.handshake()

    def _find_again(self, devices: "Devices", record: "Record", reason: str) -> None:
        """Look for a saved device that has left its address; save the new one."""
        from ..discovery import discover

        options = self._options
        left = options.timeout * (1 - ADDRESS_SHARE)
        for found in discover(
            timeout=left, bind=options.bind, port=options.port, trace=self._trace
        ):
            if is_same(found, record):
                self.client.close()
                self.client = self._make_client(found.address)
                keep_address(devices, record, found.address)
                return
        raise NoReply(
            "%s, and device %s does not answer a broadcast: is it switched on?"
            % (reason, record.device_id)
        )

    def _admit_guest(self) -> None:
        """Talk to a device that is not saved with the token that it reveals."""
        if not self._is_guest or self._given is not None or self.record is not None:
            return
        if look_up(self._devices, self.found.device_id) is None:
            self._tokens = None
            self._renew_client()

    def _advise(self) -> str:
        """Return what to do about a token that is missing or wrong."""
        if self._given is not None:
            return ""
        from .hint import format_hint

        if self.record is not None:
            name = self.record.name or self.record.device_id
            hint = format_hint(self._options, "devices add", name, "--token", "HEX")
            return "; to replace the saved token: " + hint
        if self._tokens is not None:
            return ": " + format_hint(self._options, "devices add", self._text)
        return ""


def look_up(devices: "Optional[Devices]", device_id: int) -> "Optional[Token]":
    """Return the saved token of a device; some ids are saved without a high word."""
    if devices is None:
        return None
    return devices.token(device_id) or devices.token(device_id & LOW_WORD)


def keep_address(devices: "Devices", record: "Record", address: str) -> None:
    """Save the new address of a device; that is only worth a warning if it fails."""
    say("note: the device is at %s now" % address)
    record.address = address
    try:
        devices.save([record])
    except MiioError as error:
        say("warning: the new address cannot be saved: %s" % error)


def is_same(found: "Found", record: "Record") -> bool:
    """Tell whether this is the saved device; some ids are saved without a high word."""
    return record.device_id in (str(found.device_id), str(found.device_id & LOW_WORD))


def make_trace(options: "Options", tokens: "Optional[Saved]") -> "Optional[Trace]":
    """Return what shows each datagram, if the user asked for that."""
    if not options.debug:
        return None
    from .debug import Tracer

    return Tracer(tokens)
