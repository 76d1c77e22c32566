/* What plain HTML and htmx can't do on any page: the theme without a flash, a place for refusals, toasts that pass, menus that close. */
(() => {
  "use strict";
  const THEME = "raiportal-theme";
  const TOAST_MS = 8000;
  const TIMEOUT_MS = 60000; // htmx's own, after which it gives up waiting
  const root = document.documentElement;

  function storedTheme() {
    try {
      return localStorage.getItem(THEME) || "";
    } catch {
      return ""; // storage is switched off: the system's theme holds
    }
  }

  function applyTheme(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  function chooseTheme(theme) {
    try {
      if (theme) localStorage.setItem(THEME, theme);
      else localStorage.removeItem(THEME);
    } catch {
      /* chosen for this page only */
    }
    applyTheme(theme);
    showTheme();
  }

  function showTheme() {
    const chosen = root.dataset.theme || "";
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
      button.parentElement.hidden = false;
    }
  }

  applyTheme(storedTheme()); // this file blocks the first paint on purpose

  /* Refusals of htmx requests: nothing is swapped, the sentence stands in the notice area until it is dismissed or solved. */
  const SENTENCES = {
    0: "The portal can't be reached. Check your connection, then try again.",
    400: "The portal couldn't read this request. Load the page again, then repeat it.",
    401: "You are signed out. Sign in again, then repeat this.",
    403: "You may not do this.",
    404: "This is no longer here, or you may not see it.",
    408: "The portal took too long to answer. Try again.",
    409: "Someone changed this meanwhile. Load the page again to see how it stands.",
    413: "This is larger than the portal accepts.",
    429: "That was too often. Wait a minute, then try again.",
    503: "The portal can't do this right now. Try again in a minute.",
  };

  /* The sentence of a refusal is an answer's element #notice (errors/_notice.html); other answers get ours. */
  function sentenceIn(text) {
    const page = new DOMParser().parseFromString(text || "", "text/html");
    return page.getElementById("notice")?.textContent.trim() || "";
  }

  function sentenceFor(status) {
    return SENTENCES[status] || `Something went wrong here (error ${status}). It has been logged; try again in a minute.`;
  }

  function showRefusal(source, sentence) {
    const area = document.getElementById("notices");
    const template = document.getElementById("refusal");
    if (!area || !template) return;
    const shown = [...area.children].find((notice) => notice.dataset.source === source);
    if (shown?.querySelector("p").textContent === sentence) return; // a poll that fails again is not news
    shown?.remove();
    const notice = template.content.firstElementChild.cloneNode(true);
    notice.dataset.source = source;
    notice.querySelector("p").textContent = sentence;
    area.append(notice);
    notice.scrollIntoView({ block: "nearest" });
  }

  function clearRefusal(source) {
    for (const notice of document.querySelectorAll("#notices > [data-source]")) {
      if (notice.dataset.source === source) notice.remove();
    }
  }

  const sourceOf = (ctx) => `${ctx.request.method} ${ctx.request.action.split("?")[0]}`;

  document.addEventListener("htmx:before:request", (event) => {
    event.detail.ctx.sentAt = performance.now();
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.response.status < 400 || ctx.response.status === 422) clearRefusal(sourceOf(ctx));
  });
  document.addEventListener("htmx:response:error", (event) => {
    const { ctx } = event.detail;
    const told = sentenceIn(ctx.text);
    if (ctx.response.status === 422 && !told) return; // a form with its errors: htmx swaps it
    ctx.hx.reswap = "none"; // heeded by htmx like the header of that name
    showRefusal(sourceOf(ctx), told || sentenceFor(ctx.response.status));
  });
  document.addEventListener("htmx:error", (event) => {
    const { ctx, error } = event.detail;
    if (!ctx || ctx.response) return; // answered: the error is in the page, not on the way
    if (error.name !== "AbortError") showRefusal(sourceOf(ctx), SENTENCES[0]);
    else if (performance.now() - ctx.sentAt >= TIMEOUT_MS) showRefusal(sourceOf(ctx), SENTENCES[408]);
  });

  /* Toasts pass unless someone is at them. */
  function letPass(toast) {
    toast.dataset.seen = "";
    toast.querySelector("[data-dismiss]").hidden = false;
    let timer = setTimeout(() => toast.remove(), TOAST_MS);
    const hold = () => clearTimeout(timer);
    const resume = () => {
      clearTimeout(timer);
      timer = setTimeout(() => toast.remove(), TOAST_MS);
    };
    toast.addEventListener("pointerenter", hold);
    toast.addEventListener("focusin", hold);
    toast.addEventListener("pointerleave", resume);
    toast.addEventListener("focusout", resume);
  }

  async function copy(button) {
    const secret = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(secret.textContent);
      button.querySelector("span").textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(secret); // no clipboard without HTTPS: the keys do it
    }
  }

  function prepare(scope) {
    for (const toast of scope.querySelectorAll(".toast:not([data-seen])")) letPass(toast);
    for (const button of scope.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
    for (const dialog of scope.querySelectorAll("[popover][data-open]")) if (!dialog.matches(":popover-open")) dialog.showPopover();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.themeChoice !== undefined) chooseTheme(button.dataset.themeChoice);
    else if (button?.dataset.dismiss !== undefined) button.closest(".toast, .notice").remove();
    else if (button?.dataset.copy) copy(button);
    for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  function foldWhereNarrow(fold) {
    const wide = matchMedia(`(width >= ${fold.dataset.openFrom})`);
    const follow = () => {
      fold.open = wide.matches;
    };
    follow();
    wide.addEventListener("change", follow);
  }

  document.addEventListener("DOMContentLoaded", () => {
    showTheme();
    document.querySelectorAll("details[data-open-from]").forEach(foldWhereNarrow);
    prepare(document);
  });
  document.addEventListener("htmx:after:swap", () => prepare(document));
})();
