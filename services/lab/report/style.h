/* The style sheet of the report's page, inlined into it. */
#ifndef LAB_REPORT_STYLE_H
#define LAB_REPORT_STYLE_H

#define LAB_REPORT_STYLE                                                                           \
    ":root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--text:#16202c;--dim:#5b6776;"         \
    "--line:#d9dee5;--blue:#1f6feb;--green:#11804b;--red:#c4314b;--amber:#9a6700;"                 \
    "--violet:#7a4fd0}"                                                                            \
    "@media(prefers-color-scheme:dark){:root{--bg:#0e1319;--card:#161d26;--text:#e6ebf1;"          \
    "--dim:#98a4b3;--line:#2b3541;--blue:#58a6ff;--green:#3fb97a;--red:#ff6b81;--amber:#e3b341;"   \
    "--violet:#b392f0}}"                                                                           \
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--text);"                \
    "font:15px/1.5 system-ui,sans-serif}main{max-width:1180px;margin:0 auto;padding:24px 16px}"    \
    "h1{font-size:26px;margin:0}h2{font-size:17px;margin:0 0 12px}p{margin:6px 0}"                 \
    ".dim{color:var(--dim)}section{background:var(--card);border:1px solid var(--line);"           \
    "border-radius:10px;padding:16px 18px;margin:16px 0;overflow-x:auto}"                          \
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px}"       \
    ".tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px "   \
    "14px}.tile b{display:block;font-size:21px;font-variant-numeric:tabular-nums}"                 \
    ".two{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:16px}"         \
    ".two>section{margin:0}svg{width:100%;height:auto;display:block}"                              \
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:13px}"  \
    "th,td{padding:4px 8px;text-align:right;border-bottom:1px solid var(--line);"                  \
    "white-space:nowrap}th{color:var(--dim);font-weight:600}"                                      \
    "th:first-child,td:first-child,.left{text-align:left}.up{color:var(--green)}"                  \
    ".down{color:var(--red)}.warn{color:var(--amber)}"                                             \
    ".banner{border-left:4px solid var(--amber);padding:10px 14px;background:var(--card);"         \
    "margin:16px 0;border-radius:6px}.grid{stroke:var(--line);stroke-width:1}"                     \
    ".tick,.label{fill:var(--dim);font:11px system-ui,sans-serif}"                                 \
    ".line{fill:none;stroke:var(--blue);stroke-width:1.6;stroke-linejoin:round}"                   \
    ".line2{fill:none;stroke:var(--violet);stroke-width:1.4}"                                      \
    ".line3{fill:none;stroke:var(--amber);stroke-width:1.4}"                                       \
    ".area{fill:var(--red);fill-opacity:.22}.edge{fill:none;stroke:var(--red);stroke-width:1.2}"   \
    ".wash{fill:var(--blue);fill-opacity:.12}.band{fill:var(--blue);fill-opacity:.16}"             \
    ".gain{fill:var(--green);fill-opacity:.8}.loss{fill:var(--red);fill-opacity:.8}"               \
    ".train{fill:var(--dim);fill-opacity:.25}.test{fill:var(--blue);fill-opacity:.75}"             \
    ".dot{fill:var(--blue);fill-opacity:.55}.front{fill:var(--amber)}"                             \
    ".rule{stroke:var(--dim);stroke-width:1;stroke-dasharray:4 4}"                                 \
    "details{margin:8px 0}summary{cursor:pointer;color:var(--blue)}"                               \
    "code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}"                                \
    "@media print{section{break-inside:avoid}}"

#endif /* LAB_REPORT_STYLE_H */
