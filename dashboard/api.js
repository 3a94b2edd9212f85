// Requests to the service that this page came from: the key, problems as sentences, links to recordings.

/** The service's own URL. The dashboard lies in a folder of it, also behind a proxy that adds a path. */
export const ROOT = new URL("../", document.baseURI);

const KEY_NAME = "callstore.key";
/** How long a link to a recording works, and how long before its end a new one is made, in seconds. */
const LINK_SECONDS = 3600;
const LINK_MARGIN_SECONDS = 120;

/** Tells the shell that a key is needed: `session.addEventListener("signin", ..)`. */
export const session = new EventTarget();

let key = storedKey();
const links = new Map();

function storedKey() {
  try {
    return sessionStorage.getItem(KEY_NAME);
  } catch {
    return null; // Storage is blocked.
  }
}

/** Whether there is a key. Without one the service may still answer: before its first key exists, it needs none. */
export const hasKey = () => key !== null;

/** Whether the key outlives a reload of the page. */
export const isRemembered = () => hasKey() && storedKey() === key;

/**
 * Uses a key from now on. It stays in this page's memory; with `remember` also in `sessionStorage`, until the tab is
 * closed. It is never part of a URL.
 */
export function setKey(value, remember) {
  key = value;
  links.clear();
  try {
    if (value !== null && remember) sessionStorage.setItem(KEY_NAME, value);
    else sessionStorage.removeItem(KEY_NAME);
  } catch {
    // Then it lasts as long as the page.
  }
}

/** An error as the service described it, or that it could not be reached. `message` is made of whole sentences. */
export class Problem extends Error {
  constructor(status, body) {
    const errors = Array.isArray(body.errors) ? body.errors : [];
    const values = errors.map(({ pointer, detail }) => `${String(pointer).replace(/^\//, "")}: ${detail}`);
    super([body.detail ?? body.title ?? `The service answered with status ${status}.`, ...values].join(" "));
    this.name = "Problem";
    this.status = status;
    this.code = body.code ?? "";
    this.requestId = body.requestId ?? "";
    this.errors = errors;
  }
}

/** Whether an error only says that a request was cancelled, by its own page. */
export const isCancelled = (error) => error?.name === "AbortError";

/** A URL of the service. Values of `query` that are empty, null or undefined are left out; lists are repeated. */
export function url(path, query = {}) {
  const address = new URL(path.replace(/^\//, ""), ROOT);
  for (const [name, value] of query instanceof URLSearchParams ? query : Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== "" && one !== null && one !== undefined) address.searchParams.append(name, one);
    }
  }
  return address;
}

/** Requests something with the key, and returns the response if it is a success. For streams and audio. */
export async function send(address, init = {}) {
  const headers = new Headers(init.headers);
  if (key !== null) headers.set("Authorization", `Bearer ${key}`);
  let response;
  try {
    response = await fetch(address, { ...init, headers });
  } catch (error) {
    if (isCancelled(error)) throw error;
    throw new Problem(0, { detail: "The service cannot be reached. Check that it runs and that you are online, then try again." });
  }
  if (response.ok) return response;
  const problem = await readProblem(response);
  if (problem.status === 401) session.dispatchEvent(new CustomEvent("signin", { detail: problem }));
  throw problem;
}

async function readProblem(response) {
  const body = await response.json().catch(() => ({}));
  return new Problem(response.status, body !== null && typeof body === "object" ? body : {});
}

async function json(method, path, { query, body, signal, headers = {} } = {}) {
  const init = { method, signal, headers: { Accept: "application/json", ...headers } };
  if (body !== undefined) {
    init.headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const response = await send(url(path, query), init);
  return response.status === 204 ? null : response.json();
}

/** The operations, by method and path: `api.get("/calls", { query: { limit: 50 } })`. All throw a `Problem`. */
export const api = {
  get: (path, options) => json("GET", path, options),
  post: (path, body, options) => json("POST", path, { ...options, body: body ?? {} }),
  put: (path, body, options) => json("PUT", path, { ...options, body }),
  patch: (path, body, options) => json("PATCH", path, { ...options, body }),
  delete: (path, options) => json("DELETE", path, options),
};

/** A part of a path, such as a call's id, which may hold any character. */
export const part = (text) => encodeURIComponent(text);

/**
 * A URL that an `<audio>` element plays: it has no headers, so that the URL is signed. It works for an hour, and is
 * made again when it is about to expire.
 */
export async function mediaLink(recordingId) {
  const known = links.get(recordingId);
  if (known && known.expires - Date.now() > LINK_MARGIN_SECONDS * 1000) return known.url;
  const made = await api.post(`/recordings/${part(recordingId)}/links`, { ttlSeconds: LINK_SECONDS });
  // The service may name itself by its public URL. The page asks the one that it came from.
  const signed = new URL(made.url, ROOT);
  const address = url(signed.pathname.slice(signed.pathname.lastIndexOf("/recordings/")), signed.searchParams).href;
  links.set(recordingId, { url: address, expires: Date.parse(made.expiresAt) });
  return address;
}
