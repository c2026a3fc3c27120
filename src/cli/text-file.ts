import { createReadStream } from 'node:fs'
import { PilotiError, systemCode } from '../base/errors.ts'

/** Longer lines are cut: nothing that we read has such. */
const lineLengthMax = 65_536

/**
 * The lines of a file, or of standard input for `-`, however long the file is.
 *
 * @param hear is told how many bytes were read so far.
 * @throws PilotiError FILE when it cannot be read.
 */
export async function* linesOf(
  path: string,
  hear: (bytes: number) => void = () => {},
): AsyncGenerator<string[]> {
  let bytes = 0
  let rest = ''
  for await (const chunk of chunksOf(path)) {
    bytes += Buffer.byteLength(chunk)
    hear(bytes)
    const parts = (rest + chunk).split('\n')
    rest = parts.pop()!.slice(0, lineLengthMax)
    yield parts
  }
  if (rest !== '') yield [rest]
}

/**
 * All of a file, or of standard input for `-`.
 *
 * @throws PilotiError FILE when it cannot be read, or has more than `lengthMax` characters.
 */
export async function readText(path: string, lengthMax: number): Promise<string> {
  let text = ''
  for await (const chunk of chunksOf(path)) {
    text += chunk
    if (text.length > lengthMax) {
      throw new PilotiError('FILE', `'${path}' is too long: at most ${lengthMax} characters wanted`)
    }
  }
  return text
}

async function* chunksOf(path: string): AsyncGenerator<string> {
  const stream = path === '-' ? process.stdin : createReadStream(path)
  stream.setEncoding('utf8')
  try {
    for await (const chunk of stream) yield chunk as string
  } catch (error) {
    const why = systemCode(error) === 'ENOENT' ? 'there is no such file' : systemCode(error)
    throw new PilotiError('FILE', `cannot read '${path}': ${why}`, { cause: error })
  }
}
