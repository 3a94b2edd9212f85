"""A whole call through the client that openapi-python-client makes of the document: URL KEY AUDIO, a file of mu-law."""

import hashlib
import sys
from base64 import b64encode
from io import BytesIO
from pathlib import Path

from callstore_client import AuthenticatedClient
from callstore_client.api.calls import delete_call, end_call, get_call, list_calls, start_call
from callstore_client.api.chunks import add_audio_chunk
from callstore_client.api.metadata import set_metadata
from callstore_client.api.recordings import download_recording
from callstore_client.api.transcripts import add_transcripts
from callstore_client.models import (
    AddAudioChunk,
    AddTranscript,
    AddTranscripts,
    Call,
    CustomData,
    Direction,
    GetCallIncludeItem,
    Problem,
    ProblemCode,
    SetMetadata,
    StartCall,
    Status,
    Track,
)
from callstore_client.types import UNSET, File

FRAME = 160
url, key, file = sys.argv[1:]
audio = Path(file).read_bytes()
client = AuthenticatedClient(base_url=url, token=key, raise_on_unexpected_status=True)


def ok(answer, status):
    assert answer.status_code == status, (answer.status_code, answer.content)
    return answer.parsed


body = StartCall(stream_sid="MZ-python", caller="+14155550134", direction=Direction.INBOUND)
call = ok(start_call.sync_detailed(client=client, body=body), 201)
assert isinstance(call, Call) and (call.agent, call.status) == (None, Status.ACTIVE), call
name = str(call.id)

# Half of the frames as JSON, the other half as raw bytes in the call's own format.
for frame in range(-(-len(audio) // FRAME)):
    chunk = audio[frame * FRAME : (frame + 1) * FRAME]
    place = {"track": Track.INBOUND, "sequence": frame, "timestamp": frame * 20}
    if frame % 2 == 0:
        body = AddAudioChunk(audio=b64encode(chunk).decode(), **place)
        answer = add_audio_chunk.sync_detailed(name, client=client, body=body)
    else:
        body = File(payload=BytesIO(chunk))
        answer = add_audio_chunk.sync_detailed(name, client=client, body=body, **place)
    assert ok(answer, 201).duplicate is False

said = AddTranscript(speaker="caller", text="Hello?", start_time=0.2, end_time=0.9)
stored = add_transcripts.sync_detailed(name, client=client, body=AddTranscripts(transcripts=[said]))
assert len(ok(stored, 201).items) == 1
data = {"campaign": "spring", "tries": [1, 2]}
metadata = SetMetadata(language="en-US", custom_data=CustomData.from_dict(data))
ok(set_metadata.sync_detailed(name, client=client, body=metadata), 201)

ended = ok(end_call.sync_detailed(name, client=client), 200)
assert ended.status == Status.COMPLETED and len(ended.recordings) == 1, ended

parts = [GetCallIncludeItem.RECORDINGS, GetCallIncludeItem.TRANSCRIPTS, GetCallIncludeItem.METADATA]
whole = ok(get_call.sync_detailed(name, client=client, include=parts), 200)
assert whole.transcripts[0].text == "Hello?" and whole.analytics is UNSET, whole
assert whole.metadata.custom_data.to_dict() == data, whole.metadata
found = ok(list_calls.sync_detailed(client=client, status=[Status.COMPLETED], limit=10), 200)
assert [item.id for item in found.items] == [call.id], found

recording = whole.recordings[0]
answer = download_recording.sync_detailed(recording.id, client=client)
assert answer.status_code == 200 and hashlib.sha256(answer.content).hexdigest() == recording.sha256, answer.headers
assert recording.gaps == [], recording
print(recording.sha256)

ok(delete_call.sync_detailed(name, client=client), 204)
gone = get_call.sync_detailed(name, client=client)
assert gone.status_code == 404 and isinstance(gone.parsed, Problem), gone
assert gone.parsed.code == ProblemCode.CALL_NOT_FOUND, gone.parsed
