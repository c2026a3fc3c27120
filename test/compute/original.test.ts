import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { seeded } from '../../src/base/random.ts'
import type { OriginalWord } from '../../src/codecs/original-words.ts'
import { originalAnswer } from '../../src/compute/original.ts'
import { createWorker, type Worker } from '../../src/compute.ts'
import { drain, until } from '../support/proxied.ts'

const timeout = 30_000
const goodbye = 'Disconnessione avvenuta con successo'
const form = /\{'A': (\d+), 'B': (\d+), 'operazione': '([a-z]+)', 'risultato': (-?\d+(?:\.\d+)?)\}/g
const operators = { somma: '+', sottrazione: '-', moltiplicazione: '*', divisione: '/' } as const
type Operation = Exclude<OriginalWord, 'exit'>

async function startWorker(t: TestContext): Promise<Worker> {
  const worker = await createWorker({ wire: 'original' })
  t.after(() => worker.close(0))
  return worker
}

function client(t: TestContext, { address }: Worker): Socket {
  const socket = connect({ ...address, noDelay: true, allowHalfOpen: true }).on('error', () => {})
  t.after(() => socket.destroy())
  return socket
}

/** The operations answered, all of them right. */
function operations(text: string): string[] {
  return [...text.matchAll(form)].map(([, a, b, operation, result]) => {
    const operator = operators[operation as Operation]
    const values: Record<string, number> = {
      '+': Number(a) + Number(b),
      '-': Number(a) - Number(b),
      '*': Number(a) * Number(b),
      '/': Number(a) / Number(b),
    }
    assert.equal(Number(result), values[operator])
    assert.equal(result!.includes('.'), operation === 'divisione')
    return operation!
  })
}

describe('a worker with the wire of the original system', { timeout }, () => {
  it('answers words that are glued together, in order, and takes leave', async (t) => {
    const worker = await startWorker(t)
    const socket = client(t, worker)
    socket.write('sommasottrazionemoltiplicazionedivisione\r\nexitsomma')
    const { ending, text } = await drain(socket)
    assert.deepEqual(operations(text), Object.keys(operators))
    assert.equal(text.replaceAll(form, ''), goodbye)
    assert.equal(ending, 'fin')
    assert.deepEqual(worker.view().answers, { ok: 4, failed: 0 })
  })

  it('answers words that are split anywhere', async (t) => {
    const socket = client(t, await startWorker(t))
    const heard = drain(socket)
    for (const char of 'divisionesommaexit') {
      await new Promise((resolve) => socket.write(char, resolve))
    }
    const { text } = await heard
    assert.deepEqual(operations(text), ['divisione', 'somma'])
  })

  it('answers very many words in one go, and a last one that comes with the end', async (t) => {
    const socket = client(t, await startWorker(t))
    const heard = drain(socket)
    socket.end('somma'.repeat(30_000))
    assert.equal(operations((await heard).text).length, 30_000)
  })

  it('says what is no word, and ends', async (t) => {
    const worker = await startWorker(t)
    const socket = client(t, worker)
    socket.write('sommapotenza')
    const { ending, text } = await drain(socket)
    const wanted = 'one of somma, sottrazione, moltiplicazione, divisione, exit wanted'
    assert.equal(text.replaceAll(form, ''), `{'errore': "'p' is no word: ${wanted}"}`)
    assert.equal(ending, 'fin')
    assert.deepEqual(worker.view().answers, { ok: 1, failed: 1 })
  })

  it('does not read a client that takes no answers, and lets go of one that vanishes', async (t) => {
    const worker = await startWorker(t)
    const socket = client(t, worker)
    socket.pause()
    const words = 'divisione'.repeat(10_000)
    for (let i = 0; i < 20; i++) socket.write(words)
    let before = -1
    const isStill = (): boolean => {
      const { ok } = worker.view().answers
      const isSame = ok === before && ok > 1_000
      before = ok
      return isSame
    }
    await until(isStill)
    assert.ok(worker.view().answers.ok < 200_000)
    socket.resetAndDestroy()
    await until(() => worker.view().connections === 0)
  })

  it('answers what it has read before it closes', async (t) => {
    const worker = await startWorker(t)
    const socket = client(t, worker)
    socket.write('sommadivi')
    await until(() => worker.view().answers.ok === 1)
    const heard = drain(socket)
    const closed = worker.close()
    assert.deepEqual(operations((await heard).text), ['somma'])
    socket.end()
    await closed
  })
})

describe('the answers of the original system', () => {
  it('are what Python writes, with numbers from 1 to 50', (t) => {
    const random = seeded(1)
    const words = Object.keys(operators) as Operation[]
    const answers = words.flatMap((word) =>
      Array.from({ length: 500 }, () => originalAnswer(word, random)),
    )
    const operands = answers.flatMap((answer) =>
      [...answer.matchAll(/'[AB]': (\d+)/g)].map(([, n]) => Number(n)),
    )
    assert.deepEqual([Math.min(...operands), Math.max(...operands)], [1, 50])
    assert.equal(operations(answers.join('')).length, 2_000)
    const program = 'import sys, ast\nfor line in sys.stdin: print(ast.literal_eval(line))'
    const python = spawnSync('python3', ['-c', program], { input: answers.join('\n') })
    if (python.error !== undefined) return t.skip('there is no python3')
    assert.deepEqual(String(python.stdout).split('\n').slice(0, -1), answers)
  })
})
