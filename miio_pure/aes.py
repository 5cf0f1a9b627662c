# SPDX-License-Identifier: MIT
"""AES (FIPS-197) with CBC (SP 800-38A) and PKCS#7 padding, in pure Python, for speed.

An interpreter is slow at steps and fast at strings, so each round is a few calls that
work on whole strings in C:

- `text.translate(table)`, with 256 bytes, substitutes all bytes of a text at once:
  SubBytes, and SubBytes followed by a multiplication in GF(2**8).
- `INDICES.translate(table)`, with a state as the table, moves bytes: the result holds
  the bytes of the state that INDICES names, in that order. An int becomes a table at
  the cost of a short string: `state.to_bytes(256, "little")`.
- XOR of whole states is `^` on ints made of their bytes, little-endian.

A state is 16 bytes, column after column (index = 4 * column + row, FIPS-197 3.4) or,
while it is encrypted, row after row (index = 4 * row + column). Look-ups take a time
that depends on the data: where an attacker can measure it, use another AES.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Sequence, Tuple

    Gathers = List[Callable[[bytes], bytes]]

BLOCK = 16


def _sum(*tables: bytes) -> bytes:
    """The XOR of strings of one length: addition in GF(2**8), FIPS-197 4.1."""
    total = 0
    for table in tables:
        total ^= int.from_bytes(table, "little")
    return total.to_bytes(len(tables[0]), "little")


def _substitution(times_3: bytes) -> bytes:
    """The S-box, FIPS-197 5.1.1: the inverse in GF(2**8), then an affine map."""
    sbox = bytearray([0x63]) * 256
    powers = [1]  # 3 generates the field: its powers are all elements but 0
    while len(powers) < 255:
        powers.append(times_3[powers[-1]])
    for log, x in enumerate(powers):
        twice = powers[-log] * 0x0101  # the inverse, twice, so that >> turns it
        sbox[x] ^= (twice ^ twice >> 4 ^ twice >> 5 ^ twice >> 6 ^ twice >> 7) & 0xFF
    return bytes(sbox)


# Tables of x -> factor * x, FIPS-197 4.2
_TIMES_1 = bytes(range(256))
_TIMES_2 = bytes([x << 1 ^ (0x11B if x & 0x80 else 0) for x in range(256)])
_TIMES_4 = _TIMES_2.translate(_TIMES_2)
_TIMES_8 = _TIMES_4.translate(_TIMES_2)

_SUB = _substitution(_sum(_TIMES_1, _TIMES_2))
_SUB_2 = _SUB.translate(_TIMES_2)
_INV = bytes.maketrans(_SUB, _TIMES_1)  # InvSubBytes, FIPS-197 5.3.2
_TIMES_9 = _sum(_TIMES_8, _TIMES_1)
_TIMES_11 = _sum(_TIMES_8, _TIMES_2, _TIMES_1)
_TIMES_13 = _sum(_TIMES_8, _TIMES_4, _TIMES_1)
_TIMES_14 = _sum(_TIMES_8, _TIMES_4, _TIMES_2)
_INV_9, _INV_11 = _INV.translate(_TIMES_9), _INV.translate(_TIMES_11)
_INV_13, _INV_14 = _INV.translate(_TIMES_13), _INV.translate(_TIMES_14)

# Of up to 16 states: from columns to rows, or back
_TURN = bytes(i & ~15 | i % 4 * 4 + i % 16 // 4 for i in range(256))
_turn_one = _TURN[:16].translate
# From rows to columns, by way of ShiftRows, FIPS-197 5.1.2
_SHIFT = bytes(i & ~15 | i % 4 * 4 + (i // 4 + i) % 4 for i in range(256))
_shift_one = _SHIFT[:16].translate


def _shifted(rows: "Sequence[int]", row_step: int, column_step: int) -> bytes:
    """Where these rows come from in ShiftRows, in a state with those steps."""
    return bytes(
        row_step * row + column_step * ((column + row) % 4)
        for row in rows
        for column in range(4)
    )


# MixColumns (5.1.3) makes row r from 2 * row r + 3 * row r+1 + row r+2 + row r+3: with
# both[r] = 2 * row r + row r+1, that is both[r] + both[r+1] + row r+3. In a string of
# the five rows both[0..4], >> 32 lays both[r+1] on both[r]; in one of the rows 1, 2, 3,
# 0, 1, 2, which starts with both's second terms, >> 64 lays row r+3 there.
_TWICE_ROWS, _ONCE_ROWS = (0, 1, 2, 3, 0), (1, 2, 3, 0, 1, 2)
_twice_first = _shifted(_TWICE_ROWS, 1, 4).translate  # the first round has columns
_once_first = _shifted(_ONCE_ROWS, 1, 4).translate
_twice_later = _shifted(_TWICE_ROWS, 4, 1).translate
_once_later = _shifted(_ONCE_ROWS, 4, 1).translate

# Backwards, InvShiftRows (5.3.1: index i comes from 13i mod 16) and InvMixColumns
# (5.3.3) take 14, 11, 13 and 9 times the rows r, r+1, r+2, r+3. CBC decryption knows
# all blocks: one round serves up to 16 of them, which just fill a table. Table t does
# InvShiftRows, and then each row r takes row r+t; columns stay columns.
_FEW = 16
_UNSHIFT = [
    bytes(i & ~15 | 13 * (i & 12 | i + turn & 3) % 16 for i in range(256))
    for turn in range(4)
]
_gathers_known: "Dict[int, Tuple[Gathers, int]]" = {}

# Rcon (5.2) in row 0 of all columns, and what is left of rows that were shifted by 1
# and by 2 columns
_RCON = [0x01010101 * rcon for rcon in (1, 2, 4, 8, 16, 32, 64, 128, 0x1B, 0x36)]
_ROWS = sum(1 << 32 * row for row in range(4))
_BY_1, _BY_2 = 0xFFFFFF00 * _ROWS, 0xFFFF0000 * _ROWS
# RotWord of the last column, in all columns
_next_word = bytes(4 * (i // 4 + 1 & 3) + 3 for i in range(16)).translate

# Many blocks at once lie in lanes: byte (row, column) of every block side by side. This
# is where lane 4 * row + column lies in a block.
_LANES = _TURN[:16]
_LANES_FROM = 32  # blocks; for less, 16 at a time are faster
_CHUNK = 1024  # blocks at once: what a round touches stays in the cache


def _expand_128(key: bytes) -> "List[int]":
    """The key schedule, FIPS-197 5.2: 11 round keys, row after row.

    A word is the word before it XOR the word four before it. Over four words that is a
    running XOR, made by doubling, plus a substituted word in all four.
    """
    number, next_word, sub = int.from_bytes, _next_word, _SUB
    by_1, by_2 = _BY_1, _BY_2
    running = number(_turn_one(key.ljust(256)), "little")
    keys = [running]
    for rcon in _RCON:
        table = running.to_bytes(256, "little")
        running ^= running << 8 & by_1
        running ^= running << 16 & by_2
        running ^= number(next_word(table).translate(sub), "little") ^ rcon
        keys.append(running)
    return keys


def _expand_longer(key: bytes) -> "List[int]":
    """The same for keys of 192 and 256 bits, word by word: 13 and 15 round keys."""
    number, step = int.from_bytes, len(key) // 4  # Nk
    words = [number(key[i : i + 4], "little") for i in range(0, len(key), 4)]
    for i in range(step, 4 * step + 28):
        word = words[-1]
        if i % step == 0 or i % step == 4 and step == 8:
            word = number(word.to_bytes(4, "little").translate(_SUB), "little")
        if i % step == 0:
            word = (word >> 8 | word << 24 & 0xFF000000) ^ _RCON[i // step - 1] & 0xFF
        words.append(words[-step] ^ word)
    text = b"".join([word.to_bytes(4, "little") for word in words])
    rows = _TURN.translate(text.ljust(256))
    return [number(rows[i : i + 16], "little") for i in range(0, len(text), 16)]


def _invert(middle: "List[int]") -> "List[int]":
    """Round keys for the equivalent inverse cipher, FIPS-197 5.3.5, in order of use.

    middle: all but the first and the last, row after row. They go through InvMixColumns
    (5.3.3): _SHIFT makes columns of them, and shifts; _UNSHIFT undoes that shift and
    takes the rows r to r+3.
    """
    text = b"".join([key.to_bytes(16, "little") for key in reversed(middle)])
    size, table = len(text), _SHIFT.translate(text.ljust(256))
    (row_0, row_1, row_2, row_3), _ = _gathers(size)
    number = int.from_bytes
    unmixed = (
        number(row_0(table).translate(_TIMES_14), "little")
        ^ number(row_1(table).translate(_TIMES_11), "little")
        ^ number(row_2(table).translate(_TIMES_13), "little")
        ^ number(row_3(table).translate(_TIMES_9), "little")
    )
    text = unmixed.to_bytes(size, "little")
    return [number(text[i : i + 16], "little") for i in range(0, size, 16)]


def _gathers(size: int) -> "Tuple[Gathers, int]":
    """For size bytes of blocks: the gathers of _UNSHIFT, and an int with a 1 in each
    block, so that a product with it repeats a round key."""
    known = _gathers_known.get(size)
    if known is None:
        ones = int.from_bytes((b"\1" + bytes(15)) * (size // BLOCK), "little")
        known = [turn[:size].translate for turn in _UNSHIFT], ones
        _gathers_known[size] = known
    return known


class AES:
    """AES under one key, expanded once.

    key: 16, 24 or 32 bytes; another length raises ValueError. Source: FIPS-197.
    """

    __slots__ = ("_first", "_middle", "_last", "_inverse", "_repeated", "_lane_keys")

    def __init__(self, key: bytes) -> None:
        key = bytes(memoryview(key))  # bytes(16) would be 16 zeros
        if len(key) not in (16, 24, 32):
            raise ValueError("an AES key has 16, 24 or 32 bytes, not %d" % len(key))
        keys = _expand_128(key) if len(key) == 16 else _expand_longer(key)
        last = _turn_one(keys[-1].to_bytes(256, "little"))
        self._first, self._middle = int.from_bytes(key[:16], "little"), keys[1:-1]
        self._last = int.from_bytes(last, "little")
        self._inverse: "List[int]" = []
        self._repeated: "Dict[int, Tuple[Gathers, List[int]]]" = {}
        self._lane_keys: "Tuple[int, List[int], List[int]]" = (0, [], [])

    def __repr__(self) -> str:
        return "<AES>"

    def encrypt_block(self, block: bytes) -> bytes:
        """Encrypt 16 bytes; another length raises ValueError. FIPS-197 5.1."""
        _check(block, b"", "a block")
        return self.encrypt_cbc(bytes(BLOCK), block)

    def decrypt_block(self, block: bytes) -> bytes:
        """Decrypt 16 bytes; another length raises ValueError. FIPS-197 5.3.5."""
        _check(block, b"", "a block")
        return self.decrypt_cbc(bytes(BLOCK), block)

    def encrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
        """Encrypt whole blocks in CBC mode, SP 800-38A 6.2.

        iv: 16 bytes. data: a multiple of 16 bytes. Other lengths raise ValueError.
        """
        _check(iv, data)
        first, middle, last = self._first, self._middle, self._last
        number, sub, sub_2 = int.from_bytes, _SUB, _SUB_2
        once_later, twice_later = _once_later, _twice_later
        chain, blocks = b"".join((iv, data)), []
        state = number(chain[:BLOCK], "little")
        for i in range(BLOCK, len(chain), BLOCK):
            state ^= number(chain[i : i + BLOCK], "little") ^ first
            once_of, twice_of = _once_first, _twice_first
            for key in middle:
                table = state.to_bytes(256, "little")  # what lies beyond is not used
                once = number(once_of(table).translate(sub), "little")
                both = number(twice_of(table).translate(sub_2), "little") ^ once
                state = both ^ both >> 32 ^ once >> 64 ^ key
                once_of, twice_of = once_later, twice_later
            # the last round has no MixColumns
            text = _shift_one(state.to_bytes(256, "little")).translate(sub)
            state = number(text, "little") ^ last
            blocks.append(state.to_bytes(16, "little"))
        return b"".join(blocks)

    def decrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
        """Decrypt in CBC mode, SP 800-38A 6.2. iv, data: as for encrypt_cbc()."""
        _check(iv, data)
        if not self._inverse:  # a client that only sends never needs them
            self._inverse = [self._last] + _invert(self._middle) + [self._first]
        chain = b"".join((iv, data))
        if len(data) <= _FEW * BLOCK:
            return self._decrypt_few(chain)
        if len(data) < _LANES_FROM * BLOCK:
            decrypt, size = self._decrypt_few, _FEW * BLOCK
        else:
            decrypt, size = self._decrypt_lanes, _CHUNK * BLOCK
        parts = range(0, len(data), size)
        return b"".join([decrypt(chain[i : i + BLOCK + size]) for i in parts])

    def _decrypt_few(self, chain: bytes) -> bytes:
        """CBC decryption of up to 16 blocks; chain: the IV, then the blocks."""
        size = len(chain) - BLOCK
        known = self._repeated.get(size)
        if known is None:
            gathers, ones = _gathers(size)
            known = gathers, [key * ones for key in self._inverse]
            self._repeated[size] = known
        (row_0, row_1, row_2, row_3), keys = known
        inv_9, inv_11, inv_13, inv_14 = _INV_9, _INV_11, _INV_13, _INV_14
        number = int.from_bytes
        state = number(chain[BLOCK:], "little") ^ keys[0]
        for key in keys[1:-1]:
            table = state.to_bytes(256, "little")
            state = (
                number(row_0(table).translate(inv_14), "little")
                ^ number(row_1(table).translate(inv_11), "little")
                ^ number(row_2(table).translate(inv_13), "little")
                ^ number(row_3(table).translate(inv_9), "little")
                ^ key
            )
        text = row_0(state.to_bytes(256, "little")).translate(_INV)
        state = number(text, "little") ^ keys[-1]
        state ^= number(chain[:-BLOCK], "little")  # the XOR that is CBC's
        return state.to_bytes(size, "little")

    def _decrypt_lanes(self, chain: bytes) -> bytes:
        """CBC decryption of all blocks at once; chain: the IV, then the blocks.

        InvMixColumns (FIPS-197 5.3.3) is MixColumns (5.1.3) of x + 4 * (x + x two rows
        below). In ints this long, products by shifts and masks cost less than tables.
        """
        n = len(chain) // BLOCK - 1
        size, number = BLOCK * n, int.from_bytes
        one, two, three = 32 * n, 64 * n, 96 * n  # rows, in bits
        keys, (row, rows, bit, low_6, low_7) = self._spread(n)
        lanes = [chain[i::BLOCK] for i in _LANES]
        state = number(b"".join([lane[1:] for lane in lanes]), "little") ^ keys[0]
        for key in keys[1:-1]:
            text = _unshift(state.to_bytes(size, "little"), n).translate(_INV)
            x = number(text, "little")
            pair = (x ^ x >> two) & rows  # the same for the rows 2 and 3 as for 0 and 1
            pair = (
                (pair & low_6) << 2
                ^ (pair >> 6 & bit) * 0x1B
                ^ (pair >> 7 & bit) * 0x36
            )
            x ^= pair ^ pair << two
            below = x >> one | (x & row) << three
            both = x ^ below
            state = (
                (both & low_7) << 1
                ^ (both >> 7 & bit) * 0x1B
                ^ below
                ^ both >> two
                ^ (both & rows) << two
                ^ key
            )
        text = _unshift(state.to_bytes(size, "little"), n).translate(_INV)
        state = number(text, "little") ^ keys[-1]
        state ^= number(b"".join([lane[:-1] for lane in lanes]), "little")
        text, plain = state.to_bytes(size, "little"), bytearray(size)
        for lane, i in enumerate(_LANES):
            plain[i::BLOCK] = text[lane * n : lane * n + n]
        return bytes(plain)

    def _spread(self, n: int) -> "Tuple[List[int], List[int]]":
        """The inverse round keys, each of their bytes repeated over a lane of n, and
        masks: one row, two, and of each byte the lowest bit, 6 bits and 7."""
        known, keys, masks = self._lane_keys  # at once: threads may share a key
        if known != n:
            gather = b"".join([bytes((i,)) * n for i in _LANES]).translate
            tables = [key.to_bytes(256, "little") for key in self._inverse]
            keys = [int.from_bytes(gather(table), "little") for table in tables]
            bit = int.from_bytes(b"\1" * BLOCK * n, "little")
            masks = [(1 << 32 * n) - 1, (1 << 64 * n) - 1, bit, 0x3F * bit, 0x7F * bit]
            self._lane_keys = n, keys, masks
        return keys, masks


def _unshift(text: bytes, n: int) -> bytes:
    """InvShiftRows, FIPS-197 5.3.1: row r of the lanes turns right by r columns."""
    return b"".join(
        (
            text[: 4 * n],
            text[7 * n : 8 * n],
            text[4 * n : 7 * n],
            text[10 * n : 12 * n],
            text[8 * n : 10 * n],
            text[13 * n :],
            text[12 * n : 13 * n],
        )
    )


def _check(iv: bytes, data: bytes, name: str = "an IV") -> None:
    if len(iv) != BLOCK:
        raise ValueError("%s has 16 bytes, not %d" % (name, len(iv)))
    if len(data) % BLOCK:
        raise ValueError("CBC takes whole blocks of 16 bytes, not %d" % len(data))


def pad(data: bytes) -> bytes:
    """Add PKCS#7 padding, 1 to 16 bytes, up to whole blocks. RFC 5652 6.3."""
    missing = BLOCK - len(data) % BLOCK
    return data + bytes((missing,)) * missing


def unpad(data: bytes) -> bytes:
    """Take PKCS#7 padding off; if there is none, raise ValueError. RFC 5652 6.3."""
    if not data or len(data) % BLOCK:
        raise ValueError("padded data has a multiple of 16 bytes, not %d" % len(data))
    count = data[-1]
    if not 1 <= count <= BLOCK or data[-count:] != data[-1:] * count:
        raise ValueError("bad padding: the data was cut, damaged, or has another key")
    return data[:-count]
