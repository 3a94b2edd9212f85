// Where the page is. The place stands behind the `#` of the URL, which browsers keep to themselves: callers' numbers and
// searched words never reach the service's log, or that of a proxy.
//
//     #/calls?status=active&status=failed
//     #/calls/MZ1?t=12.3

import { PAGES } from "./pages.js";

/** The place of a page: its parts, and a query: an object, or pairs, or `URLSearchParams`. Empty values are left out. */
export function href(parts, query = {}) {
  const path = parts.map((one) => encodeURIComponent(one)).join("/");
  const pairs = query instanceof URLSearchParams || Array.isArray(query) ? [...query] : Object.entries(query);
  const given = pairs.flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const search = new URLSearchParams(given.filter(([, value]) => value !== "" && value !== null && value !== undefined));
  return `#/${path}${search.size > 0 ? `?${search}` : ""}`;
}

/**
 * The route of the current place: `page`, the entry of `PAGES`, `parts` of the path, `params` by name, and `query`.
 * `page` is undefined if no page has this place.
 */
export function route(hash = location.hash) {
  const [path, ...rest] = hash.replace(/^#?\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decode);
  const query = new URLSearchParams(rest.join("?"));
  if (parts.length === 0) parts.push(PAGES[0].path);
  for (const page of PAGES) {
    const names = page.path.split("/");
    if (names.length !== parts.length) continue;
    if (!names.every((name, index) => name.startsWith(":") || name === parts[index])) continue;
    const variables = names.flatMap((name, index) => (name.startsWith(":") ? [[name.slice(1), parts[index]]] : []));
    return { page, parts, params: Object.fromEntries(variables), query };
  }
  return { page: undefined, parts, params: {}, query };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A lone percent sign, typed by hand.
  }
}

/** Goes to a place made by `href`. With `replace`, "back" does not return to the place before. */
export function go(place, { replace = false } = {}) {
  if (place === location.hash) return;
  if (replace) {
    history.replaceState(null, "", place);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = place;
  }
}

/** Notes something in the URL without opening anything anew, such as the position of a player. */
export const note = (place) => history.replaceState(null, "", place);
