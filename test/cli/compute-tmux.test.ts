import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Command, cli, piloti } from '../support/command.ts'
import { assertGone, type UpListening, up } from '../support/up.ts'
import { noTmux, type Terminal, terminal } from './terminal.ts'

interface Demonstration {
  readonly shell: Terminal
  readonly up: Command
  readonly told: UpListening
}

/** Three workers behind a balancer, and a client of it at its prompt. */
async function demonstration(t: TestContext, ...more: readonly string[]): Promise<Demonstration> {
  const args = ['--compute', '--admin', '127.0.0.1:0']
  const { command, told } = await up(t, ...args, '--health-interval', '200ms', ...more)
  const shell = await terminal(t, 100, 30)
  const line = [process.execPath, cli, 'compute', 'client', told.address].join(' ')
  await shell.type(`clear; ${line}; echo ended $?`, 'Enter')
  await shell.see(/^compute>$/m)
  return { shell, up: command, told }
}

/** How many tasks of the last table each worker did, by its address. */
function tasksOf(screen: string): ReadonlyMap<string, number> {
  const table = screen.slice(screen.lastIndexOf('\nworker '))
  const rows = table.matchAll(/^(127\.0\.0\.1:\d+|all|\(no worker\)) +(\d+) +\d+ %/gm)
  return new Map([...rows].map(([, worker, tasks]) => [worker!, Number(tasks)]))
}

/** By what workers say of their load, a busy one would get less. */
const evenly = ['--health', 'tcp', '--slow-start', 'off']

describe('piloti compute client at its prompt', { timeout: 240_000, skip: noTmux }, () => {
  it('balances random tasks evenly over the workers of piloti up --compute', async (t) => {
    const { shell, told, up } = await demonstration(t, ...evenly)
    await shell.type('random 200', 'Enter')
    const tasks = tasksOf(await shell.see(/^200 tasks in .*\nno errors\ncompute>$/m))
    assert.equal(tasks.get('all'), 200)
    for (const { address } of told.backends) {
      assert.ok(Math.abs(tasks.get(address)! - 200 / 3) < 2, `${address}: ${tasks.get(address)}`)
    }
    await shell.type('exit', 'Enter')
    await shell.see(/^ended 0$/m)
    up.kill('SIGTERM')
    assert.equal((await up.ended).code, 0)
    await assertGone(told)
  })

  it('loses nothing while a worker is killed, and gives it work when it is there again', async (t) => {
    const { shell, told, up } = await demonstration(t, ...evenly)
    const [first, second, third] = told.backends.map(({ address }) => address)
    await shell.type('random 200 5s', 'Enter')
    await shell.see(/random \[#+\.+\] \d+ %/)
    process.kill(told.backends[0]!.pid, 'SIGKILL')
    const { msg } = JSON.parse(await up.line(/"event":"backend_exit"/))
    assert.match(msg, new RegExp(`^worker ${first} was killed by SIGKILL; to start it again: `))
    const tasks = tasksOf(await shell.see(/^200 tasks in .*\nno errors\ncompute>$/m))
    assert.equal(tasks.get('all'), 200)
    const shares = [first, second, third].map((address) => tasks.get(address!) ?? 0)
    assert.ok(shares[0]! > 0 && shares[0]! < shares[1]! && shares[0]! < shares[2]!, `${shares}`)

    const [, again = ''] = /to start it again: node \S+ (.*)$/.exec(msg) ?? []
    const other = await terminal(t, 80, 24)
    await other.type(`${process.execPath} ${cli} ${again}`, 'Enter')
    await up.line(/"event":"backend_up"/)
    await shell.type('C-l', 'random 200', 'Enter')
    const after = tasksOf(await shell.see(/^200 tasks in .*\nno errors\ncompute>$/m))
    assert.ok(Math.abs(after.get(first!)! - 200 / 3) < 2, `${after.get(first!)}`)
  })

  it('says that the balancer is lost and back, and goes on', async (t) => {
    const { shell, told, up: first } = await demonstration(t)
    await shell.type('sum 1 1', 'Enter')
    await shell.see(/^2 {3}from 127\.0\.0\.1:\d+ in [\d.]+ ms$/m)
    first.kill('SIGKILL')
    await first.ended
    await shell.see(/^127\.0\.0\.1:\d+ is lost \(.*\), trying again; unanswered: 0\ncompute>$/m)
    await shell.type('sum 2', 'Enter')
    await shell.type('sum 20 22', 'Enter')
    await shell.see(/^error: sum takes A and B: got 1$/m)
    const { port } = new URL(`tcp://${told.address}`)
    const args = ['up', '--compute', '--first-port', '0', '--admin', 'off', '--json']
    piloti(t, [...args, '--listen', `:${port}`])
    await shell.see(/ is back; sent again: 0\n42 {3}from /)
    await shell.type('C-d')
    await shell.see(/ended 0$/m)
  })

  it('ends what runs at Ctrl-C, and goes on; it fits a terminal that is resized', async (t) => {
    const { shell } = await demonstration(t)
    await shell.type('random 1000 1h', 'Enter')
    await shell.resize(60, 12)
    await shell.type('C-c')
    await shell.see(/^cancelled after \d+ of 1000 tasks in /m)
    await shell.type('sleep 30000', 'Enter')
    await shell.type('C-c')
    await shell.see(/^cancelled\ncompute>$/m)
    await shell.type('half a line', 'C-c')
    await shell.see(/^compute> half a line\^C\ncompute>$/m)
    await shell.resize(100, 30)
    await shell.type('C-l', 'pow')
    await shell.see(/^compute> pow$/m)
    await shell.type('Tab')
    await shell.see(/^compute> power$/m)
    await shell.type('2 10', 'Enter')
    await shell.see(/^compute> power 2 10\n1024 {3}from /m)
    await shell.type('Up', 'BSpace', 'BSpace', '3', 'Enter')
    await shell.see(/^compute> power 2 3\n8 {3}from /m)
    await shell.type('workers', 'Enter')
    await shell.see(/^worker +tasks +share[\s\S]*compute>$/m)
  })
})
