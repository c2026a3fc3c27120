import { escapeHtml, type Page } from './html.ts'
import type { Problem } from './problem.ts'

/** What is said, in each of the forms it may be sent in. */
export interface Answer {
  text(): string
  json(): object
  html(): Page
}

/** Who answers: the name, and where it listens. */
export interface Origin {
  readonly name: string
  readonly address: string
}

export interface Digits {
  readonly digits: number
  readonly pi: string
  readonly ms: number
}

/** A page shows so many digits; more would take long to lay out, and nobody reads them. */
const pageDigits = 10_000
const groupDigits = 10
const blockDigits = 1_000

export function digitsAnswer({ digits, pi, ms }: Digits, origin: Origin, limit: number): Answer {
  return {
    text: () => `${pi}\n`,
    json: () => ({ digits, pi, backend: origin.name, ms }),
    html: () => ({
      title: `π to ${grouped(digits)} ${plural(digits)}`,
      body: `<h1><i>π</i> to ${grouped(digits)} ${plural(digits)}</h1>
<dl>
<div><dt>Digits</dt><dd>${grouped(digits)}</dd></div>
<div><dt>Backend</dt><dd>${escapeHtml(origin.name)}</dd></div>
<div><dt>Time taken</dt><dd>${duration(ms)}</dd></div>
</dl>
${links(digits, limit)}
<div class="digits">${blocks(pi)}</div>
${tail(digits, pi)}`,
      footer: footer(origin),
    }),
  }
}

/** `host` is how the client reached it, for the examples. */
export function welcomeAnswer(origin: Origin, limit: number, host: string): Answer {
  const about = `π to as many digits as the path says, from 0 to ${limit}`
  return {
    text: () => `${about}, for example /${Math.min(100, limit)}\n`,
    json: () => ({
      about,
      example: `/${Math.min(100, limit)}`,
      digitsLimit: limit,
      backend: origin.name,
    }),
    html: () => ({
      title: 'π, as many digits as you like',
      body: `<h1><i>π</i>, as many digits as you like</h1>
<p class="lead">Put the number of digits in the address, from 0 to ${grouped(limit)}.</p>
${links(undefined, limit)}
<p>The same address gives plain text to a command line, and JSON to whoever asks for it:</p>
<pre><code>curl ${escapeHtml(host)}/100
curl -H 'Accept: application/json' ${escapeHtml(host)}/100</code></pre>`,
      footer: footer(origin),
    }),
  }
}

export function problemAnswer(problem: Problem, origin: Origin, limit: number): Answer {
  const { code, status, title, message } = problem
  return {
    text: () => `${message}\n`,
    json: () => ({ error: code, message, status, backend: origin.name }),
    html: () => ({
      title,
      body: `<h1>${escapeHtml(title)}</h1>
<p class="lead">${escapeHtml(message)}.</p>
${links(undefined, limit)}`,
      footer: footer(origin),
    }),
  }
}

function footer(origin: Origin): string {
  return `Answered by backend <code>${escapeHtml(origin.name)}</code> at ${escapeHtml(origin.address)}`
}

/** Where to go from here: the powers of ten. */
function links(current: number | undefined, limit: number): string {
  const counts = [10, 100, 1_000, 10_000, 100_000, 1_000_000].filter((count) => count <= limit)
  const anchors = counts
    .filter((count) => count !== current)
    .map((count) => `<a href="/${count}">${grouped(count)}</a>`)
  return `<nav aria-label="Other numbers of digits">${anchors.join('')}</nav>`
}

function blocks(pi: string): string {
  const shown = pi.slice(2, pageDigits + 2)
  const point = pi.length > 1 ? '.' : ''
  const parts: string[] = []
  for (let start = 0; start < Math.max(1, shown.length); start += blockDigits) {
    const block = shown.slice(start, start + blockDigits)
    const label =
      start === 0 ? `<span class="whole">3${point}</span>` : `<small>${grouped(start)}</small>`
    parts.push(`${label}<p>${grouping(block)}</p>`)
  }
  return parts.join('\n')
}

/** Digits in groups, as words: so lines break between groups, at any width. */
function grouping(digits: string): string {
  return digits.replace(new RegExp(`\\d{${groupDigits}}(?=\\d)`, 'g'), '$& ')
}

function tail(digits: number, pi: string): string {
  const raw = `<a href="/${digits}?format=text">plain text</a>`
  if (digits <= pageDigits) return `<p>All of it as ${raw}.</p>`
  return `<p>These are the first ${grouped(pageDigits)}; the last ten are
<code>${pi.slice(-10)}</code>. All ${grouped(digits)} are there as ${raw}.</p>`
}

const plural = (count: number): string => (count === 1 ? 'digit' : 'digits')

/** 1000000 as 1 000 000, with narrow spaces that do not break. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

function duration(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`
  return `${ms >= 10 ? ms.toFixed(0) : ms.toFixed(2)} ms`
}
