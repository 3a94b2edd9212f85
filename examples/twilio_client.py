"""Sends a call with both tracks as Twilio Media Streams does, in real time. Needs websockets.

python twilio_client.py tests/fixtures/readme/caller.ulaw tests/fixtures/readme/agent.ulaw MZ1
"""
import base64, json, os, sys, time
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

CALLER, AGENT, STREAM = sys.argv[1:4]
SPEED = float(os.environ.get("SPEED", "1"))
BASE = os.environ.get("CALLSTORE_URL", "http://127.0.0.1:8080").replace("http", "ws", 1)
HEADERS = {"Authorization": f"Bearer {os.environ['CALLSTORE_KEY']}"} if "CALLSTORE_KEY" in os.environ else {}
FRAME = 160  # 20 ms of mu-law at 8,000 Hz
audio = {track: open(file, "rb").read() for track, file in (("inbound", CALLER), ("outbound", AGENT))}

with connect(f"{BASE}/twilio/stream", additional_headers=HEADERS) as socket:
    messages = 0

    def send(event, **content):
        global messages
        messages += 1
        socket.send(json.dumps({"event": event, "sequenceNumber": str(messages), "streamSid": STREAM, **content}))

    socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
    media_format = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    start = {"streamSid": STREAM, "callSid": f"CA-{STREAM}", "tracks": list(audio), "mediaFormat": media_format}
    send("start", start={**start, "customParameters": {"caller": "+14155550134"}})
    for frame in range(-(-max(map(len, audio.values())) // FRAME)):
        for track, samples in audio.items():
            if payload := samples[frame * FRAME : (frame + 1) * FRAME]:
                place = {"chunk": str(frame + 1), "timestamp": str(frame * 20)}
                send("media", media={"track": track, **place, "payload": base64.b64encode(payload).decode()})
        time.sleep(0.02 / SPEED)
    send("stop", stop={"callSid": f"CA-{STREAM}"})
    try:
        socket.recv()  # the service closes the socket once the call has ended
    except ConnectionClosed as closed:
        sys.exit(None if closed.rcvd and closed.rcvd.code == 1000 else str(closed))
