"""The requests of a client in the field, in the order in which they are sent.

Data only: `clients_do_not_notice.py` sends them. Created rows get the ids from 101 on, because the database is
reset before each run. What a gateway refuses on purpose (and the monolith does not) is not here.
"""

import json
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

LONG_PASSWORD = ("correct horse battery staple, " * 3)[:80]
PNG = bytes.fromhex("89504e470d0a1a0a") + bytes(range(256)) * 8
BOUNDARY = "client-boundary-7f3a"


@dataclass(frozen=True)
class Case:
    """One named request. `who` names an identity, `signs_in` an identity that the answer's tokens become."""

    name: str
    method: str
    target: str
    who: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    signs_in: str | None = None
    # Sends the entity tag of an earlier answer, by the name of its case.
    if_none_match: str | None = None
    # A body of which only the parts that a gateway may not change are compared.
    is_echo: bool = False
    # Seconds to wait before sending: how long a ban may take to be noticed.
    pause: float = 0.0


@dataclass
class Group:
    """Builds cases whose names begin alike."""

    prefix: str
    cases: list[Case] = field(default_factory=list)

    def add(self, name: str, method: str, target: str, **rest) -> None:
        self.cases.append(Case(f"{self.prefix}: {name}", method, target, **rest))

    def json(self, name: str, method: str, target: str, value: object, **rest) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
        self.add(name, method, target, body=body, headers=(("Content-Type", "application/json"),), **rest)

    def form(self, name: str, method: str, target: str, fields: dict, **rest) -> None:
        kind = (("Content-Type", "application/x-www-form-urlencoded"),)
        self.add(name, method, target, body=urlencode(fields).encode(), headers=kind, **rest)

    def files(self, name: str, method: str, target: str, parts: list[tuple[str, str | None, bytes]], **rest) -> None:
        kind = (("Content-Type", f"multipart/form-data; boundary={BOUNDARY}"),)
        self.add(name, method, target, body=_multipart(parts), headers=kind, **rest)


def _multipart(parts: list[tuple[str, str | None, bytes]]) -> bytes:
    chunks = []
    for name, filename, content in parts:
        disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
        kind = "Content-Type: image/png\r\n" if filename else ""
        chunks.append(f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{kind}\r\n".encode() + content + b"\r\n")
    return b"".join(chunks) + f"--{BOUNDARY}--\r\n".encode()


def login_target(email: str, password: str) -> str:
    return f"/login/access-token?email={quote(email, safe='@')}&password={quote(password, safe='')}"


def _sign_ins() -> list[Case]:
    group = Group("login")
    people = {
        "minji": ("minji@example.com", "minji-pass-1"),
        "admin": ("admin@example.com", "admin-pass-2"),
        "jiwoo": ("jiwoo@example.com", "비밀번호-7🔑"),
        "twice": ("twice@example.com", "twice-pass-12"),
        "null state": ("nullstate@example.com", "nullstate-pass-5"),
        "null active": ("nullactive@example.com", "nullactive-pass-14"),
        "long password": ("longpass@example.com", LONG_PASSWORD),
        "first 72 bytes of a long password": ("longpass@example.com", LONG_PASSWORD[:72] + "another end"),
        "hash 2a": ("old2a@example.com", "old2a-pass-9"),
        "hash 2y": ("old2y@example.com", "old2y-pass-10"),
        "address in another case": ("mixed.case@EXAMPLE.com", "mixed-pass-15"),
        "address between spaces": (" minji@example.com ", "minji-pass-1"),
        "address with a display name": ("Min Ji <minji@example.com>", "minji-pass-1"),
    }
    for name, (email, password) in people.items():
        group.add(name, "POST", login_target(email, password), signs_in=name)
    return group.cases


def _refused_sign_ins() -> list[Case]:
    group = Group("login refused")
    outcomes = {
        "banned": ("banned@example.com", "banned-pass-3"),
        "banned, wrong password": ("banned@example.com", "wrong"),
        "withdrawn": ("withdrawn@example.com", "withdrawn-pass-4"),
        "withdrawn, wrong password": ("withdrawn@example.com", "wrong"),
        "banned and withdrawn": ("both@example.com", "both-pass-13"),
        "wrong password": ("minji@example.com", "wrong"),
        "empty password": ("minji@example.com", ""),
        "unknown address": ("nobody@example.com", "wrong"),
        "social account": ("social@example.com", "anything"),
        "password of the withdrawn twin": ("twice@example.com", "twice-old-pass-11"),
        "first 71 bytes of a long password": ("longpass@example.com", LONG_PASSWORD[:71]),
    }
    for name, (email, password) in outcomes.items():
        group.add(name, "POST", login_target(email, password))
    return group.cases


def _malformed_sign_ins() -> list[Case]:
    group = Group("login malformed")
    group.add("no parameters", "POST", "/login/access-token")
    group.add("no password", "POST", "/login/access-token?email=minji@example.com")
    group.add("no address", "POST", "/login/access-token?password=x")
    group.add("parameters without values", "POST", "/login/access-token?email&password")
    group.add("bad address, no password", "POST", "/login/access-token?email=minji")
    addresses = ("minji", "@example.com", "minji@", "minji@nodot", "minji@site.test", "min ji@example.com", "a@b@c.com")
    addresses += (".minji@example.com", "minji.@example.com", "min..ji@example.com", "a,b@example.com", "minji@exa_mple.com")
    for email in addresses:
        group.add(f"address {email!r}", "POST", login_target(email, "x"))
    group.add("plus is a space", "POST", "/login/access-token?email=min+ji@example.com&password=x")
    repeated = "/login/access-token?email=bad&email=minji@example.com&password=bad&password=minji-pass-1"
    group.add("repeated parameters, the last wins", "POST", repeated)
    unknown = login_target("minji@example.com", "minji-pass-1") + "&utm_source=app&empty="
    group.add("unknown parameters", "POST", unknown)
    credentials = {"email": "minji@example.com", "password": "minji-pass-1"}
    group.json("credentials in the body are not read", "POST", "/login/access-token", credentials)
    group.json("a body beside the query is ignored", "POST", login_target(**credentials), b"{not json")
    group.add("GET", "GET", login_target(**credentials))
    group.add("HEAD", "HEAD", "/login/access-token")
    group.add("trailing slash redirects", "POST", "/login/access-token/?email=minji@example.com&password=x")
    group.add("social login begins with a redirect", "GET", "/login/kakao?next=%2Fitems%3Fq%3Da%2Bb")
    return group.cases


def _token_routes() -> list[Case]:
    group = Group("auth")
    pair = "/auth/token/pair"
    group.json("pair", "POST", pair, {"email": "minji@example.com", "password": "minji-pass-1"}, signs_in="paired")
    people = {"wrong password": "minji", "unknown": "nobody"} | {name: name for name in ("banned", "withdrawn", "social")}
    passwords = {"banned": "banned-pass-3", "withdrawn": "withdrawn-pass-4"}
    for name, local in people.items():
        credentials = {"email": f"{local}@example.com", "password": passwords.get(local, "wrong")}
        group.json(f"pair {name}", "POST", pair, credentials)
    objects = (b"{}", b'{"email":"minji@example.com"}', b'{"email":"minji","password":"x"}')
    for body in (*objects, b'{"email":null,"password":1}'):
        group.json(f"pair malformed {body.decode()}", "POST", pair, body)
    for body in (b"[]", b"null", b'"x"', b"", b"{not json", b'{"email":"minji@example.com",}', b"{} x"):
        group.json(f"pair malformed {body.decode()!r}", "POST", pair, body)
    group.add("pair without a content type", "POST", pair, body=b'{"email":"minji@example.com","password":"x"}')
    group.form("pair as a form", "POST", pair, {"email": "minji@example.com", "password": "x"})
    group.add("pair GET", "GET", pair)
    refreshers = ("refresh of minji", "expired refresh", "banned refresh")
    for identity in ("minji", "expired", "banned", *refreshers, "unknown", "garbage"):
        group.json(f"refresh with {identity}", "POST", "/auth/token/refresh", {"token": f"{{{identity}}}"})
        group.json(f"verify {identity}", "POST", "/auth/token/verify", {"token": f"{{{identity}}}"})
    for body in (b"{}", b'{"token":null}', b'{"token":5}', b"{"):
        group.json(f"refresh malformed {body.decode()}", "POST", "/auth/token/refresh", body)
        group.json(f"verify malformed {body.decode()}", "POST", "/auth/token/verify", body)
    return group.cases


def _guarded_calls() -> list[Case]:
    group = Group("guard")
    group.add("no token", "GET", "/users/me")
    group.add("no token, POST", "POST", "/deals", body=b"{}", headers=(("Content-Type", "application/json"),))
    for identity in ("minji", "expired", "garbage", "refresh of minji", "banned", "withdrawn", "unknown"):
        group.add(f"required with {identity}", "GET", "/users/me", who=identity)
        group.add(f"optional with {identity}", "GET", "/items/1", who=identity)
    spellings = {"basic": "Basic bWluamk6eA==", "no value": "Bearer", "another scheme": "Token abc"}
    for name, value in spellings.items():
        group.add(f"authorization: {name}", "GET", "/users/me", headers=(("Authorization", value),))
    group.add("scheme in lower case", "GET", "/users/me", headers=(("authorization", "bearer {minji}"),))
    group.add("administrator", "GET", "/admin/stats", who="admin")
    group.add("not an administrator", "GET", "/admin/stats", who="minji")
    group.add("unknown path with a token", "GET", "/nowhere/at/all", who="minji")
    group.add("wrong method with a token", "PUT", "/notices", who="minji")
    return group.cases


def _users() -> list[Case]:
    group = Group("users")
    new = {"email": "new@example.com", "password": "new-pass-101", "name": "새 회원 🌱", "phone": None}
    group.json("sign up", "POST", "/users", new)
    group.json("sign up again", "POST", "/users", new)
    group.json("sign up within seven days", "POST", "/users", new | {"email": "both@example.com"})
    group.json("sign up malformed", "POST", "/users", {"email": "x", "password": "short", "name": ""})
    group.add("sign in", "POST", login_target("new@example.com", "new-pass-101"), signs_in="new")
    own = {"email": "new@example.com", "password": "new-pass-101"}
    group.json("sign in for a pair", "POST", "/auth/token/pair", own, signs_in="new pair")
    group.add("read oneself", "GET", "/users/me", who="new pair")
    group.json("refresh", "POST", "/auth/token/refresh", {"token": "{refresh of new pair}"})
    group.add("read a profile", "GET", "/users/7", who="new")
    group.add("read a missing profile", "GET", "/users/9999", who="new")
    group.add("read a malformed profile", "GET", "/users/seven", who="new")
    group.json("change own", "PUT", "/users/101", {"name": "바뀐 이름", "is_agree_push_ad": True}, who="new")
    group.json("change another's", "PUT", "/users/1", {"name": "x"}, who="new")
    parts = [("image", "me.png", PNG), ("caption", None, "나 📷".encode())]
    group.files("upload an image", "PUT", "/users/101/profile-image", parts, who="new")
    group.files("upload without a file", "PUT", "/users/101/profile-image", parts[1:], who="new")
    group.add("download an image", "GET", "/users/101/profile-image", who="minji")
    group.add("add a favorite", "PUT", "/users/101/favorites/7", who="new")
    group.add("list favorites", "GET", "/users/101/favorites", who="new")
    group.add("remove a favorite", "DELETE", "/users/101/favorites/7", who="new")
    group.add("withdraw", "DELETE", "/users/101", who="new")
    group.add("token after withdrawal", "GET", "/users/me", who="new", pause=1.5)
    group.add("sign in after withdrawal", "POST", login_target("new@example.com", "new-pass-101"))
    group.json("sign up after withdrawal", "POST", "/users", new)
    return group.cases


def _administration() -> list[Case]:
    group = Group("admin")
    listing = "/admin/users?user_type=admin&user_type=staff&limit=5"
    group.add("filtered members", "GET", listing, who="admin")
    group.add("restricted members", "GET", "/admin/users?is_restricted=true", who="admin")
    group.add("bad filters", "GET", "/admin/users?is_restricted=perhaps&limit=0&offset=-1", who="admin")
    group.add("export as a stream", "GET", "/admin/users.csv", who="admin")
    group.add("ban", "POST", "/admin/users/12/restriction", who="admin")
    group.add("ban twice", "POST", "/admin/users/12/restriction", who="admin")
    group.add("token after the ban", "GET", "/users/me", who="twice", pause=1.5)
    group.json("verify after the ban", "POST", "/auth/token/verify", {"token": "{twice}"})
    group.json("refresh after the ban", "POST", "/auth/token/refresh", {"token": "{refresh of twice}"})
    group.add("login after the ban", "POST", login_target("twice@example.com", "twice-pass-12"))
    group.add("release", "DELETE", "/admin/users/12/restriction", who="admin")
    group.add("token after the release", "GET", "/users/me", who="twice", pause=1.5)
    group.add("ban nobody", "POST", "/admin/users/9999/restriction", who="admin")
    return group.cases


def _items() -> list[Case]:
    group = Group("items")
    group.add("list, anonymous", "GET", "/items")
    group.add("list, signed in", "GET", "/items", who="minji")
    query = "category=camera&category=book&min_price=5000&max_price=100000&sort=price&limit=2&offset=1"
    group.add("repeated parameters and paging", "GET", f"/items?{query}")
    group.add("search in Korean", "GET", f"/items?q={quote('코트')}")
    group.add("search for a percent sign", "GET", "/items?q=100%25")
    group.add("bad filters", "GET", "/items?sort=cheapest&limit=1000&min_price=x")
    group.add("count by HEAD", "HEAD", "/items")
    group.add("trailing slash redirects", "GET", "/items/?limit=1&q=a%20b", who="minji")
    group.add("categories", "GET", "/items/categories")
    group.add("latest redirects with 307", "GET", "/items/latest")
    group.add("old address redirects with 302", "GET", "/items/old/3")
    group.add("export as a stream", "GET", "/items/export")
    group.add("detail", "GET", "/items/1")
    group.add("detail not modified", "GET", "/items/1", if_none_match="items: detail")
    group.add("detail modified for a member", "GET", "/items/1", who="minji", if_none_match="items: detail")
    group.add("missing", "GET", "/items/9999")
    group.add("view sets cookies", "POST", "/items/3/view", headers=(("Cookie", "a=1; b=2"),))
    draft = {"category": "시계", "title": "새 시계 ⌚", "description": None, "price": 70000}
    group.json("create", "POST", "/items", draft, who="minji")
    group.json("create malformed", "POST", "/items", {"category": "", "price": -1, "title": 5}, who="minji")
    group.json("create from broken JSON", "POST", "/items", b'{"title": ', who="minji")
    group.add("read back", "GET", "/items/101", who="minji")
    group.json("change", "PATCH", "/items/101", {"price": 65000, "is_sold": False}, who="minji")
    group.json("replace", "PUT", "/items/101", draft | {"title": "교체"}, who="minji")
    group.json("change another's", "PATCH", "/items/3", {"price": 1}, who="minji")
    photos = [("files", "앞.png", PNG), ("files", "back side.png", PNG[::-1]), ("caption", None, b"two")]
    group.files("upload photos", "POST", "/items/101/photos", photos, who="minji")
    group.add("list photos", "GET", "/items/101/photos")
    group.add("download a photo", "GET", "/items/101/photos/101")
    group.add("download the first bytes", "GET", "/items/101/photos/102", headers=(("Range", "bytes=0-9"),))
    group.add("download the last bytes", "GET", "/items/101/photos/102", headers=(("Range", "bytes=-5"),))
    group.add("download beyond the end", "GET", "/items/101/photos/102", headers=(("Range", "bytes=99999-"),))
    group.add("download a missing photo", "GET", "/items/101/photos/9")
    group.add("delete", "DELETE", "/items/101", who="minji")
    group.add("read after deletion", "GET", "/items/101")
    group.add("delete with a deal", "DELETE", "/items/1", who="minji")
    return group.cases


def _deals() -> list[Case]:
    group = Group("deals")
    group.add("list", "GET", "/deals?state=proposed&state=accepted&role=any", who="minji")
    group.add("list as seller", "GET", "/deals?role=seller", who="jiwoo")
    group.add("bad role", "GET", "/deals?role=thief", who="jiwoo")
    group.json("propose", "POST", "/deals", {"item_id": 3, "price": 42000}, who="minji")
    group.json("propose for an own item", "POST", "/deals", {"item_id": 1, "price": 1}, who="minji")
    group.json("propose for a sold item", "POST", "/deals", {"item_id": 4, "price": 1}, who="minji")
    group.json("propose for nothing", "POST", "/deals", {"item_id": 9999, "price": 1}, who="minji")
    group.add("read", "GET", "/deals/101", who="jiwoo")
    group.add("read as a stranger", "GET", "/deals/101", who="twice")
    group.form("write a memo", "PUT", "/deals/101/memo", {"memo": "문 앞 & 6시 + α"}, who="minji")
    group.form("write no memo", "PUT", "/deals/101/memo", {"other": "x"}, who="minji")
    group.add("accept as buyer", "POST", "/deals/101/accept", who="minji")
    group.add("accept", "POST", "/deals/101/accept", who="jiwoo")
    group.add("cancel too late", "POST", "/deals/101/cancel", who="minji")
    group.add("receipt", "GET", "/deals/101/receipt", who="minji")
    group.add("delete an accepted one", "DELETE", "/deals/101", who="minji")
    group.add("delete", "DELETE", "/deals/2", who="minji")
    group.add("read after deletion", "GET", "/deals/2", who="minji")
    return group.cases


def _reviews() -> list[Case]:
    group = Group("reviews")
    group.add("list", "GET", "/reviews")
    group.add("list of two members", "GET", "/reviews?target_id=1&target_id=12&min_score=4")
    group.add("bad filters", "GET", "/reviews?target_id=one&min_score=6")
    group.form("write", "POST", "/reviews", {"deal_id": 1, "score": 5, "text": "친절해요 + 빠름 & 좋음"}, who="minji")
    group.form("write twice", "POST", "/reviews", {"deal_id": 1, "score": 1}, who="minji")
    group.form("write as a stranger", "POST", "/reviews", {"deal_id": 5, "score": 1}, who="minji")
    group.form("write malformed", "POST", "/reviews", {"deal_id": "x", "score": 9}, who="minji")
    group.json("write as JSON", "POST", "/reviews", {"deal_id": 1, "score": 5}, who="minji")
    group.add("read", "GET", "/reviews/101")
    group.json("change", "PUT", "/reviews/101", {"score": 4, "text": None}, who="minji")
    group.json("change another's", "PUT", "/reviews/1", {"score": 4}, who="minji")
    group.add("delete", "DELETE", "/reviews/101", who="minji")
    group.add("read after deletion", "GET", "/reviews/101")
    return group.cases


def _notices() -> list[Case]:
    group = Group("notices")
    group.add("list", "GET", "/notices")
    group.add("pinned", "GET", "/notices?pinned=1")
    group.add("feed", "GET", "/notices/feed.xml")
    group.add("detail", "GET", "/notices/2")
    group.add("detail not modified", "GET", "/notices/2", if_none_match="notices: detail")
    group.add("page", "GET", "/notices/2/page")
    group.add("attachment", "GET", "/notices/2/attachment")
    group.add("no attachment", "GET", "/notices/1/attachment")
    group.add("dismiss sets cookies", "POST", "/notices/1/dismissal")
    group.json("publish as a member", "POST", "/notices", {"title": "x", "body": "y"}, who="minji")
    group.json("publish", "POST", "/notices", {"title": "공지", "body": "내용\n둘째 줄", "is_pinned": True}, who="admin")
    group.json("rewrite", "PUT", "/notices/101", {"title": "공지 2", "body": ""}, who="admin")
    group.add("delete", "DELETE", "/notices/101", who="admin")
    group.add("read after deletion", "GET", "/notices/101")
    return group.cases


def _transport() -> list[Case]:
    group = Group("transport")
    group.add("documentation page", "GET", "/docs")
    group.add("schema", "GET", "/openapi.json")
    segment = quote("패션")
    group.add("encoded path", "GET", f"/items/categories/{segment}")
    group.add("encoded path in lower case", "GET", f"/items/categories/{segment.lower()}")
    group.add("encoded unreserved characters", "GET", "/items/%63ategories/b%6Fok")
    group.add("encoded percent sign and space", "GET", "/items/categories/100%25%20wool")
    group.add("sub-delimiters in a path", "GET", "/items/categories/a+b=c&d,e'f(g)!$*:@~")
    group.add("empty query", "GET", "/items?")
    group.add("query of separators", "GET", "/items?&&limit=1&=&;&x", who="minji")
    group.add("question marks in a query", "GET", "/debug/echo?next=/a?b=c?d", is_echo=True)
    group.add("reserved characters in a query", "GET", "/debug/echo?a=%2F%3f/:@!$'()*,;[]&b=+%2B", is_echo=True)
    group.add("long query", "GET", "/debug/echo?q=" + "0123456789" * 400, is_echo=True)
    client = (("X-Client-Version", "3.1.4"), ("Accept-Language", "ko-KR,ko;q=0.9"), ("X-Empty", ""), ("Cookie", "a=1; b=2"))
    group.add("a client's own headers", "GET", "/debug/echo", headers=client, is_echo=True)
    group.add("a header twice", "GET", "/debug/echo", headers=(("X-Tag", "one"), ("X-Tag", "two")), is_echo=True)
    group.add("body of a megabyte", "POST", "/debug/echo", body=bytes(range(256)) * 4096, is_echo=True)
    group.add("empty body", "POST", "/debug/echo", body=b"", is_echo=True)
    group.add("body of a DELETE", "DELETE", "/debug/echo/some/path", body=b"why not", is_echo=True)
    group.add("authorization is forwarded", "GET", "/debug/echo", who="minji", is_echo=True)
    group.add("megabytes in chunks", "GET", "/debug/bytes?n=3000001")
    group.add("megabytes with a length", "GET", "/debug/bytes?n=3000001&sized=true")
    group.add("slow answer", "POST", "/debug/slow?seconds=0.3")
    return group.cases


def cases() -> list[Case]:
    groups = (_sign_ins, _refused_sign_ins, _malformed_sign_ins, _token_routes, _guarded_calls, _users)
    groups += (_administration, _items, _deals, _reviews, _notices, _transport)
    return [case for group in groups for case in group()]
