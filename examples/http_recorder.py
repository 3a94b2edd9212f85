"""Records a file of mu-law audio as a call over HTTP, then downloads the recording. Needs httpx.

python http_recorder.py tests/fixtures/readme/caller.ulaw my-call call.wav
"""
import base64, os, sys, time
import httpx

FILE, CALL, OUT = sys.argv[1:4]
FRAME, BATCH = 160, 50  # 20 ms of mu-law at 8,000 Hz; a second of them in a request
KEY = os.environ.get("CALLSTORE_KEY")
client = httpx.Client(
    base_url=os.environ.get("CALLSTORE_URL", "http://127.0.0.1:8080"),
    headers={"Authorization": f"Bearer {KEY}"} if KEY else {},
    timeout=30,
)


def post(path, body):
    """Repeats a request that got no answer: the sequence numbers make a second copy a duplicate."""
    for wait in (1, 2, 4, 8, None):
        try:
            response = client.post(path, json=body)
        except httpx.TransportError:
            response = None
        if response is not None and (response.status_code < 500 or wait is None):
            return response.json() if response.is_success else sys.exit(response.json()["detail"])
        time.sleep(wait) if wait else sys.exit("The service does not answer.")


with open(FILE, "rb") as file:
    frames = list(enumerate(iter(lambda: file.read(FRAME), b"")))
post("/calls", {"streamSid": CALL, "caller": "+14155550134"})
for first in range(0, len(frames), BATCH):
    batch = [(n, base64.b64encode(audio).decode()) for n, audio in frames[first : first + BATCH]]
    chunks = [{"audio": audio, "sequence": n, "timestamp": n * 20} for n, audio in batch]
    post(f"/calls/{CALL}/chunks/batch", {"chunks": chunks})
ended = post(f"/calls/{CALL}/end", {})
with open(OUT, "wb") as wav:
    wav.write(client.get(f"/recordings/{ended['recordings'][0]['id']}/audio").raise_for_status().content)
