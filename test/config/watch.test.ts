import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type Configuration, loadConfig, watchConfig } from '../../src/config.ts'
import { watchFile } from '../../src/discovery/watched-file.ts'
import { folder } from './files.ts'

/** Watches `path` and hands out what it describes after each change. */
function follow(t: TestContext, path: string, known?: Configuration) {
  const told = new EventTarget()
  const ports: string[] = []
  const unwatch = watchConfig(
    path,
    () => {
      const read = loadConfig(path).then(portOf, () => 'broken')
      void read.then((port) => {
        ports.push(port)
        told.dispatchEvent(new Event('told'))
      })
    },
    known,
  )
  // A watch alone does not keep the process alive.
  const held = setInterval(() => {}, 1_000)
  t.after(() => {
    unwatch()
    clearInterval(held)
  })
  return {
    ports,
    unwatch,
    /** Waits until it has told so many changes. */
    async changes(count: number): Promise<string[]> {
      while (ports.length < count) await once(told, 'told')
      return ports
    },
  }
}

const portOf = ({ spec }: Configuration): string => {
  const { address } = spec.pools[0]!.backends[0]!
  return 'port' in address ? String(address.port) : ''
}

const text = (port: number): string => `backends: [:${port}]\n`

describe('a watched file', () => {
  it('is told when it is written, replaced by a rename, broken, gone and back', async (t) => {
    const path = join(await folder(t), 'piloti.yaml')
    await writeFile(path, text(1))
    const { changes } = follow(t, path, await loadConfig(path))
    await writeFile(path, text(2))
    assert.deepEqual(await changes(1), ['2'])
    await writeFile(`${path}.new`, text(3))
    await rename(`${path}.new`, path)
    assert.deepEqual(await changes(2), ['2', '3'])
    await writeFile(path, 'backends: [\n')
    assert.deepEqual(await changes(3), ['2', '3', 'broken'])
    await rm(path)
    assert.deepEqual(await changes(4), ['2', '3', 'broken', 'broken'])
    await writeFile(path, text(5))
    assert.deepEqual(await changes(5), ['2', '3', 'broken', 'broken', '5'])
  })

  it('is told when the folder that a link leads through is another', async (t) => {
    const home = await folder(t)
    for (const n of [1, 2]) {
      await mkdir(join(home, `v${n}`))
      await writeFile(join(home, `v${n}`, 'piloti.yaml'), text(n))
    }
    // As Kubernetes does it: the file is a link through a link that is swapped.
    await symlink('v1', join(home, 'data'))
    await symlink(join('data', 'piloti.yaml'), join(home, 'piloti.yaml'))
    const path = join(home, 'piloti.yaml')
    const { changes } = follow(t, path, await loadConfig(path))
    await symlink('v2', join(home, 'data.new'))
    await rename(join(home, 'data.new'), join(home, 'data'))
    assert.deepEqual(await changes(1), ['2'])
  })

  it('is told of a change between loading and watching', async (t) => {
    const path = join(await folder(t), 'piloti.yaml')
    await writeFile(path, text(1))
    const known = await loadConfig(path)
    await writeFile(path, text(22))
    const { changes } = follow(t, path, known)
    assert.deepEqual(await changes(1), ['22'])
  })

  it('is told beside a file that is written all the time', async (t) => {
    const home = await folder(t)
    const path = join(home, 'piloti.yaml')
    await writeFile(path, text(1))
    const { changes } = follow(t, path, await loadConfig(path))
    const noise = setInterval(() => void appendFile(join(home, 'log'), 'x').catch(() => {}), 5)
    try {
      await writeFile(path, text(2))
      assert.deepEqual(await changes(1), ['2'])
    } finally {
      // Before the folder is removed, which what is still written would keep from being empty.
      clearInterval(noise)
    }
  })

  it('is never told half-written, however long the writer takes', async (t) => {
    const path = join(await folder(t), 'piloti.yaml')
    await writeFile(path, text(1))
    const told: Promise<void> = new Promise((tell) => {
      const unwatch = watchFile(path, tell, { pollMs: 5, settleMs: 5, patienceMs: 600_000 })
      const held = setInterval(() => {}, 1_000)
      t.after(() => {
        unwatch()
        clearInterval(held)
      })
    })
    const signs: string[] = []
    void told.then(() => signs.push('told'))
    const known = await loadConfig(path)
    await writeFile(path, 'backends: [')
    // Another watch of the same file sees the half, and takes it for what it is after a second.
    const impatient = follow(t, path, known)
    assert.deepEqual(await impatient.changes(1), ['broken'])
    signs.push('half')
    await appendFile(path, ':2]\n')
    await told
    assert.deepEqual(signs, ['half', 'told'])
  })

  it('is told no more once it is not watched', async (t) => {
    const path = join(await folder(t), 'piloti.yaml')
    await writeFile(path, text(1))
    const known = await loadConfig(path)
    const one = follow(t, path, known)
    const other = follow(t, path, known)
    one.unwatch()
    await writeFile(path, text(2))
    await other.changes(1)
    assert.deepEqual(one.ports, [])
  })

  it('is not told for standard input', (t) => {
    follow(t, '-').unwatch()
  })
})
