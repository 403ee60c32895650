"""What output files are called in a store."""

from statuette.spec.names import shortened


def published_name(name: str) -> str:
    """The name under which an output file can be stored: bytes that are no UTF-8, control characters and backslashes
    become `%XX`; what is longer than 255 bytes then is shortened, its extension kept.

    Object stores answer listings in XML, which cannot hold the first two; SeaweedFS takes a backslash for a "/".
    """
    return name if name.isascii() and name.isprintable() and "\\" not in name else shortened(_escaped(name))


def _escaped(name: str) -> str:
    parts = []
    for character in name:
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:
            parts.append(f"%{code - 0xDC00:02X}")
        elif code < 0x20 or 0x7F <= code <= 0x9F or character == "\\":
            parts.append("".join(f"%{byte:02X}" for byte in character.encode()))
        else:
            parts.append(character)
    return "".join(parts)
