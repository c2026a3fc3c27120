import { lstat, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap, YAMLSeq } from 'yaml'
import type { BackendEdit } from '../balancer.ts'
import { formatAddress } from '../base/address.ts'
import { PilotiError, systemCode } from '../base/errors.ts'
import { parseBackend } from '../discovery/static.ts'
import { absolute } from './describe.ts'
import { readSource } from './source.ts'

/**
 * Writes a change of one backend into a file, which keeps its comments, and is replaced at once.
 *
 * @param check throws for a file that is wrong.
 * @throws PilotiError CONFIG when the file is too intricate for that, or would be wrong; FILE when it cannot be
 * written. It is as before then.
 */
export async function saveEdit(
  path: string,
  edit: BackendEdit,
  check: (path: string) => Promise<unknown>,
): Promise<void> {
  if (path === '-') throw refusal(path, 'it was standard input')
  const { text, fault } = await readSource(path)
  if (fault !== '') throw refusal(path, fault)
  const stats = await lstat(path)
  if (stats.isSymbolicLink()) throw refusal(path, 'it is a link')
  const whole = resolve(path)
  const next = edited(text, path, edit)
  const temporary = join(dirname(whole), `.${basename(whole)}.${process.pid}.new`)
  try {
    const file = await open(temporary, 'wx', stats.mode & 0o777)
    await file.writeFile(next)
    await file.sync().finally(() => file.close())
    await check(temporary)
    await rename(temporary, whole)
  } catch (error) {
    await rm(temporary, { force: true })
    if (error instanceof PilotiError) {
      throw refusal(path, `it would be wrong: ${error.message.replaceAll(temporary, path)}`)
    }
    const message = `cannot write ${path}: ${systemCode(error)}`
    throw new PilotiError('FILE', message, { cause: error })
  }
}

/** The text of a file after a change. @throws PilotiError CONFIG when it is too intricate for that. */
export function edited(text: string, path: string, edit: BackendEdit): string {
  const document = parseDocument(text, { logLevel: 'error', merge: false })
  if (document.errors.length > 0) throw refusal(path, 'it is no YAML')
  const list = listOf(document, edit.pool, path)
  const folder = dirname(resolve(path))
  const at = list.items.findIndex((item) => idOf(item, folder) === edit.backend)
  if (edit.what === 'add') {
    if (at !== -1) throw refusal(path, `it has backend ${edit.backend}`)
    list.add(document.createNode(withOptions(edit.backend, edit)))
  } else if (at === -1) {
    throw refusal(path, `backend ${edit.backend} is not in its list of pool ${edit.pool}`)
  } else if (edit.what === 'remove') list.delete(at)
  else change(list.items[at], edit)
  return document.toString({ lineWidth: 0, flowCollectionPadding: false })
}

function listOf({ contents }: Document, pool: string, path: string): YAMLSeq {
  const root = simple(contents, path)
  const pools = root.get('pools', true)
  if (pools === undefined && pool !== 'default') throw refusal(path, `it has no pool ${pool}`)
  const node = pools === undefined ? root : simple(pools, path).get(pool, true)
  const list = isSeq(node) ? node : simple(node, path).get('backends', true)
  if (!(list instanceof YAMLSeq)) throw refusal(path, `pool ${pool} has no plain list of backends`)
  if (list.anchor !== undefined) throw refusal(path, `the list of pool ${pool} is used elsewhere`)
  return list
}

/** A mapping that is nothing but what it shows. */
function simple(node: unknown, path: string): YAMLMap {
  const isPlain = isMap(node) && node.anchor === undefined
  if (isPlain && !node.has('<<')) return node
  throw refusal(path, 'an anchor, an alias or a merge key stands around the backends')
}

function idOf(item: unknown, folder: string): string | undefined {
  const text = isMap(item) ? item.get('address') : isScalar(item) ? item.value : undefined
  if (typeof text !== 'string') return undefined
  try {
    return formatAddress(absolute(parseBackend(text).address, folder))
  } catch {
    return undefined
  }
}

function change(item: unknown, { isDraining, maxConnections, weight }: BackendEdit): void {
  if (isMap(item)) {
    if (weight !== undefined) item.set('weight', weight)
    if (maxConnections !== undefined) item.set('maxConnections', maxConnections)
    if (isDraining === true) item.set('drain', true)
    if (isDraining === false) item.delete('drain')
  } else if (isScalar(item)) {
    const before = parseBackend(String(item.value))
    const given = Object.entries({ isDraining, maxConnections, weight })
    const after = {
      ...before,
      ...Object.fromEntries(given.filter(([, each]) => each !== undefined)),
    }
    item.value = withOptions(String(item.value).split(';', 1)[0]!, after)
  }
}

function withOptions(
  address: string,
  { isDraining, maxConnections, weight = 1 }: Omit<BackendEdit, 'what' | 'pool' | 'backend'>,
): string {
  const options = [
    ...(weight === 1 ? [] : [`weight=${weight}`]),
    ...(maxConnections === undefined ? [] : [`max=${maxConnections}`]),
    ...(isDraining === true ? ['drain'] : []),
  ]
  return [address, ...options].join(';')
}

function refusal(path: string, why: string): PilotiError {
  return new PilotiError('CONFIG', `cannot write this into ${path}: ${why}; change it by hand`)
}
