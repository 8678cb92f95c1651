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
  const inWords = (left) => (left > 90 ? `${Math.ceil(left / 60)} min` : `${left} s`);
  const tick = () => {
    const left = Math.ceil((ready - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? `${words} (in ${inWords(left)})` : words;
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

// A locked post may be opened by what its reader does in another window. While it is looked at it
// asks, less and less often; then the text comes by itself: nothing jumps, and it is said once.
const locked = document.querySelector("[data-unlock]");
if (locked) {
  let asks = 0, wait = 2, timer, looking = false;
  const ask = (path) => fetch(path, { cache: "no-store" });
  const open = async () => {
    if (!(await (await ask(locked.dataset.unlock)).json()).open) return false;
    const page = await (await ask(location.pathname)).text();
    const text = new DOMParser().parseFromString(page, "text/html").getElementById(locked.id);
    if (!text || text.dataset.unlock) return false;
    locked.replaceChildren(...text.childNodes);
    delete locked.dataset.unlock;
    document.getElementById("unlocked").textContent = "Unlocked";
    return true;
  };
  const look = async () => {
    if (looking) return;
    looking = true;
    asks += 1;
    const opened = await open().catch(() => false); // away for a moment: the next time, then
    looking = false;
    if (!opened) lookLater();
  };
  const lookLater = () => {
    clearTimeout(timer);
    if (document.hidden || asks >= 60) return;
    timer = setTimeout(look, wait * 1000);
    wait = Math.min(wait * 1.5, 60);
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    asks = 0;
    wait = 2;
    if (!document.hidden && locked.dataset.unlock) look();
  });
  lookLater();
}

// A payment that is not confirmed yet: asked about, less and less often, until it leads on.
const confirming = document.querySelector("[data-confirms]");
if (confirming) {
  const waits = confirming.dataset.waits.split(" ").map(Number);
  const askLater = () => {
    const wait = waits.shift();
    if (wait) setTimeout(ask, wait * 1000);
    else confirming.textContent = confirming.dataset.late;
  };
  const ask = async () => {
    const answer = await fetch(confirming.dataset.confirms, { cache: "no-store" })
      .then((found) => found.json())
      .catch(() => ({})); // away for a moment: the next time, then
    if (answer.leads_on) location.reload();
    else askLater();
  };
  askLater();
}
