# SPDX-License-Identifier: MIT
"""Turns the DEVICE that somebody typed into a client that talks to it.

A DEVICE is looked up as the name or the id of a saved device, then as an address, then
as a host name. A saved device that is no longer at its address is searched for with a
broadcast, and its new address is saved.
"""

from time import monotonic

from ..client import Client
from ..discovery import Found
from ..errors import MiioError, NoReply, TokenError
from ..exchange import greet
from ..link import open_socket, resolve
from ..packet import Token
from ..plans import carry_out
from ..surroundings import default_path, exists, read_variable
from .output import Waiting, say
from .secret import check_secret
from .status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple, TypeVar

    from ..devices import Devices, Record
    from ..link import Trace
    from ..plans import Plan
    from ..session import Saved
    from .arguments import Options

    Result = TypeVar("Result")

LOW_WORD = 0xFFFFFFFF
# The share of the time in which a saved device has to answer at its saved address.
ADDRESS_SHARE = 0.4


class Given:
    """The token that the user gave; it serves for any device.

    source: what messages call the place that it came from.
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
        source, text = "MIIO_TOKEN", read_variable("MIIO_TOKEN") or None
    try:
        return None if text is None else Given(Token(text), source)
    except TokenError as error:
        raise UsageError("%s: %s" % (source, error)) from None


def open_devices(options: "Options") -> "Optional[Devices]":
    """Return the saved devices; None where there are none."""
    if options.devices is not None and not exists(options.devices):
        hint = explain_saving(options, "ADDRESS", "--token", "HEX")
        raise UsageError("--devices: there is no such file; %s creates it" % hint)
    path = options.devices or default_path()
    # Without a file, importing Devices would only cost time. A relative path is left to
    # it, because it explains what is wrong if the current folder has been removed.
    if path is None or path[:1] == "/" and not exists(path):
        return None
    try:
        from ..devices import Devices
    except ImportError:
        if options.devices is not None:
            raise UsageError(
                "this copy of miio_pure lacks devices.py, which --devices needs"
            ) from None
        return None
    return Devices(path)


def create_devices(options: "Options") -> "Devices":
    """Open the saved devices in order to save more; the file need not exist yet.

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
        raise UsageError("no saved device has this device id; try its address")
    if "," in text or text.lower() == "all":
        raise UsageError("this command takes one device, not several")
    if "=" in text or text[:1] in "{[":
        raise UsageError("the device comes first: an address, a name or a device id")


def check_host(text: str) -> None:
    """Raise UsageError for a malformed address."""
    if text.strip("0123456789./"):
        return
    try:
        # Nothing is looked up for an address, so no deadline is needed.
        resolve(text, 0.0)
    except NoReply as error:
        raise UsageError(str(error)) from None


def check_bind(options: "Options") -> None:
    """Raise UsageError if --bind names nothing that this computer can send from."""
    if options.bind is None:
        return
    try:
        open_socket(options.bind).close()
    except NoReply as error:
        raise UsageError("--bind: %s" % error) from None


def decode_name(text: str) -> str:
    """Return a name as it was typed, even where the locale is C."""
    if all(char < "\x7f" for char in text):
        return text
    from .values import decode_argument

    return decode_argument(text)


def find_record(devices: "Optional[Devices]", text: str) -> "Optional[Record]":
    """Return the saved device with this name or id; addresses do not count."""
    if devices is None:
        return None
    if any(text in (record.name, record.device_id) for record in devices.records):
        return devices.find(text)
    return None


class Connection:
    """A device that has answered a hello, and the client that talks to it.

    A context manager. found: the Found of its hello. is_open: whether it has answered
    one and there is a token. record: the saved Record, or None. max_batch: how many
    properties it was found to take at once, or None.
    is_guest: it need not be a saved one, although there are saved devices. devices: the
    saved devices, if they are open already.
    """

    found: "Found"
    is_open = False
    max_batch: "Optional[int]" = None

    def __init__(
        self,
        options: "Options",
        text: str,
        is_guest: bool = False,
        devices: "Optional[Devices]" = None,
    ) -> None:
        check_bind(options)
        self._options, self._text = options, decode_name(text)
        self._given = read_token(options)
        self._devices = devices or self._open_devices()
        self.record = find_record(self._devices, self._text)
        if self.record is None:
            check_address(self._text)
            check_host(self._text)
        self._is_guest = is_guest
        self._tokens = self._choose_tokens()
        self._trace = make_trace(options, self._tokens)
        address = self.record.address if self.record else self._text
        self._waiting = Waiting("waiting for an answer from %s ..." % address)
        self.client = self._make_client(address)

    def __enter__(self) -> "Connection":
        self._waiting.__enter__()
        try:
            self._say_hello()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self._close()
        if isinstance(error, TokenError):
            raise TokenError(str(error) + self.advise(error)) from None

    def _close(self) -> None:
        self._waiting.__exit__()
        self.client.close()

    def facts(self) -> "Dict[str, Any]":
        """Return the members that identify the device in a line of JSON."""
        facts: "Dict[str, Any]" = {}
        facts.update(address=self.found.address, device_id=self.found.device_id)
        if self.record is not None and self.record.name:
            facts["name"] = self.record.name
        return facts

    def carry_out(self, plan: "Plan[Result]") -> "Result":
        """Carry out a plan with this device, and return its value."""
        return carry_out(self.client, plan)

    def keep(self, **fields: str) -> None:
        """Save what was found out about a saved device, so that it is known next time.

        If it cannot be saved, it will just be found out again.
        """
        if self.record is None or self._devices is None:
            return
        for field, value in fields.items():
            setattr(self.record, field, value)
        try:
            self._devices.save([self.record])
        except MiioError:
            pass

    def use(self, token: Token, source: str) -> None:
        """Talk to the device with this token from now on."""
        self._tokens = Given(token, source)
        self._renew_client()

    def choose_token(self) -> "Tuple[Token, str]":
        """Return the token to save for this device, and where it comes from.

        A revealed token takes precedence over a saved one, because the device has been
        reset since that one was saved.
        TokenError, which says how to get one, if there is none.
        """
        if self._given is not None:
            return self._given.token(0), self._given.source
        if self.found.token is not None:
            return self.found.token, "its own hello"
        saved = look_up(self._devices, self.found.device_id)
        if saved is None:
            raise TokenError(
                "device %d hides its token: pass it with --token or MIIO_TOKEN. The "
                "tokens command finds tokens in backups and in other programs' data; a "
                "device that was reset reveals its token until it is set up again"
                % self.found.device_id
            )
        return saved, "the saved devices"

    def plan_hello(self) -> "Plan[None]":
        """Say hello, and make sure that there is a token for the device.

        NoReply if a saved device is not at its saved address.
        """
        record = self.record
        if record is not None and not record.address:
            raise NoReply(
                "no address is saved for device %s, and it may be off"
                % record.device_id
            )
        greeting = yield greet
        self.found = Found(self.client.host, self.client.port, greeting)
        if record is not None and not is_same(self.found, record):
            raise NoReply(
                "device %d answers at %s, so device %s has moved or is off"
                % (self.found.device_id, self.client.host, record.device_id)
            )
        self._check_token()
        self.is_open = True

    def move(self, found: Found) -> None:
        """Switch to the address at which a search has found the saved device."""
        self.found = found
        self._renew_client()
        # Only saved devices are searched for.
        if self.record is not None and self._devices is not None:  # pragma: no branch
            keep_address(self._devices, self.record, found.address)

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
            # This does not depend on the device, so it is checked before the hello.
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

    def _say_hello(self) -> None:
        if self.record is None:
            self.find_host()
            self.carry_out(self.plan_hello())
            return
        client = self.client
        timeout = client.timeout
        client.timeout = timeout * ADDRESS_SHARE
        try:
            self.carry_out(self.plan_hello())
        except NoReply as error:
            self._find_again(self.record, str(error))
            self._check_token()
        finally:
            client.timeout = timeout

    def find_host(self) -> None:
        """Look up a host name; if there is none, say what may have been meant."""
        try:
            address = resolve(self._text, monotonic() + self._options.timeout)
        except NoReply as error:
            from .nearest import guess_device

            guess = guess_device(self._options, self._devices, self._text)
            text = "%s, and no saved device has this name either" % error
            if guess:
                raise UsageError("%s; %s" % (text, guess)) from None
            raise NoReply(text) from None
        if address != self._text:
            self.client = self._make_client(address)

    def _find_again(self, record: "Record", reason: str) -> None:
        """Search for a saved device that has left its address; save the new one.

        reason: what happened at its address, for the NoReply if it is not found.
        """
        from ..discovery import discover

        options = self._options
        left = options.timeout * (1 - ADDRESS_SHARE)
        outcome = "did not find it either"
        try:
            for found in discover(
                timeout=left, bind=options.bind, port=options.port, trace=self._trace
            ):
                if is_same(found, record):
                    self.move(found)
                    return
        except NoReply as error:
            outcome = "failed: %s" % error
        raise NoReply("%s; a search of the local network %s" % (reason, outcome))

    def _check_token(self) -> None:
        """Raise TokenError if there is no token; let a guest use a revealed one."""
        device_id = self.found.device_id
        if self._given is not None or look_up(self._devices, device_id) is not None:
            return
        if self._tokens is not None and not self._is_guest:
            hint = explain_saving(self._options, self._text)
            raise TokenError(
                "device %d is not saved; pass its token with --token, or save it "
                "first: %s" % (device_id, hint)
            )
        self.choose_token()
        if self._tokens is not None:
            self._tokens = None
            self._renew_client()

    def advise(self, error: object) -> str:
        """Return what to do about a token that was rejected, or "" for other errors."""
        if self._given is not None or not isinstance(error, TokenError):
            return ""
        if look_up(self._devices, self.found.device_id) is None:
            return "; pass the right token with --token or MIIO_TOKEN"
        name = self._text
        if self.record is not None:
            name = self.record.name or self.record.device_id
        # A device that was reset reveals its new token, and then this is enough.
        is_revealed = self.found.token is not None and self._tokens is self._devices
        words = [] if is_revealed else ["--token", "HEX"]
        hint = explain_saving(self._options, name, *words)
        return "; to replace the saved token, run: " + hint


def explain_saving(options: "Options", *words: str) -> str:
    """Return the command line that saves a device; words: its arguments."""
    # Only a command that fails needs this module.
    from .hint import format_hint

    return format_hint(options, "devices add", *words)


def look_up(devices: "Optional[Devices]", device_id: int) -> "Optional[Token]":
    """Return the saved token of a device; some ids are saved without a high word."""
    if devices is None:
        return None
    return devices.token(device_id) or devices.token(device_id & LOW_WORD)


def keep_address(devices: "Devices", record: "Record", address: str) -> None:
    """Save the new address of a device; a failure is only worth a warning."""
    if address == record.address:
        return
    name = record.name or "device " + record.device_id
    say("note: %s is now at %s" % (name, address))
    record.address = address
    try:
        devices.save([record])
    except MiioError as error:
        say("warning: the new address cannot be saved: %s" % error)


def is_same(found: "Found", record: "Optional[Record]") -> bool:
    """Tell whether this is the saved device; some ids are saved without a high word."""
    return record is not None and record.device_id in (
        str(found.device_id),
        str(found.device_id & LOW_WORD),
    )


def make_trace(options: "Options", tokens: "Optional[Saved]") -> "Optional[Trace]":
    """Return a Tracer that shows each datagram, or None without --debug."""
    if not options.debug:
        return None
    from .debug import Tracer

    return Tracer(tokens)
