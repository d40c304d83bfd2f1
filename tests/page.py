#!/usr/bin/env python3
"""Are the pages under reports/ what they should be, in a browser?

On every page: nothing on the console, no request but for the page itself, nothing wider than the window at 360 px
and at 200 % zoom. On some: axe-core finds nothing in either scheme, tables are sorted and filtered by mouse and
keyboard, a chart is saved as SVG and PNG.

    tests/page.py AXE.JS [--screenshots FOLDER]

Needs Chromium and its driver; `tests/page.sh` has them installed. Speaks WebDriver with the standard library.
"""

import base64
import contextlib
import json
import re
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "reports"
# Looked at closely: a small one, many clients, failures, open arrival, and the largest.
CLOSELY = ("quickstart", "languages", "file-limit", "open-loop", "volume-models")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ENTER, BACKSPACE = "\ue007", "\ue003"


class Browser:
    """A browser without a window, driven over WebDriver and the DevTools protocol."""

    def __init__(self, folder):
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        port = next(m[1] for line in self.driver.stdout if (m := re.search(r"successfully on port (\d+)", line)))
        self.base = f"http://127.0.0.1:{port}"
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
        always = {
            "goog:chromeOptions": {"args": options},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": always}})
        self.base += f"/session/{session['sessionId']}"

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {json.load(error)['value']['message']}") from None

    def close(self):
        with contextlib.suppress(AssertionError, OSError):
            self.call("DELETE", "")
        self.driver.terminate()
        self.driver.wait(timeout=30)

    def devtools(self, command, **params):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def open(self, path):
        self.log("browser"), self.log("performance")
        self.call("POST", "/url", {"url": path.as_uri()})

    def log(self, kind):
        return self.call("POST", "/se/log", {"type": kind})

    def run(self, script, *args):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(args)})

    def run_until_done(self, script, *args):
        return self.call("POST", "/execute/async", {"script": script, "args": list(args)})

    def find(self, selector):
        found = self.call("POST", "/elements", {"using": "css selector", "value": selector})
        return [f"/element/{element[ELEMENT]}" for element in found]

    def click(self, element):
        self.call("POST", element + "/click", {})

    def type(self, element, text):
        self.call("POST", element + "/value", {"text": text})

    def window(self, width, scale=1):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=scale, mobile=False)

    def scheme(self, name):
        feature = {"name": "prefers-color-scheme", "value": name}
        self.devtools("Emulation.setEmulatedMedia", features=[feature])


def name_of(path):
    return str(path.relative_to(REPORTS))


def check_alone(browser, path):
    """It says nothing on the console, and asks for nothing beyond itself."""
    said = [entry["message"] for entry in browser.log("browser")]
    assert not said, f"{name_of(path)}: {said}"
    events = [json.loads(entry["message"])["message"] for entry in browser.log("performance")]
    sent = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
    # A page that the browser shows by itself, before the first of ours, asks for much.
    asked = {e["request"]["url"] for e in sent if e["documentURL"] == path.as_uri()}
    beyond = {url for url in asked if not url.startswith(("data:", "blob:"))} - {path.as_uri()}
    assert path.as_uri() in asked and not beyond, f"{name_of(path)}: {beyond}"


def check_fits(browser, path):
    for width, scale in ((360, 1), (640, 2), (1280, 1)):
        browser.window(width, scale)
        wide = browser.run("return document.documentElement.scrollWidth")
        assert wide <= width, f"{name_of(path)}: {wide} px wide in a window of {width} px"


def check_accessible(browser, path, axe):
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.run(axe)
        found = browser.run_until_done(
            "const done = arguments[0];"
            "axe.run(document).then(r => done(r.violations.map(v => [v.id, v.nodes.map(n => n.html)])), e => done([String(e)]))"
        )
        assert not found, f"{name_of(path)}, {scheme}: {found[0][0]}: {found[0][1:][:1]}"


UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}


def quantity(text):
    """The number that a cell begins with, in one unit; nothing if it has none."""
    found = re.match(r"[^\d–-]{0,2}([-−]?[\d,]*\.?\d+)\s*([A-Za-zµ]+)?", text)
    if not found:
        return None
    return float(found[1].replace("−", "-").replace(",", "")) * UNITS.get(found[2], 1)


def check_sorted(browser, path):
    column = (
        "const th = arguments[0].closest('th'), at = [...th.parentNode.children].indexOf(th);"
        "const rows = [...th.closest('table').tBodies[0].rows];"
        "return [th.getAttribute('aria-sort'), rows.map(r => r.children[at].textContent.trim())]"
    )
    buttons = browser.find("thead th.number button")
    assert buttons, name_of(path)
    for button in buttons[:6]:
        reference = {ELEMENT: button.removeprefix("/element/")}
        before = browser.run(column, reference)[1]
        for act, direction in ((browser.click, "ascending"), (lambda b: browser.type(b, ENTER), "descending")):
            act(button)
            said, cells = browser.run(column, reference)
            assert said == direction and sorted(cells) == sorted(before), (name_of(path), said, cells)
            values = [quantity(cell) for cell in cells]
            known = [value for value in values if value is not None]
            assert None not in values[: len(known)], f"{name_of(path)}: what has no number comes last: {cells}"
            assert known == sorted(known, reverse=direction == "descending"), (name_of(path), cells)


def check_filtered(browser, path):
    shown = "return [...document.querySelectorAll('.filter + .table')[0].querySelectorAll('tbody tr')].filter(r => !r.hidden).map(r => r.textContent)"
    [field, *_] = browser.find(".filter input")
    every = browser.run(shown)
    word = re.search(r"\w+", every[-1])[0]
    browser.type(field, word)
    left = browser.run(shown)
    assert left == [row for row in every if word.lower() in row.lower()], (name_of(path), word, left)
    browser.type(field, " no such row")
    assert browser.run(shown) == [], name_of(path)
    browser.type(field, BACKSPACE * (len(word) + len(" no such row")))
    assert browser.run(shown) == every, name_of(path)


def check_saved(browser, folder):
    browser.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    name = browser.run("return document.querySelector('figure').dataset.name")
    for button in browser.find("figure:first-of-type .save button")[:2]:
        browser.click(button)
    svg, png = folder / f"{name}.svg", folder / f"{name}.png"
    until = time.monotonic() + 30
    while not (svg.exists() and png.exists()):
        assert time.monotonic() < until, f"{sorted(folder.iterdir())}"
        time.sleep(0.05)
    assert svg.read_text().startswith("<svg ")
    head = png.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">I", head[16:20])[0] >= 1000, head


def screenshots(browser, folder):
    [page] = REPORTS.glob("*-quickstart-*/report.html")
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.open(page)
        browser.window(1360)
        shot = browser.devtools("Page.captureScreenshot", format="png")
        (folder / f"page-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))


def main(axe, *rest):
    axe = Path(axe).read_text()
    pages = sorted(REPORTS.glob("*/report.html"))
    assert len(pages) == len(list(REPORTS.glob("*/report.md"))), "a page for each report"
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Browser(folder)) as browser:
        if rest:
            return screenshots(browser, Path(rest[1]))
        closely = [page for page in pages if any(f"-{name}-" in page.parent.name for name in CLOSELY)]
        assert len(closely) >= len(CLOSELY), closely
        filtered = 0
        for page in [REPORTS / "index.html", *pages]:
            browser.open(page)
            check_fits(browser, page)
            # What is folded is looked at too.
            browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
            if page in closely:
                check_sorted(browser, page)
                if browser.find(".filter input"):
                    check_filtered(browser, page)
                    filtered += 1
            check_alone(browser, page)
            if page in closely or page.name == "index.html":
                check_accessible(browser, page, axe)
        assert filtered >= 2, "tables that are filtered"
        browser.open(closely[0])
        check_saved(browser, Path(folder))
        print(f"{len(pages) + 1} pages, {len(closely) + 1} of them closely: nothing to complain of")


if __name__ == "__main__":
    main(*sys.argv[1:])
