"""The sites that the crawlers read: generated ones, and the page count of a given folder.

A generated site looks like product documentation: the chrome (header, navigation, footer) and some tables and
code blocks of the project's fixture site, around paragraphs that stand on one page only. It is the same for the
same seed. It does not imitate what makes real sites hard to read: scripts, broken markup, redirects, slow answers.
"""

import random
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

LINKS = 15
BRANCHES = 8
SMALLEST, USUAL, LARGEST = 10_000, 22_000, 60_000
OWN_WORDS = 80
CHROME = "docs/backup/index.html"
OTHER_LANGUAGES = ("de", "fr")
SECTIONS = ("guides", "reference", "operations", "concepts", "tutorials", "releases")
SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in ("a", "e", "i", "o", "u", "an", "er", "is", "or")]


@dataclass
class Site:
    """A folder of pages, and the paths that a crawler starting at `/` can reach by links."""

    folder: Path
    pages: set[str]
    bytes: int


def address_path(path: str) -> str:
    """One spelling for the paths that name the same page."""
    path = unquote(path) or "/"
    return path[: -len("index.html")] if path.endswith("/index.html") else path


# ---- a generated site


class Fixture:
    """What the generator takes from the fixture site."""

    def __init__(self, folder: Path):
        chrome = folder / CHROME
        if not chrome.is_file():
            raise FileNotFoundError(f"the fixture page {CHROME} is not in {folder}: run this from a full checkout")
        names = sorted(p.relative_to(folder).parent.as_posix() for p in folder.rglob("index.html"))
        self.names = ["" if name == "." else name for name in names]
        english = [folder / n / "index.html" for n in self.names if n.split("/")[0] not in OTHER_LANGUAGES]
        texts = [p.read_text(encoding="utf-8") for p in english]
        self.before, self.after = self._chrome(chrome.read_text(encoding="utf-8"))
        self.blocks = [b for t in texts for b in re.findall(r"<table>.*?</table>|<pre>.*?</pre>", t, re.S)]
        self.words = [w for t in texts for w in self._words(t)]

    @staticmethod
    def _chrome(page: str) -> tuple[str, str]:
        parts = re.fullmatch(r"(.*<main[^>]*>).*(</main>.*)", page, re.S)
        if not parts:
            raise ValueError(f"the fixture page {CHROME} has no <main>")
        return parts[1], parts[2]

    @staticmethod
    def _words(page: str) -> list[str]:
        main = re.search(r"<main.*</main>", page, re.S)
        text = re.sub(r"<(pre|code|table)\b.*?</\1>|<[^>]+>|&\w+;", " ", main[0] if main else "", flags=re.S)
        return re.findall(r"\b[a-z][a-z-]*[a-z]\b|\ba\b", text)


def generate(fixture: Path, folder: Path, count: int, seed: int) -> Site:
    """Writes `count` pages into `folder`."""
    source = Fixture(fixture)
    names = [_name(seed, i) for i in range(count)]
    paths = [_path(names[i], i) for i in range(count)]
    size = 0
    for i in range(count):
        html = _page(source, names, paths, i, seed).encode()
        file = folder / paths[i].lstrip("/") / "index.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(html)
        size += len(html)
    return Site(folder, set(paths), size)


def _name(seed: int, i: int) -> str:
    rng = random.Random(f"{seed} name {i}")
    return " ".join("".join(rng.choices(SYLLABLES, k=rng.randint(2, 3))) for _ in range(2)).capitalize()


def _path(name: str, i: int) -> str:
    return "/" if i == 0 else f"/{SECTIONS[i % len(SECTIONS)]}/{name.lower().replace(' ', '-')}-{i}/"


def _page(source: Fixture, names: list[str], paths: list[str], i: int, seed: int) -> str:
    rng = random.Random(f"{seed} page {i}")
    writer = Writer(rng, source.words)
    links = [f'<a href="{paths[j]}">{names[j]}</a>' for j in _targets(rng, i, len(paths))]
    inline, listed = links[: len(links) // 2], links[len(links) // 2 :]
    wanted = int(rng.triangular(SMALLEST, LARGEST, USUAL))
    parts = [re.sub(r"<title>.*?</title>", f"<title>{names[i]} | Nordhaven Cloud</title>", source.before)]
    parts.append(f"\n<h1>{names[i]}</h1>\n{writer.paragraph()}\n")
    parts.append(rng.choice(source.blocks) + "\n")
    see_also = "<h2>See also</h2>\n<ul>\n" + "".join(f"<li>{link}</li>\n" for link in listed) + "</ul>\n"
    parts += [see_also, source.after]
    size = sum(map(len, parts))
    while size < wanted or inline:
        section = writer.section(inline.pop() if inline else "")
        parts.insert(-2, section)
        size += len(section)
    return _relink("".join(parts), source.names, paths)


def _targets(rng: random.Random, i: int, count: int) -> list[int]:
    """A tree reaches every page; links across it make up the rest."""
    tree = [j for j in range(i * BRANCHES + 1, i * BRANCHES + BRANCHES + 1) if j < count]
    targets = dict.fromkeys([*tree, (i + 1) % count])
    while len(targets) < min(LINKS, count - 1):
        targets[rng.randrange(count)] = None
        targets.pop(i, None)
    targets.pop(i, None)
    return list(targets)


def _relink(html: str, names: list[str], paths: list[str]) -> str:
    """Lets the relative links of the fixture point to generated pages; those made here start with a slash."""

    def target(found: re.Match) -> str:
        name = found[2].lstrip("./").rstrip("/")
        place = names.index(name) if name in names else len(names)
        return found[1] + (paths[place % len(paths)] if name else "/")

    return re.sub(r'(<a\b[^>]*?\bhref=")(?![/#]|[a-z]+:)([^"]*)', target, html)


class Writer:
    """Writes text that stands on one page only: a quarter of its words belong to that page."""

    def __init__(self, rng: random.Random, words: list[str]):
        own = ["".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))) for _ in range(OWN_WORDS)]
        self.rng = rng
        self.own = own
        self.pool = words + own * (len(words) // 3 // OWN_WORDS + 1)

    def words(self, low: int, high: int) -> str:
        return " ".join(self.rng.choices(self.pool, k=self.rng.randint(low, high)))

    def sentence(self) -> str:
        return self.words(7, 22).capitalize() + "."

    def paragraph(self, link: str = "") -> str:
        sentences = [self.sentence() for _ in range(self.rng.randint(3, 7))]
        if link:
            sentences.insert(1, f"See {link}.")
        return f"<p>{' '.join(sentences)}</p>\n"

    def section(self, link: str) -> str:
        extra = self.rng.choice(("", "", self.list, self.table, self.code))
        body = [self.paragraph(link), *(self.paragraph() for _ in range(self.rng.randint(1, 3)))]
        return f"<h2>{self.words(2, 5).capitalize()}</h2>\n{''.join(body)}{extra() if extra else ''}"

    def list(self) -> str:
        return "<ul>\n" + "".join(f"<li>{self.sentence()}</li>\n" for _ in range(self.rng.randint(3, 8))) + "</ul>\n"

    def table(self) -> str:
        rows = "".join(
            f"<tr><td><code>{self.rng.choice(self.own)}</code></td><td>{self.words(3, 9)}</td><td>{self.rng.randint(1, 9999)}</td></tr>\n"
            for _ in range(self.rng.randint(3, 10))
        )
        return f"<table>\n<thead><tr><th>Name</th><th>Meaning</th><th>Limit</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"

    def code(self) -> str:
        lines = (f"nh {self.rng.choice(self.own)} set --{self.rng.choice(self.own)} {self.rng.randint(1, 9999)}" for _ in range(4))
        return "<pre><code>" + "\n".join(lines) + "</code></pre>\n"


# ---- a given folder


class Links(HTMLParser):
    """Collects the targets of links."""

    def __init__(self):
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for key, value in attrs if tag == "a" and key == "href" and value]


def walk(folder: Path) -> Site:
    """Follows the links of a folder of static pages from `/`, as a crawler would that ignores nothing."""
    if not (folder / "index.html").is_file():
        raise FileNotFoundError(f"{folder} has no index.html to start at")
    pages, waiting, size = set(), ["/"], 0
    while waiting:
        path = waiting.pop()
        if not path.endswith("/") and (folder / unquote(path).lstrip("/")).is_dir():
            path += "/"
        file = page_file(folder, path)
        if file is None or address_path(path) in pages:
            continue
        pages.add(address_path(path))
        html = file.read_bytes()
        size += len(html)
        waiting += _local_links(html.decode("utf-8", "replace"), path)
    return Site(folder, pages, size)


def page_file(folder: Path, path: str) -> Path | None:
    """The HTML file that the server answers a path with."""
    file = folder / unquote(path).lstrip("/")
    file = file / "index.html" if path.endswith("/") else file
    inside = file.resolve().is_relative_to(folder.resolve())
    return file if inside and file.suffix in (".html", ".htm") and file.is_file() else None


def _local_links(html: str, path: str) -> list[str]:
    parser = Links()
    parser.feed(html)
    base = "http://site.invalid"
    joined = (urlsplit(urljoin(base + path, link.strip())) for link in parser.found)
    return [link.path or "/" for link in joined if link.netloc == "site.invalid" and not link.query]
