# SPDX-License-Identifier: MIT
"""Finds devices in the .things files of openHAB.

    Thing miio:basic:light "Light" @ "Kitchen" [ host="192.168.1.5", token="0123..." ]
    Bridge miio:gateway:gw "Gateway" [ host=..., ... ] { Thing lumi door "Door" [...] }

Comments look as in Java. Each thing is read from its own keyword to its own closing
bracket, so that no value can end up in another thing. A thing that is written in any
other way is left out.
"""

import re

from ..files.effort import ATTEMPT
from .objects import BINDING
from .pairs import tell_devices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List, Optional, Tuple

    from ..devices import Record
    from ..files.walk import Leaf
    from .pairs import Pair
    from .text import Part

    Words = Iterator[str]

_WORD = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|"
    r'("(?:[^"\\\n]|\\.){0,999}"?|[\[\]{}=,@]|[^\s"\[\]{}=,@/]+|.)',
    re.S,
)


def find_in_things(leaf: "Leaf", part: "Part") -> "Iterator[Record]":
    """Yield the devices that are things of openHAB's binding miio."""
    if BINDING not in part.text or "token" not in part.text:
        return
    words = _read_words(leaf, part.text)
    word = next(words, None)
    while word is not None:
        if word in ("Thing", "Bridge"):
            word, label, pairs = _read_thing(words)
            yield from tell_devices(leaf, pairs, label, True)
        else:
            word = next(words, None)


def _read_words(leaf: "Leaf", text: str) -> "Words":
    """Yield words, quoted texts and signs, without comments."""
    for match in _WORD.finditer(text):
        leaf.effort.spend(ATTEMPT / 4)
        word = match.group(1)
        if word and not word.isspace():
            yield word


def _read_thing(words: "Words") -> "Tuple[Optional[str], str, List[Pair]]":
    """Return the word after a thing, its label and its pairs.

    The word is the first one that does not belong to the thing. There are pairs only if
    this is a complete thing of the binding miio.
    """
    label = ""
    uid = word = next(words, None)
    word = next(words, None)
    if word is not None and word.startswith('"'):
        label, word = _unquote(word), next(words, None)
    if word == "@":
        next(words, None)
        word = next(words, None)
    if word != "[" or uid is None or not uid.startswith(BINDING):
        return word, "", []
    pairs: "List[Pair]" = []
    word = next(words, None)
    while word is not None and word != "]":
        key, sign, value = word, next(words, None), next(words, None)
        if sign != "=" or value is None or not _is_value(value):
            return value, "", []
        pairs.append((key.lower(), _unquote(value)))
        word = next(words, None)
        if word == ",":
            word = next(words, None)
        elif word != "]":
            return word, "", []
    return (next(words, None), label, pairs) if word else (None, "", [])


def _is_value(word: str) -> bool:
    """Tell whether this is a text with both of its quotes, or a plain word."""
    return word not in "[]{}=,@" and (word[0] != '"' or word[1:].endswith('"'))


def _unquote(word: str) -> str:
    if not word.startswith('"'):
        return word
    return re.sub(r"\\(.)", r"\1", word[1:-1])
