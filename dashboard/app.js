// The shell: header, menu, theme, and the page that the URL names.

import { hasKey, session, setKey } from "./api.js";
import { PAGES } from "./pages.js";
import { href, route } from "./router.js";
import { openSignIn } from "./signin.js";
import { announce, empty, failure, html, nothing, render, waiting } from "./ui.js";

const app = document.getElementById("app");
/** The page that is open: its entry in `PAGES`, its place without the query, its element and what `open` returned. */
let current = null;
/** Counts what was opened, so that a module that loads slowly does not replace a page opened later. */
let openings = 0;
let isSigningIn = false;

const THEMES = { system: "System theme", light: "Light theme", dark: "Dark theme" };

function showShell(shown) {
  const item = ({ path, title }) => {
    const isCurrent = shown?.path.split("/")[0] === path;
    return html`<li><a href=${href([path])} aria-current=${isCurrent ? "page" : nothing}>${title}</a></li>`;
  };
  const theme = window.callstoreTheme.get();
  render(html`
    <a class="skip" href="#main" @click=${skip}>Skip to content</a>
    <header class="top">
      <a class="brand" href=${href([PAGES[0].path])}><img src="icon.svg" alt="" width="28" height="28" /> Callstore</a>
      ${isSigningIn ? nothing : html`<nav aria-label="Main"><ul>${PAGES.filter((page) => page.menu).map(item)}</ul></nav>`}
      <div class="tools">
        <a href="../swagger-ui/" title="The reference of the API">API</a>
        <select class="theme" aria-label="Theme" @change=${(event) => chooseTheme(event.target.value)}>
          ${Object.entries(THEMES).map(([name, label]) => html`
            <option value=${name} ?selected=${name === theme}>${label}</option>`)}
        </select>
        ${hasKey() && !isSigningIn ? html`<button type="button" class="secondary small" @click=${signOut}>Sign out</button>` : nothing}
      </div>
    </header>
    <main id="main" tabindex="-1"></main>
    <div id="announcements" class="unseen" aria-live="polite"></div>
  `, app);
  return document.getElementById("main");
}

/** The `#` of the URL names the page, so that this link must not follow it. */
function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function chooseTheme(name) {
  window.callstoreTheme.set(name);
}

function signOut() {
  setKey(null, false);
  signIn(null);
}

/** A fresh element for a page: what the one before still does with its own is never seen. */
function fresh(main) {
  const root = document.createElement("div");
  root.className = "page";
  main.replaceChildren(root);
  return root;
}

function closePage() {
  openings += 1;
  current?.page?.close?.();
  current = null;
}

function signIn(problem) {
  if (isSigningIn) return;
  isSigningIn = true;
  closePage();
  document.title = "Sign in · Callstore";
  const root = fresh(showShell(null));
  openSignIn(root, problem, () => {
    isSigningIn = false;
    open();
  });
}

async function open() {
  if (isSigningIn) return;
  const place = route();
  const name = place.parts.join("/");
  if (current?.name === name) {
    current.page?.update?.(place);
    return;
  }
  const isFirst = current === null;
  closePage();
  const opening = openings;
  const root = fresh(showShell(place.page));
  current = { name, page: null };
  document.title = `${place.page?.title ?? "Not found"} · Callstore`;
  if (!place.page) {
    render(html`<h1 tabindex="-1">Not found</h1>${empty("The dashboard has no such page.", html`Go to <a href=${href([PAGES[0].path])}>${PAGES[0].title}</a>.`)}`, root);
    return;
  }
  try {
    const slow = setTimeout(() => opening === openings && render(waiting(), root), 300);
    const module = await place.page.load();
    clearTimeout(slow);
    if (opening !== openings) return;
    render(nothing, root);
    current.page = module.open(root, route());
  } catch (error) {
    console.error(error);
    render(failure(error, () => location.reload()), root);
  }
  window.scrollTo(0, 0);
  // A screen reader and the keyboard go on where the new page begins.
  const beginning = root.querySelector("h1") ?? root;
  if (!isFirst) {
    beginning.tabIndex = -1;
    beginning.focus({ preventScroll: true });
  }
  announce(document.title);
}

session.addEventListener("signin", (event) => signIn(event.detail));
window.addEventListener("hashchange", open);
open();
