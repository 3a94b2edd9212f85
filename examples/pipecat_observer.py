"""A Pipecat observer that stores both sides of a conversation while it runs. Needs httpx and pipecat-ai.

Run both sides at one rate: PipelineParams(audio_in_sample_rate=16000, audio_out_sample_rate=16000), and pass
observers=[CallstoreObserver(httpx.AsyncClient(base_url="http://127.0.0.1:8080"), "call-1", "+14155550134")].
"""
import asyncio, base64
import httpx
from loguru import logger
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame
from pipecat.observers.base_observer import BaseObserver
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport

SIDES = (("inbound", BaseInputTransport, InputAudioRawFrame), ("outbound", BaseOutputTransport, OutputAudioRawFrame))


class CallstoreObserver(BaseObserver):
    def __init__(self, http, call, caller, sample_rate=16000):
        super().__init__()
        self._post, self._path, self._call = http.post, f"/calls/{call}", {"streamSid": call, "caller": caller}
        self._call["audioFormat"] = {"encoding": "pcm16", "sampleRate": sample_rate}
        self._chunks, self._next = [], {"inbound": (0, 0), "outbound": (0, 0)}  # per track: sequence, end in ms

    async def on_pipeline_started(self):
        self._sending = asyncio.create_task(self._send())

    async def on_push_frame(self, data):
        for track, transport, kind in SIDES:
            if isinstance(data.source, transport) and isinstance(data.frame, kind):
                (sequence, end), now = self._next[track], data.timestamp / 1e6
                start = now if now - end > 200 else end  # less is jitter, not a pause
                self._next[track] = sequence + 1, start + data.frame.num_frames * 1000 / data.frame.sample_rate
                place = {"track": track, "sequence": sequence, "timestamp": round(start)}
                self._chunks.append({"audio": base64.b64encode(data.frame.audio).decode(), **place})

    async def _send(self):
        while await asyncio.sleep(0.5, True):
            try:
                await self._flush()
            except httpx.HTTPError as error:
                logger.warning(f"Callstore: {error}; it is tried again")

    async def _flush(self):
        (await self._post("/calls", json=self._call)).raise_for_status()  # a repeat returns the same call
        while batch := self._chunks[:200]:
            (await self._post(f"{self._path}/chunks/batch", json={"chunks": batch})).raise_for_status()
            del self._chunks[: len(batch)]  # acknowledged: on disk

    async def cleanup(self):
        self._sending.cancel()
        await self._flush()
        (await self._post(f"{self._path}/end")).raise_for_status()
        await super().cleanup()
