import assert from 'node:assert/strict'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { greeter } from '../support/backends.ts'
import { type Command, curl, listening, start } from '../support/command.ts'
import { anyPorts, assertGone, pi100, type UpListening } from '../support/up.ts'

describe('setup.sh', { concurrency: 2 }, () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`starts everything, and ${signal} ends everything`, async (t) => {
      const copy = clone(t)
      const command = setup(t, copy, '3', 'LeastConnections', '--', ...anyPorts)
      const told = await listening<UpListening>(command)
      assert.equal(told.backends.length, 3)
      assert.equal(await curl(`http://${told.address}/100`), `${pi100}\n`)
      command.kill(signal)
      const { code, stderr } = await command.ended
      assert.equal(code, 0)
      assert.doesNotMatch(stderr, /^setup:/m)
      assert.equal(copy.npmCalls(), '')
      await assertGone(told)
    })
  }

  it('passes its options on', async (t) => {
    const args = ['--backends=1', '--strategy', 'N2One', '-m', 'tcp', '--listen', '127.0.0.1:0']
    const command = setup(t, clone(t), ...args, '--', '--first-port', '0', '--no-color')
    await command.line(/1 backends behind 127\.0\.0\.1:\d+, strategy n-to-1, mode tcp/)
    command.kill('SIGINT')
    assert.equal((await command.ended).code, 0)
  })

  it('ends with 4 when a port is taken, and leaves nothing behind', async (t) => {
    const port = await greeter(t, 'I was here first')
    const args = ['--listen', `127.0.0.1:${port}`, '--', '--first-port', '0']
    const { code, stderr } = await setup(t, clone(t), ...args).ended
    assert.match(stderr, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: it is in use`))
    assert.equal(code, 4)
  })

  it('installs when node_modules is missing or older than the lock file', async (t) => {
    const missing = clone(t)
    rmSync(join(missing.folder, 'node_modules'), { recursive: true })
    await refused(setup(t, missing, '1'))
    assert.equal(missing.npmCalls(), 'ci --include=dev --no-progress\n')

    const older = clone(t)
    touch(join(older.folder, 'package-lock.json'))
    await refused(setup(t, older, '1'))
    assert.equal(older.npmCalls(), 'ci --include=dev --no-progress\n')
  })

  it('builds when dist is missing or older than the sources', async (t) => {
    const missing = clone(t)
    rmSync(join(missing.folder, 'dist'), { recursive: true })
    await refused(setup(t, missing, '1'))
    assert.equal(missing.npmCalls(), 'run --silent build\n')

    const older = clone(t)
    touch(join(older.folder, 'src/pool/pool.ts'))
    await refused(setup(t, older, '1'))
    assert.equal(older.npmCalls(), 'run --silent build\n')
  })

  it('says which Node it wants', async (t) => {
    const copy = clone(t)
    const none = await setup(t, copy, { PATH: copy.tools('dirname') }).ended
    assert.match(none.stderr, /^setup: Node\.js 20\.19 or newer is needed, and there is no node/)
    writeFileSync(join(copy.bin, 'node'), '#!/bin/sh\n[ "$1" = -e ] && exit 1\necho v18.20.0\n', {
      mode: 0o755,
    })
    const old = await setup(t, copy).ended
    assert.match(old.stderr, /^setup: Node\.js 20\.19 or newer is needed, and this is v18\.20\.0/)
    assert.deepEqual([none.code, old.code], [1, 1])
  })

  const wrong: readonly (readonly [args: string, says: RegExp])[] = [
    ['--nonsense', /^setup: unknown option --nonsense\n/],
    ['four', /^setup: N is a number of backends, not 'four'\n/],
    ['4 RoundRobin more', /^setup: too many arguments: 'more'\n/],
    ['--listen', /^setup: option --listen wants a value\n/],
  ]
  for (const [args, says] of wrong) {
    it(`refuses: setup.sh ${args}`, async (t) => {
      const { code, stdout, stderr } = await start(t, 'scripts/setup.sh', args.split(' ')).ended
      assert.match(stderr, says)
      assert.match(stderr, /\nUsage: scripts\/setup\.sh \[N\] \[STRATEGY\]/)
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' })
    })
  }

  it('refuses a strategy nobody knows, and lists them', async (t) => {
    const { code, stderr } = await setup(t, clone(t), '4', 'nonsense').ended
    assert.match(stderr, /unknown strategy 'nonsense': one of n-to-1, round-robin/)
    assert.equal(code, 2)
  })

  it('explains itself', async (t) => {
    const { code, stdout, stderr } = await start(t, 'scripts/setup.sh', ['--help']).ended
    assert.match(stdout, /^Usage: scripts\/setup\.sh \[N\] \[STRATEGY\]/)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  })
})

/** A copy of the repository, with an `npm` that only writes down how it was called, and fails. */
interface Clone {
  readonly folder: string
  readonly bin: string
  npmCalls(): string
  /** A folder with nothing but these programs. */
  tools(...names: string[]): string
}

const files = [
  ...['backend', 'dist', 'scripts', 'src'],
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'],
]

function clone(t: TestContext): Clone {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-setup-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const name of files) {
    cpSync(name, join(folder, name), { recursive: true, preserveTimestamps: true })
  }
  // As after `npm ci` and a build; the packages stay where they are.
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  for (const name of readdirSync('node_modules')) {
    if (!name.startsWith('.')) symlinkSync(resolve('node_modules', name), join(modules, name))
  }
  writeFileSync(join(modules, '.package-lock.json'), '{}')
  touch(join(folder, 'dist/src/cli.js'))
  const bin = join(folder, 'bin')
  const calls = join(folder, 'npm-calls')
  mkdirSync(bin)
  writeFileSync(calls, '')
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\necho "$*" >> '${calls}'\nexit 1\n`, { mode: 0o755 })
  return {
    folder,
    bin,
    npmCalls: () => readFileSync(calls, 'utf8'),
    tools: (...names) => {
      const tools = join(folder, 'tools')
      mkdirSync(tools)
      for (const name of names) symlinkSync(`/usr/bin/${name}`, join(tools, name))
      return tools
    },
  }
}

function setup(t: TestContext, copy: Clone, ...args: (string | NodeJS.ProcessEnv)[]): Command {
  const words = args.filter((arg) => typeof arg === 'string')
  const [env = { PATH: `${copy.bin}:${process.env.PATH}` }] = args.filter(
    (arg) => typeof arg === 'object',
  )
  return start(t, '/bin/bash', [join(copy.folder, 'scripts/setup.sh'), ...words], { env })
}

async function refused(command: Command): Promise<void> {
  const { code, stderr } = await command.ended
  assert.match(stderr, /^setup: (installing|building) .*\nsetup: npm (ci|run build) failed/)
  assert.equal(code, 1)
}

/** Makes a file newer than all that was made before. */
function touch(path: string): void {
  const inAMinute = new Date(Date.now() + touches++ * 1_000 + 60_000)
  utimesSync(path, inAMinute, inAMinute)
}

let touches = 0
