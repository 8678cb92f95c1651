// What is wrong with the page at hand, in words; an empty list is well.
() => {
  const said = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) said.push(`${root.scrollWidth} pixels wide`);
  if (all("h1").length !== 1) said.push(`${all("h1").length} main headings`);
  if (!document.title || !root.lang) said.push("no title, or no language");

  for (const field of all("input:not([type=hidden]), select, textarea"))
    if (!field.labels.length && !field.ariaHidden) said.push(`no label: ${field.name}`);
  for (const form of all("form"))
    if (!form.querySelector("button:not([type=button]), input[type=submit]"))
      said.push(`no button: ${form.action}`);
  for (const picture of all("img"))
    if (!picture.hasAttribute("alt")) said.push(`no alt: ${picture.src}`);

  const ids = all("[id]").map((one) => one.id);
  for (const id of new Set(ids))
    if (ids.indexOf(id) !== ids.lastIndexOf(id)) said.push(`twice: #${id}`);
  for (const name of ["aria-describedby", "aria-labelledby"])
    for (const one of all(`[${name}]`))
      for (const id of one.getAttribute(name).split(" "))
        if (!ids.includes(id)) said.push(`nothing is #${id}`);

  for (const one of all("button, .button, select, input:not([type=hidden], .visually-hidden)")) {
    const target = one.closest("label") ?? one;
    const { width, height } = target.getBoundingClientRect();
    if (width && height < 24) said.push(`${height} pixels high: ${one.textContent || one.name}`);
  }

  for (const one of all("time[datetime]"))
    if (/\.\d{4}/.test(one.dateTime)) said.push(`too fine a time: ${one.dateTime}`);

  const loaded = performance.getEntriesByType("resource");
  const everything = [...performance.getEntriesByType("navigation"), ...loaded];
  const bytes = everything.reduce((sum, one) => sum + one.encodedBodySize, 0);
  if (everything.length > 8 || bytes > 100 * 1024)
    said.push(`${everything.length} requests, ${bytes} bytes`);
  return said;
}
