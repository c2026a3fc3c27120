import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PilotiError } from '../../src/base/errors.ts'
import type { Log } from '../../src/base/log.ts'
import { DONE } from '../../src/codecs/http1-faults.ts'
import { RequestHead } from '../../src/codecs/http1-request.ts'
import { Notes } from '../../src/proxy/notes.ts'
import { createAccessLog } from '../../src/proxy.ts'
import { until } from '../support/proxied.ts'
import { entries, folder, linesOf, logged } from './access-log-read.ts'
import { asked } from './asked.ts'

/** A line whose path is `n`. */
function noted(n: number): Notes {
  const bytes = Buffer.from(`GET /${n} HTTP/1.1\r\nHost: a\r\n\r\n`)
  const head = new RequestHead()
  assert.equal(head.parse(bytes, 0, bytes.length), DONE)
  const notes = new Notes('127.0.0.1', performance.now(), head, bytes)
  notes.ended('finished', 200)
  return notes
}

/** The numbers of the lines, as `noted` gave them. */
const numbersIn = (file: string): number[] =>
  linesOf(file).map((line) => Number(JSON.parse(line).path.slice(1)))

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

/** A log that keeps the events it is told. */
function recorded(): { log: Log; events: string[]; fields: Record<string, unknown>[] } {
  const events: string[] = []
  const fields: Record<string, unknown>[] = []
  const tell: Log['info'] = (event, _sentence, more = {}) => {
    events.push(event)
    fields.push(more)
  }
  return { events, fields, log: { debug: tell, info: tell, warn: tell, error: tell } }
}

/** Lets what is written be written. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the file of an access log', { concurrency: 4, timeout: 30_000 }, () => {
  it('has every line, in order, however many there are', async (t) => {
    const { accessLog, file } = logged(t)
    for (const n of range(20_000)) {
      accessLog.tell(noted(n))
      if (n % 500 === 0) await turn()
    }
    await accessLog.close()
    assert.deepEqual(numbersIn(file), range(20_000))
    assert.deepEqual(accessLog.view(), { lines: 20_000, lost: 0 })
  })

  it('has a line soon, also when there is only one', async (t) => {
    const { accessLog, file } = logged(t)
    accessLog.tell(noted(0))
    await until(() => statSync(file).size > 0)
    assert.deepEqual(numbersIn(file), [0])
  })

  it('adds to what was there, and is for its owner and group alone when it is new', async (t) => {
    const file = join(folder(t), 'a.log')
    for (const n of [0, 1]) {
      const accessLog = createAccessLog({ file })
      accessLog.tell(noted(n))
      await accessLog.close()
    }
    assert.deepEqual(numbersIn(file), [0, 1])
    assert.equal(statSync(file).mode & 0o007, 0)
  })

  it('loses no line and splits none when it is renamed and opened again', async (t) => {
    const { accessLog, file } = logged(t)
    const count = 30_000
    let files = 0
    for (const n of range(count)) {
      accessLog.tell(noted(n))
      if (n % 100 === 0) await turn()
      if (n % 1_000 !== 999) continue
      renameSync(file, `${file}.${files++}`)
      accessLog.reopen()
      await until(() => existsSync(file))
    }
    await accessLog.close()
    const all = [...range(files).map((i) => `${file}.${i}`), file].flatMap(numbersIn)
    assert.deepEqual(all, range(count))
  })

  it('goes on with the old one when it cannot be opened again, and says so', async (t) => {
    const { events, log } = recorded()
    const { accessLog, file } = logged(t, { log })
    renameSync(file, `${file}.0`)
    mkdirSync(file)
    accessLog.reopen()
    accessLog.tell(noted(0))
    await accessLog.close()
    assert.deepEqual(numbersIn(`${file}.0`), [0])
    assert.deepEqual(events, ['access_log_failed'])
  })

  it('waits for a reader that is slow, drops what is too much, and says both once', async (t) => {
    const fifo = join(folder(t), 'fifo')
    execFileSync('mkfifo', [fifo])
    // Something must have opened it before; `sleep` never reads.
    const holder = spawn('sh', ['-c', `exec 3<>${fifo}; echo; exec sleep 60`], { stdio: 'pipe' })
    t.after(() => holder.kill('SIGKILL'))
    await once(holder.stdout, 'data')
    const { events, fields, log } = recorded()
    const accessLog = createAccessLog({ file: fifo, log })
    const count = 40_000
    for (const n of range(count)) {
      accessLog.tell(noted(n))
      if (n % 500 === 0) await turn()
    }
    const { lost } = accessLog.view()
    assert.ok(lost > 0 && lost < count, `${lost} are lost`)
    assert.deepEqual(events, ['access_log_behind'])
    let text = ''
    const reader = createReadStream(fifo, 'latin1').on('data', (piece) => {
      text += piece
    })
    t.after(() => reader.destroy())
    await until(() => events.length > 1)
    assert.deepEqual(events, ['access_log_behind', 'access_log_over'])
    assert.equal(fields[1]!.lost, lost)
    await until(() => text.split('\n').length - 1 === count - lost)
    for (const line of text.trim().split('\n')) JSON.parse(line)
    holder.kill('SIGKILL')
    await accessLog.close()
  })

  it('survives a disk that is full: one word of it, and no line is lost once there is room', async (t) => {
    if (!existsSync('/dev/full')) return t.skip('there is no /dev/full')
    const { events, log } = recorded()
    const path = join(folder(t), 'a.log')
    execFileSync('ln', ['-s', '/dev/full', path])
    const accessLog = createAccessLog({ file: path, log })
    accessLog.tell(noted(0))
    await until(() => events.length > 0)
    accessLog.tell(noted(1))
    execFileSync('rm', [path])
    accessLog.reopen()
    accessLog.tell(noted(2))
    await accessLog.close()
    assert.deepEqual(numbersIn(path), [0, 1, 2])
    assert.deepEqual(events, ['access_log_failed', 'reopen', 'access_log_over'])
  })

  it('counts what is lost when it is closed and the disk is still full', async (t) => {
    if (!existsSync('/dev/full')) return t.skip('there is no /dev/full')
    const { events, log } = recorded()
    const accessLog = createAccessLog({ file: '/dev/full', log })
    for (const n of range(3)) accessLog.tell(noted(n))
    await accessLog.close()
    assert.deepEqual(events, ['access_log_failed', 'access_log_behind'])
    assert.equal(accessLog.view().lost, 3)
  })

  it('is refused at once when it cannot be opened', (t) => {
    const place = folder(t)
    const fifo = join(place, 'fifo')
    execFileSync('mkfifo', [fifo])
    const reasons = { [join(place, 'no', 'a.log')]: 'ENOENT', [place]: 'EISDIR', [fifo]: 'ENXIO' }
    for (const [file, reason] of Object.entries(reasons)) {
      const message = `cannot write the access log '${file}': ${reason}`
      assert.throws(
        () => createAccessLog({ file }),
        (error) => {
          assert.ok(error instanceof PilotiError)
          assert.deepEqual([error.code, error.message], ['FILE', message])
          return true
        },
      )
    }
  })

  it('is rotated by logrotate while lines come', async (t) => {
    if (!existsSync('/usr/sbin/logrotate')) return t.skip('logrotate is not installed')
    const { accessLog, file } = logged(t)
    const place = join(file, '..')
    const config = join(place, 'rotate.conf')
    // Root rotates in no folder that others may write to.
    chmodSync(place, 0o755)
    writeFileSync(config, `${file} {\n rotate 99\n create 0640\n}\n`, { mode: 0o644 })
    let n = 0
    for (let round = 0; round < 5; round++) {
      const rotating = spawn('/usr/sbin/logrotate', ['-f', '-s', join(place, 'state'), config])
      const ended = once(rotating, 'close')
      let isOver = false
      void ended.then(() => {
        isOver = true
      })
      while (!isOver) {
        for (let i = 0; i < 200; i++) accessLog.tell(noted(n++))
        await turn()
      }
      assert.deepEqual(await ended, [0, null])
      accessLog.reopen()
      // What stands in no file yet would make logrotate skip it.
      await until(() => statSync(file).size > 0)
    }
    await accessLog.close()
    const files = readdirSync(place).filter((name) => /^access\.log\.\d+$/.test(name))
    assert.equal(files.length, 5)
    const oldest = files.map((name) => Number(name.split('.')[2])).sort((a, b) => b - a)
    const all = [...oldest.map((i) => `${file}.${i}`), file].flatMap(numbersIn)
    assert.deepEqual(all, range(n))
  })
})

describe('a line of an access log', () => {
  /** What a peer can get into a field: anything but line ends and NUL. */
  const value = fc.string({
    unit: fc.integer({ min: 1, max: 255 }).map((c) => String.fromCharCode(c)),
  })
  const field = value.map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '').trim())
  const target = value.map((text) => `/${text.replace(/[^\x21-\x22\x24-\x7e]/g, '')}`)

  it('is one line that says what was sent, whatever was', async (t) => {
    const log = logged(t)
    const sent: { target: string; agent: string; referer: string; id: string }[] = []
    fc.assert(
      fc.property(target, field, field, value, (path, agent, referer, id) => {
        const fields = [`user-AGENT: ${agent}`, `Referer: ${referer}`]
        const [head, bytes] = asked({ target: path, fields })
        const notes = new Notes('::1', 0, head, bytes)
        notes.pool = id
        notes.ended('finished', 200)
        log.accessLog.tell(notes)
        sent.push({ target: path, agent, referer, id })
      }),
      { numRuns: 1_000 },
    )
    assert.deepEqual(
      (await entries(log)).map(({ path, agent, referer, pool }) => [path, agent, referer, pool]),
      sent.map(({ target: path, agent, referer, id }) => [path, agent, referer, id]),
    )
  })

  it('is printable ASCII in every format', async (t) => {
    for (const format of ['json', 'combined', 'timing'] as const) {
      const log = logged(t, { format })
      const texts = fc.sample(fc.string({ unit: 'binary' }), 300)
      const sent = fc.sample(fc.tuple(target, field), texts.length)
      for (const [i, text] of texts.entries()) {
        const [path, said] = sent[i]!
        const fields = [`User-Agent: ${said}`, `Referer: ${said}`]
        const [head, bytes] = asked({ target: path, fields })
        const notes = new Notes('::1', 0, head, bytes)
        Object.assign(notes, { backend: text, pool: text })
        notes.ended('finished', 200)
        log.accessLog.tell(notes)
      }
      const lines = await log.lines()
      assert.equal(lines.length, texts.length)
      for (const line of lines) assert.match(line, /^[ -~]+$/)
    }
  })

  it('is of its own request, though its head is used again and says the same', async (t) => {
    const log = logged(t)
    const said = fc.record({
      host: fc.constantFrom('a.example', 'b.example:8080'),
      agent: fc.constantFrom('', 'curl/8.0', 'a "quoted" \\ agent'),
      path: target,
      isAbsolute: fc.boolean(),
    })
    const head = new RequestHead()
    const sent: { path: string; host: string; agent: string }[] = []
    const property = fc.property(said, fc.nat(3), fc.nat(9), (one, again, before) => {
      const { agent, host, isAbsolute, path } = one
      // What is told is the target's host, as it is written there.
      const wanted = isAbsolute ? `http://${host.toUpperCase()}${path}` : path
      const lines = [`GET ${wanted} HTTP/1.1`, `Host: ${host}`, `User-Agent: ${agent}`]
      const bytes = Buffer.from(`${'x'.repeat(before)}${lines.join('\r\n')}\r\n\r\n`, 'latin1')
      for (let i = 0; i <= again; i++) {
        assert.equal(head.parse(bytes, before, bytes.length), DONE)
        const notes = new Notes('::1', 0, head, bytes)
        notes.ended('finished', 200)
        log.accessLog.tell(notes)
        sent.push({ path: wanted, host: isAbsolute ? host.toUpperCase() : host, agent })
        head.reset()
      }
    })
    fc.assert(property, { numRuns: 500 })
    const told = await entries(log)
    assert.deepEqual(
      told.map(({ agent, host, path }) => ({ path, host, agent })),
      sent,
    )
  })

  it('is cut where it would be endless', async (t) => {
    const log = logged(t)
    const [head, bytes] = asked({ target: '/', fields: [`User-Agent: ${'\u00ff'.repeat(9_000)}`] })
    const notes = new Notes('::1', 0, head, bytes)
    notes.ended('finished', 200)
    log.accessLog.tell(notes)
    assert.equal((await entries(log))[0]!.agent, '\u00ff'.repeat(1_024))
  })
})
