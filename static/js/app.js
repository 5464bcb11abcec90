"use strict";
// What the pages do beyond HTML: keys, ticked rows, filters as you type, a guard on unsaved forms. All works without it.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

function say(words) {
  // The live region is emptied first, so that the same words are read out twice when they happen twice.
  const live = $("#live");
  if (!live) return;
  live.textContent = "";
  setTimeout(() => { live.textContent = words; }, 50);
}

function typing(target) {
  return target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select");
}

// light and dark: the choice is a cookie, so that the server draws the next page right at once ------------------------

function dark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

function toggleTheme() {
  const theme = dark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  say(`${theme} colours`);
}

// ticked rows ---------------------------------------------------------------------------------------------------------

let lastTicked = null;

function boxes(root) {
  return $$("tbody input[type=checkbox][data-select], tbody .pick input[type=checkbox]", root);
}

function rowsRoot(element) {
  return element.closest(".card, .panel, form") || document;
}

function countTicked(root) {
  const all = boxes(root);
  const ticked = all.filter((box) => box.checked).length;
  const master = $("[data-select-all]", root);
  if (master) {
    master.checked = ticked > 0 && ticked === all.length;
    master.indeterminate = ticked > 0 && ticked < all.length;
  }
  $$("[data-count]", root).forEach((count) => { count.textContent = ticked; });
  return ticked;
}

function tick(event) {
  const box = event.target;
  const root = rowsRoot(box);
  if (box.matches("[data-select-all]")) {
    boxes(root).forEach((each) => { each.checked = box.checked; });
    say(`${countTicked(root)} selected`);
  } else if (boxes(root).includes(box)) {
    countTicked(root);
  }
}

function tickRange(event) {
  const box = event.target;
  if (!box.matches("tbody input[type=checkbox]")) return;
  const all = boxes(rowsRoot(box));
  const [from, to] = [all.indexOf(lastTicked), all.indexOf(box)];
  if (event.shiftKey && from >= 0 && to >= 0) {
    all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((each) => { each.checked = box.checked; });
  }
  lastTicked = box;
}

// keys: / and Ctrl-K search, j and k move through rows, Enter opens one, x ticks it ------------------------------------

function moveRow(step) {
  const rows = $$("main .table tbody tr").filter((row) => $("a, input, button", row));
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.classList.contains("current"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
  rows.forEach((row) => row.classList.toggle("current", row === next));
  ($("a", next) || $("button, input", next)).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function tickRow() {
  const box = $("tr.current input[type=checkbox]");
  if (box) box.click();
}

const KEYS = { j: () => moveRow(1), k: () => moveRow(-1), x: tickRow, "/": () => focusSearch() };

function focusSearch() {
  const search = $("#search");
  if (!search) return;
  search.focus();
  search.select();
}

function onKey(event) {
  if (event.key === "Escape") closeMenus(null);
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    focusSearch();
  } else if (KEYS[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) {
    event.preventDefault();
    KEYS[event.key]();
  }
}

// menus: Escape and a click elsewhere close them, and the focus goes back where it came from ---------------------------

function closeMenus(except) {
  $$("details[data-menu][open], details.in-place[open]").forEach((menu) => {
    if (menu === except) return;
    if (menu.contains(document.activeElement)) $("summary", menu).focus();
    menu.open = false;
  });
}

// forms: warn before entries are lost, send once -----------------------------------------------------------------------

function guarded() {
  return $$("form[data-guard]").some((form) => form.dataset.changed);
}

function onSubmit(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  delete form.dataset.changed;
  if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  setTimeout(() => ready(form), 8000); // a file that downloads leaves the page standing
}

function ready(form) {
  delete form.dataset.sent;
  $$("[aria-busy]", form).forEach((button) => button.removeAttribute("aria-busy"));
}

// filters: words filter while they are typed; empty ones stay out of the address ----------------------------------------

let waiting = 0;

function onInput(event) {
  const guard = event.target.closest("form[data-guard]");
  if (guard) guard.dataset.changed = "1";
  const filters = event.target.closest("form[data-filters]");
  if (filters && event.target.matches("[type=search], [type=text]")) {
    clearTimeout(waiting);
    waiting = setTimeout(() => filters.isConnected && filters.requestSubmit(), 350);
  }
}

function withoutEmpty(event) {
  if (!event.target.matches || !event.target.matches("form[data-filters]")) return;
  const { parameters } = event.detail;
  Object.keys(parameters).forEach((name) => { if (parameters[name] === "") delete parameters[name]; });
}

function swapped(event) {
  const target = document.getElementById(event.detail.target.id) || event.detail.target;
  const status = $("[role=status]", target);
  if (status) say(status.textContent.trim().replace(/\s+/g, " "));
  lastTicked = null;
  countTicked(target);
  fitTables();
}

function refused(event) {
  // Signed out meanwhile, or the server is away: the whole page says it better than a hole in this one.
  const { xhr } = event.detail;
  if (xhr && (xhr.status === 401 || xhr.status === 403)) location.reload();
  else say("That did not work. Load the page again.");
}

function leftBehind(event) {
  // The answer came from another page than the one asked for (the sign-in page): go there instead of swapping it in.
  const { xhr, pathInfo } = event.detail;
  if (!xhr || !xhr.responseURL) return;
  const [asked, came] = [new URL(pathInfo.requestPath, location.href), new URL(xhr.responseURL)];
  if (asked.pathname !== came.pathname) {
    event.detail.shouldSwap = false;
    location.assign(location.href);
  }
}

// tables: one that is wider than its place scrolls inside it; all others keep their head in sight ------------------------

function fitTables() {
  $$(".table-wrap").forEach((wrap) => {
    wrap.classList.remove("scrolls");
    wrap.classList.toggle("scrolls", wrap.scrollWidth > wrap.clientWidth + 1);
  });
}

// tabs: on a phone the row is wider than the page, and begins where the current one is in sight --------------------------

function showTab() {
  $$(".tabs [aria-current]").forEach((tab) => {
    const row = tab.parentElement;
    const [outer, inner] = [row.getBoundingClientRect(), tab.getBoundingClientRect()];
    if (inner.left < outer.left || inner.right > outer.right) row.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  });
}

// links to copy --------------------------------------------------------------------------------------------------------

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy || location.href);
    say("Copied");
    button.dataset.copied = "1";
    setTimeout(() => { delete button.dataset.copied; }, 1500);
  } catch (error) {
    if (navigator.clipboard && !(error instanceof DOMException)) throw error;
    say("The browser refused to copy: select it and copy it by hand");
  }
}

function onClick(event) {
  const menu = event.target.closest("details[data-menu], details.in-place");
  closeMenus(menu);
  if (event.target.closest("[data-theme-toggle]")) toggleTheme();
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  tickRange(event);
}

document.addEventListener("keydown", onKey);
document.addEventListener("click", onClick);
document.addEventListener("change", tick);
document.addEventListener("input", onInput);
document.addEventListener("submit", onSubmit);
document.addEventListener("htmx:configRequest", withoutEmpty);
document.addEventListener("htmx:beforeSwap", leftBehind);
document.addEventListener("htmx:afterSwap", swapped);
document.addEventListener("htmx:responseError", refused);
document.addEventListener("htmx:sendError", refused);
addEventListener("beforeunload", (event) => { if (guarded()) event.preventDefault(); });
addEventListener("resize", fitTables);
addEventListener("pageshow", () => $$("form[data-sent]").forEach(ready));

$$("[data-theme-toggle], [data-copy]").forEach((button) => { button.hidden = false; });
$$("form[data-guard]:has([aria-invalid])").forEach((form) => { form.dataset.changed = "1"; });
$$("[data-select-all]").forEach((master) => countTicked(rowsRoot(master)));
fitTables();
showTab();
document.fonts.ready.then(() => { fitTables(); showTab(); });
const wrong = $(".form-errors");
if (wrong) wrong.focus();
