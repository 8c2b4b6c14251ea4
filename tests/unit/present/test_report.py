"""``regcb report``: what the page says, and what a browser makes of a hostile target's strings."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.lab import Truth
from tests.support.regcb import MakeDump, Regcb

HOSTILE = (
    "head-emptied", "prologue-returns@3", "function-nowhere@2", "driver-name-dml@5",
    "altitude-html@4", "altitude-control@1",
)  # fmt: skip


@pytest.fixture
def truth(lab_dump: MakeDump) -> Truth:
    return lab_dump(callbacks=6, damage=HOSTILE)


@pytest.fixture
def page(truth: Truth, regcb: Regcb, tmp_path: Path) -> Path:
    path = tmp_path / "case.html"
    status, output, errors = regcb("-z", truth.path, "-y", truth.symbols, "report", path)
    assert (status, errors) == (0, "")
    assert output.startswith(f"{path}: ")
    return path


class Reader(HTMLParser):
    """The elements of a page, and its text without style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("style", "script"):
            self.text += data


def test_what_the_page_says(page: Path, truth: Truth) -> None:
    text = Reader(page.read_text("utf-8")).text
    digest = hashlib.sha256(Path(truth.path).read_bytes()).hexdigest()
    for wanted in (
        f"SHA-256 {digest}", "found by symbol", "head-links-disagree", "prologue-patched",
        "owner-none", "xor eax, eax", "regcb show 3", "avfilter!AvfRegistryCallback",
    ):  # fmt: skip
        assert wanted in text, wanted
    for python in ("None", "True", "False", "{'"):
        assert python not in text
    altitudes = [each.altitude for each in truth.callbacks]
    assert text.index(altitudes[0] or "") < text.index(altitudes[3] or "")


def test_nothing_is_fetched_and_nothing_but_ours_may_run(page: Path) -> None:
    elements = Reader(page.read_text("utf-8")).elements
    tags = [tag for tag, _ in elements]
    assert (tags.count("script"), tags.count("style")) == (1, 1)
    assert not {"link", "img", "iframe", "object", "form", "exec"} & set(tags)
    for _, attributes in elements:
        assert not {"src", "style", "onclick", "onload"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    policy = next(a["content"] for tag, a in elements if tag == "meta" and "http-equiv" in a)
    assert policy and policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_no_control_character_is_left(page: Path) -> None:
    html = page.read_text("utf-8")
    assert all(each.isprintable() or each == "\n" for each in html)


def dom(path: Path, *options: str) -> str:
    """The page as a browser has it when its scripts have run."""
    done = subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", *options,
            f"--user-data-dir={path.parent / 'profile'}", "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    return done.stdout


@pytest.mark.toolchain
def test_a_browser_runs_no_string_of_the_target(page: Path) -> None:
    html = dom(page)
    assert html.count("<script>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "&lt;exec cmd=" in html


@pytest.mark.toolchain
def test_the_policy_holds_back_a_script_that_got_in(page: Path) -> None:
    """The second line of defence, tried by writing past the first."""
    probe = "<script>document.body.id = 'owned'</script>"
    html = page.read_text("utf-8")
    page.write_text(html.replace("<footer>", f"{probe}<footer>"), "utf-8")
    assert 'id="owned"' not in dom(page)
    policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
    page.write_text(policy.sub("", page.read_text("utf-8")), "utf-8")
    assert 'id="owned"' in dom(page)


def with_script(page: Path, script: str) -> None:
    """Puts a script of the test's at the page's end, and takes away the policy that forbids it."""
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text("utf-8"))
    page.write_text(html.replace("</body>", f"<script>{script}</script></body>"), "utf-8")


# The lowest contrast of a text with what is behind it, as WCAG 2.1 counts it.
LOWEST_CONTRAST = """
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = channels(color).map((each) => {
      const part = each / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return channels(color)[3] === 0 ? behind(element.parentElement) : color;
  };
  const ratios = Array.from(document.body.querySelectorAll("*"))
    .filter((each) => Array.from(each.childNodes).some((node) => node.nodeType === 3))
    .map((each) => [light(getComputedStyle(each).color), light(behind(each))])
    .map((both) => (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05));
  document.body.title = [light(behind(document.body)), Math.min(...ratios)].join(" ");
"""


@pytest.mark.toolchain
@pytest.mark.parametrize("options", [(), ("--force-dark-mode",)], ids=["light", "dark"])
def test_it_can_be_read_by_day_and_by_night(page: Path, options: tuple[str, ...]) -> None:
    with_script(page, LOWEST_CONTRAST)
    seen = re.search(r'<body title="(\S+) (\S+)"', dom(page, *options))
    assert seen
    assert (float(seen[1]) < 0.5) == bool(options)
    assert float(seen[2]) >= 4.5  # level AA


@pytest.mark.toolchain
def test_nothing_is_cut_off_on_paper(page: Path) -> None:
    """The rules for print, on a window as narrow as A4 landscape between its margins."""
    html = page.read_text("utf-8")
    assert "@media print" in html
    page.write_text(html.replace("@media print", "@media all"), "utf-8")
    with_script(page, """
      document.body.title = Array.from(document.querySelectorAll("body, body *"))
        .filter((each) => each.scrollWidth > each.clientWidth && each.clientWidth > 0
          || each.getBoundingClientRect().right > innerWidth)
        .map((each) => `${each.tagName}.${each.className}`).join(" ");
    """)  # fmt: skip
    seen = re.search(r'<body title="(.*?)"', dom(page, "--window-size=1030,700"))
    assert seen and seen[1] == ""


@pytest.mark.toolchain
def test_the_table_sorts_and_filters(page: Path) -> None:
    clicks = """
      const press = (n) => document.querySelectorAll("#callbacks button")[n].click();
      press(1); press(1);
      const field = document.getElementById("filter");
      field.value = "AVFILTER"; field.dispatchEvent(new Event("input"));
    """
    with_script(page, clicks)
    table = dom(page).partition('id="callbacks"')[2]
    rows = re.findall(r"<tr( hidden=\"\")?><td>(\d)</td><td>(.*?)</td>", table)
    numbers = [int(altitude) for _, _, altitude in rows if altitude.isdigit()]
    assert numbers == sorted(numbers, reverse=True) and len(rows) == 6
    assert [number for hidden, number, _ in rows if not hidden] == ["3"]
    assert 'aria-sort="descending"' in table


def test_a_clean_target_and_one_without_callbacks(
    lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    for count, wanted in (
        (4, "1 info"),
        (4, "cookie-gap: 4 of 8 registrations"),
        (0, "no callbacks are registered"),
    ):
        truth = lab_dump(callbacks=count)
        page = tmp_path / "clean.html"
        assert regcb("-z", truth.path, "-y", truth.symbols, "report", page)[0] == 0
        assert wanted in Reader(page.read_text("utf-8")).text


def test_a_small_dump_says_nothing_of_what_is_registered(
    lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    truth = lab_dump(dump_type=4, callbacks=4)
    page = tmp_path / "small.html"
    assert regcb("-z", truth.path, "-y", truth.symbols, "report", page)[0] == 0
    text = Reader(page.read_text("utf-8")).text
    assert "a small dump holds no list of callbacks" in text
    assert "no callbacks are registered" not in text
    assert "None," not in text and "CmpCallBackCount unknown" in text


def test_more_findings_than_are_disassembled(
    lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    damage = tuple(f"prologue-returns@{index}" for index in range(104))
    truth = lab_dump(callbacks=110, damage=damage)
    assert regcb("-z", truth.path, "report", tmp_path / "case.html")[0] == 0
    html = (tmp_path / "case.html").read_text("utf-8")
    findings = json.loads(regcb("-z", truth.path, "check", "--json")[1])["findings"]
    accused = {each["callback"] for each in findings if each["severity"] != "info"}
    assert len(accused) > 100
    assert f"{len(accused) - 100} callbacks with findings are not disassembled" in html


@pytest.mark.parametrize(
    ("name", "says"),
    [(".", "is a folder, name a file in it"), ("no/such/x.html", "there is no folder ")],
    ids=["folder", "no-folder"],
)
def test_a_page_that_cannot_be_written(
    name: str, says: str, truth: Truth, regcb: Regcb, tmp_path: Path
) -> None:
    status, output, errors = regcb("-z", truth.path, "report", tmp_path / name)
    assert (status, output) == (2, "")
    assert says in errors and errors.count("\n") == 1
