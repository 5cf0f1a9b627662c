# SPDX-License-Identifier: MIT
"""AES (FIPS-197) with CBC (SP 800-38A) and PKCS#7 padding, in pure Python, for speed.

An interpreter is slow at steps and fast at strings, so each round is a few calls that
work on whole strings in C:

- `state.translate(table)`, with 256 bytes, substitutes all bytes of a state at once:
  SubBytes, and SubBytes followed by a multiplication in GF(2**8).
- `INDICES.translate(state)`, the state standing where the table is expected, moves
  bytes: the result holds the state's bytes in the order that INDICES names.
- XOR of whole states is `^` on ints made of their bytes, little-endian.

A state is 16 bytes in the order of FIPS-197 3.4: index = 4 * column + row. Look-ups
take a time that depends on the data: where an attacker can measure it, use another AES.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Sequence, Tuple

BLOCK = 16
_MASK = (1 << 128) - 1


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
_SUB_3 = _sum(_SUB, _SUB_2)
_INV = bytes.maketrans(_SUB, _TIMES_1)  # InvSubBytes, FIPS-197 5.3.2
_TIMES_9 = _sum(_TIMES_8, _TIMES_1)
_TIMES_11 = _sum(_TIMES_8, _TIMES_2, _TIMES_1)
_TIMES_13 = _sum(_TIMES_8, _TIMES_4, _TIMES_1)
_TIMES_14 = _sum(_TIMES_8, _TIMES_4, _TIMES_2)
_INV_9, _INV_11 = _INV.translate(_TIMES_9), _INV.translate(_TIMES_11)
_INV_13, _INV_14 = _INV.translate(_TIMES_13), _INV.translate(_TIMES_14)

# MixColumns (5.1.3) makes row r from 2 * row r + 3 * row r+1 + row r+2 + row r+3: four
# states, each the substituted state after ShiftRows (5.1.2: index i comes from 5i mod
# 16) with its columns turned by 0 to 3 rows. One gather of 64 indices lays the four
# side by side, out of a table of 256 bytes: S(x), 2 S(x) and 3 S(x), joined by fillers.
_join_sub = bytes(104).join


def _gather(shift: int, starts: "Sequence[int]", blocks: int = 1) -> bytes:
    """Where each byte of the turned states lies in a table with those starts."""
    return bytes(
        start + 16 * block + shift * (i & 12 | (i + turn) & 3) % 16
        for turn, start in enumerate(starts) for block in range(blocks)
        for i in range(16))


_MIX = _gather(5, (120, 240, 0, 0)).translate  # 2 S, 3 S, S, S

# Backwards, InvShiftRows (5.3.1: index i comes from 13i mod 16) and InvMixColumns
# (5.3.3) take 14, 11, 13 and 9 times the inverse. The terms of four blocks just fill a
# table, and CBC decryption knows all blocks: one round serves up to four. These are the
# gathers for 0 to 4 blocks.
_FEW = 4
_UNMIX = [_gather(13, range(0, 64 * n, 16 * n or 1), n).translate for n in range(5)]
_UNSHIFT = [_gather(13, (0,), n).translate for n in range(5)]

# A word times this stands in a round key four times, and once more: >> 8 turns it.
_ONES = sum(1 << 32 * i for i in range(5))
_RCON = [rcon * (_ONES & _MASK) for rcon in (1, 2, 4, 8, 16, 32, 64, 128, 0x1B, 0x36)]
# The lowest 8, 16 and 24 bits of each word in up to 13 round keys
_LOW_8, _LOW_16, _LOW_24 = (
    sum(((1 << bits) - 1) << 32 * i for i in range(52)) for bits in (8, 16, 24))

# Many blocks at once lie in lanes: byte (row, column) of every block side by side. This
# is where lane 4 * row + column lies in a block.
_LANES = tuple(4 * column + row for row in range(4) for column in range(4))
_LANES_FROM = 9  # blocks; for less, four at a time are faster
_CHUNK = 1024  # blocks at once: what a round touches stays in the cache


# The key schedule, FIPS-197 5.2: 11, 13 or 15 round keys. A word of it is the word
# before it XOR the word Nk before it. Over four words that is a running XOR, made by
# doubling, plus a substituted word in all four.


def _expand_128(key: bytes) -> "List[int]":
    number, sub, ones, mask = int.from_bytes, _SUB, _ONES, _MASK
    running = number(key, "little")
    keys = [running]
    for rcon in _RCON:
        word = (running >> 96).to_bytes(4, "little").translate(sub)
        running ^= running << 32
        running ^= running << 64
        running = (running ^ number(word, "little") * ones >> 8 ^ rcon) & mask
        keys.append(running)
    return keys


def _expand_192(key: bytes) -> "List[int]":
    """Steps of 192 bits, cut into round keys of 128."""
    running, schedule = int.from_bytes(key, "little"), [key]
    for rcon in _RCON[:8]:
        word = (running >> 160).to_bytes(4, "little").translate(_SUB)
        words = int.from_bytes(word, "little") * (_ONES << 64 | _ONES)
        running ^= running << 32
        running ^= running << 64
        running ^= running << 128
        running = (running ^ words >> 8 ^ (rcon << 64 | rcon)) & (1 << 192) - 1
        schedule.append(running.to_bytes(24, "little"))
    joined = b"".join(schedule)
    return [int.from_bytes(joined[i:i + 16], "little") for i in range(0, 208, 16)]


def _expand_256(key: bytes) -> "List[int]":
    """Steps of 128 bits in turns; those in between neither rotate nor add Rcon."""
    keys = [int.from_bytes(key[:16], "little"), int.from_bytes(key[16:], "little")]
    for i in range(13):
        word = (keys[-1] >> 96).to_bytes(4, "little").translate(_SUB)
        words = int.from_bytes(word, "little") * _ONES
        if i % 2 == 0:
            words = words >> 8 ^ _RCON[i // 2]
        running = keys[-2]
        running ^= running << 32
        running ^= running << 64
        keys.append((running ^ words) & _MASK)
    return keys


_EXPAND = {16: _expand_128, 24: _expand_192, 32: _expand_256}


def _invert(keys: "List[int]") -> "List[int]":
    """Round keys for the equivalent inverse cipher, FIPS-197 5.3.5, in order of use.

    InvMixColumns (5.3.3), on all but the first and the last at once: each column is a
    word of one int, whose rows turn by shifts and masks.
    """
    text = b"".join([key.to_bytes(16, "little") for key in keys[-2:0:-1]])
    number, size = int.from_bytes, len(text)
    row_1 = number(text.translate(_TIMES_11), "little")
    row_2 = number(text.translate(_TIMES_13), "little")
    row_3 = number(text.translate(_TIMES_9), "little")
    unmixed = (
        number(text.translate(_TIMES_14), "little")
        ^ (row_1 >> 8 & _LOW_24 | (row_1 & _LOW_8) << 24)
        ^ (row_2 >> 16 & _LOW_16 | (row_2 & _LOW_16) << 16)
        ^ (row_3 >> 24 & _LOW_8 | (row_3 & _LOW_24) << 8)
    ).to_bytes(size, "little")
    middle = [number(unmixed[i:i + 16], "little") for i in range(0, size, 16)]
    return [keys[-1]] + middle + [keys[0]]


class AES:
    """AES under one key, expanded once.

    key: 16, 24 or 32 bytes; another length raises ValueError. Source: FIPS-197.
    """

    __slots__ = ("_keys", "_inverse", "_repeated", "_lane_keys")

    def __init__(self, key: bytes) -> None:
        key = bytes(key)
        if len(key) not in _EXPAND:
            raise ValueError("an AES key has 16, 24 or 32 bytes, not %d" % len(key))
        self._keys = _EXPAND[len(key)](key)
        self._inverse: "List[int]" = []
        self._repeated: "Dict[int, List[int]]" = {}
        self._lane_keys: "Tuple[int, List[int]]" = (0, [])

    def __repr__(self) -> str:
        return "<AES>"

    def encrypt_block(self, block: bytes) -> bytes:
        """Encrypt 16 bytes; another length raises ValueError. FIPS-197 5.1."""
        return self.encrypt_cbc(bytes(BLOCK), _one_block(block))

    def decrypt_block(self, block: bytes) -> bytes:
        """Decrypt 16 bytes; another length raises ValueError. FIPS-197 5.3.5."""
        return self.decrypt_cbc(bytes(BLOCK), _one_block(block))

    def encrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
        """Encrypt whole blocks in CBC mode, SP 800-38A 6.2.

        iv: 16 bytes. data: a multiple of 16 bytes. Other lengths raise ValueError.
        """
        _check(iv, data)
        keys = self._keys
        first, middle, last = keys[0], keys[1:-1], keys[-1]
        number, mix, join = int.from_bytes, _MIX, _join_sub
        sub, sub_2, sub_3, mask = _SUB, _SUB_2, _SUB_3, _MASK
        blocks = []
        state = number(iv, "little")
        for i in range(0, len(data), BLOCK):
            state ^= number(data[i:i + BLOCK], "little") ^ first
            for key in middle:
                text = state.to_bytes(16, "little")  # SubBytes and the products,
                table = join((text.translate(sub), text.translate(sub_2),
                              text.translate(sub_3)))
                state = number(mix(table), "little")  # ShiftRows, MixColumns' terms,
                state ^= state >> 256  # their sum, and AddRoundKey
                state = (state ^ state >> 128) & mask ^ key
            # the last round has no MixColumns
            text = state.to_bytes(16, "little").translate(sub)
            state = number((text * 5)[::5], "little") ^ last
            blocks.append(state.to_bytes(16, "little"))
        return b"".join(blocks)

    def decrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
        """Decrypt in CBC mode, SP 800-38A 6.2. iv, data: as for encrypt_cbc()."""
        _check(iv, data)
        if not self._inverse:  # a client that only sends never needs them
            self._inverse = _invert(self._keys)
        chain = bytes(iv) + bytes(data)
        if 0 < len(data) <= _FEW * BLOCK:
            return self._decrypt_few(chain)
        if len(data) < _LANES_FROM * BLOCK:
            decrypt, size = self._decrypt_few, _FEW * BLOCK
        else:
            decrypt, size = self._decrypt_lanes, _CHUNK * BLOCK
        parts = range(0, len(data), size)
        return b"".join([decrypt(chain[i:i + BLOCK + size]) for i in parts])

    def _decrypt_few(self, chain: bytes) -> bytes:
        """CBC decryption of 1 to 4 blocks; chain: the IV, then the blocks."""
        size = len(chain) - BLOCK
        n = size // BLOCK
        keys, half, quarter = self._repeat(n), 256 * n, 128 * n
        number, unmix = int.from_bytes, _UNMIX[n]
        mask, fill, join = (1 << quarter) - 1, bytes(256 - 64 * n), b"".join
        inv_9, inv_11, inv_13, inv_14 = _INV_9, _INV_11, _INV_13, _INV_14
        state = number(chain[BLOCK:], "little") ^ keys[0]
        for key in keys[1:-1]:
            text = state.to_bytes(size, "little")
            table = join((text.translate(inv_14), text.translate(inv_11),
                          text.translate(inv_13), text.translate(inv_9), fill))
            state = number(unmix(table), "little")
            state ^= state >> half
            state = (state ^ state >> quarter) & mask ^ key
        text = state.to_bytes(size, "little").translate(_INV) + bytes(256 - size)
        state = number(_UNSHIFT[n](text), "little") ^ keys[-1]
        state ^= number(chain[:-BLOCK], "little")  # the XOR that is CBC's
        return state.to_bytes(size, "little")

    def _repeat(self, n: int) -> "List[int]":
        """The inverse round keys, each of them n times, for n blocks."""
        keys = self._repeated.get(n)
        if keys is None:
            ones = sum(1 << 128 * i for i in range(n))
            keys = self._repeated[n] = [key * ones for key in self._inverse]
        return keys

    def _decrypt_lanes(self, chain: bytes) -> bytes:
        """CBC decryption of all blocks at once; chain: the IV, then the blocks."""
        n = len(chain) // BLOCK - 1
        keys, size, number = self._spread(n), BLOCK * n, int.from_bytes
        lanes = [chain[i::BLOCK] for i in _LANES]
        state = number(b"".join([lane[1:] for lane in lanes]), "little") ^ keys[0]
        for key in keys[1:-1]:
            text = _unshift(state.to_bytes(size, "little"), n)
            rows = text + text  # InvMixColumns: a row's terms come from those below it
            state = (
                number(text.translate(_INV_14), "little")
                ^ number(rows[4 * n:20 * n].translate(_INV_11), "little")
                ^ number(rows[8 * n:24 * n].translate(_INV_13), "little")
                ^ number(rows[12 * n:28 * n].translate(_INV_9), "little")
                ^ key)
        text = _unshift(state.to_bytes(size, "little"), n).translate(_INV)
        state = number(text, "little") ^ keys[-1]
        state ^= number(b"".join([lane[:-1] for lane in lanes]), "little")
        text, plain = state.to_bytes(size, "little"), bytearray(size)
        for lane, i in enumerate(_LANES):
            plain[i::BLOCK] = text[lane * n:lane * n + n]
        return bytes(plain)

    def _spread(self, n: int) -> "List[int]":
        """The inverse round keys, each of their bytes repeated over a lane of n."""
        known, keys = self._lane_keys  # read and written whole: threads may share a key
        if known != n:
            gather = b"".join([bytes((i,)) * n for i in _LANES]).translate
            tables = [key.to_bytes(16, "little") + bytes(240) for key in self._inverse]
            keys = [int.from_bytes(gather(table), "little") for table in tables]
            self._lane_keys = n, keys
        return keys


def _unshift(text: bytes, n: int) -> bytes:
    """InvShiftRows, FIPS-197 5.3.1: row r of the lanes turns right by r columns."""
    return b"".join((
        text[:4 * n], text[7 * n:8 * n], text[4 * n:7 * n], text[10 * n:12 * n],
        text[8 * n:10 * n], text[13 * n:], text[12 * n:13 * n]))


def _one_block(block: bytes) -> bytes:
    if len(block) != BLOCK:
        raise ValueError("a block has 16 bytes, not %d" % len(block))
    return block


def _check(iv: bytes, data: bytes) -> None:
    if len(iv) != BLOCK:
        raise ValueError("an IV has 16 bytes, not %d" % len(iv))
    if len(data) % BLOCK:
        raise ValueError("CBC takes whole blocks of 16 bytes, not %d bytes" % len(data))


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
