# SPDX-License-Identifier: MIT
"""The spec files that the user saved, beside the saved devices.

A spec is saved under the name of its model, such as zhimi.airpurifier.mb4.json, if the
user gave it. A spec file has only parts of that name, in its URN, so it is otherwise
saved under those: zhimi-mb4.json.
"""

from ..errors import DeviceError, MiioError
from ..exchange import Request
from ..surroundings import default_path, exists, split_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from ..plans import Plan
    from ..miot import Miot, Spec
    from .arguments import Options
    from .connect import Connection

FOLDER = "specs"
WITHOUT_MIOT = "this copy of miio_pure lacks its folder miot, which newer devices need"
MAX_MODEL = 64  # characters
MAX_BATCH = "15"  # properties, as long as nothing else is known
PAGE = "https://home.miot-spec.com/spec/%s"
DOWNLOAD = "https://miot-spec.org/miot-spec-v2/instance?type=URN"


class MissingSpec(MiioError):
    """A spec file is needed and not there; excerpt: lines that say how to get it."""

    def __init__(self, options: "Options", model: str) -> None:
        # Only a command that fails needs this module.
        from .hint import format_hint

        super().__init__(
            "the spec file of %s, which says what its properties and actions are, is "
            "not saved here; get it as follows, or use numbers such as 2.1"
            % (model or "this model")
        )
        # A device may say anything, and these lines are for a shell.
        name = model if is_file_name(model) else "MODEL"
        words = (name + ".json", "--save", "--model", name)
        self.excerpt = [
            "1. On any computer, open " + PAGE % name,
            "   and copy the text that begins with urn:miot-spec-v2:device",
            "2. Replace URN with that text in this command, and run it:",
            "   wget -O %s.json '%s'" % (name, DOWNLOAD),
            "3. Copy the file to this computer, and save it:",
            "   " + format_hint(options, "spec", *words, repeated=("devices",)),
        ]


def find_folder(options: "Options") -> "Optional[str]":
    """Return the folder of the saved specs, or None where there is no home for it."""
    path = options.devices or default_path()
    return None if path is None else split_path(path)[0] + FOLDER


def find_spec(options: "Options", connection: "Connection") -> "Plan[Optional[Spec]]":
    """Find the spec of a device: that of --spec, or the saved one, or None."""
    if options.spec is not None:
        return load_spec(options.spec)
    folder = find_folder(options)
    # The model of a device need not be known where there are no specs.
    if folder is None or not exists(folder):
        return None
    model = yield from find_model(connection)
    path = find_file(options, model)
    return None if path is None else load_spec(path)


def require_spec(options: "Options", connection: "Connection") -> "Plan[Spec]":
    """Find the spec of a device; MissingSpec if there is none."""
    spec = yield from find_spec(options, connection)
    if spec is None:
        model = yield from find_model(connection)
        raise MissingSpec(options, model)
    return spec


def load_spec(path: str) -> "Spec":
    """Read a spec file."""
    try:
        from ..miot import Spec
    except ImportError:
        raise MiioError(WITHOUT_MIOT) from None
    return Spec.load(path)


def find_file(options: "Options", model: str) -> "Optional[str]":
    """Return the path of the saved spec of a model, or None."""
    folder = find_folder(options)
    if folder is None or not is_file_name(model):
        return None
    first, _, rest = model.partition(".")
    for name in (model, "%s-%s" % (first, rest.rpartition(".")[2])):
        path = "%s/%s.json" % (folder, name)
        if exists(path):
            return path
    return None


def is_file_name(model: str) -> bool:
    """Tell whether a model, which may be any text, can be used as a file name."""
    letters = model.replace(".", "").replace("-", "").replace("_", "")
    return letters.isalnum() and letters.isprintable() and len(model) <= MAX_MODEL


def find_model(connection: "Connection") -> "Plan[str]":
    """Find the model of a device: the saved one, else what it says itself, or ""."""
    record = connection.record
    if record is not None and record.model:
        return record.model
    try:
        info = yield Request({"method": "miIO.info"}, None).begin
    except DeviceError:
        info = None
    model = info.get("model") if isinstance(info, dict) else None
    if not isinstance(model, str):
        return ""
    connection.keep(model=model)
    return model


def open_miot(connection: "Connection", spec: "Optional[Spec]" = None) -> "Miot":
    """Return a Miot for a device, with batches of the size that it takes."""
    try:
        from ..miot import Miot, name_device
    except ImportError:
        raise MiioError(WITHOUT_MIOT) from None
    record, device_id = connection.record, connection.found.device_id
    did = name_device(device_id) if record is None else record.device_id
    miot = Miot(connection.client, spec, did=did)
    if record is not None and record.max_batch.isdigit():
        miot.max_batch = max(1, min(int(record.max_batch), miot.max_batch))
    if connection.max_batch is not None:
        miot.max_batch = connection.max_batch
    return miot


def keep_batch(connection: "Connection", miot: "Miot") -> None:
    """Remember how many properties a device takes at once, and save it if it is few.

    The first time counts: later, a device that was out of reach for a moment would seem
    to take ever fewer.
    """
    if connection.max_batch is not None:
        return
    record, connection.max_batch = connection.record, miot.max_batch
    if record is not None and str(miot.max_batch) != (record.max_batch or MAX_BATCH):
        connection.keep(max_batch=str(miot.max_batch))
