import { PilotiError } from '../base/errors.ts'
import { readYaml } from '../codecs/yaml.ts'
import { offsetOf, type Path, valueOf } from '../codecs/yaml-tree.ts'
import type { Workload } from './workload.ts'
import { checkWorkload } from './workload-schema.ts'

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
  const { faults, position, tree } = readYaml(text)
  const place = (offset: number): string => {
    const { line, column } = position(offset)
    return `${name}:${line}:${column}`
  }
  if (faults.length > 0) {
    const sentences = faults.map(({ offset, message, suggestion }) => {
      return `${place(offset)}: ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`
    })
    throw invalid(name, sentences)
  }
  const checked = checkWorkload(tree && valueOf(tree))
  if (!('length' in checked)) return checked
  const placed = checked
    .map(({ path, message, isKey = false }) => {
      const offset = tree === undefined ? 0 : offsetOf(tree, path as Path, isKey)
      return { where: path.map(String).join('.'), message, offset }
    })
    .sort((a, b) => a.offset - b.offset)
  throw invalid(
    name,
    placed.map(({ where, message, offset }) => {
      return `${place(offset)}: ${where === '' ? '' : `${where}: `}${message}`
    }),
  )
}

function invalid(name: string, faults: readonly string[]): PilotiError {
  const lines = faults.map((fault) => `\n  ${fault}`).join('')
  return new PilotiError('WORKLOAD', `${name} is not a workload:${lines}`)
}
