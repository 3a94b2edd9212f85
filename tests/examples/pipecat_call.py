"""Runs a real Pipecat pipeline with the observer of examples/: a caller who speaks, and an agent who answers.

The transports are local: the input reads a file of PCM16 at real time, the output takes frames at real time.
python pipecat_call.py URL KEY CALL CALLER.pcm AGENT.pcm
"""
import asyncio, sys
import httpx
from pipecat.frames.frames import EndFrame, InputAudioRawFrame, TTSAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner
from pipecat_observer import CallstoreObserver

URL, KEY, CALL, CALLER, AGENT = sys.argv[1:6]
RATE = 16000
FRAME = RATE // 50 * 2  # 20 ms


class Line(BaseInputTransport):
    async def start(self, frame):
        await super().start(frame)
        await self.set_transport_ready(frame)


class Speaker(BaseOutputTransport):
    async def start(self, frame):
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame):
        await asyncio.sleep(frame.num_frames / frame.sample_rate)
        return True


async def main():
    params = TransportParams(audio_in_enabled=True, audio_out_enabled=True, audio_out_end_silence_secs=0)
    line, speaker = Line(params), Speaker(params)
    http = httpx.AsyncClient(base_url=URL, headers={"Authorization": f"Bearer {KEY}"}, timeout=30, trust_env=False)
    rates = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
    observer = CallstoreObserver(http, CALL, "+14155550134", RATE)
    worker = PipelineWorker(Pipeline([line, speaker]), params=rates, observers=[observer])

    @worker.event_handler("on_pipeline_started")
    async def talk(worker, frame):
        with open(CALLER, "rb") as file:
            for audio in iter(lambda: file.read(FRAME), b""):
                await line.push_audio_frame(InputAudioRawFrame(audio=audio, sample_rate=RATE, num_channels=1))
                await asyncio.sleep(0.02)
        with open(AGENT, "rb") as file:
            await worker.queue_frame(TTSAudioRawFrame(audio=file.read(), sample_rate=RATE, num_channels=1))
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


asyncio.run(main())
