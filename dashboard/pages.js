// Every page, in the order of the menu. The first is the one that opens.
//
// A module of a page has `open(root, route)`. It shows the page in the element `root`, beginning with an `h1`, and
// returns `{ update(route), close() }`: `update` is called when only the query of its place changes, `close` when
// another page opens. ui.js has what pages share. See README.md.

export const PAGES = [
  { path: "calls", title: "Calls", menu: true, load: () => import("./calls/page.js") },
  { path: "calls/:call", title: "Call", menu: false, load: () => import("./call/page.js") },
  { path: "search", title: "Search", menu: true, load: () => import("./search/page.js") },
  { path: "statistics", title: "Statistics", menu: true, load: () => import("./stats/page.js") },
  { path: "webhooks", title: "Webhooks", menu: true, load: () => import("./webhooks/page.js") },
  { path: "keys", title: "Keys", menu: true, load: () => import("./keys/page.js") },
];
