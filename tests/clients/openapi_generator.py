"""A whole call through the Python client that openapi-generator makes of the document: URL KEY AUDIO, a file of mu-law."""

import hashlib
import sys
from base64 import b64encode
from pathlib import Path

from callstore_client import (
    AddAudioChunk,
    AddTranscript,
    AddTranscripts,
    ApiClient,
    CallsApi,
    ChunksApi,
    Configuration,
    MetadataApi,
    RecordingsApi,
    SetMetadata,
    StartCall,
    TranscriptsApi,
)
from callstore_client.exceptions import NotFoundException

FRAME = 160
url, key, file = sys.argv[1:]
audio = Path(file).read_bytes()
client = ApiClient(Configuration(host=url, access_token=key))
calls, chunks, recordings = CallsApi(client), ChunksApi(client), RecordingsApi(client)

call = calls.start_call(StartCall(stream_sid="MZ-generator", caller="+14155550134", direction="inbound"))
assert (call.agent, call.status) == (None, "active"), call
name = str(call.id)

# This generator makes the method for the first content type alone: all frames go as JSON.
for frame in range(-(-len(audio) // FRAME)):
    chunk = b64encode(audio[frame * FRAME : (frame + 1) * FRAME]).decode()
    body = AddAudioChunk(audio=chunk, track="inbound", sequence=frame, timestamp=frame * 20)
    assert chunks.add_audio_chunk(name, body).duplicate is False

said = AddTranscript(speaker="caller", text="Hello?", start_time=0.2, end_time=0.9)
assert len(TranscriptsApi(client).add_transcripts(name, AddTranscripts(transcripts=[said])).items) == 1
data = {"campaign": "spring", "tries": [1, 2]}
MetadataApi(client).set_metadata(name, SetMetadata(language="en-US", custom_data=data))

ended = calls.end_call(name)
assert ended.status == "completed" and len(ended.recordings) == 1, ended

whole = calls.get_call(name, include=["recordings", "transcripts", "metadata"])
assert whole.transcripts[0].text == "Hello?" and whole.analytics is None, whole
assert whole.metadata.custom_data == data, whole.metadata
found = calls.list_calls(status=["completed"], limit=10)
assert [item.id for item in found.items] == [call.id], found

recording = whole.recordings[0]
wav = recordings.download_recording(recording.id)
assert hashlib.sha256(wav).hexdigest() == recording.sha256, len(wav)
assert recording.gaps == [], recording
print(recording.sha256)

assert calls.delete_call_with_http_info(name).status_code == 204
try:
    calls.get_call(name)
    raise AssertionError("the call is still there")
except NotFoundException as gone:
    assert gone.data.code == "call_not_found", gone
