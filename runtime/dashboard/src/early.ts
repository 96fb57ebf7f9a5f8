// Runs before anything is drawn, so that a page never flashes in the other theme. A script of its own: the CSP has no inline ones.
const wanted = localStorage.getItem("theme");
const dark = wanted === "dark" || (wanted !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.dataset.theme = dark ? "dark" : "light";
