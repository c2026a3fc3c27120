import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { appendFile, chmod, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createFileDiscovery, type FileDiscoveryOptions } from '../../src/discovery/file.ts'
import { observe } from './observed.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'piloti discovery '))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function listed(t: TestContext, text: string, options?: FileDiscoveryOptions) {
  const path = join(folder(t), 'the servers.txt')
  await writeFile(path, text)
  return { path, observed: await observe(t, createFileDiscovery(path, options)) }
}

/** Does not wait long for the end of what looks half-written. */
const impatient = { patienceMs: 200 }

describe('file discovery', { timeout: 60_000 }, () => {
  it('tells what the file lists before its start is over', async (t) => {
    const { observed } = await listed(t, '# all\na\nb:81 weight=3 max=9\nc;drain\n')
    assert.deepEqual(observed.found, [['a:80', 'b:81', 'c:80']])
    const [, b, c] = observed.specs[0]!
    assert.deepEqual([b?.weight, b?.maxConnections, c?.isDraining], [3, 9, true])
  })

  it('takes another port for hosts without one', async (t) => {
    const path = join(folder(t), 'servers.txt')
    await writeFile(path, 'a\n::1\nb:1\n')
    const observed = await observe(t, createFileDiscovery(path, { port: 8_080 }))
    assert.deepEqual(observed.found, [['a:8080', '[::1]:8080', 'b:1']])
  })

  it('calls itself after the file', () => {
    assert.equal(createFileDiscovery('servers.txt').name, 'file servers.txt')
  })

  it('follows a file that is rewritten, appended to, renamed onto, deleted and made again', async (t) => {
    const { path, observed } = await listed(t, 'a\n')
    await writeFile(path, 'b\n')
    await observed.untilFound('b:80')
    await appendFile(path, 'c\n')
    await observed.untilFound('b:80', 'c:80')
    await writeFile(`${path}.new`, 'd\n')
    await rename(`${path}.new`, path)
    await observed.untilFound('d:80')
    await rm(path)
    await writeFile(path, 'e\n')
    await observed.untilFound('e:80')
    assert.deepEqual(observed.failed, [])
  })

  it('follows links that are swapped, as Kubernetes does', async (t) => {
    const path = folder(t)
    const release = async (name: string): Promise<void> => {
      await mkdir(join(path, name))
      await writeFile(join(path, name, 'servers.txt'), `${name}\n`)
      await symlink(name, join(path, '..new'))
      await rename(join(path, '..new'), join(path, '..data'))
    }
    await release('v1')
    await symlink('..data/servers.txt', join(path, 'servers.txt'))
    const observed = await observe(t, createFileDiscovery(join(path, 'servers.txt')))
    for (const name of ['v2', 'v3', 'v4']) {
      await release(name)
      await observed.untilFound(`${name}:80`)
    }
    // In a folder that is not that of the link.
    await writeFile(join(path, 'v4', 'servers.txt'), 'in-place\n')
    await observed.untilFound('in-place:80')
    assert.deepEqual(observed.failed, [])
  })

  it('follows a folder that is replaced by another', async (t) => {
    const [path, other] = [join(folder(t), 'now'), join(folder(t), 'next')]
    for (const folder of [path, other]) mkdirSync(folder)
    await writeFile(join(path, 'servers.txt'), 'a\n')
    await writeFile(join(other, 'servers.txt'), 'b\n')
    const observed = await observe(t, createFileDiscovery(join(path, 'servers.txt')))
    await rename(path, `${path}.old`)
    await rename(other, path)
    await observed.untilFound('b:80')
    await writeFile(join(path, 'servers.txt'), 'c\n')
    await observed.untilFound('c:80')
  })

  it('notices another text of the same size and time', async (t) => {
    const { path, observed } = await listed(t, 'a1\n')
    const when = new Date()
    await utimes(path, when, when)
    await writeFile(path, 'b2\n')
    await utimes(path, when, when)
    await observed.untilFound('b2:80')
  })

  it('tells nothing when a file changes but not its backends', async (t) => {
    const { path, observed } = await listed(t, 'a\n')
    await writeFile(path, '# nothing new\na\n')
    await writeFile(`${path}.2`, 'b\n')
    await new Promise<void>((resolve, reject) => {
      const other = createFileDiscovery(path)
      t.after(() => other.close())
      other.start({ found: () => resolve(), failed: reject })
    })
    await rename(`${path}.2`, path)
    await observed.untilFound('b:80')
    assert.deepEqual(observed.found, [['a:80'], ['b:80']])
  })

  it('waits for the end of a last line that has no newline', async (t) => {
    const { path, observed } = await listed(t, 'a\n', impatient)
    await writeFile(path, 'b1\nb2')
    await observed.untilFound('b1:80', 'b2:80')
    await appendFile(path, '2\n')
    await observed.untilFound('b1:80', 'b22:80')
    assert.deepEqual(observed.failed, [])
  })
})

describe('a file that cannot be used', { timeout: 60_000 }, () => {
  it('keeps what was told, and is reported once with every bad line', async (t) => {
    const { path, observed } = await listed(t, 'a\n', impatient)
    await writeFile(path, 'b\nc d\n\nb\n')
    await observed.until(({ failed }) => failed.length > 0)
    assert.deepEqual(observed.failed, [
      `cannot use file '${path}': line 2: 'c d' has option 'd': write ;weight=N, ;max=N or ;drain; ` +
        "line 4: 'b' is the backend of line 1 again",
    ])
    assert.equal(observed.errors[0]?.code, 'DISCOVERY')
    await writeFile(path, 'e\n')
    await observed.untilFound('e:80')
    assert.deepEqual(observed.found, [['a:80'], ['e:80']])
    assert.equal(observed.failed.length, 1)
  })

  it('is reported again for another reason, and after it was well', async (t) => {
    const { path, observed } = await listed(t, 'a\n', impatient)
    for (const [text, count] of [
      ['b c\n', 1],
      ['', 2],
      ['b c\n', 2],
      ['d\n', 2],
      ['b c\n', 3],
    ] as const) {
      await writeFile(path, text)
      if (text === 'd\n') await observed.untilFound('d:80')
      else await observed.until(({ failed }) => failed.length >= count)
    }
    assert.match(observed.failed[1]!, /it lists no backend: write one HOST\[:PORT\] a line$/)
    assert.equal(observed.failed.length, 3)
  })

  it('ends the start without backends, and is used when it is there', async (t) => {
    const path = join(folder(t), 'servers.txt')
    const observed = await observe(t, createFileDiscovery(path))
    assert.deepEqual(
      [observed.found, observed.failed],
      [[], [`cannot use file '${path}': it does not exist`]],
    )
    await writeFile(path, 'a\n')
    await observed.untilFound('a:80')
  })

  it('may be a folder, a pipe, too large, a link in a circle, or not for us', async (t) => {
    const path = folder(t)
    execFileSync('mkfifo', [join(path, 'pipe')])
    symlinkSync('circle', join(path, 'circle'))
    await writeFile(join(path, 'large'), 'a'.repeat(1_048_577))
    await writeFile(join(path, 'secret'), 'a\n')
    await chmod(join(path, 'secret'), 0)
    const wanted: Record<string, string> = {
      '.': 'it is a directory',
      pipe: 'it is not a regular file',
      circle: 'its links lead in a circle',
      large: 'it has 1048577 bytes, 1048576 at the most',
      'large/a': 'it does not exist',
    }
    // Root may read everything.
    if (process.getuid?.() !== 0) wanted.secret = 'permission denied'
    for (const [name, reason] of Object.entries(wanted)) {
      const { failed } = await observe(t, createFileDiscovery(join(path, name)))
      assert.deepEqual(failed, [`cannot use file '${join(path, name)}': ${reason}`])
    }
  })

  it('is told with twenty bad lines at the most', async (t) => {
    const path = join(folder(t), 'servers.txt')
    await writeFile(path, 'a b\n'.repeat(100))
    const { failed } = await observe(t, createFileDiscovery(path, { patienceMs: 100 }))
    assert.match(failed[0]!, /; line 20: [^:]+: write [^:]+; and 80 more$/)
  })

  it('is reported when it never stands still', async (t) => {
    const path = join(folder(t), 'servers.txt')
    await writeFile(path, 'a\n')
    const observed = await observe(
      t,
      createFileDiscovery(path, { settleMs: 500, restlessMs: 1_000 }),
    )
    let count = 0
    const restless = setInterval(() => void writeFile(path, `b${count++}\n`), 5)
    t.after(() => clearInterval(restless))
    await observed.until(({ failed }) => failed.length > 0)
    assert.match(observed.failed[0]!, /it changes all the time$/)
    clearInterval(restless)
    await observed.until(({ found }) => found.at(-1)?.[0]?.startsWith('b') === true)
  })
})

describe('a closed file discovery', () => {
  it('tells nothing, ends its start, and holds no file', { timeout: 60_000 }, async (t) => {
    const path = join(folder(t), 'servers.txt')
    await writeFile(path, 'a\n')
    const open = (): string[] => readdirSync('/proc/self/fd')
    const first = createFileDiscovery(path)
    t.after(() => first.close())
    await first.start({ found() {}, failed() {} })
    const before = open().length
    for (let i = 0; i < 50; i++) {
      const discovery = createFileDiscovery(path)
      let isClosed = false
      const tell = (): void => assert.ok(!isClosed)
      const started = discovery.start({ found: tell, failed: tell })
      if (i % 2 === 0) await started
      discovery.close()
      isClosed = true
      await started
      await writeFile(path, `a${i}\n`)
    }
    // The time limit of the test is the limit.
    while (open().length > before) await new Promise(setImmediate)
  })
})
