import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { formatAddress } from '../../src/base/address.ts'
import { createWorker } from '../../src/compute.ts'
import { adder } from '../compute/adder.ts'
import { cli, type Ended, piloti, ran } from '../support/command.ts'

/** Where a worker is. */
async function worker(t: TestContext): Promise<string> {
  const made = await createWorker({ threads: 1 })
  t.after(() => made.close(0))
  return formatAddress(made.address)
}

const client = (t: TestContext, ...args: readonly string[]): Promise<Ended> =>
  ran(t, ['compute', 'client', ...args])

/** The same, with something on its standard input. */
async function fed(text: string, ...args: readonly string[]): Promise<Omit<Ended, 'signal'>> {
  const child = spawn(process.execPath, [cli, 'compute', 'client', ...args])
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (more: string) => {
      said[name] += more
    })
  }
  child.stdin.end(text)
  const [code] = await once(child, 'close')
  return { code, ...said }
}

const parsed = (lines: string): Record<string, unknown>[] =>
  lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('piloti compute client', { concurrency: 2, timeout: 120_000 }, () => {
  it('prints the answer to a task', async (t) => {
    const where = await worker(t)
    const { code, stderr, stdout } = await client(t, where, 'sum 3 4')
    assert.deepEqual({ code, stderr, stdout }, { code: 0, stderr: '', stdout: '7\n' })
  })

  it('takes words that are not quoted, and several tasks that are', async (t) => {
    const where = await worker(t)
    assert.equal((await client(t, where, 'power', '2', '100')).stdout, `${2n ** 100n}\n`)
    const { stdout } = await client(t, where, 'quotient 10 4', 'difference 3 -4', 'pi 5')
    assert.equal(stdout, '2.5 (5/2)\n7\n3.14159\n')
  })

  it('says why a task failed on stderr, does the others, and ends with 1', async (t) => {
    const where = await worker(t)
    const { code, stderr, stdout } = await client(t, where, 'quotient 1 0', 'smu 3 4', 'sum 1 1')
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '2\n' })
    assert.match(
      stderr,
      /^piloti: cannot divide 1 by zero\npiloti: unknown task 'smu': .*did you mean sum\?\)\n$/,
    )
  })

  it('knows its commands when it guesses what was meant', async (t) => {
    const { code, stderr } = await client(t, await worker(t), 'wrokers')
    assert.deepEqual([code, stderr], [1, "piloti: unknown 'wrokers' (did you mean workers?)\n"])
  })

  it('answers the lines of standard input in their order, each in its own line', async (t) => {
    const where = await worker(t)
    const lines = '# two slow ones\nsleep 200\n\nsum 1 1\nsun 1\r\nsleep 1\n  product 6 7'
    const { code, stderr, stdout } = await fed(lines, where)
    assert.deepEqual([code, stderr], [1, ''])
    assert.match(stdout, /^200\n2\nerror: unknown task 'sun': .*\n1\n42\n$/)
  })

  it('takes more lines than may be under way', async (t) => {
    const where = await worker(t)
    const count = 3_000
    const lines = Array.from({ length: count }, (_, n) => `sum ${n} 1\n`).join('')
    const { code, stdout } = await fed(lines, where)
    assert.equal(code, 0)
    assert.equal(stdout, Array.from({ length: count }, (_, n) => `${n + 1}\n`).join(''))
  })

  it('ends its input at exit', async (t) => {
    assert.equal((await fed('sum 1 1\nexit\nsum 2 2\n', await worker(t))).stdout, '2\n')
  })

  it('writes one JSON object a line', async (t) => {
    const where = await worker(t)
    const lines = 'quotient 10 3\nfoo\nquotient 1 0\nworkers\n'
    const { code, stderr, stdout } = await fed(lines, where, '--json', '--admin', '127.0.0.1:1')
    assert.match(
      stderr,
      /^piloti: only what was answered here is known: cannot reach piloti at 127/,
    )
    const [result, unknown, fault, workers] = parsed(stdout)
    assert.equal(code, 1)
    const { tookMs, value, ...more } = result!
    assert.ok(Number(tookMs) > 0)
    assert.match(String(value), /^3\.3+$/)
    assert.deepEqual(more, { task: 'quotient 10 3', fraction: '10/3', worker: where })
    assert.match(JSON.stringify(unknown), /^\{"task":"foo","error":\{"message":"unknown task 'foo'/)
    assert.deepEqual(fault, { task: 'quotient 1 0', error: { message: 'cannot divide 1 by zero' } })
    const [first] = workers!.workers as Record<string, unknown>[]
    assert.deepEqual([first!.worker, first!.tasks, first!.errors], [where, 1, 0])
  })

  it('does the same random tasks for the same seed, and tells who did them', async (t) => {
    const where = await worker(t)
    const args = [where, '--random', '40', '--seed', '7']
    const [table, ...runs] = await Promise.all([
      client(t, ...args),
      client(t, ...args, '--json'),
      client(t, ...args, '--json', '--at-once', '1'),
    ])
    assert.match(table.stdout, new RegExp(`^worker .*p50 ms.*\\n${where} +40  100 % .* 0\\n`))
    assert.match(table.stdout, /\n40 tasks in [\d.]+ s: \d+ a second, seed 7\nno errors\n$/)
    const tasks = runs.map(({ stdout }) =>
      parsed(stdout)
        .slice(0, -1)
        .map(({ task, value }) => `${task} = ${value}`)
        .sort(),
    )
    assert.equal(tasks[0]!.length, 40)
    assert.deepEqual(tasks[0], tasks[1])
    const { summary } = parsed(runs[0]!.stdout).at(-1) as { summary: Record<string, unknown> }
    assert.deepEqual([summary.asked, summary.ended, summary.seed, summary.errors], [40, 40, 7, 0])
  })

  it('ends random tasks at Ctrl-C, and tells how far they came', async (t) => {
    const where = await worker(t)
    const args = ['compute', 'client', where, '--random', '1000', '--over', '1h', '--json']
    const command = piloti(t, args)
    await command.line(/"task":/)
    command.kill('SIGINT')
    const { code, stdout } = await command.ended
    assert.equal(code, 130)
    const { summary } = parsed(stdout).at(-1) as { summary: Record<string, unknown> }
    assert.equal(summary.asked, 1_000)
    assert.ok(Number(summary.ended) < 1_000)
  })

  it('ends with 5 when nobody is there, and with 2 for what is no address', async (t) => {
    const { code, stderr } = await client(t, '127.0.0.1:1', 'sum 3 4')
    assert.equal(code, 5)
    assert.match(
      stderr,
      /^piloti: cannot reach a balancer of tasks at 127\.0\.0\.1:1: ECONNREFUSED;/,
    )
    assert.equal((await client(t, '127.0.0.1:x', 'sum 3 4')).code, 2)
    assert.equal((await client(t, '--random', '0')).code, 2)
  })

  it('says once that the balancer is lost, and once that it is back, and loses nothing', async (t) => {
    const peer = await adder(t)
    peer.instead = () => ''
    const where = formatAddress(peer.address)
    const command = piloti(t, ['compute', 'client', where, 'sum 3 4', 'sum 5 6'])
    while (peer.came.size < 2) await new Promise(setImmediate)
    await peer.close()
    await command.line(/is lost/)
    await adder(t, [], (peer.address as { port: number }).port)
    const { code, stderr, stdout } = await command.ended
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '7\n11\n' })
    const [lost = '', back, none] = stderr.split('\n')
    assert.match(
      lost,
      new RegExp(`^piloti: ${where} is lost \\(.*\\), trying again; unanswered: 2$`),
    )
    assert.deepEqual([back, none], [`piloti: ${where} is back; sent again: 2`, ''])
  })

  it('gives up in time, and ends with 5 while the balancer is lost', async (t) => {
    const peer = await adder(t)
    peer.instead = () => ''
    const command = piloti(t, [
      ...['compute', 'client', formatAddress(peer.address), 'sum 3 4', '--timeout', '2s'],
    ])
    while (peer.came.size < 1) await new Promise(setImmediate)
    await peer.close()
    const { code, stderr } = await command.ended
    assert.equal(code, 5)
    assert.match(stderr, /\npiloti: cannot reach a balancer of tasks at .*: ECONNREFUSED/)
  })
})
