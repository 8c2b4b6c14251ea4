"use strict";
(() => {
  const table = document.getElementById("callbacks");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const text = (row, column) => row.cells[column].textContent;

  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });

  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    head.firstChild.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((a, b) => text(a, column).localeCompare(text(b, column), "en", { numeric: true }));
      if (down) rows.reverse();
      body.append(...rows);
    });
  });
})();
