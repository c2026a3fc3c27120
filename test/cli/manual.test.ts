import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { ran, start } from '../support/command.ts'

const manual = readFileSync('docs/reference/cli.md', 'utf8')
const orders = [
  'status',
  'drain',
  'maintenance',
  'ready',
  'log-level',
  'weight',
  'add',
  'remove',
  'strategy',
  'reload',
]
const commands = [
  'up',
  'proxy',
  'backend',
  'compute worker',
  'compute client',
  'check',
  'simulate',
  'top',
  ...orders,
]

describe('the manual', () => {
  for (const command of commands) {
    it(`has every option and variable of piloti ${command}`, async (t) => {
      const { stdout } = await ran(t, [...command.split(' '), '--help'])
      const options = stdout.match(/(?<=^ {2}(-\w, )?)--[\w-]+/gm) ?? []
      const variables = stdout.match(/PILOTI_\w+/g) ?? []
      assert.ok(options.length > 3)
      for (const name of [...options, ...variables]) {
        assert.match(manual, new RegExp(`\\| .*\`${name}[ \`]`), `${name} is missing`)
      }
    })
  }

  it('has no option that no command has', async (t) => {
    const helps = await Promise.all(
      commands.map((command) => ran(t, [...command.split(' '), '--help'])),
    )
    const known = `${helps.map(({ stdout }) => stdout).join('')} --version --url`
    const tables = manual.slice(0, manual.indexOf('## Scripts'))
    for (const name of tables.match(/(?<=`)--[\w-]+/g) ?? []) {
      assert.ok(known.includes(name), `${name} is unknown`)
    }
  })

  it('has every event of the log, and no other', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join('src', name), 'utf8'))
      .join('\n')
    const log = manual.slice(manual.indexOf('## The log'), manual.indexOf('## Scripts'))
    const told = new Set([...log.matchAll(/^\| `(\w+)` \|/gm)].map(([, event]) => event))
    const announced = readFileSync('src/pool/announce.ts', 'utf8').matchAll(/^ {2}(\w+): \(/gm)
    const used = sources.matchAll(/\blog(?:\[level\]|\.(?:debug|info|warn|error))\(\s*'(\w+)'/g)
    const events = new Set([...used, ...announced].map(([, event]) => event))
    assert.ok(events.size > 10)
    assert.deepEqual([...events].sort(), [...told].sort())
  })

  it('has only links that lead somewhere', () => {
    const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md']
    for (const name of readdirSync('docs', { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.md')) pages.push(join('docs', name))
    }
    for (const page of pages) {
      const text = readFileSync(page, 'utf8')
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)) {
        if (/^https?:/.test(target)) continue
        assert.ok(existsSync(join(dirname(page), target)), `${page} links to ${target}`)
      }
    }
  })
})

describe('the README', () => {
  it('has an example that runs', async (t) => {
    const [, example = ''] = /```js\n(.*?)```/s.exec(readFileSync('README.md', 'utf8')) ?? []
    let code = example
    for (const port of ['5101', '5102', '8101']) {
      code = code.replaceAll(port, String(await freePort()))
    }
    const {
      stderr,
      stdout,
      code: status,
    } = await start(t, process.execPath, [...['--input-type=module', '--eval'], code]).ended
    assert.match(
      stdout,
      /^from \d+\n\[ '127\.0\.0\.1:\d+ answered (?:1', '127\.0\.0\.1:\d+ answered 0|0', '127\.0\.0\.1:\d+ answered 1)' \]\n$/,
    )
    assert.deepEqual({ stderr, status }, { stderr: '', status: 0 })
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
