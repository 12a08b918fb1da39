"""The look of the page: two colour schemes with contrast of at least 4.5 to 1 for text, no outside fonts."""

STYLE = """
:root { color-scheme: light dark;
  --ground: #ffffff; --panel: #f4f5f7; --line: #d3d7de; --text: #1b1f24; --faint: #57606a;
  --live: #1a7f37; --failed: #b42318; --other: #6b5900; --link: #0b57d0;
  --p0: #7a8696; --p1: #2f6fdb; --p2: #a4adba; --p3: #8a4fd0; --p4: #b26a00; --heat: 180, 35, 24; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #14171c; --panel: #1e232b; --line: #3a424e; --text: #e6e9ee; --faint: #a7b0bc;
  --live: #4cc38a; --failed: #ff8b7e; --other: #e0c256; --link: #8ab4f8;
  --p0: #8592a3; --p1: #6aa5ff; --p2: #5f6a79; --p3: #b98cf5; --p4: #e5a44d; --heat: 255, 120, 105; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main, header, footer { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; }
h1, h2, p, dd, th, td { overflow-wrap: anywhere; }
th, td { overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
.faint, footer, caption, figcaption { color: var(--faint); }
footer { padding: 2rem 1rem; font-size: .9rem; }
a { color: var(--link); }
a:focus-visible, [tabindex]:focus-visible, summary:focus-visible {
  outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--ground); padding: .5rem; z-index: 2; }
dl.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem;
  margin: 0; }
.cards > div { background: var(--panel); border: 1px solid var(--line); border-radius: .5rem;
  padding: .75rem 1rem; }
.cards dt { color: var(--faint); font-size: .9rem; }
.cards dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; line-height: 1.3; }
.cards dd + dd { font-size: .9rem; color: var(--faint); }
.scroll { overflow-x: auto; }
.scroll.newest { direction: rtl; } .scroll.newest > * { direction: ltr; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .25rem 0 .5rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0;
  border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
td.number, th.number { text-align: right; }
code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.verdict { font-weight: 600; white-space: nowrap; }
.live { color: var(--live); } .failed { color: var(--failed); } .other { color: var(--other); }
td.phases { min-width: 14rem; width: 36%; }
td.number, td.short, th.short { white-space: nowrap; }
.bar { display: flex; height: 1.1rem; min-width: 3px; background: none; }
.bar span { display: block; min-width: 1px; }
.p0 { background: var(--p0); } .p1 { background: var(--p1); } .p2 { background: var(--p2); }
.p3 { background: var(--p3); } .p4 { background: var(--p4); }
.spelled { font-size: .85rem; color: var(--faint); }
ul.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0;
  margin: .25rem 0 .75rem; }
.legend i { display: inline-block; width: .9rem; height: .9rem; border-radius: 2px; margin-right: .4rem;
  vertical-align: -.1rem; }
figure { margin: 0; }
svg.timeline { display: block; width: 100%; height: auto; min-width: 46rem; }
svg text { fill: var(--faint); font: 14px system-ui, sans-serif; }
svg .axis { stroke: var(--line); }
svg .mark-live { fill: var(--live); } svg .mark-failed { fill: var(--failed); }
svg .mark-other { fill: var(--other); }
svg a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
td.heat { text-align: right; }
td.author, th[scope=row] { overflow-wrap: anywhere; }
td.author { min-width: 8rem; max-width: 12rem; }
table:not(.stacks) th[scope=row]:not(.short) { min-width: 9rem; }
td.why { overflow-wrap: anywhere; width: 26%; }
tr:target { background: var(--panel); }
@media (max-width: 44rem) {
  table.stacks thead { position: absolute; left: -999rem; }
  table.stacks tr { display: grid; grid-template-columns: auto 1fr; column-gap: .75rem; padding: .75rem 0;
    border-bottom: 1px solid var(--line); }
  table.stacks td, table.stacks th[scope=row] { display: block; border: 0; padding: .1rem 0; width: auto;
    min-width: 0; max-width: none; text-align: left; }
  table.stacks td.phases, table.stacks td.why { grid-column: 1 / -1; }
  table.stacks td::before { content: attr(data-label) " "; color: var(--faint); font-size: .85rem; }
  table.stacks td:empty { display: none; }
  table.stacks td.phases::before, table.stacks td.verdict::before { content: none; }
}
@media print { .skip { display: none; } body { font-size: 11pt; } }
@media (forced-colors: active) { .bar span { forced-color-adjust: none; } }
"""
