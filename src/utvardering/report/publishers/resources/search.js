// Search on the page: Pagefind's index, read only when someone searches; nothing is asked from another host.
const form = document.querySelector("form.search");

if (form && location.protocol !== "file:") {
  const root = form.dataset.root;
  const field = form.querySelector("input");
  const panel = form.querySelector(".search-results");
  const status = form.querySelector(".search-status");
  const list = form.querySelector("ul");
  const shown = 8;
  let index;

  const load = async () => {
    if (!index) {
      index = await import(new URL(`${root}pagefind/pagefind.js`, location.href));
      await index.options({ baseUrl: new URL(root || "./", location.href).pathname });
    }
    return index;
  };

  const row = (page) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const text = document.createElement("span");
    link.href = page.url;
    link.textContent = page.meta.title;
    text.innerHTML = page.excerpt;
    item.append(link, text);
    return item;
  };

  const search = async () => {
    const words = field.value.trim();
    if (!words) {
      panel.hidden = true;
      return;
    }
    try {
      const found = await (await load()).debouncedSearch(words, {}, 150);
      if (!found) return;
      const pages = await Promise.all(found.results.slice(0, shown).map((result) => result.data()));
      const count = found.results.length;
      const say = form.dataset;
      status.textContent = count === 0 ? say.none : count === 1 ? say.one : say.many.replace("{n}", count);
      list.replaceChildren(...pages.map(row));
    } catch {
      status.textContent = form.dataset.fault;
      list.replaceChildren();
    }
    panel.hidden = false;
  };

  form.hidden = false;
  field.addEventListener("input", search);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      panel.hidden = true;
      field.focus();
    }
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) panel.hidden = true;
  });
}
