"""Close reasons, written from the rules of the wire and without the product's code."""

BYTES_MAX = 123
SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def close_reason(kind, feature, detail):
    """Code points fall away from the end of the detail until it fits, then from the feature, at last from the kind."""
    parts = [list(kind), None if feature is None else list(feature), list(detail)]
    for part in (parts[2], parts[1], parts[0]):
        while part and len(_written(*parts).encode("utf-8")) > BYTES_MAX:
            part.pop()
    return _written(*parts)


def _written(kind, feature, detail):
    named = "" if feature is None else ',"feature":' + _text(feature)
    return '{"kind":' + _text(kind) + named + ',"detail":' + _text(detail) + "}"


def _text(characters):
    """As JSON.stringify writes it: only what must be escaped, and lone surrogates."""
    return '"' + "".join(_character(character) for character in characters) + '"'


def _character(character):
    if character in SHORT:
        return SHORT[character]
    if character < " " or "\ud800" <= character <= "\udfff":
        return "\\u%04x" % ord(character)
    return character
