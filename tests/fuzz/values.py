"""Odd values: texts, numbers and dates that break parsers, databases and logs."""

from tests.fuzz.random_source import RandomSource

# Sent in place of a secret. If a log contains it, a secret was logged.
CANARY = "zqcanary"

PLAIN = (
    *("a", "b", "debian", "image-1", "x86_64", "linux", "12", "0", "true", "Ubuntu 24.04", "key1"),
    *(
        "os_distro",
        "hw_disk_bus",
        "active",
        "ACTIVE",
        "raw",
        "bare",
        "private",
        "name",
        "ä",
        "日本",
    ),
)
ODD = (
    *("", " ", "\t", "\0", "a\0b", "\r\n", "a\r\nSet-Cookie: x=1", "\n", "a\n", "\x1b[31mred"),
    *("\x7f", "\x85", "\x9b31m", "\u2028", "\u2029", "\u202e", "\ufeff", "\u200b", "\ud800"),
    *("a\udfff", "\U0001f600", "e\u0301", "ß", "İ", "ﬁ", "Ǆ", "é" * 255, "\U0001d4b3" * 255),
    *("a" * 255, "a" * 256, "a" * 257, "a" * 4000, "'", '"', "\\", "\\u0000", "`", "%", "%00"),
    *("%zz", "%s%n%d", "%(message)s", "{0}", "{}", "${jndi:ldap://x}", "<script>", "&amp;"),
    *("' OR 1=1 --", "; DROP TABLE images", "*", "?", "[", "(", "(a+)+$", "a" * 40 + "!", "^$"),
    *("..", ".", "../../etc/passwd", "/", "//", "a/b", "a//b", "\\..\\", "file:///etc/passwd"),
    *("~", "~0", "~1", "~2", "~01", "-", "--", "#", "a#b", "a?b", "a;b", "a&b", "a=b", "a,b", ","),
    *("null", "None", "undefined", "NaN", "inf", "-Infinity", "true", "False", "yes", "on"),
    *(
        "__class__",
        "__dict__",
        "constructor",
        "__proto__",
        "self",
        "id",
        "os_glance_x",
        "os_glance",
    ),
    *("in:", "in:a,b", 'in:"a,b",c', 'in:"a', "in:,", "eq:", "eq:a", "neq:a", "gt:1", "gte:", ":"),
    *("lte:2020-01-01", "like:a%", "in:in:a", 'in:"a\\"b"', "SELECT", "NULL", "x" * 1000 + "é"),
    *("default", "Default", "admin", "all", "*/*", "application/json", "detail", "metadata"),
    *("block_device_mapping", "mappings", "image_id", "instance_uuid", "kernel_id", "locations"),
)
NUMBERS = (
    *("0", "1", "-1", "-0", "+1", "00", "007", "1.0", "1.5", "1e3", "1E400", "-1e400", "1e-400"),
    *("2147483647", "2147483648", "-2147483649", "4294967296", "9007199254740993", "1_000", "0x10"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616"),
    *("9" * 30, "9" * 309, "9" * 5000, "0." + "1" * 400, "1" + "0" * 400, "NaN", "Infinity"),
    *("١٢", "\uff11\uff12", "²", "1 ", " 1", "1\n", "1,2", "1;2", "1e", "e1", ".", "1.", ".5"),
)
DATES = (
    *("2024-02-01T10:20:30Z", "2024-02-01", "2024", "2024-02", "20240201T102030", "2024-02-30"),
    *("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59"),
    *("0001-01-01T00:00:00+23:59", "0000-00-00", "0001-01-01", "10000-01-01", "-0001-01-01"),
    *("2024-02-01T24:00:00Z", "2024-02-01T23:59:60Z", "2024-02-01T10:20:30+99:99", "1969-12-31"),
    *("2024-02-01T10:20:30.9999999999999Z", "2024-02-01 10:20", "2024-W05-4", "2024-032", "now"),
    *("2024-02-01T10:20:30+00:00:00.000001", "2038-01-19T03:14:08Z", "1e400", "T", "Z", "--"),
    *("9999-12-31T23:59:59.999999", "2999-01-01T00:00:00", "2999-01-01T00:00:00+14:00"),
)
OPERATORS = ("gt", "gte", "lt", "lte", "eq", "neq", "in", "GT", "like", "")


def plain_text(rng: RandomSource) -> str:
    """Return a text such as clients send."""
    return rng.pick(PLAIN)


def odd_text(rng: RandomSource) -> str:
    """Return a text such as attackers send, or random characters of all planes."""
    kind = rng.random()
    if kind < 0.62:
        return rng.pick(ODD)
    if kind < 0.75:
        return rng.pick(NUMBERS)
    if kind < 0.85:
        return rng.pick(DATES)
    if kind < 0.9:
        return rng.pick(ODD) + rng.pick(ODD)
    if kind < 0.92:
        return rng.pick(ODD) * rng.randint(2, 60)
    return "".join(chr(_code_point(rng)) for _ in range(rng.randint(1, 12)))


def _code_point(rng: RandomSource) -> int:
    return rng.randrange(rng.pick((0x20, 0x80, 0x100, 0x600, 0x3000, 0x10000, 0x110000)))


def text(rng: RandomSource, odd: float = 0.3) -> str:
    """Return a plain text, or with probability `odd` an odd one."""
    return odd_text(rng) if rng.chance(odd) else plain_text(rng)


def number(rng: RandomSource) -> str:
    """Return a small number or an odd one, as text."""
    return str(rng.randint(0, 50)) if rng.chance(0.5) else rng.pick(NUMBERS)


def date(rng: RandomSource) -> str:
    """Return a date, perhaps after an operator, perhaps with a changed character."""
    found = rng.pick(DATES)
    if rng.chance(0.3):
        found = f"{rng.pick(OPERATORS)}:{found}"
    if rng.chance(0.2):
        at = rng.randrange(len(found))
        found = found[:at] + rng.pick("0123456789-:TZ+ .") + found[at + 1 :]
    return found


def canary(rng: RandomSource) -> str:
    """Return a text that stands for a secret, and that LogChecks finds in logs."""
    return f"{CANARY}{rng.hexadecimal(16)}"


def header_value(raw: str) -> str:
    """Return `raw` in UTF-8 without control characters, which no header may have."""
    encoded = raw.encode(errors="surrogatepass").decode("latin-1")
    return "".join(each for each in encoded if each == "\t" or (each >= " " and each != "\x7f"))
