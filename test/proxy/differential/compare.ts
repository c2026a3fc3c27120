import { createHash } from 'node:crypto'
import type { Message } from './message.ts'
import type { Observation } from './observe.ts'

/**
 * Every way in which two observations differ, each as a line: which side saw it, what of it, and
 * `there → here`. `+` is what only the second has, `-` what only the first has.
 */
export function compare(there: Observation, here: Observation): string[] {
  const found = new Set<string>()
  const tell = (side: string, text: string): void => void found.add(`${side} ${text}`)
  const [before, after] = [there.connections, here.connections]
  if (before.length !== after.length) {
    tell('backend', `connections: ${before.length} → ${after.length}`)
  }
  compareAll(before.flat(), after.flat(), (text) => tell('backend', text))
  compareAll(there.responses, here.responses, (text) => tell('client', text))
  if (there.ending !== here.ending) tell('client', `ending: ${there.ending} → ${here.ending}`)
  if (there.isTold !== here.isTold) tell('backend', `told: ${there.isTold} → ${here.isTold}`)
  return [...found].sort()
}

type Tell = (text: string) => void

function compareAll(there: readonly Message[], here: readonly Message[], tell: Tell): void {
  if (there.length === here.length) {
    for (const [i, message] of here.entries()) compareTwo(there[i]!, message, tell)
    return
  }
  tell(`messages: ${starts(there)} → ${starts(here)}`)
  for (const message of here) {
    const same = there.find(({ start }) => start === message.start)
    if (same !== undefined) compareTwo(same, message, tell)
  }
}

const starts = (messages: readonly Message[]): string =>
  messages.length === 0 ? 'none' : messages.map(({ start }) => start.slice(0, 60)).join(', ')

function compareTwo(there: Message, here: Message, tell: Tell): void {
  for (const key of ['start', 'framing', 'trailers', 'isWhole'] as const) {
    if (there[key] !== here[key]) tell(`${key}: ${shown(there[key])} → ${shown(here[key])}`)
  }
  if (there.body !== here.body) tell(`body: ${digest(there.body)} → ${digest(here.body)}`)
  compareFields(there, here, tell)
}

function compareFields(there: Message, here: Message, tell: Tell): void {
  const before = valuesOf(there)
  const after = valuesOf(here)
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(name), after.get(name)]
    if (old === now) continue
    if (old === undefined) tell(`+ ${name}: ${now}`)
    else if (now === undefined) tell(`- ${name}: ${old}`)
    else tell(`${name}: ${old} → ${now}`)
  }
  const common = (message: Message): string[] =>
    message.fields
      .map(([name]) => name)
      .filter((name) => before.has(name.toLowerCase()) && after.has(name.toLowerCase()))
  const [namesThere, namesHere] = [common(there), common(here)]
  const lower = (names: string[]): string[] => names.map((name) => name.toLowerCase())
  if ([...new Set(lower(namesThere))].join() !== [...new Set(lower(namesHere))].join()) {
    tell('order of fields')
  }
  if ([...new Set(namesThere)].sort().join() !== [...new Set(namesHere)].sort().join()) {
    tell('casing of names')
  }
}

/** Lower-cased name → values, one line each. */
function valuesOf({ fields }: Message): Map<string, string> {
  const values = new Map<string, string>()
  for (const [name, value] of fields) {
    const key = name.toLowerCase()
    const text = steady(key, value)
    const known = values.get(key)
    values.set(key, known === undefined ? text : `${known} | ${text}`)
  }
  return values
}

/** What is another one in every run has one name. */
function steady(name: string, value: string): string {
  if (name === 'date') return '(date)'
  return name === 'host' ? value.replace(/^127\.0\.0\.1:\d+$/, '(address)') : value
}

const shown = (value: string | boolean): string => (value === '' ? 'none' : String(value))

function digest(body: string): string {
  if (body.length <= 80) return JSON.stringify(body)
  return `${body.length} bytes, ${createHash('sha1').update(body, 'latin1').digest('hex').slice(0, 8)}`
}
