import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { type Admin, createAdmin } from '../../src/admin.ts'
import { type Address, formatAddress } from '../../src/base/address.ts'
import { type Balanced, balanced, simple } from '../balancer/balanced.ts'
import { named } from '../proxy/http-talk.ts'
import { cli, ran } from '../support/command.ts'
import { noTmux, type Terminal, terminal } from './terminal.ts'

const run = promisify(execFile)
const needs = { timeout: 120_000, skip: noTmux }

interface Watched extends Terminal, Balanced {
  readonly admin: Admin
  readonly ids: readonly string[]
}

const command = (admin: Address, ...args: readonly string[]): string =>
  [process.execPath, cli, 'top', '--admin', formatAddress(admin), ...args].join(' ')

/** `piloti top` at 80×24, over a balancer with two backends. */
async function watched(t: TestContext): Promise<Watched> {
  const ports = [await named(t, 'a'), await named(t, 'b')]
  const running = await balanced(t, simple(ports))
  const admin = await createAdmin(running.balancer, { address: { host: '127.0.0.1', port: 0 } })
  t.after(() => admin.close())
  const shell = await terminal(t, 80, 24)
  await shell.type(`${command(admin.address, '--interval', '200ms')}; echo ended $?`, 'Enter')
  await shell.see(/pool main {2}round-robin[\s\S]*q quit/)
  return { ...running, ...shell, admin, ids: ports.map((port) => `127.0.0.1:${port}`) }
}

/** The terminal is as it was: its own screen, a cursor, what is typed is seen, lines wrap. */
async function isClean({ ask, see, type }: Terminal): Promise<void> {
  assert.equal(await ask('#{alternate_on} #{cursor_flag} #{wrap_flag}'), '0 1 1')
  await type(
    "stty -a | tr ' ;' '\\n\\n' | grep -xE -e '-?(echo|icanon|isig)' | xargs echo is",
    'Enter',
  )
  await see(/^is isig icanon echo$/m)
}

/** Between its first and its last line, whatever the pane shows. */
const linesOf = (screen: string): string[] => screen.replace(/\n$/, '').split('\n')

describe('piloti top', needs, () => {
  it('fits 80×24 and 200×50, and what it is resized to', async (t) => {
    const { hear, ids, resize, see } = await watched(t)
    for (let i = 0; i < 5; i++) await hear()
    for (const [columns, rows] of [
      [80, 24],
      [200, 50],
      [40, 10],
      [80, 24],
    ] as const) {
      await resize(columns, rows)
      // Its last line is the last one of the pane; nothing has wrapped into it.
      const pane = `^piloti top[^\\n]*\\n(?:[^\\n]*\\n){${rows - 2}}d drain[^\\n]*\\n$`
      const lines = linesOf(await see(new RegExp(pane)))
      assert.match(lines[0]!, /^piloti top {2}127\.0\.0\.1:\d+/)
      assert.match(lines[1]!, /^web: http at /)
      // Up to the last column: what is cut says so.
      if (columns === 40) assert.match(lines[1]!, /^.{39}…$/)
      if (columns > 40) assert.match(lines[4]!, /backend +health +weight +active +work\/s/)
      assert.equal(lines.filter((line) => ids.some((id) => line.slice(2).startsWith(id))).length, 2)
      for (const line of lines) assert.ok(line.length <= columns, line)
    }
  })

  it('drains, makes ready, weighs and swaps when it is told yes', async (t) => {
    const { balancer, ids, see, type } = await watched(t)
    const backends = () => balancer.pools.get('main')!.backends
    await type('o', 'o', 'o', 'o')
    await see(/by name/)
    const [id = ''] = [...ids].sort()
    const it = () => backends().find((backend) => backend.id === id)!
    await type('k', 'd')
    await see(new RegExp(`^y/n {2}drain ${id} `, 'm'))
    await type('n')
    await see(/nothing was done/)
    assert.equal(it().isDraining, false)
    await type('d', 'y')
    await see(new RegExp(`${id} +draining[\\s\\S]*${id} \\(main\\) is draining`))
    assert.equal(it().isDraining, true)
    await type('r', 'y')
    await see(new RegExp(`^> ${id} +up`, 'm'))
    await type('+', 'y')
    await see(new RegExp(`^> ${id} +up +2 `, 'm'))
    assert.equal(it().fullWeight, 2)
    await type('s')
    await see(/^> round-robin +each backend in turn/m)
    await type('Down', 'Enter')
    await see(/^y\/n {2}pick by least-connections in pool main, no longer by round-robin\?/m)
    await type('y')
    await see(/pool main {2}least-connections/)
    assert.equal(balancer.pools.get('main')!.strategy.name, 'least-connections')
  })

  it('says when nobody answers, and goes on when somebody does', async (t) => {
    const { admin, balancer, see } = await watched(t)
    await admin.close()
    await see(/NO ANSWER, trying again: cannot reach piloti at /)
    const again = await createAdmin(balancer, { address: admin.address })
    t.after(() => again.close())
    await see(/it answers again/)
  })

  for (const key of ['q', 'C-c']) {
    it(`leaves the terminal clean after ${key}`, async (t) => {
      const shell = await watched(t)
      assert.equal(await shell.ask('#{alternate_on} #{cursor_flag} #{wrap_flag}'), '1 0 0')
      await shell.type('?')
      await shell.see(/Nothing is done before you have said y/)
      await shell.type('x', key)
      await shell.see(/^ended 0$/m)
      await isClean(shell)
    })
  }

  for (const [signal, code] of [
    ['TERM', 143],
    ['INT', 130],
    ['HUP', 129],
  ] as const) {
    it(`leaves it clean after SIG${signal}`, async (t) => {
      const shell = await watched(t)
      const { stdout } = await run('pgrep', ['-P', await shell.ask('#{pane_pid}')])
      process.kill(Number(stdout), `SIG${signal}`)
      await shell.see(new RegExp(`ended ${code}$`, 'm'))
      await isClean(shell)
    })
  }

  it('leaves it clean when it fails', async (t) => {
    const { ask, see, type } = await terminal(t, 80, 24)
    const { balancer } = await balanced(t, simple([1]))
    const admin = await createAdmin(balancer, { address: { host: '127.0.0.1', port: 0 } })
    t.after(() => admin.close())
    const broken = "data:text/javascript,setTimeout(()=>{throw(new(Error)('broken'))},3000)"
    const args = command(admin.address).replace(cli, `--import "${broken}" ${cli}`)
    await type(`${args}; echo ended $?`, 'Enter')
    await see(/q quit/)
    const screen = await see(/^ended 1$/m)
    assert.match(screen, /Error: broken/)
    await isClean({ ask, see, type } as Terminal)
  })

  it('lets itself be stopped and brought back', async (t) => {
    const shell = await watched(t)
    await shell.type('C-z')
    await shell.see(/^ended 148$/m)
    await isClean(shell)
    await shell.type('fg', 'Enter')
    await shell.see(/^piloti top[\s\S]*q quit/)
    await shell.type('q')
    await shell.see(/^\$$/m)
    await isClean(shell)
  })
})

describe('piloti top without a terminal', { timeout: 30_000 }, () => {
  it('prints one table', async (t) => {
    const { balancer } = await balanced(t, simple([await named(t, 'a')]))
    const admin = await createAdmin(balancer, { address: { host: '127.0.0.1', port: 0 } })
    t.after(() => admin.close())
    const { code, stderr, stdout } = await ran(t, ['top', '--admin', formatAddress(admin.address)])
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /pool main: round-robin\nbackend +health/)
  })

  it('ends with 5 when nobody answers', async (t) => {
    const { code } = await ran(t, ['top', '--admin', '127.0.0.1:1'])
    assert.equal(code, 5)
  })
})
