"use strict";
// Deciding on accounts by keyboard. Every key presses a button that is there for the mouse, too.

const lineOf = (element) => element && element.closest("tr[data-line]");
const linesOf = () => [...document.querySelectorAll("tr[data-line]")];
const current = () => document.querySelector("tr[data-line].current");

function toLine(line, focus = true) {
  if (!line) return;
  linesOf().forEach((each) => each.classList.toggle("current", each === line));
  if (focus) focusIn(line);
  line.scrollIntoView({ block: "nearest" });
}

function focusIn(line) {
  const wanted = [".choices button", "form button:not([hidden])", "a"].map((one) => line.querySelector(one)).find(Boolean);
  wanted.focus({ preventScroll: true });
}

function step(by) {
  const lines = linesOf();
  const at = lines.indexOf(current());
  toLine(lines[Math.min(lines.length - 1, Math.max(0, at + by))]);
}

function send(line, button) {
  // The keys go on to the next account while the answer is on its way: whoever types fast must not type into this one.
  button.click();
  line.dataset.sent = "";
  onward(line);
}

function onward(line) {
  // On to the next account that is undecided: below, else above; where there is none, to the next page.
  const lines = linesOf();
  const at = lines.indexOf(line);
  const waits = (each) => !("decided" in each.dataset || "sent" in each.dataset);
  const open = [...lines.slice(at + 1), ...lines.slice(0, at)].find(waits);
  const more = document.querySelector("#next-accounts, #part-progress .button.primary");
  if (open) toLine(open);
  else {
    line.classList.remove("current");
    if (more) more.focus();
  }
}

function press(choice) {
  const line = current() || lineOf(document.activeElement) || linesOf().find((each) => !("decided" in each.dataset));
  const form = line && line.querySelector("form[data-decide]");
  const button = form && form.querySelector(`button[value=${choice}]`);
  if (!button) return;
  toLine(line, false);
  form.dataset.pending = choice;
  const reason = form.querySelector("[name=reason]");
  const after = form.querySelector("details.after");
  if (choice === "change" && after) {
    after.open = true;
    after.querySelector("input").focus();
  } else if (reason && !reason.value.trim() && (choice === "remove" || "flagged" in line.dataset)) {
    reason.focus();
  } else if (choice === "undo") {
    button.click();
  } else {
    send(line, button);
  }
}

const REVIEW_KEYS = {
  k: () => press("keep"), c: () => press("change"), r: () => press("remove"), u: () => press("undo"),
  j: () => step(1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
};

function onReviewKey(event) {
  const form = event.target.closest("form[data-decide]");
  if (event.key === "Enter" && form && event.target.matches("input")) {
    // In the roles the next thing is the reason; in the reason the decision that a key began, else none.
    event.preventDefault();
    const reason = form.querySelector("[name=reason]");
    if (event.target.name === "roles_after" && !reason.value.trim()) reason.focus();
    else if (form.dataset.pending) send(lineOf(form), form.querySelector(`button[value=${form.dataset.pending}]`));
    return;
  }
  if (event.key === "Escape" && form && event.target.matches("input")) {
    delete form.dataset.pending;
    toLine(lineOf(form));
    return;
  }
  if (event.target.matches("input:not([type=checkbox]), textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!REVIEW_KEYS[event.key]) return;
  event.preventDefault();
  event.stopImmediatePropagation(); // elsewhere k moves up: here it keeps
  REVIEW_KEYS[event.key]();
}

function onDecided(event) {
  const { elt, requestConfig } = event.detail;
  const line = lineOf(elt) || document.getElementById(elt.id);
  if (!line || !line.matches("tr[data-line]") || !requestConfig.path.endsWith("/decide/")) return;
  const wrong = line.querySelector("[aria-invalid]");
  if (wrong) {
    toLine(line, false);
    wrong.focus();
  } else if (!current()) {
    if ("decided" in line.dataset) onward(line);
    else toLine(line);
  }
}

document.addEventListener("keydown", onReviewKey, true);
document.addEventListener("htmx:afterSettle", onDecided);
toLine(linesOf().find((line) => !("decided" in line.dataset)), false);
