import { createReadStream } from 'node:fs'
import { shown } from '../base/printable.ts'
import { sizeLimitBytes, takeSnapshot } from '../discovery/snapshot.ts'

/** The text of a file, or why there is none. */
export interface Source {
  readonly text: string
  /** Empty when there is a text. */
  readonly fault: string
  /** Changes whenever the file does. */
  readonly signature: string
}

/** Reads this often until the file stands still: a write that takes longer is no editor's. */
const triesMax = 50
const pauseMs = 20

/** Reads a file that stands still, or standard input for `-`. Never rejects. */
export async function readSource(path: string): Promise<Source> {
  if (path === '-') return readStandardInput()
  for (let tries = 0; tries < triesMax; tries++) {
    const snapshot = await takeSnapshot(path)
    if (snapshot !== undefined) return snapshot
    await new Promise((resume) => setTimeout(resume, pauseMs))
  }
  return fail('it changes all the time')
}

async function readStandardInput(): Promise<Source> {
  const pieces: Buffer[] = []
  let length = 0
  try {
    for await (const piece of createReadStream('', { fd: 0, autoClose: false })) {
      length += piece.length
      if (length > sizeLimitBytes) {
        return fail(`it has more than ${sizeLimitBytes} bytes`)
      }
      pieces.push(piece)
    }
  } catch (error) {
    return fail(shown(String(error)))
  }
  return { text: Buffer.concat(pieces).toString('utf8'), fault: '', signature: '' }
}

const fail = (fault: string): Source => ({ text: '', fault, signature: '' })
