/**
 * The digits of π on V8's BigInt beside the same algorithm on GMP, in C.
 *
 * A computation is the whole way from a number of digits to the text, and its cost is CPU time, that of the
 * engine's own threads included. Every program is started once and computes on command, so that all take
 * turns within a round and none pays for its start.
 */
import { spawnSync } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createBackend } from '../backend/server.ts'
import { type Child, pinned, start } from './harness/child.ts'
import { compilable } from './harness/compile.ts'
import { ask } from './harness/installed.ts'
import { type Node, nodes } from './harness/nodes.ts'
import { figure, median, ratio, spread } from './harness/numbers.ts'
import { interleave } from './harness/rounds.ts'
import { save, scratch } from './harness/scratch.ts'
import { fullSize, type Size, scaled } from './harness/size.ts'
import { table } from './harness/table.ts'

/** How often a round computes so many digits: enough for the clock, all of it within a few seconds. */
const CASES = [
  { digits: 1_000, count: 1_000 },
  { digits: 10_000, count: 40 },
  { digits: 100_000, count: 3 },
  { digits: 1_000_000, count: 1 },
] as const

const GMP = 'GMP in C'

interface Computer {
  readonly name: string
  readonly child: Child
}

export async function run(size: Size = fullSize): Promise<string> {
  const all = nodes()
  const gmp = gmpProgram()
  const script = nodeProgram()
  const computers: Computer[] = all.map(({ file, version }) => ({
    name: `Node ${version}`,
    child: start('proxy', { file, args: [script] }),
  }))
  if (gmp !== undefined) {
    computers.unshift({ name: GMP, child: start('proxy', { file: gmp, args: [] }) })
  }
  try {
    const rows: string[][] = []
    for (const { digits, count } of CASES) {
      const samples = await compare(computers, digits, { ...size, count: scaled(count, size) })
      rows.push([String(digits), ...cells(computers, samples)])
    }
    const text = `${conditions(size, all)}\n\n${table(heads(computers), rows)}${gmp ? '' : ABSENT}`
    return `${text}\n\n${await healthUnderLoad(size)}`
  } finally {
    await Promise.all(computers.map(({ child }) => child.stop()))
  }
}

const ABSENT = '\n\nGMP is not compared: no C compiler `cc` here, or no `gmp.h` (libgmp-dev).'

function compare(
  computers: readonly Computer[],
  digits: number,
  { rounds, count }: { readonly rounds: number; readonly count: number },
): Promise<Map<string, number[]>> {
  const endings = new Set<string>()
  const runners = computers.map(({ name, child }) => ({
    name,
    async round() {
      child.say(`${digits} ${count}\n`)
      const [ms = '', ending = ''] = (await child.line()).split(' ')
      endings.add(ending)
      if (endings.size > 1) throw new Error(`'${name}' ends in '${ending}', the others do not`)
      return Number(ms)
    },
  }))
  return interleave(runners, rounds)
}

function heads(computers: readonly Computer[]): string[] {
  const peers = computers.filter(({ name }) => name !== GMP)
  const ratios = computers.length > peers.length ? peers.map(({ name }) => `${name} × GMP`) : []
  return ['digits', ...computers.map(({ name }) => `${name}, CPU ms`), ...ratios]
}

function cells(computers: readonly Computer[], samples: ReadonlyMap<string, number[]>): string[] {
  const peer = samples.get(GMP)
  const peers = computers.filter(({ name }) => name !== GMP)
  const ratios = peer ? peers.map(({ name }) => ratio(samples.get(name)!, peer)) : []
  return [...computers.map(({ name }) => spread(samples.get(name)!)), ...ratios]
}

function conditions(size: Size, all: readonly Node[]): string {
  const compiler = ask('cc', '-dumpfullversion')?.trim()
  const versions = [`Node ${all.map(({ version }) => version).join(', ')}`]
  if (compiler) versions.push(`bench/pi-gmp.c built with cc ${compiler} -O2`)
  return [
    `${versions.join(' · ')}.`,
    pinned ? 'All take turns on one core.' : 'Not pinned to a core.',
    `Median of ${size.rounds} rounds (least–most), contenders interleaved, after a round to warm up; × GMP is`,
    'a ratio of medians. Both sides are Chudnovsky with binary splitting and end in the same digits.',
  ].join('\n')
}

/** How fast a backend says that it is well while all of its threads compute. */
async function healthUnderLoad(size: Size): Promise<string> {
  const digits = Math.max(20_000, scaled(1_000_000, size))
  const backend = await createBackend({ port: 0, threads: 4 })
  const answers = Array.from({ length: 4 }, async () => {
    const response = await fetch(`${backend.url}/${digits}`)
    return response.text()
  })
  const times: number[] = []
  let done = false
  const all = Promise.all(answers).finally(() => {
    done = true
  })
  while (!done) {
    const start = performance.now()
    await (await fetch(`${backend.url}/health`)).text()
    if (backend.view().computing === 4) times.push(performance.now() - start)
  }
  await all
  await backend.close()
  times.sort((a, b) => a - b)
  const late = times[Math.floor(times.length * 0.99)] ?? Number.NaN
  return [
    `/health over loopback while four times ${digits} digits are computed, Node ${process.versions.node},`,
    `${availableParallelism()} cores shared with the client, load average ${figure(loadavg()[0]!)} at the end:`,
    `median ${figure(median(times))} ms, p99 ${figure(late)} ms, slowest of ${times.length} ${figure(times.at(-1) ?? Number.NaN)} ms.`,
  ].join('\n')
}

/** Builds the peer; undefined when there is no compiler, or no GMP to build with. */
function gmpProgram(): string | undefined {
  if (!compilable()) return undefined
  const program = join(scratch(), 'pi-gmp')
  const source = fileURLToPath(new URL('pi-gmp.c', import.meta.url))
  const { status } = spawnSync('cc', ['-O2', '-o', program, source, '-lgmp'])
  return status === 0 ? program : undefined
}

/** The digits as plain JavaScript, so that every Node can run them, and what drives them. */
function nodeProgram(): string {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const package_ = save('package.json', '{ "type": "module" }')
  const out = join(package_, '..')
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const flags = ['--ignoreConfig', '--target', 'es2023', '--module', 'nodenext', '--types', 'node']
  const rewrite = ['--allowImportingTsExtensions', '--rewriteRelativeImportExtensions']
  const input = join(root, 'src', 'base', 'pi.ts')
  const args = [tsc, ...flags, ...rewrite, '--rootDir', root, '--outDir', out, input]
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`cannot build 'src/base/pi.ts': ${stdout}`)
  return save('pi.mjs', driver(pathToFileURL(join(out, 'src', 'base', 'pi.js')).href))
}

/** Speaks as pi-gmp.c does: a line `DIGITS COUNT` in, the mean CPU time in ms and the last ten digits out. */
const driver = (module: string): string => `
import { createInterface } from 'node:readline'
import { piDigits } from ${JSON.stringify(module)}
for await (const line of createInterface({ input: process.stdin })) {
  const [digits, count] = line.split(' ').map(Number)
  let pi = ''
  const start = process.cpuUsage()
  for (let i = 0; i < count; i++) pi = piDigits(digits)
  const { user, system } = process.cpuUsage(start)
  console.log(((user + system) / 1_000 / count).toFixed(4), pi.slice(-10))
}
`
