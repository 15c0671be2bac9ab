"""Request targets: paths and query strings, valid ones and mutated ones."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from tests.fuzz.cloud_state import CloudState
from tests.fuzz.random_source import RandomSource
from tests.fuzz.values import canary, odd_text, text

Pairs = list[tuple[str, str]]

_ESCAPES = (
    *("%00", "%0a", "%0d%0a", "%20", "%2e%2e", "%2f", "%5c", "%7e", "%80", "%85", "%9b", "%c0%af"),
    *("%c2%85", "%c2%9b31m", "%e2%80%a8", "%ed%a0%80", "%f4%90%80%80", "%ff", "%", "%f", "%zz"),
    *("%25", "%2500", "%u0041", "%1b[31m", "%3b", "%3f", "%23", "%26", "%C3%A4", "%F0%9F%98%80"),
)
# Parts of a URL into which clients put secrets.
_SECRET_PLACES = (
    *("/v2.0/tokens/{}", "/v3/auth/tokens/{}", "//tokens//{}", "/identity/v3/auth/tokens/{}"),
    *("/v2.1/images;token={}", "/v2.1;password={}/images", "/v2.1/images/x;auth_token={}/metadata"),
    *("/v2.1/images?token={}", "/v2.1/images?X-Auth-Token={}", "/image/v2/images?%74oken={}"),
    *("/v2.1/images?a=b&password={}", "/v2.1/images?a=b;token={}", "/v2.1/images?adminPass={}"),
    *("/identity/v3/auth/tokens?secret={}&a", "/%74okens/{}", "/v2.0/Tokens/{}", "/tokens/%2f{}"),
    *("/v2.1/images?token%5B%5D={}", "/v2.1/images?to%6ben={}", "/image/v2/images;access_key={}"),
    *("/v2.1/images?api_key={}", "/v2.1/images/?signature={}", "/v2.0/tokens/{}/endpoints"),
    *("/identity/v3/auth/tokens/{}?nocatalog", "/v2.1/images?name=a&X-Subject-Token={}"),
)


def segment(rng: RandomSource, raw: str) -> str:
    """Return `raw` as a segment of a path, percent-encoded: where necessary, or more."""
    encoded = raw.encode(errors="surrogatepass")
    if rng.chance(0.05):
        return "".join(f"%{byte:02{rng.pick('xX')}}" for byte in encoded)
    safe = rng.pick(("", "", "-._~!$&'()*+,;=:@"))
    return quote(encoded, safe=safe)


def mutate_path(rng: RandomSource, path: str, host: str) -> str:
    """Return `path` with a mutation after which it is still a valid target."""
    parts = path.split("/")
    at = rng.randrange(1, len(parts)) if len(parts) > 1 else 0
    kind = rng.randrange(13)
    return (
        lambda: path + "/",
        lambda: path.replace("/", "//", rng.randint(1, 3)),
        lambda: "/".join([*parts[:at], segment(rng, odd_text(rng))[:3000], *parts[at + 1 :]]),
        lambda: "/".join([*parts[:at], *parts[at + 1 :]]) or "/",
        lambda: "/".join([*parts[: at + 1], *parts[at:]]),
        lambda: path + rng.pick(_ESCAPES),
        lambda: "/".join([*parts[:at], rng.pick(_ESCAPES) + parts[at], *parts[at + 1 :]]),
        lambda: "/".join([*parts[:at], rng.pick((".", "..", "", "*")), *parts[at:]]),
        path.upper,
        lambda: f"{rng.pick(('http', 'https', 'HTTP'))}://{host}{path}",
        lambda: f"{path};{rng.pick(('a', 'a=b', 'v=1.0', ''))}",
        lambda: (
            rng.pick(("/", "//", "/v2", "/v2.1", "/v2.1/v2.1", "/v3", "/v1.1", "/image/v1")) + path
        ),
        lambda: path + "/" + segment(rng, text(rng)),
    )[kind]()


def secret_target(rng: RandomSource) -> str:
    """Return a target that has a secret in it."""
    secret = canary(rng)
    if rng.chance(0.1):
        secret = "".join(f"%{ord(each):02x}" for each in secret)
    return rng.pick(_SECRET_PLACES).format(secret)


def query_string(rng: RandomSource, pairs: Sequence[tuple[str, str]]) -> str:
    """Return a query string, mostly one that is encoded correctly."""
    if rng.chance(0.04):
        return rng.pick(_ODD_QUERIES)
    separator = rng.weighted({"&": 40, ";": 1, "&&": 1})
    return separator.join(_pair(rng, *pair) for pair in pairs)


def _pair(rng: RandomSource, name: str, value: str) -> str:
    encoded = quote(value.encode(errors="surrogatepass"), safe=rng.pick(("", ":,-._~")))
    if rng.chance(0.05):
        encoded += rng.pick(_ESCAPES)
    if rng.chance(0.02):
        return rng.pick((name, f"{name}==", f"={encoded}", f"{name}[]={encoded}", f"+{name}=+"))
    return f"{quote(name.encode(errors='surrogatepass'), safe='-_')}={encoded}"


_ODD_QUERIES = (
    *("&", "=", "?", "%", "&&&&", "a", "a=", "=a", "a=b=c", "limit", "limit&marker", "%00=%00"),
    *(
        "&" * 5000,
        "a=b&" * 3000,
        "tag=t&" * 2000,
        "name=" + "a" * 40_000,
        "%ff=%fe",
        "name=%ED%A0%80",
    ),
    *("sort_key=name&" * 1000, "property-a=b&" * 500, "sort=" + "name," * 500, "sort_dir=asc&" * 9),
    *("".join(f"property-k{n}=v&" for n in range(900)), "".join(f"k{n}=v&" for n in range(900))),
    *(
        "name=in:" + "a," * 5000,
        "status=in:" + "ACTIVE," * 900,
        'name=in:"' + '\\"' * 3000,
        "a;b;c",
    ),
    *("marker=" + "%41" * 2000, "changes-since=" + "2" * 4000, "id=in:" + "0," * 2000),
    *("created_at=gt:2020&" * 300, "".join(f"tag=t{n}&" for n in range(900)), "'=\"&<>=`"),
)


def random_parameters(
    rng: RandomSource,
    state: CloudState,
    generators: Mapping[str, Callable[[RandomSource, CloudState], str]],
    most: int,
) -> Pairs:
    """Return up to `most` query parameters with values from `generators`."""
    pairs = []
    for _ in range(rng.randint(0, most)):
        name = rng.pick(tuple(generators))
        pairs.append((name, generators[name](rng, state)))
    return pairs


def image_pairs(rng: RandomSource, state: CloudState) -> Pairs:
    """Return query parameters that both list APIs may know."""
    return [(rng.pick(_LIST_NAMES), text(rng, 0.6)), ("marker", state.image(rng))]


_LIST_NAMES = ("name", "status", "limit", "marker", "x", "property-x", "id", "visibility", "tag")
