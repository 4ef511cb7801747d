/** How every page of this server looks: one column, the system's own fonts, light or dark as the reader prefers. */
export const houseStyle = `
:root {
  color-scheme: light dark;
  --ink: #1c2127; --quiet: #57606a; --paper: #ffffff; --raised: #f5f7f9; --line: #d9dee3; --accent: #0b5cad; --warning: #9a6700;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ec; --quiet: #a2acb6; --paper: #14181c; --raised: #1d2329; --line: #343c44; --accent: #82b8f2; --warning: #e3b341; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 46rem; padding: clamp(1.5rem, 6vw, 4rem) 1.25rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { margin: 0; overflow-wrap: anywhere; font-size: clamp(1.75rem, 5vw, 2.25rem); letter-spacing: -0.015em; }
h2 { margin: 3rem 0 0.75rem; padding-top: 1.5rem; border-top: 1px solid var(--line); font-size: 1.35rem; }
h3 { margin: 2rem 0 0.25rem; font-size: 1.05rem; }
p { margin: 0.5rem 0; }
a { color: var(--accent); text-underline-offset: 0.15em; }
a:focus-visible, pre:focus-visible, button:focus-visible, input:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
code, pre { font: 0.875rem/1.55 ui-monospace, SFMono-Regular, "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace; }
p code, li code, dt code { overflow-wrap: anywhere; }
pre {
  margin: 0.75rem 0; padding: 0.85rem 1rem; overflow-x: auto;
  background: var(--raised); border: 1px solid var(--line); border-radius: 8px;
}
dl { margin: 1rem 0; }
dt { margin-top: 1.1rem; display: flex; flex-wrap: wrap; gap: 0.25rem 0.75rem; align-items: baseline; }
dt code { font-weight: 600; }
dd { margin: 0.1rem 0 0; overflow-wrap: anywhere; }
dd ul { margin: 0; padding-left: 1.25rem; }
.facts div { display: grid; grid-template-columns: 7rem 1fr; gap: 0 0.75rem; }
.facts dt, .facts dd { margin: 0; }
.facts dt, .terms dt { color: var(--quiet); }
label { display: inline-flex; gap: 0.5rem; align-items: baseline; }
input[type=checkbox] { accent-color: var(--accent); }
.buttons { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1.5rem 0; }
button, .button {
  min-height: 2.75rem; min-width: 7rem; padding: 0.5rem 1.25rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--ink); background: var(--raised); border: 1px solid var(--quiet); border-radius: 8px;
}
button:hover, .button:hover { border-color: var(--ink); }
.primary { color: var(--paper); background: var(--accent); border-color: var(--accent); }
.button { display: inline-block; text-decoration: none; text-align: center; }
.warning { padding: 0.75rem 1rem; background: var(--raised); border-left: 4px solid var(--warning); }
.token { white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.lead { margin-top: 0.75rem; font-size: 1.125rem; }
.quiet, footer { color: var(--quiet); font-size: 0.9rem; }
.address { margin-top: 1.75rem; }
.address pre {
  margin-top: 0.35rem; border-left: 4px solid var(--accent); font-size: 1rem; font-weight: 600;
  white-space: pre-wrap; overflow-wrap: anywhere; user-select: all;
}
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  pre, dt { break-inside: avoid; }
  h2, h3, dt { break-after: avoid; }
}
`;
