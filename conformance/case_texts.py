"""Texts that several files of cases are made of."""

BACKSLASH = "\\"


def escape(hex4):
    return BACKSLASH + "u" + hex4


def nested(depth, opening, closing, core=""):
    return opening * depth + core + closing * depth


def nested_objects(depth):
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


def sized_meta(size):
    """A canonical meta of exactly so many bytes."""
    return '{"k":"' + "x" * (size - len('{"k":""}')) + '"}'


def sized_wide_meta(size):
    """As above, in characters of three bytes each: bytes count, not characters."""
    room = size - len('{"k":""}')
    return '{"k":"' + "\u20ac" * (room // 3) + "x" * (room % 3) + '"}'
