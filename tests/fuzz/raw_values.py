"""Invalid parts of HTTP requests: lines, headers, lengths, chunks, and other protocols."""

NO_IMAGE = "00000000-0000-0000-0000-000000000000"
ODD_LINES = (
    *("{method} {target} HTTP/0.9", "{method} {target} HTTP/2.0", "{method} {target} HTTP/1.2"),
    *("{method} {target} HTTP/1.0", "{method} {target}", "{method}", " {method} {target} HTTP/1.1"),
    *("{method}  {target}  HTTP/1.1", "{method}\t{target}\tHTTP/1.1", "{target} {method} HTTP/1.1"),
    *("{method} {target} http/1.1", "{method} {target} HTTP/11", "{method} {target} HTTP/1.1 x"),
    *("{method} http://a.example HTTP/1.1", "{method} http:// HTTP/1.1", "{method} // HTTP/1.1"),
    *(
        "{method} http://u:{secret}@a.example{target} HTTP/1.1",
        "{method} * HTTP/1.1",
        "PRI * HTTP/2.0",
    ),
    *("CONNECT a.example:443 HTTP/1.1", "CONNECT {target} HTTP/1.1", "{method} a.example HTTP/1.1"),
    *(
        "{method} {target}#a HTTP/1.1",
        "{method} {target}\x00 HTTP/1.1",
        "{method} {target}\x85 HTTP/1.1",
    ),
    *(
        "{method} ?a=b HTTP/1.1",
        "{method} ://a HTTP/1.1",
        "{method} http://[::1/x HTTP/1.1",
        "\r\n\r\n",
    ),
    *(
        "{method} {target}\xff\xfe HTTP/1.1",
        "\x16\x03\x01",
        "GET\x00 {target} HTTP/1.1",
        "SOURCE {target} ICE/1.0",
    ),
    *(
        "{method} http://a:99999{target} HTTP/1.1",
        "{method} http://a:b{target} HTTP/1.1",
        "@ / HTTP/1.1",
    ),
    *("OPTIONS * HTTP/1.1", "{method} {target} HTTP/1.", "{method} {target} HTTP/", "A" * 3000),
    *("{method} {target};token={secret}\x0b HTTP/1.1", "{method} {target}\x1b[31m HTTP/1.1"),
)
ODD_HEADERS = (
    *(
        "no colon",
        ": no name",
        "X Y: 1",
        "X-A : 1",
        "X-A:\x00",
        "X\x00A: 1",
        "X-A: a\x0bb",
        "X-A: \x7f",
    ),
    *(
        " folded: 1",
        "\tfolded",
        "X-\xe4: 1",
        "X-A: \xff",
        "X-A: a\rb",
        "X-A: a\nb",
        "",
        "\x00",
        "X-A",
    ),
    *("Content-Length: 0\x0b", "X-Auth-Token: second", "Host: second.example", "Host:", "@: 1"),
    *(
        "Transfer-Encoding:",
        "Connection: close, close",
        "Content-Type: \x1b",
        "(x): 1",
        "X-A: \x85",
    ),
)
_FRAMINGS = (
    *(("Content-Length: -1",), ("Content-Length: +{length}",), ("Content-Length: 0x10",)),
    *(
        ("Content-Length: {length}, {length}",),
        ("Content-Length: {length}",) * 2,
        ("Content-Length: ",),
    ),
    *(
        ("Content-Length: {length}", "Content-Length: 7"),
        ("Content-Length: 1e3",),
        ("Content-Length: \u0661",),
    ),
    *(("Content-Length: 99999999999999999999999",), ("Content-Length: 18446744073709551616",)),
    *(("Content-Length: {length}", "Transfer-Encoding: chunked"), ("Transfer-Encoding: chunked",)),
    *(
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: identity",),
        ("Content-Length: 5 5",),
    ),
    *(
        ("Transfer-Encoding: chunked, chunked",),
        ("Transfer-Encoding: xchunked",),
        ("Content-Length: 4",),
    ),
    *(
        ("Transfer-Encoding: chunked",) * 2,
        ("Transfer-Encoding: \x0bchunked",),
        ("Content-Length: 500",),
    ),
    *(
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding : chunked",),
        ("TE: chunked",),
        (),
    ),
    *(
        ("Expect: 100-continue", "Content-Length: {length}"),
        ("Content-Length: {length}", "Expect: x"),
    ),
)
# Not ASCII: as the UTF-8 that clients would send.
FRAMINGS = tuple(
    tuple(each.encode().decode("latin-1") for each in headers) for headers in _FRAMINGS
)
CHUNKS = (
    *(
        b"BODY0\r\n\r\n",
        b"BODY0\r\nX-Trailer: 1\r\n\r\n",
        b"zz\r\nabc\r\n0\r\n\r\n",
        b"-1\r\na\r\n0\r\n\r\n",
    ),
    *(
        b"ffffffffffffffffff\r\na",
        b"7fffffffffffffff\r\na",
        b"5\r\nabc\r\n0\r\n\r\n",
        b"BODY",
        b"0\r\n",
    ),
    *(
        b"BODY0\n\n",
        b"3\nabc\n0\n\n",
        b"3;" + b"x" * 70_000 + b"\r\nabc\r\n0\r\n\r\n",
        b"BODY0\r\n\r\nGET",
    ),
    *(
        b"3;a=b\r\nabc\r\n0\r\n\r\n",
        b" 3\r\nabc\r\n0\r\n\r\n",
        b"3 \r\nabc\r\n0\r\n\r\n",
        b"\r\n",
        b"0x3\r\nabc\r\n",
    ),
    *(
        b"BODY0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"BODY00000000000000000\r\n\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
    ),
    *(
        b"1\r\na\r\n" * 3000 + b"0\r\n\r\n",
        b"BODY0\r\nContent-Length: 5\r\n\r\n",
        b"3\r\nabc0\r\n\r\n",
    ),
)
UPGRADES = (
    (
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
    ),
    (
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Key: x",
        "Sec-WebSocket-Version: 13",
    ),
    ("Connection: upgrade", "Upgrade: TLS/1.0"),
    ("Upgrade: h2c",),
    ("Connection: Upgrade",),
    ("Connection: keep-alive, Upgrade", "Upgrade: "),
)
HOSTS: tuple[tuple[str, ...], ...] = (
    *((), ("Host: a", "Host: b"), ("Host:",), ("Host: a b",), ("Host: \x85",), ("Host: a/b",)),
    *(
        ("Host: 127.0.0.1", "Host: 127.0.0.1"),
        ("Host: @",),
        ("host: a", "HOST: a"),
        ("Host: " + "a" * 5000,),
    ),
)
GARBAGE = (
    *(
        b"\r\n" * 50,
        b"\n",
        b"\0",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9,
        b"SSH-2.0-x\r\n",
    ),
    *(
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500,
        b"QUIT\r\n",
        b"*1\r\n$4\r\nPING\r\n",
    ),
    *(
        b"GET",
        b"GET ",
        b"GET /",
        b"G" * 70_000,
        b"GET /" + b"a" * 70_000,
        b"HTTP/1.1 200 OK\r\n\r\n",
    ),
    *(
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\xff" * 3000,
        b" \t " * 99,
    ),
)
