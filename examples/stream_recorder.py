"""Streams a file of mu-law audio into a call over a WebSocket, and resumes after a disconnect.

Needs httpx and websockets.

python stream_recorder.py tests/fixtures/readme/caller.ulaw my-call
"""
import json, os, struct, sys, time
import httpx
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

FILE, CALL = sys.argv[1:3]
BASE = os.environ.get("CALLSTORE_URL", "http://127.0.0.1:8080")
HEADERS = {"Authorization": f"Bearer {os.environ['CALLSTORE_KEY']}"} if "CALLSTORE_KEY" in os.environ else {}
FRAME, WINDOW = 160, 200  # 20 ms of mu-law at 8,000 Hz; frames without an answer yet
with open(FILE, "rb") as file:
    audio = file.read()
end = -(-len(audio) // FRAME)


def stream():
    call = {"streamSid": CALL, "caller": "+14155550134"}
    httpx.post(f"{BASE}/calls", json=call, headers=HEADERS).raise_for_status()
    tracks = httpx.get(f"{BASE}/calls/{CALL}/chunks", headers=HEADERS).raise_for_status().json()["tracks"]
    sent = acked = max((track["lastSequence"] + 1 for track in tracks if track["track"] == "inbound"), default=0)
    with connect(f"{BASE.replace('http', 'ws', 1)}/calls/{CALL}/stream", additional_headers=HEADERS) as socket:
        while acked < end:
            while sent < min(end, acked + WINDOW):
                head = struct.pack("<BBHII", 0, 3, 0, sent, sent * 20)  # inbound, with sequence and timestamp
                socket.send(head + audio[sent * FRAME : (sent + 1) * FRAME])
                sent += 1
            answer = json.loads(socket.recv())
            acked = answer["ack"]["sequence"] + 1 if "ack" in answer else sys.exit(answer["error"]["detail"])


while True:
    try:
        sys.exit(stream())
    except (OSError, ConnectionClosed, httpx.TransportError, httpx.HTTPStatusError, InvalidStatus) as error:
        if getattr(getattr(error, "response", None), "status_code", 500) < 500:
            sys.exit(str(error))
        time.sleep(1)
