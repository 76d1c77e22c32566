/* Choosing some of many: typing narrows a long list of boxes, what is chosen stands above it, arrows walk through it. Without a script the list stays whole. */
(() => {
  "use strict";

  const rowsOf = (picker) => [...picker.querySelectorAll("[data-rows] label")];
  const boxOf = (row) => row.querySelector("input");
  const nameOf = (row) => row.textContent.trim();
  const shownRows = (picker) => rowsOf(picker).filter((row) => !row.hidden);

  /* "Åland" is found by "ala", "New Zealand" by "zea": where a word begins, whatever its accents. */
  const plain = (text) => ` ${text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim()}`;

  function narrow(picker) {
    const looked = plain(picker.querySelector("[data-narrow]").value);
    for (const row of rowsOf(picker)) row.hidden = !plain(nameOf(row)).includes(looked);
    tell(picker);
  }

  function tell(picker) {
    const rows = rowsOf(picker);
    const chosen = rows.filter((row) => boxOf(row).checked).length;
    const shown = rows.filter((row) => !row.hidden).length;
    const narrowed = shown === rows.length ? `${rows.length} to choose from` : `${shown} of ${rows.length} shown`;
    picker.querySelector("[data-count]").textContent = `${chosen} chosen, ${narrowed}`;
  }

  function showChosen(picker) {
    const chips = rowsOf(picker)
      .filter((row) => boxOf(row).checked)
      .map((row) => {
        const chip = picker.querySelector("template").content.cloneNode(true);
        chip.querySelector("[data-name]").textContent = nameOf(row);
        chip.querySelector("button").dataset.drop = boxOf(row).value;
        return chip;
      });
    const list = picker.querySelector("[data-chosen]");
    list.replaceChildren(...chips);
    list.hidden = chips.length === 0;
    tell(picker);
  }

  function choose(box, isChosen) {
    box.checked = isChosen;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /* The focus goes to the chip that follows, or to the field when none is left. */
  function drop(picker, button) {
    const place = [...picker.querySelectorAll("[data-drop]")].indexOf(button);
    const row = rowsOf(picker).find((each) => boxOf(each).value === button.dataset.drop);
    choose(boxOf(row), false);
    const left = picker.querySelectorAll("[data-drop]");
    (left[Math.min(place, left.length - 1)] || picker.querySelector("[data-narrow]")).focus();
  }

  function walk(event, picker) {
    const field = picker.querySelector("[data-narrow]");
    const stops = [field, ...shownRows(picker).map(boxOf)];
    const place = stops.indexOf(event.target);
    const next = stops[place + (event.key === "ArrowDown" ? 1 : -1)];
    if (place < 0 || !next) return;
    event.preventDefault();
    next.focus();
  }

  /* Enter takes the first that fits instead of sending the form. */
  function takeFirst(event, picker) {
    event.preventDefault();
    const [first] = shownRows(picker);
    if (!first || !event.target.value.trim()) return;
    choose(boxOf(first), true);
    event.target.value = "";
    narrow(picker);
  }

  function prepare() {
    for (const picker of document.querySelectorAll("[data-picker]")) {
      picker.querySelector("[data-tools]").hidden = false;
      showChosen(picker);
    }
  }

  const pickerOf = (event) => event.target.closest("[data-picker]");

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-narrow]")) narrow(pickerOf(event));
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-rows] input")) showChosen(pickerOf(event));
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-drop]");
    if (button) drop(pickerOf(event), button);
  });
  document.addEventListener("keydown", (event) => {
    const picker = pickerOf(event);
    if (!picker) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") walk(event, picker);
    if (event.key === "Enter" && event.target.matches("[data-narrow]")) takeFirst(event, picker);
  });
  document.addEventListener("htmx:after:swap", prepare);
  prepare();
})();
