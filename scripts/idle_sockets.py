#!/usr/bin/python3
"""Measures the memory of an idle live call: starts a binary, opens calls with one socket each, lets each send for a while
in real time, and prints the growth of resident memory per call. Needs Debian's python3-websockets.

    scripts/idle_sockets.py target/debug/callstore [twilio|own] [sockets] [frames]
"""
import asyncio, base64, json, os, re, resource, struct, subprocess, sys, tempfile, threading, urllib.request
import websockets

BINARY = os.path.abspath(sys.argv[1])
PROTOCOL = sys.argv[2] if len(sys.argv) > 2 else "twilio"
SOCKETS, FRAMES = (int(text) for text in (sys.argv[3:5] + ["1000", "50"][len(sys.argv[3:5]):]))
# The first calls also fill shared memory: the journal's generations and the writer's page cache, 8 MiB each.
WARM_UP = 1000
SILENCE = b"\xff" * 160


def resident_kib(process):
    with open(f"/proc/{process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


async def twilio(address, name):
    socket = await websockets.connect(f"ws://{address}/twilio/stream", ping_interval=None)
    media_format = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    start = {"callSid": "CA" + name, "mediaFormat": media_format, "customParameters": {"from": "+1"}}
    await socket.send(json.dumps({"event": "start", "streamSid": name, "start": start}))
    payload = base64.b64encode(SILENCE).decode()
    for chunk in range(FRAMES):
        media = {"track": "inbound", "chunk": str(chunk + 1), "timestamp": str(chunk * 20), "payload": payload}
        await socket.send(json.dumps({"event": "media", "streamSid": name, "media": media}))
        await asyncio.sleep(0.02)
    return socket


async def own(address, name):
    body = json.dumps({"streamSid": name, "caller": "a"}).encode()
    request = urllib.request.Request(f"http://{address}/calls", data=body, headers={"content-type": "application/json"})
    await asyncio.to_thread(lambda: urllib.request.urlopen(request).read())
    socket = await websockets.connect(f"ws://{address}/calls/{name}/stream", ping_interval=None)
    for sequence in range(FRAMES):
        await socket.send(struct.pack("<BBHII", 0, 3, 0, sequence, sequence * 20) + SILENCE)
        await asyncio.sleep(0.02)
        await socket.recv()
    return socket


async def main():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with tempfile.TemporaryDirectory() as folder:
        command = [BINARY, "--listen", "127.0.0.1:0", "--log-format", "json"]
        process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE)
        try:
            address = next(line["address"] for line in map(json.loads, process.stderr) if "address" in line)
            threading.Thread(target=lambda: [None for _ in process.stderr], daemon=True).start()
            sockets = []

            async def open_up_to(count):
                while len(sockets) < count:
                    some = range(len(sockets), min(len(sockets) + 50, count))
                    sockets.extend(await asyncio.gather(*[globals()[PROTOCOL](address, f"MZ{number}") for number in some]))
                await asyncio.sleep(8)
                return resident_kib(process)

            before = await open_up_to(WARM_UP)
            after = await open_up_to(WARM_UP + SOCKETS)
            print(f"{PROTOCOL}, {FRAMES} frames: {(after - before) / SOCKETS:.1f} KiB for each of {SOCKETS} sockets")
        finally:
            process.kill()


asyncio.run(main())
