# SPDX-License-Identifier: MIT
"""AES (FIPS-197) in CBC mode (SP 800-38A) with PKCS#7 padding (RFC 5652), made fast in
pure Python.

An interpreter is slow at taking steps and fast at working on whole strings. So a round
of AES is not a loop over 16 bytes here, but a handful of calls that do their loops in
C. Three tools are all that it takes.

*Substitution.* `text.translate(table)`, with a table of 256 bytes, replaces each byte x
of a text by table[x]. One table does SubBytes. Others do SubBytes followed by a
multiplication in GF(2**8), as the product of every possible byte is known in advance.

*Movement.* The same call moves bytes about when the roles are swapped. In
`INDICES.translate(state)`, the state is the table and a constant string holds the
indices of the bytes that we want, in the order in which we want them. One call can do
ShiftRows, change the layout, and take some rows twice. (A table has 256 bytes, but only
those that INDICES names are looked up, so it does not matter what follows the state.)

*Addition.* Addition in GF(2**8) is XOR. To add whole states, we turn their bytes into
little-endian ints and use `^`. A shift of such an int by 32 bits moves a row of
four bytes to where its neighbour was. An int becomes a table for the next round by
`state.to_bytes(256, "little")`, which costs no more than 16 bytes would.

The state is a square of 4 by 4 bytes (FIPS-197 3.4). It has two layouts here: a block
arrives in column order, and while it is encrypted it lies in row order, because
MixColumns adds whole rows to each other. For each layout, the tables below give the
index of each byte, and then the index that the byte there comes from in ShiftRows
(FIPS-197 5.1.2), which rotates row r to the left by r columns:

               column order  ShiftRows       row order     ShiftRows
    column     0  1  2  3     0  1  2  3     0  1  2  3     0  1  2  3
    row 0      0  4  8 12     0  4  8 12     0  1  2  3     0  1  2  3
    row 1      1  5  9 13     5  9 13  1     4  5  6  7     5  6  7  4
    row 2      2  6 10 14    10 14  2  6     8  9 10 11    10 11  8  9
    row 3      3  7 11 15    15  3  7 11    12 13 14 15    15 12 13 14

In column order, byte i comes from 5 * i modulo 16, and on the way back (InvShiftRows,
5.3.1) from 13 * i modulo 16.

CBC encryption needs each block before it can begin the next, so it goes block by block.
CBC decryption has all blocks from the start, and one round serves many of them: up to
16 fit into one table, and in longer texts all blocks lie side by side in 16 lanes.

The time that a look-up takes depends on the data. Where an attacker could measure that
time, use another AES.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Iterable, List, Sequence, Tuple

    Gathers = List[Callable[[bytes], bytes]]

BLOCK = 16  # bytes
_NOT_BYTES = "expected bytes, found a buffer whose items are larger than a byte"


def _add_tables(*tables: bytes) -> bytes:
    """Add strings of equal length, byte by byte, in GF(2**8). FIPS-197 4.1."""
    total = 0
    for table in tables:
        total ^= int.from_bytes(table, "little")
    return total.to_bytes(len(tables[0]), "little")


def _make_sbox(times_3: bytes) -> bytes:
    """Return the S-box: the inverse in GF(2**8), then an affine map. FIPS-197 5.1.1."""
    # 3 generates the field: the powers of 3 are all elements of the field except 0.
    powers = bytearray([1])
    while len(powers) < 255:
        powers.append(times_3[powers[-1]])
    # The inverse of 3**n is 3**-n. 0 has no inverse, and stays 0.
    inverse = bytes.maketrans(powers, powers[:1] + powers[:0:-1])
    # The affine map adds up a byte, the same byte rotated to the left by 1, 2, 3 and 4
    # bits, and 0x63.
    rotate = _DOUBLES + bytes(range(1, 256, 2))
    rotated = [inverse]
    for _ in range(4):
        rotated.append(rotated[-1].translate(rotate))
    return _add_tables(b"\x63" * 256, *rotated)


# These tables multiply: _TIMES_n[x] is n * x in GF(2**8). FIPS-197 4.2
_TIMES_1 = bytes(range(256))
# Doubling x shifts it to the left by one bit. From 0x80 on, a bit falls out at the top,
# and 0x1b is added instead.
_DOUBLES = bytes(range(0, 256, 2))
_TIMES_2 = _DOUBLES + _add_tables(_DOUBLES, b"\x1b" * 128)
_TIMES_4 = _TIMES_2.translate(_TIMES_2)
_TIMES_8 = _TIMES_4.translate(_TIMES_2)

# These tables do SubBytes, and SubBytes followed by the doubling that MixColumns needs.
_SUB = _make_sbox(_add_tables(_TIMES_1, _TIMES_2))
_SUB_2 = _SUB.translate(_TIMES_2)

# These tables do InvSubBytes, the multiplications of InvMixColumns, and both at once.
_INV = bytes.maketrans(_SUB, _TIMES_1)  # FIPS-197 5.3.2
_TIMES_9 = _add_tables(_TIMES_8, _TIMES_1)  # FIPS-197 5.3.3
_TIMES_11 = _add_tables(_TIMES_8, _TIMES_2, _TIMES_1)
_TIMES_13 = _add_tables(_TIMES_8, _TIMES_4, _TIMES_1)
_TIMES_14 = _add_tables(_TIMES_8, _TIMES_4, _TIMES_2)
_INV_9, _INV_11 = _INV.translate(_TIMES_9), _INV.translate(_TIMES_11)
_INV_13, _INV_14 = _INV.translate(_TIMES_13), _INV.translate(_TIMES_14)
# For each byte i, this is the index at which the state that contains it begins.
_STARTS = bytes(i & ~15 for i in range(256))


def _repeat(indices: "Iterable[int]") -> bytes:
    """Return indices that do to each of 16 states what these do to one."""
    return _add_tables(_STARTS, bytes(indices) * 16)


# These indices change the layout of up to 16 states from column order to row order, and
# from row order back to column order.
_TURN = _repeat(i % 4 * 4 + i // 4 for i in range(16))
_turn_one = _TURN[:16].translate
# These indices do ShiftRows (FIPS-197 5.1.2) and change row order to column order.
_SHIFT = _repeat(i % 4 * 4 + (i // 4 + i) % 4 for i in range(16))
_shift_one = _SHIFT[:16].translate


def _locate_shifted(rows: "Sequence[int]", row_step: int, column_step: int) -> bytes:
    """Return, for each byte that these rows have after ShiftRows, its index before it.

    row_step, column_step: how far apart two rows, and two columns, were before it.
    """
    return bytes(
        row_step * row + column_step * ((column + row) % 4)
        for row in rows
        for column in range(4)
    )


# MixColumns (FIPS-197 5.1.3) makes the new row r from the rows r to r+3, whose numbers
# count modulo 4:
#
#     2 * row[r] + 3 * row[r+1] + row[r+2] + row[r+3]
#
# Let both[r] be 2 * row[r] + row[r+1]. Then the new row r is
#
#     both[r] + both[r+1] + row[r+3]
#
# A string with the rows 1, 2, 3, 0, 1, 2 ("once") and one with the rows 0, 1, 2, 3, 0,
# all of them doubled ("twice"), add up to both[0], both[1] and so on. A row has 32
# bits: a shift to the right by 32 moves both[r+1] to the place of both[r], and a shift
# of "once" by 64 moves row[r+3] there.
_TWICE_ROWS, _ONCE_ROWS = (0, 1, 2, 3, 0), (1, 2, 3, 0, 1, 2)
# The first round gets the block in column order; all later rounds get it in row order.
_twice_first = _locate_shifted(_TWICE_ROWS, 1, 4).translate
_once_first = _locate_shifted(_ONCE_ROWS, 1, 4).translate
_twice_later = _locate_shifted(_TWICE_ROWS, 4, 1).translate
_once_later = _locate_shifted(_ONCE_ROWS, 4, 1).translate

# On the way back, InvMixColumns (FIPS-197 5.3.3) makes the new row r from 14, 11, 13
# and 9 times the rows r, r+1, r+2 and r+3. Each of the four strings of indices in
# _UNSHIFT does InvShiftRows (5.3.1); after that, string t moves row r+t to the place of
# row r. They work in column order, on up to 16 states, which fill a table exactly.
_MAX_FEW = 16  # blocks
_UNSHIFT = [
    _repeat(13 * (i & 12 | i + turn & 3) % 16 for i in range(16)) for turn in range(4)
]
_gathers_known: "Dict[int, Tuple[Gathers, int]]" = {}

# These are the round constants, in row 0 of all four columns. FIPS-197 5.2
_RCON = [0x01010101 * rcon for rcon in (1, 2, 4, 8, 16, 32, 64, 128, 0x1B, 0x36)]
# The key expansion shifts a state in row order by one column, and by two. These masks
# keep only the bytes that stay in their row.
_ROWS = sum(1 << 32 * row for row in range(4))
_BY_1, _BY_2 = 0xFFFFFF00 * _ROWS, 0xFFFF0000 * _ROWS
# These indices do RotWord on the last column and copy it to all four. FIPS-197 5.2
_next_word = bytes(4 * (i // 4 + 1 & 3) + 3 for i in range(16)).translate

# In a long text the blocks lie in lanes: a lane holds the same byte of every block. The
# lanes are in row order; these are the indices of their bytes in a block.
_LANES = _TURN[:16]
# For fewer blocks than this, rounds of 16 blocks are faster.
_MIN_LANES = 32  # blocks
# The data that a round touches should stay in the processor's cache.
_MAX_LANES = 1024  # blocks


def _expand_128(key: bytes) -> "List[int]":
    """Return the 11 round keys of a 128-bit key, in row order. FIPS-197 5.2.

    Each word is the previous word plus the word four places back. So the four words of
    a round key are a running sum over those of the previous round key, which takes two
    shifted additions, plus the same substituted word in all four.
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
    """Return the 13 or 15 round keys of a 192-bit or 256-bit key, in row order.

    This goes word by word, as FIPS-197 5.2 does; step is its Nk.
    """
    number, step = int.from_bytes, len(key) // 4
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
    """Return the middle round keys of the equivalent inverse cipher. FIPS-197 5.3.5.

    middle: all round keys but the first and the last, in row order. The result is in
    column order and begins with the key that is used first. Each key goes through
    InvMixColumns (5.3.3). _UNSHIFT can pick the rows for that, but does InvShiftRows as
    well, so _SHIFT does ShiftRows first.
    """
    text = b"".join([key.to_bytes(16, "little") for key in reversed(middle)])
    size, table = len(text), _SHIFT.translate(text.ljust(256))
    (row_0, row_1, row_2, row_3), _ = _find_gathers(size)
    number = int.from_bytes
    unmixed = (
        number(row_0(table).translate(_TIMES_14), "little")
        ^ number(row_1(table).translate(_TIMES_11), "little")
        ^ number(row_2(table).translate(_TIMES_13), "little")
        ^ number(row_3(table).translate(_TIMES_9), "little")
    )
    text = unmixed.to_bytes(size, "little")
    return [number(text[i : i + 16], "little") for i in range(0, size, 16)]


def _find_gathers(size: int) -> "Tuple[Gathers, int]":
    """Return the four look-ups of _UNSHIFT, cut to size bytes, and a factor.

    A round key times the factor is that key, copied to every block of these bytes.
    """
    known = _gathers_known.get(size)
    if known is None:
        ones = int.from_bytes((b"\1" + bytes(15)) * (size // BLOCK), "little")
        known = [turn[:size].translate for turn in _UNSHIFT], ones
        _gathers_known[size] = known
    return known


class AES:
    """AES under one key, expanded once.

    key: 16, 24 or 32 bytes; another length raises ValueError, anything but bytes raises
    TypeError. Threads may share the object. Source: FIPS-197.
    """

    __slots__ = ("_first", "_middle", "_last", "_inverse", "_repeated", "_lane_keys")

    def __init__(self, key: bytes) -> None:
        key = _read_key(key)
        if len(key) not in (16, 24, 32):
            raise ValueError("an AES key has 16, 24 or 32 bytes, not %d" % len(key))
        keys = _expand_128(key) if len(key) == 16 else _expand_longer(key)
        # The first round key is added before any round has put the block into row
        # order, and the last one after the last round has put it back.
        self._first, self._middle = int.from_bytes(key[:16], "little"), keys[1:-1]
        last = _turn_one(keys[-1].to_bytes(256, "little"))
        self._last = int.from_bytes(last, "little")
        # Only decryption needs these three, so it makes them when it needs them: the
        # inverse round keys, and copies of those keys for some numbers of blocks.
        self._inverse: "List[int]" = []
        self._repeated: "Dict[int, Tuple[Gathers, List[int]]]" = {}
        self._lane_keys: "Tuple[int, List[int], List[int]]" = (0, [], [])

    def __repr__(self) -> str:
        return "<AES>"

    def encrypt_block(self, block: bytes) -> bytes:
        """Encrypt 16 bytes; another length raises ValueError. FIPS-197 5.1."""
        _check_block(block)
        return self.encrypt_cbc(bytes(BLOCK), block)

    def decrypt_block(self, block: bytes) -> bytes:
        """Decrypt 16 bytes; another length raises ValueError. FIPS-197 5.3.5."""
        _check_block(block)
        return self.decrypt_cbc(bytes(BLOCK), block)

    def encrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
        """Encrypt whole blocks in CBC mode. SP 800-38A 6.2.

        iv: 16 bytes. data: a multiple of 16 bytes. Other lengths raise ValueError,
        anything but bytes raises TypeError.
        """
        chain = _join_chain(iv, data)
        first, middle, last = self._first, self._middle, self._last
        number, sub, sub_2 = int.from_bytes, _SUB, _SUB_2
        once_later, twice_later = _once_later, _twice_later
        blocks = []
        state = number(chain[:BLOCK], "little")
        for i in range(BLOCK, len(chain), BLOCK):
            # Add the previous encrypted block (or the IV) to this block, and then the
            # first round key. SP 800-38A 6.2, FIPS-197 5.1
            state ^= number(chain[i : i + BLOCK], "little") ^ first
            once_of, twice_of = _once_first, _twice_first
            for key in middle:
                # Bits above the fourth row are left over; no index reaches them.
                table = state.to_bytes(256, "little")
                once = number(once_of(table).translate(sub), "little")
                both = number(twice_of(table).translate(sub_2), "little") ^ once
                state = both ^ both >> 32 ^ once >> 64 ^ key
                once_of, twice_of = once_later, twice_later
            # The last round has no MixColumns. FIPS-197 5.1
            text = _shift_one(state.to_bytes(256, "little")).translate(sub)
            state = number(text, "little") ^ last
            blocks.append(state.to_bytes(16, "little"))
        return b"".join(blocks)

    def decrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
        """Decrypt in CBC mode. SP 800-38A 6.2. iv, data: as for encrypt_cbc()."""
        chain = _join_chain(iv, data)
        if not self._inverse:
            self._inverse = [self._last] + _invert(self._middle) + [self._first]
        if len(data) <= _MAX_FEW * BLOCK:
            return self._decrypt_few(chain)
        if len(data) < _MIN_LANES * BLOCK:
            decrypt, size = self._decrypt_few, _MAX_FEW * BLOCK
        else:
            decrypt, size = self._decrypt_lanes, _MAX_LANES * BLOCK
        parts = range(0, len(data), size)
        return b"".join([decrypt(chain[i : i + BLOCK + size]) for i in parts])

    def _decrypt_few(self, chain: bytes) -> bytes:
        """Decrypt up to 16 blocks at once. chain: the IV, then the blocks."""
        size = len(chain) - BLOCK
        known = self._repeated.get(size)
        if known is None:
            gathers, ones = _find_gathers(size)
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
        # The last round has no InvMixColumns. FIPS-197 5.3.5
        text = row_0(state.to_bytes(256, "little")).translate(_INV)
        state = number(text, "little") ^ keys[-1]
        # CBC adds the previous encrypted block to each block. SP 800-38A 6.2
        state ^= number(chain[:-BLOCK], "little")
        return state.to_bytes(size, "little")

    def _decrypt_lanes(self, chain: bytes) -> bytes:
        """Decrypt all blocks at once. chain: the IV, then the blocks.

        InvMixColumns (FIPS-197 5.3.3) of x is MixColumns (5.1.3) of x + 4 * (x + x two
        rows below). With ints as long as these, shifts and masks multiply faster than
        tables do.
        """
        n = len(chain) // BLOCK - 1
        size, number = BLOCK * n, int.from_bytes
        # One row, two rows and three rows, in bits.
        one, two, three = 32 * n, 64 * n, 96 * n
        keys, (row, rows, bit, low_6, low_7) = self._spread(n)
        lanes = [chain[i::BLOCK] for i in _LANES]
        state = number(b"".join([lane[1:] for lane in lanes]), "little") ^ keys[0]
        for key in keys[1:-1]:
            text = _unshift(state.to_bytes(size, "little"), n).translate(_INV)
            x = number(text, "little")
            # x + x two rows below is the same for the rows 2 and 3 as for 0 and 1, so
            # it is multiplied by 4 for two rows only.
            pair = (x ^ x >> two) & rows
            pair = (
                (pair & low_6) << 2
                ^ (pair >> 6 & bit) * 0x1B
                ^ (pair >> 7 & bit) * 0x36
            )
            x ^= pair ^ pair << two
            # MixColumns: twice each row plus twice the row below, plus the three other
            # rows.
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
        """Return the inverse round keys for lanes of n bytes, and five masks.

        Each byte of a key fills a lane. The masks select one row, two rows, and the
        lowest bit, the lowest 6 bits and the lowest 7 bits of every byte.
        """
        # This is read in one step, because another thread may replace it.
        known, keys, masks = self._lane_keys
        if known != n:
            gather = b"".join([bytes((i,)) * n for i in _LANES]).translate
            tables = [key.to_bytes(256, "little") for key in self._inverse]
            keys = [int.from_bytes(gather(table), "little") for table in tables]
            bit = int.from_bytes(b"\1" * BLOCK * n, "little")
            masks = [(1 << 32 * n) - 1, (1 << 64 * n) - 1, bit, 0x3F * bit, 0x7F * bit]
            self._lane_keys = n, keys, masks
        return keys, masks


def _unshift(text: bytes, n: int) -> bytes:
    """Do InvShiftRows on lanes of n bytes: rotate row r to the right by r columns.

    FIPS-197 5.3.1.
    """
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


def _join_chain(iv: bytes, data: bytes) -> bytes:
    """Return the IV and the data as one string, after checking both."""
    chain = b"".join((iv, data))
    # len() counts items, such as the eight-byte ones of array("Q"), not bytes.
    if len(chain) != len(iv) + len(data):
        raise TypeError(_NOT_BYTES)
    if len(iv) != BLOCK:
        raise ValueError("an IV has 16 bytes, not %d" % len(iv))
    if len(data) % BLOCK:
        raise ValueError("CBC takes whole blocks of 16 bytes, not %d" % len(data))
    return chain


def _check_items(data: bytes) -> None:
    if len(b"".join((data,))) != len(data):
        raise TypeError(_NOT_BYTES)


def _check_block(block: bytes) -> None:
    _check_items(block)
    if len(block) != BLOCK:
        raise ValueError("a block has 16 bytes, not %d" % len(block))


def _read_key(key: bytes) -> bytes:
    """Return a copy of the key; bytes(key) alone would make 16 zeros of the int 16."""
    copy = bytes(memoryview(key))
    if len(copy) != len(key):
        raise TypeError(_NOT_BYTES)
    return copy


# Entry n is n bytes of value n, for n from 0 to 16. RFC 5652 6.3
_PADDINGS = [bytes((count,)) * count for count in range(BLOCK + 1)]


def pad(data: bytes) -> bytes:
    """Add PKCS#7 padding, 1 to 16 bytes, up to whole blocks. RFC 5652 6.3."""
    missing = BLOCK - len(data) % BLOCK
    return data + _PADDINGS[missing]


def unpad(data: bytes) -> bytes:
    """Remove PKCS#7 padding; raise ValueError if it is wrong. RFC 5652 6.3."""
    if not data or len(data) % BLOCK:
        raise ValueError("padded data has a multiple of 16 bytes, not %d" % len(data))
    count = data[-1]
    if not 1 <= count <= BLOCK or bytes(data[-count:]) != _PADDINGS[count]:
        _check_items(data)
        raise ValueError("bad padding: the data was cut, damaged, or has another key")
    return data[:-count]
