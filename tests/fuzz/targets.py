"""Request targets: paths and query strings, right, and wrong in the ways that servers meet."""

from collections.abc import Sequence
from urllib.parse import quote

from tests.fuzz.dice import Dice
from tests.fuzz.values import canary, odd_text, text
from tests.fuzz.world import World

Pairs = list[tuple[str, str]]

_ESCAPES = (
    *("%00", "%0a", "%0d%0a", "%20", "%2e%2e", "%2f", "%5c", "%7e", "%80", "%85", "%9b", "%c0%af"),
    *("%c2%85", "%c2%9b31m", "%e2%80%a8", "%ed%a0%80", "%f4%90%80%80", "%ff", "%", "%f", "%zz"),
    *("%25", "%2500", "%u0041", "%1b[31m", "%3b", "%3f", "%23", "%26", "%C3%A4", "%F0%9F%98%80"),
)
# Places of a URL where clients have left secrets.
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


def segment(dice: Dice, raw: str) -> str:
    """`raw` as one segment of a path, percent-encoded: all that need it, or more of it."""
    encoded = raw.encode(errors="surrogatepass")
    if dice.chance(0.05):
        return "".join(f"%{byte:02{dice.pick('xX')}}" for byte in encoded)
    safe = dice.pick(("", "", "-._~!$&'()*+,;=:@"))
    return quote(encoded, safe=safe)


def mutate_path(dice: Dice, path: str, host: str) -> str:
    """`path` with a part of it changed, as a target that HTTP allows."""
    parts = path.split("/")
    at = dice.randrange(1, len(parts)) if len(parts) > 1 else 0
    kind = dice.randrange(13)
    return (
        lambda: path + "/",
        lambda: path.replace("/", "//", dice.randint(1, 3)),
        lambda: "/".join([*parts[:at], segment(dice, odd_text(dice))[:3000], *parts[at + 1 :]]),
        lambda: "/".join([*parts[:at], *parts[at + 1 :]]) or "/",
        lambda: "/".join([*parts[: at + 1], *parts[at:]]),
        lambda: path + dice.pick(_ESCAPES),
        lambda: "/".join([*parts[:at], dice.pick(_ESCAPES) + parts[at], *parts[at + 1 :]]),
        lambda: "/".join([*parts[:at], dice.pick((".", "..", "", "*")), *parts[at:]]),
        path.upper,
        lambda: f"{dice.pick(('http', 'https', 'HTTP'))}://{host}{path}",
        lambda: f"{path};{dice.pick(('a', 'a=b', 'v=1.0', ''))}",
        lambda: (
            dice.pick(("/", "//", "/v2", "/v2.1", "/v2.1/v2.1", "/v3", "/v1.1", "/image/v1")) + path
        ),
        lambda: path + "/" + segment(dice, text(dice)),
    )[kind]()


def secret_target(dice: Dice) -> str:
    """A target that has a secret in it."""
    secret = canary(dice)
    if dice.chance(0.1):
        secret = "".join(f"%{ord(each):02x}" for each in secret)
    return dice.pick(_SECRET_PLACES).format(secret)


def query_string(dice: Dice, pairs: Sequence[tuple[str, str]]) -> str:
    """A query string, mostly encoded as it should be."""
    if dice.chance(0.04):
        return dice.pick(_ODD_QUERIES)
    separator = dice.weighted({"&": 40, ";": 1, "&&": 1})
    return separator.join(_pair(dice, *pair) for pair in pairs)


def _pair(dice: Dice, name: str, value: str) -> str:
    encoded = quote(value.encode(errors="surrogatepass"), safe=dice.pick(("", ":,-._~")))
    if dice.chance(0.05):
        encoded += dice.pick(_ESCAPES)
    if dice.chance(0.02):
        return dice.pick((name, f"{name}==", f"={encoded}", f"{name}[]={encoded}", f"+{name}=+"))
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


def image_pairs(dice: Dice, world: World) -> Pairs:
    """The parameters of a list that both list APIs might know."""
    return [(dice.pick(_LIST_NAMES), text(dice, 0.6)), ("marker", world.image(dice))]


_LIST_NAMES = ("name", "status", "limit", "marker", "x", "property-x", "id", "visibility", "tag")
