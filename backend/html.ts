import { createHash } from 'node:crypto'

/** Text as it may stand in HTML, in element content and between double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

const style = `
:root{color-scheme:light dark;--paper:#fbfaf7;--ink:#23211c;--soft:#6f6a5f;--line:#e4dfd3;--tone:#a8461f;
--card:#fff}
@media (prefers-color-scheme:dark){:root{--paper:#17181a;--ink:#e6e3dc;--soft:#9a958a;--line:#303236;
--tone:#f0a173;--card:#1e2023}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main,footer{max-width:54rem;margin:0 auto;padding:0 1.25rem}
main{padding-top:2.5rem}
h1{margin:0;font-size:clamp(1.7rem,5vw,2.5rem);font-weight:600;line-height:1.15;letter-spacing:-.02em}
h1 i{font-family:Georgia,serif;font-weight:400;color:var(--tone);padding-right:.05em}
.lead{margin:.6rem 0 0;font-size:1.1rem;max-width:40rem}
dl{display:flex;flex-wrap:wrap;gap:1px;margin:1.75rem 0 0;
background:var(--line);border:1px solid var(--line);border-radius:.6rem;overflow:hidden}
dl div{flex:1 1 8.5rem;background:var(--card);padding:.7rem 1rem;min-width:0}
dt{font-size:.8rem;color:var(--soft)}
dd{margin:0;font-size:1.1rem;font-weight:600;overflow-wrap:anywhere}
nav{display:flex;flex-wrap:wrap;gap:.5rem;margin:1.25rem 0 0}
a{color:var(--tone);text-underline-offset:.2em}
nav a{border:1px solid var(--line);border-radius:2rem;padding:.25rem .85rem;background:var(--card);
text-decoration:none}
nav a:hover,nav a:focus-visible{border-color:var(--tone)}
.digits{display:grid;grid-template-columns:3.6rem minmax(0,1fr);gap:1.4rem 0;margin:1.75rem 0;
font:1.08rem/1.85 ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.digits p{margin:0;max-width:calc(54ch + 2em);word-spacing:.35em}
.digits small{font:.8rem/2.5 system-ui,sans-serif;color:var(--soft)}
.whole{font-size:2.4rem;line-height:1.95rem;color:var(--tone)}
@media (max-width:44rem){.digits{grid-template-columns:1fr;gap:.4rem;font-size:1rem}
.digits p{word-spacing:.1em}.whole{line-height:1.3}}
code{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.95em}
pre{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.8rem 1rem}
footer{padding-top:1.5rem;padding-bottom:2.5rem;color:var(--soft);font-size:.85rem}
`
const styleHash = createHash('sha256').update(style).digest('base64')

/** Nothing is loaded, run, framed or sent from a page; its one style sheet is named by its hash. */
export const contentSecurityPolicy: string = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export interface Page {
  /** Plain text. */
  readonly title: string
  /** HTML, like the footer. */
  readonly body: string
  readonly footer: string
}

/** The frame around every page, complete in one document. */
export function renderPage({ title, body, footer }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
<footer>${footer}</footer>
</body>
</html>
`
}
