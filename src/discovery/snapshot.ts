import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { systemCode } from '../base/errors.ts'

/** What a file was at one moment. */
export interface Snapshot {
  /** Changes whenever the file is written, replaced or changes its size; but its clock may be coarse. */
  readonly signature: string
  readonly text: string
  /** Why it could not be read, for people; empty when it was. */
  readonly fault: string
}

export const sizeLimitBytes: number = 1_048_576

/** File systems keep times in steps of up to 2 s: what was written since may look the same. */
const coarseMs = 3_000

/**
 * Reads a file, if it stands still meanwhile.
 *
 * @param known is returned again when nothing can have changed since, without reading.
 * @returns undefined when it changed while it was read. Never rejects: a fault is in the snapshot.
 */
export async function takeSnapshot(path: string, known?: Snapshot): Promise<Snapshot | undefined> {
  try {
    const before = await stat(path, { bigint: true })
    const signature = signatureOf(before)
    const writtenMs = Number(before.mtimeMs > before.ctimeMs ? before.mtimeMs : before.ctimeMs)
    const ageMs = Date.now() - writtenMs
    if (signature === known?.signature && ageMs > coarseMs) return known
    const fault = faultOf(before)
    if (fault !== '') return { signature, text: '', fault }
    const text = await readStill(path, Number(before.size), signature)
    return text === undefined ? undefined : { signature, text, fault: '' }
  } catch (error) {
    const fault = sentences[systemCode(error)] ?? systemCode(error)
    return { signature: '', text: '', fault }
  }
}

const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'its links lead in a circle',
}

function faultOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'it is a directory'
  if (!stats.isFile()) return 'it is not a regular file'
  if (stats.size > sizeLimitBytes)
    return `it has ${stats.size} bytes, ${sizeLimitBytes} at the most`
  return ''
}

async function readStill(
  path: string,
  size: number,
  signature: string,
): Promise<string | undefined> {
  // Should it have become a pipe since, opening does not wait for a writer.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (signatureOf(await handle.stat({ bigint: true })) !== signature) return undefined
    const bytes = await readUpTo(handle, size + 1)
    const after = await handle.stat({ bigint: true })
    const named = await stat(path, { bigint: true })
    const isStill = signatureOf(after) === signature && signatureOf(named) === signature
    return isStill && bytes.length === size ? bytes.toString('utf8') : undefined
  } finally {
    await handle.close()
  }
}

async function readUpTo(handle: FileHandle, most: number): Promise<Buffer> {
  const bytes = Buffer.alloc(most)
  let length = 0
  while (length < most) {
    const { bytesRead } = await handle.read(bytes, length, most - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return bytes.subarray(0, length)
}

const signatureOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`
