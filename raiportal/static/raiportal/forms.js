/* What forms do beyond HTML: dialogs that hold the focus, rows that can be selected together, severity by a digit, long work said once. */
(() => {
  "use strict";

  /* Selected rows: how many, all of them, none of them. */
  const boxesOf = (form) => [...form.querySelectorAll("tbody input[type=checkbox]")];

  function countSelected(form) {
    const boxes = boxesOf(form);
    const chosen = boxes.filter((box) => box.checked).length;
    for (const words of form.querySelectorAll("[data-selected]")) words.textContent = `${chosen} selected`;
    for (const all of form.querySelectorAll("[data-select-all]")) {
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
  }

  function select(form, isChosen) {
    for (const box of boxesOf(form)) box.checked = isChosen;
    countSelected(form);
  }

  /* A dialog takes the focus to its first answer, and keeps it until it is closed; closing gives it back by itself. */
  const FOCUSABLE = "a[href], button:not(:disabled), input:not([type=hidden], :disabled), select:not(:disabled), textarea:not(:disabled), summary";

  function enterDialog(dialog) {
    const answer = dialog.querySelector(".panel-body :is(input:not([type=hidden]), select, textarea)");
    (dialog.querySelector("[aria-invalid=true]") || answer || dialog).focus();
  }

  function keepFocus(event) {
    const dialog = document.querySelector(".dialog:popover-open");
    if (!dialog) return;
    const stops = [...dialog.querySelectorAll(FOCUSABLE)].filter((stop) => stop.checkVisibility());
    const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
    if (document.activeElement !== from && dialog.contains(document.activeElement) && document.activeElement !== dialog) return;
    event.preventDefault();
    to.focus();
  }

  /* Digits choose a severity while the focus is in its form, unless somebody is writing (WCAG 2.1.4: no key acts from elsewhere). */
  function chooseByDigit(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("textarea, select, input:not([type=radio])")) return;
    const key = event.target.closest("form")?.querySelector(`[data-keys] input[value="${event.key}"]`);
    if (!key) return;
    event.preventDefault();
    key.checked = true;
    key.focus();
    key.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /* A button of long work says what goes on until the answer comes, and sends it once. Coming back to the page makes it new. */
  const busy = new Map();

  function sendOnce(event) {
    const button = event.submitter;
    if (event.defaultPrevented || !button?.dataset.busy) return;
    if (busy.has(button)) return event.preventDefault();
    busy.set(button, button.lastChild.textContent);
    button.setAttribute("aria-busy", "true");
    button.lastChild.textContent = button.dataset.busy;
  }

  function endBusy() {
    for (const [button, words] of busy) {
      button.removeAttribute("aria-busy");
      button.lastChild.textContent = words;
    }
    busy.clear();
  }

  function prepare() {
    for (const control of document.querySelectorAll("[data-select-all][hidden], [data-clear][hidden]")) control.hidden = false;
    for (const form of document.querySelectorAll("form.selectable")) countSelected(form);
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form.selectable");
    if (!form) return;
    if (event.target.dataset.selectAll !== undefined) select(form, event.target.checked);
    else countSelected(form);
  });
  document.addEventListener(
    "toggle",
    (event) => {
      if (event.newState === "open" && event.target.matches(".dialog")) enterDialog(event.target);
    },
    true,
  );
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-clear]");
    if (button) select(button.form, false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Tab") keepFocus(event);
    if (/^[0-7]$/.test(event.key)) chooseByDigit(event);
  });
  document.addEventListener("submit", sendOnce);
  window.addEventListener("pageshow", endBusy);
  document.addEventListener("htmx:after:swap", prepare);
  prepare();
})();
