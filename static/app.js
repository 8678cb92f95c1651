// Comforts only: every page works the same way without this file.

for (const button of document.querySelectorAll("[data-reveals]")) {
  const input = document.getElementById(button.dataset.reveals);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  });
}

// The server refuses a second mail for a while. Counting is for the eye; only its end is announced.
for (const button of document.querySelectorAll("[data-wait]")) {
  const words = button.textContent;
  const status = document.getElementById(button.dataset.tells);
  const ready = Date.now() + Number(button.dataset.wait) * 1000;
  const tick = () => {
    const left = Math.ceil((ready - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? `${words} (in ${left} s)` : words;
    if (left > 0) setTimeout(tick, 1000);
    else status.textContent = "You can ask for it again now.";
  };
  if (Number(button.dataset.wait) > 0) tick();
}

// A second press while the first is on its way does nothing. Coming back with Back frees the form.
const sent = new WeakSet();
document.addEventListener("submit", (event) => {
  if (sent.has(event.target)) event.preventDefault();
  else sent.add(event.target);
});
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) sent.delete(form);
});

for (const notice of document.querySelectorAll("[data-dismissable]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "text-button notice-close";
  button.textContent = "Dismiss";
  button.addEventListener("click", () => notice.remove());
  notice.append(button);
}
