import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml'
import { PilotiError } from '../base/errors.ts'
import type { Workload } from './workload.ts'
import { checkWorkload, type Problem } from './workload-schema.ts'

/** More than that is no description of a workload. */
const lengthMax = 1_048_576

/**
 * Reads a workload from YAML.
 *
 * @param name what the text is called in messages.
 * @throws PilotiError WORKLOAD with everything that is wrong, each with its line and column.
 */
export function parseWorkload(text: string, name: string): Workload {
  if (text.length > lengthMax) throw invalid(name, [`more than ${lengthMax} characters`])
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  const faults = document.errors.map(({ pos, message }) => `${place(pos[0])}: ${message}`)
  if (faults.length > 0) throw invalid(name, faults)
  const checked = checkWorkload(valueOf(document, name))
  if (!('length' in checked)) return checked
  const placed = checked
    .map((problem) => ({ ...problem, offset: offsetOf(document, problem) }))
    .sort((a, b) => a.offset - b.offset)
  throw invalid(
    name,
    placed.map(({ path, message, offset }) => {
      const where = path.length === 0 ? '' : `${path.map(String).join('.')}: `
      return `${place(offset)}: ${where}${message}`
    }),
  )
}

/** Where it stands: the value, or the key, or the nearest thing around that is there. */
function offsetOf(document: Document, { path, isKey }: Problem): number {
  if (isKey) {
    const around = document.getIn(path.slice(0, -1), true)
    const pair = isMap(around) && around.items.find(({ key }) => String(key) === path.at(-1))
    if (pair && isNode(pair.key) && pair.key.range) return pair.key.range[0]
  }
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return document.contents?.range?.[0] ?? 0
}

/** What it says as plain data. */
function valueOf(document: Document, name: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    // Aliases of aliases: it would not fit into memory.
    throw invalid(name, [error instanceof Error ? error.message : String(error)])
  }
}

function invalid(name: string, faults: readonly string[]): PilotiError {
  const lines = faults.map((fault) => `\n  ${fault}`).join('')
  return new PilotiError('WORKLOAD', `${name} is not a workload:${lines}`)
}
