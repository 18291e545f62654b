"""Small files of every type that is taken in, and hostile ones that look like them."""

import io
import zipfile
import zlib

PDF = b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\x00" * 32 + b"\xff\xd9"
TIF = b"II*\x00\x08\x00\x00\x00" + b"\x00" * 32
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 16
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HTML = b"<!doctype html><script>alert(1)</script>"


def _chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def png(width: int = 1, height: int = 1) -> bytes:
    """A grey picture of that size; a large one is a bomb for whoever decodes it."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, 0, 0, 0, 0))
    rows = zlib.compress(b"\x00" * ((width + 1) * min(height, 50)))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


PNG = png()


def photo(width: int = 480, height: int = 300) -> bytes:
    """A drawing of a car on a road, for pages that show what somebody has uploaded."""
    shapes = (  # left, top, right, bottom, colour; later ones lie over earlier ones
        (0, 0, 480, 190, (205, 222, 235)), (0, 190, 480, 300, (120, 122, 126)), (0, 238, 480, 246, (235, 235, 225)),
        (150, 110, 320, 165, (70, 90, 110)), (165, 120, 305, 160, (190, 210, 220)),
        (100, 155, 380, 212, (31, 107, 113)), (340, 165, 380, 182, (240, 200, 90)),
        (135, 195, 185, 235, (35, 35, 38)), (295, 195, 345, 235, (35, 35, 38)),
    )  # fmt: skip
    rows = bytearray()
    for y in range(height):
        row = bytearray(width * 3)
        for left, top, right, bottom, colour in shapes:
            if top <= y < bottom:
                row[left * 3 : right * 3] = bytes(colour) * (right - left)
        rows += b"\0" + row
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def archive(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as written:
        for name in names:
            written.writestr(name, "<x/>")
    return made.getvalue()


DOCX = archive("[Content_Types].xml", "word/document.xml")
XLSX = archive("[Content_Types].xml", "xl/workbook.xml")
GOOD = {
    "a.pdf": PDF, "a.JPG": JPG, "a.jpeg": JPG, "a.png": PNG, "a.tiff": TIF, "a.heic": HEIC, "a.docx": DOCX,
    "a.xlsx": XLSX, "a.txt": "你好\r\n".encode(), "b.txt": "你好".encode("gb18030"), "a.csv": b"a,b\n1,2\n",
    "bomb.png": png(60_000, 60_000),
}  # fmt: skip
BAD = {
    "empty.pdf": (b"", "file_empty"),
    "page.png": (HTML, "file_other"),
    "page.jpg": (HTML, "file_other"),
    "page.pdf": (HTML, "file_other"),
    "late.pdf": (HTML + PDF, "file_other"),
    "picture.svg": (SVG, "file_type"),
    "svg.png": (SVG, "file_other"),
    "page.html": (HTML, "file_type"),
    "run.exe": (b"MZ" + b"\x00" * 64, "file_type"),
    "run.pdf": (b"MZ" + b"\x00" * 64, "file_other"),
    "run.txt": (b"MZ\x90\x00" + b"\x00" * 64, "file_other"),
    "noending": (PDF, "file_type"),
    "scan.pdf.exe": (PDF, "file_type"),
    "cut.png": (PNG[:-20], "file_other"),
    "tail.png": (PNG + HTML, "file_other"),
    "renamed.jpg": (PNG, "file_other"),
    "both.pdf": (PDF + archive("x.html"), "file_both"),
    "both.jpg": (JPG + archive("x.class"), "file_both"),
    "any.zip": (archive("x"), "file_type"),
    "any.docx": (archive("x"), "file_other"),
    "sheet.docx": (XLSX, "file_other"),
    "macros.docx": (archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "file_macros"),
    "broken.docx": (DOCX[:-30], "file_other"),
}
"""Name -> content, and why it is not taken in."""
