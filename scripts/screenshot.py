#!/usr/bin/env python3
"""Takes the picture of the README: Swagger UI of a running service, playing the recording of a call.

scripts/screenshot.py target/debug/callstore docs/images/swagger-ui.png

Needs Chromium with its driver, and pngquant for a smaller file if there is one.
"""
import base64, json, pathlib, re, shutil, subprocess, sys, tempfile, time, urllib.error, urllib.request

BINARY, PICTURE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
ROOT = pathlib.Path(__file__).resolve().parent.parent
OPERATION = "#operations-Recordings-downloadRecording"
HIDDEN = [
    ".topbar",
    ".scheme-container",
    ".info .link",
    ".info .renderedMarkdown p:not(:first-child)",
    ".info__license",
    ".opblock-description-wrapper",
    ".opblock-tag-section:not(.is-open)",
    ".opblock:not(#operations-Recordings-downloadRecording)",
    "#operations-Recordings-downloadRecording tr[data-param-name]:not([data-param-name=id])",
    "#operations-Recordings-downloadRecording .curl-command",
]
open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def ask(method, url, body=None, content_type="application/json"):
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": content_type}, method=method)
    try:
        with open_url(request) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        sys.exit(f"{method} {url}: {error.read().decode()}")


def first_match(process_output, pattern):
    for line in process_output:
        if found := re.search(pattern, line):
            return found[1]
    sys.exit(f"{pattern} never came")


def record(service):
    """A call of both voices; returns its recording's id."""
    call = {"streamSid": "MZ-picture", "caller": "+14155550134", "agent": "billing-bot"}
    ask("POST", f"{service}/calls", call)
    for track, start in (("inbound", 0), ("outbound", 4000)):
        voice = "caller" if track == "inbound" else "agent"
        audio = (ROOT / f"tests/fixtures/readme/{voice}.ulaw").read_bytes()
        ask("POST", f"{service}/calls/MZ-picture/chunks?track={track}&sequence=0&timestamp={start}", audio, "audio/PCMU")
    return ask("POST", f"{service}/calls/MZ-picture/end", {})["recordings"][0]["id"]


class Browser:
    def __init__(self, driver, profile):
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1"]
        arguments += ["--window-size=1000,1195", f"--user-data-dir={profile}"]
        capabilities = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}}
        session = ask("POST", f"{driver}/session", capabilities)["value"]["sessionId"]
        self.session = f"{driver}/session/{session}"

    def do(self, path, **body):
        return ask("POST", f"{self.session}/{path}", body)["value"]

    def find(self, css):
        for _ in range(100):
            if found := self.do("elements", using="css selector", value=css):
                return next(iter(found[0].values()))
            time.sleep(0.1)
        PICTURE.write_bytes(base64.b64decode(ask("GET", f"{self.session}/screenshot")["value"]))
        sys.exit(f"{css} never came; {PICTURE} shows the page")

    def click(self, css):
        self.do(f"element/{self.find(css)}/click")

    def fill(self, parameter, text):
        css = f"{OPERATION} tr[data-param-name={parameter}] input:not([disabled])"
        # Select the current value, then type over it.
        self.do(f"element/{self.find(css)}/value", text="\ue009a\ue000\ue003" + text)

    def run(self, script):
        return self.do("execute/sync", script=script, args=[])

    def wait_for(self, script):
        for _ in range(100):
            if self.run(script):
                return
            time.sleep(0.1)
        sys.exit(f"{script} never came true")


def main(folder, driver):
    service_log = subprocess.Popen(
        [BINARY, "--listen", "127.0.0.1:0", "--log-format", "json"], cwd=folder, stderr=subprocess.PIPE, text=True
    )
    try:
        service = "http://" + first_match(service_log.stderr, r'"address":"([^"]+)"')
        recording = record(service)
        port = first_match(driver.stdout, r"started successfully on port (\d+)")
        browser = Browser(f"http://127.0.0.1:{port}", f"{folder}/profile")
        browser.do("url", url=f"{service}/swagger-ui/#/Recordings/downloadRecording")
        browser.fill("id", recording)
        browser.fill("Range", "")
        browser.click(f"{OPERATION} .execute")
        browser.find(f"{OPERATION} audio")
        browser.wait_for("return document.querySelector('audio').duration > 0")
        # Keep only the elements from the title to the player; the rest of the page would make the player small.
        for css in HIDDEN:
            browser.run(f"document.querySelectorAll('{css}').forEach(element => element.style.display = 'none')")
        browser.run("scrollTo(0, 0)")
        time.sleep(1)
        picture = ask("GET", f"{browser.session}/screenshot")["value"]
        PICTURE.write_bytes(base64.b64decode(picture))
        urllib.request.urlopen(urllib.request.Request(browser.session, method="DELETE"))
    finally:
        service_log.terminate()
        service_log.wait()
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--output", PICTURE, PICTURE], check=True)


with tempfile.TemporaryDirectory() as folder:
    driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        main(folder, driver)
    finally:
        driver.terminate()
        driver.wait()
