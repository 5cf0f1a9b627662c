# SPDX-License-Identifier: MIT
"""AES-128-CBC beside other libraries."""

import os

from miio_pure import aes

from .measure import compare

SIZES = (16, 48, 64, 256, 1024, 4096, 16384, 65536)
PLOTTED = "AES-128-CBC, key kept, "


# Each takes a key and an IV and gives two functions, which encrypt and decrypt.


def ours(key, iv):
    cipher = aes.AES(key)
    return (
        lambda data: cipher.encrypt_cbc(iv, data),
        lambda data: cipher.decrypt_cbc(iv, data),
    )


def openssl(key, iv):
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher = Cipher(algorithms.AES(key), modes.CBC(iv))

    def encrypt(data):
        context = cipher.encryptor()
        return context.update(data) + context.finalize()

    def decrypt(data):
        context = cipher.decryptor()
        return context.update(data) + context.finalize()

    return encrypt, decrypt


def openssl_anew(key, iv):
    """A Cipher for each message, as most programs make it, and python-miio does."""
    return (
        lambda data: openssl(key, iv)[0](data),
        lambda data: openssl(key, iv)[1](data),
    )


def openssl_padded(key, iv, cipher=openssl):
    from cryptography.hazmat.primitives.padding import PKCS7

    padding = PKCS7(128)
    encrypt, decrypt = cipher(key, iv)

    def pad_and_encrypt(data):
        padder = padding.padder()
        return encrypt(padder.update(data) + padder.finalize())

    def decrypt_and_unpad(data):
        unpadder = padding.unpadder()
        return unpadder.update(decrypt(data)) + unpadder.finalize()

    return pad_and_encrypt, decrypt_and_unpad


def ours_padded(key, iv):
    encrypt, decrypt = ours(key, iv)
    return (lambda data: encrypt(aes.pad(data)), lambda data: aes.unpad(decrypt(data)))


def pycryptodome_padded(key, iv):
    from Crypto.Util.Padding import pad, unpad

    encrypt, decrypt = pycryptodome(key, iv)
    return (lambda data: encrypt(pad(data, 16)), lambda data: unpad(decrypt(data), 16))


def pycryptodome(key, iv):
    from Crypto.Cipher import AES

    return (
        lambda data: AES.new(key, AES.MODE_CBC, iv).encrypt(data),
        lambda data: AES.new(key, AES.MODE_CBC, iv).decrypt(data),
    )


def pyaes(key, iv):
    """The chain goes on from call to call: it is as fast, and the key is kept."""
    from pyaes import AESModeOfOperationCBC

    cipher = AESModeOfOperationCBC(key, iv)  # serves one direction at a time

    def in_blocks(work, data):
        return b"".join([work(data[i : i + 16]) for i in range(0, len(data), 16)])

    return (
        lambda data: in_blocks(cipher.encrypt, data),
        lambda data: in_blocks(cipher.decrypt, data),
    )


def tlslite(key, iv):
    """As for pyaes, the chain goes on."""
    from tlslite.utils.python_aes import new

    cipher = new(bytearray(key), 2, iv)
    return (
        lambda data: bytes(cipher.encrypt(bytearray(data))),
        lambda data: bytes(cipher.decrypt(bytearray(data))),
    )


CONTESTANTS = (
    ("miio_pure", ours, None),
    ("pyaes", pyaes, "pyaes"),
    ("tlslite-ng (python_aes)", tlslite, "tlslite"),
    ("pycryptodome (C)", pycryptodome, "Crypto"),
    ("cryptography (OpenSSL)", openssl, "cryptography"),
)


def available(missing):
    return [(name, make) for name, make, module in CONTESTANTS if module not in missing]


def check(contestants):
    """All give the same answers as ours."""
    for size in SIZES:
        key, iv, data = os.urandom(16), os.urandom(16), os.urandom(size)
        secret = ours(key, iv)[0](data)
        for name, make in contestants:
            if make(key, iv)[0](data) != secret or make(key, iv)[1](secret) != data:
                raise SystemExit("%s gives other answers than miio_pure" % name)


def subjects(settings, missing):
    contestants = available(missing)
    settings.progress("checking that all ciphers agree")
    check(contestants)
    key, iv = os.urandom(16), os.urandom(16)
    schedules = [
        (name, lambda make=make: make(key, iv))
        for name, make in contestants
        if make not in (pycryptodome, openssl)  # they expand it only as they encrypt
    ]
    yield compare("AES-128 key schedule (ours: for encryption)", schedules, settings)
    sizes = SIZES[::3] if settings.quick else SIZES
    for direction, what in ((0, "encrypt"), (1, "decrypt")):
        data = os.urandom(48)
        one_shots = [
            (name, lambda make=make: make(key, iv)[direction](data))
            for name, make in contestants
        ]
        yield compare(
            "AES-128-CBC, new key and 48 bytes, %s" % what, one_shots, settings
        )
        for size in sizes:
            data = os.urandom(size)
            kept = [
                (name, lambda work=make(key, iv)[direction], data=data: work(data))
                for name, make in contestants
            ]
            yield compare("%s%s %d bytes" % (PLOTTED, what, size), kept, settings)
    padded = [("miio_pure", ours_padded(key, iv))]
    if "Crypto" not in missing:
        padded.append(("pycryptodome (C)", pycryptodome_padded(key, iv)))
    if "cryptography" not in missing:
        padded.append(("cryptography, one Cipher kept", openssl_padded(key, iv)))
        padded.append(
            ("cryptography, a Cipher a message", openssl_padded(key, iv, openssl_anew))
        )
    data = os.urandom(64)
    for name, (encrypt, decrypt) in padded:
        if encrypt(data) != padded[0][1][0](data) or decrypt(encrypt(data)) != data:
            raise SystemExit("%s gives other answers than miio_pure" % name)
    yield compare(
        "64 bytes padded, encrypted, decrypted, unpadded, key kept",
        [(name, lambda pair=pair: pair[1](pair[0](data))) for name, pair in padded],
        settings,
    )
