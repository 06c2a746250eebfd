"""Writes the files beside it: one text in every content coding, and what some make of it.

They are kept, since rdev only decodes. Needs Brotli and zstandard from PyPI:

    python3 make.py
"""

import gzip
import pathlib
import zlib

import brotli
import zstandard

HERE = pathlib.Path(__file__).parent
GREETING = "Grüße aus Köln\nund Łódź\n".encode()
ZEROS = bytes(64 << 20)


def raw_deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def zstd(data):
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def flushed_zstd(*pieces):
    """A stream without length, flushed after each piece, as servers of events send it."""
    packer = zstandard.ZstdCompressor().compressobj()
    out = b"".join(
        packer.compress(piece) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        for piece in pieces
    )
    return out + packer.flush()


def write(name, data):
    (HERE / name).write_bytes(data)


write("greeting.txt", GREETING)
write("greeting.gz", gzip.compress(GREETING, mtime=0))
write("greeting.zlib", zlib.compress(GREETING))
write("greeting.deflate", raw_deflate(GREETING))
write("greeting.br", brotli.compress(GREETING))
write("greeting.zst", zstd(GREETING))
write("greeting.members.gz", b"".join(gzip.compress(bytes([b]), mtime=0) for b in GREETING))
SKIPPED = (0x184D2A50).to_bytes(4, "little") + (3).to_bytes(4, "little") + b"any"
write("greeting.frames.zst", zstd(GREETING[:9]) + SKIPPED + zstd(GREETING[9:]))
write("greeting.flushed.zst", flushed_zstd(GREETING[:9], GREETING[9:]))
write("greeting.gz.br", brotli.compress(gzip.compress(GREETING, mtime=0)))
write("zeros.br", brotli.compress(ZEROS))
write("zeros.zst", zstd(ZEROS))
write("zeros.gz.gz", gzip.compress(gzip.compress(ZEROS, mtime=0), mtime=0))
write("spaces.gz", gzip.compress(b" " * (1 << 20), mtime=0))
