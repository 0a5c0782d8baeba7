"""X25519, HKDF-SHA256, ChaCha20-Poly1305, XChaCha20-Poly1305 and HPKE Base mode, written from their texts for vectors.

Slow and not constant-time: nothing real is sealed with it. sealing_cases.py holds it against the published vectors.
"""

import hashlib
import hmac

P = 2**255 - 19
POLY_P = 2**130 - 5


def x25519(scalar, point):
    """RFC 7748, section 5."""
    k = int.from_bytes(scalar, "little")
    k = (k & ~7 & ((1 << 254) - 1)) | (1 << 254)
    u = int.from_bytes(point, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swap = 1, 0, u, 1, 0
    for t in range(254, -1, -1):
        bit = (k >> t) & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b = x2 + z2, x2 - z2
        aa, bb = a * a % P, b * b % P
        e = aa - bb
        da, cb = (x3 - z3) * a % P, (x3 + z3) * b % P
        x3, z3 = (da + cb) ** 2 % P, u * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def public_key(scalar):
    return x25519(scalar, (9).to_bytes(32, "little"))


def extract(salt, ikm):
    """RFC 5869, section 2."""
    return hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()


def expand(prk, info, length):
    out, block = b"", b""
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([len(out) // 32 + 1]), hashlib.sha256).digest()
        out += block
    return out[:length]


def rounds(state):
    """RFC 8439, section 2.3: twenty rounds, without the addition at the end."""

    def quarter(a, b, c, d):
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & 0xFFFFFFFF
            mixed = state[z] ^ state[x]
            state[z] = ((mixed << turn) | (mixed >> (32 - turn))) & 0xFFFFFFFF

    for _ in range(10):
        for column in range(4):
            quarter(column, column + 4, column + 8, column + 12)
        for column in range(4):
            quarter(column, (column + 1) % 4 + 4, (column + 2) % 4 + 8, (column + 3) % 4 + 12)
    return state


def words(data):
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


def text_of(numbers):
    return b"".join(number.to_bytes(4, "little") for number in numbers)


def chacha_block(key, counter, nonce):
    start = words(b"expand 32-byte k") + words(key) + [counter] + words(nonce)
    mixed = rounds(list(start))
    return text_of((one + other) & 0xFFFFFFFF for one, other in zip(mixed, start))


def chacha(key, counter, nonce, data):
    stream = b"".join(chacha_block(key, counter + at, nonce) for at in range((len(data) + 63) // 64))
    return bytes(one ^ other for one, other in zip(data, stream))


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at : at + 16] + b"\x01", "little")) * r % POLY_P
    return ((total + int.from_bytes(key[16:], "little")) & (2**128 - 1)).to_bytes(16, "little")


def aead(key, nonce, aad, plain):
    """RFC 8439, section 2.8: ciphertext and tag."""

    def padded(data):
        return data + bytes(-len(data) % 16)

    sealed = chacha(key, 1, nonce, plain)
    lengths = len(aad).to_bytes(8, "little") + len(sealed).to_bytes(8, "little")
    return sealed + poly1305(chacha_block(key, 0, nonce)[:32], padded(aad) + padded(sealed) + lengths)


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha-03, section 2.2."""
    mixed = rounds(words(b"expand 32-byte k") + words(key) + words(nonce))
    return text_of(mixed[:4] + mixed[12:])


def xaead(key, nonce, aad, plain):
    return aead(hchacha20(key, nonce[:16]), bytes(4) + nonce[16:], aad, plain)


KEM = b"KEM" + bytes([0, 0x20])
HPKE = b"HPKE" + bytes([0, 0x20, 0, 1, 0, 3])


def labeled_extract(suite, salt, label, ikm):
    """RFC 9180, section 4."""
    return extract(salt, b"HPKE-v1" + suite + label + ikm)


def labeled_expand(suite, prk, label, info, length):
    return expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def derive_key_pair(ikm):
    secret = labeled_expand(KEM, labeled_extract(KEM, b"", b"dkp_prk", ikm), b"sk", b"", 32)
    return secret, public_key(secret)


def seal_base(recipient, ikm, info, aad, plain):
    """RFC 9180, section 6.1, with the ephemeral key of this ikm: enc, ciphertext and tag."""
    secret, enc = derive_key_pair(ikm)
    prk = labeled_extract(KEM, b"", b"eae_prk", x25519(secret, recipient))
    shared = labeled_expand(KEM, prk, b"shared_secret", enc + recipient, 32)
    psk_id_hash = labeled_extract(HPKE, b"", b"psk_id_hash", b"")
    context = b"\x00" + psk_id_hash + labeled_extract(HPKE, b"", b"info_hash", info)
    schedule = labeled_extract(HPKE, shared, b"secret", b"")
    key = labeled_expand(HPKE, schedule, b"key", context, 32)
    return enc + aead(key, labeled_expand(HPKE, schedule, b"base_nonce", context, 12), aad, plain)
