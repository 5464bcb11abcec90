"use strict";
// A field of files takes what is dropped on its form or pasted into it (a picture). Without a script: the plain field.

(() => {
  const form = document.querySelector("form[data-files]");
  const field = form && form.querySelector("input[type=file]");
  if (!field) return;

  function add(files) {
    if (!files.length) return;
    const all = new DataTransfer();
    [...field.files, ...files].forEach((file) => all.items.add(file));
    field.files = all.files;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    say(`${all.files.length} file${all.files.length === 1 ? "" : "s"} chosen`);
  }

  function named(file) {
    // What is pasted is called image.png by every browser: the moment tells several apart.
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
    return new File([file], `pasted ${stamp}.${file.type.split("/")[1] || "png"}`, { type: file.type });
  }

  form.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    form.classList.add("dropping");
  });
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) form.classList.remove("dropping");
  });
  form.addEventListener("drop", (event) => {
    form.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    const pictures = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
    if (!pictures.length) return;
    event.preventDefault();
    add(pictures.map(named));
  });

  const hint = document.createElement("p");
  hint.className = "field-help";
  hint.textContent = "Or drop files anywhere on this form, or paste a picture.";
  field.closest(".field").append(hint);

  // The server refuses more than it takes at once; sending them first would be waiting for nothing.
  const most = Number(field.dataset.most) || Infinity;
  const wrong = document.createElement("p");
  wrong.className = "field-errors";
  wrong.setAttribute("role", "alert");
  field.closest(".field").append(wrong);
  function judge() {
    const many = field.files.length;
    wrong.textContent = many > most ? `These are ${many} files; ${most} go at once.` : "";
    return many <= most;
  }
  field.addEventListener("input", judge);
  form.addEventListener("submit", (event) => {
    if (judge()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    field.focus();
  }, true);
})();
