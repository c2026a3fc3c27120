/**
 * `npm run bench -- NAME`: runs a case, prints its table and keeps it in `bench/results/NAME.md`.
 *
 * `--rounds N` (5) counts more or fewer rounds, `--quick` is a smoke test that keeps nothing.
 * PILOTI_BENCH_NODES: paths of further Node binaries to measure with, separated by colons.
 * PILOTI_BENCH_CLI: another build of piloti than `dist/`.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fullSize, type Size } from './harness/size.ts'

type Case = { readonly about: string; load(): Promise<{ run(size?: Size): Promise<string> }> }

const cases: Readonly<Record<string, Case>> = {
  tcp: {
    about: 'mode tcp beside HAProxy and nginx: CPU a connection, CPU a gigabyte',
    load: () => import('./tcp.ts'),
  },
  http: {
    about: 'mode http beside nginx, HAProxy and Node proxies: CPU a request, memory a connection',
    load: () => import('./http.ts'),
  },
  'access-log': {
    about: 'what a line for each request costs, beside nginx and HAProxy',
    load: () => import('./access-log.ts'),
  },
  lines: {
    about: 'mode lines beside HAProxy, which passes connections on: CPU a message',
    load: () => import('./lines.ts'),
  },
  strategies: {
    about: 'nanoseconds a pick of every strategy, with 5, 50 and 500 candidates',
    load: () => import('./strategies.ts'),
  },
  latency: {
    about: 'one slow and one failing backend of four: what clients see, and who gets the work',
    load: () => import('./latency.ts'),
  },
  dashboard: {
    about: 'what 50 open dashboards cost the clients',
    load: () => import('./dashboard.ts'),
  },
  'http1-head': {
    about: 'nanoseconds to read and write the head of a message',
    load: () => import('./http1-head.ts'),
  },
  pi: {
    about: 'the digits of π beside GMP in C',
    load: () => import('./pi.ts'),
  },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, quick: { type: 'boolean', default: false } },
})
const rounds = Number(values.rounds ?? (values.quick ? 1 : fullSize.rounds))
const unknown = positionals.find((name) => cases[name] === undefined)

if (!Number.isInteger(rounds) || rounds < 1)
  refuse(`--rounds takes 1 or more, not '${values.rounds}'`)
else if (unknown !== undefined) refuse(`unknown case '${unknown}'`)
else if (positionals.length === 0) console.log(menu())
else for (const name of positionals) await bench(name, { rounds, share: values.quick ? 0.02 : 1 })

async function bench(name: string, size: Size): Promise<void> {
  const { run } = await cases[name]!.load()
  const text = `# npm run bench -- ${name}\n\n${cases[name]!.about}.\n\n${await run(size)}\n`
  console.log(text)
  if (size.share === 1) writeFileSync(new URL(`results/${name}.md`, import.meta.url), text)
}

function menu(): string {
  const lines = Object.entries(cases).map(([name, { about }]) => `  ${name.padEnd(12)}${about}`)
  return ['usage: npm run bench -- NAME… [--rounds N] [--quick]', ...lines].join('\n')
}

function refuse(why: string): void {
  console.error(`${why}\n${menu()}`)
  process.exitCode = 2
}
