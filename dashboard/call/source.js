// What the page of a call asks the service for. Parts that a call does not have are null or empty.

import { api, mediaLink, part, send, url } from "../api.js";

const PAGE = 500;

/** The value, or null if the service says with one of these statuses that there is none. */
async function orNull(request, statuses) {
  try {
    return await request;
  } catch (error) {
    if (statuses.includes(error.status)) return null;
    throw error;
  }
}

/** The operations of one call. */
export class Source {
  constructor(call, signal) {
    this.path = `/calls/${part(call)}`;
    this.#call = call;
    this.#signal = signal;
  }

  #call;
  #signal;

  #get(path, query) {
    return api.get(path, { query, signal: this.#signal });
  }

  /** The call with its recordings, metadata and analytics snapshots. */
  call = () => this.#get(this.path, { include: "recordings,metadata,analytics" });

  /** Every item of a list inside the call from `offset` on; `each` gets them page by page. */
  async #all(name, offset, each) {
    for (let from = offset; ; from += PAGE) {
      const { items, page } = await this.#get(`${this.path}/${name}`, { limit: PAGE, offset: from });
      each(items);
      if (!page.hasMore) return;
    }
  }

  transcripts = (offset, each) => this.#all("transcripts", offset, each);

  /** Pressed keys and marks. */
  async events() {
    const found = [];
    await this.#all("events", 0, (items) => found.push(...items));
    return found;
  }

  /** What happened to the call, as far as the store remembers: 72 hours. */
  history = async () => (await this.#get("/events", { call: this.#call, limit: PAGE })).items;

  /** Null before the call is final, and for a call without audio. */
  computed = () => orNull(this.#get(`${this.path}/analytics/computed`), [404, 409]);
  speech = () => orNull(this.#get(`${this.path}/speech`), [404, 409]);

  /** Peaks as `.dat`; null while there is no audio. */
  async peaks(perSecond) {
    const address = url(`${this.path}/peaks`, { pixelsPerSecond: perSecond, bits: 8 });
    const headers = { Accept: "application/octet-stream" };
    const response = await orNull(send(address, { headers, signal: this.#signal }), [404, 409]);
    return response && response.arrayBuffer();
  }

  /** The audio of a running call from `from` on, as it comes. */
  async follow(from, signal) {
    const address = url(`${this.path}/audio`, { follow: true, from: from.toFixed(3) });
    return (await send(address, { signal })).body;
  }

  /** The URL of a recording, or of a part or channel of it, that needs no key. */
  async link(recording, query = {}) {
    const address = new URL(await mediaLink(recording));
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
    return address.href;
  }

  end = () => api.post(`${this.path}/end`, undefined, { headers: { Prefer: "wait=0" } });
  remove = () => api.delete(this.path);
}
