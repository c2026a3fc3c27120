import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import fc from 'fast-check'
import { checkSpec } from '../../src/balancer/check.ts'
import { PilotiError } from '../../src/base/errors.ts'
import { readRoutePath } from '../../src/config/conditions.ts'
import { checkConfig, loadConfig, problemsOf } from '../../src/config.ts'
import { Router } from '../../src/proxy/routes.ts'
import { fileOf, folder, problemsIn } from './files.ts'

const example = readFileSync('piloti.example.yaml')
const lines = example.toString('utf8').split('\n')

/** What a tired operator, or a broken disk, makes of a file. */
const mutated: fc.Arbitrary<Buffer> = fc
  .array(
    fc.record({
      kind: fc.constantFrom('delete', 'double', 'swap', 'indent', 'rename', 'bytes', 'cut'),
      at: fc.nat(lines.length - 1),
      to: fc.nat(lines.length - 1),
      word: fc.oneof(
        fc.string({ maxLength: 12, unit: 'binary' }),
        fc.constantFrom(
          '*a',
          '&a',
          '<<',
          '- ',
          '{',
          '[',
          "'",
          '"',
          '\t',
          '|',
          '!x',
          '? ',
          '---',
          '~',
        ),
      ),
      bytes: fc.uint8Array({ maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((changes) => {
    let text = [...lines]
    let tail = Buffer.alloc(0)
    for (const { kind, at, to, word, bytes } of changes) {
      const line = text[at] ?? ''
      if (kind === 'delete') text.splice(at, 1)
      else if (kind === 'double') text.splice(to, 0, line)
      else if (kind === 'swap') [text[at], text[to]] = [text[to] ?? '', line]
      else if (kind === 'indent') text[at] = `  ${line}`
      else if (kind === 'rename') text[at] = line.replace(/[\w.]+/, word)
      else if (kind === 'cut') text = text.slice(0, at + 1)
      else tail = Buffer.from(bytes)
    }
    return Buffer.concat([Buffer.from(text.join('\n')), tail])
  })

it('whatever becomes of the example, it is described or refused with lines that it has', async (t) => {
  const path = join(await folder(t), 'piloti.yaml')
  const property = fc.asyncProperty(mutated, async (bytes) => {
    await writeFile(path, bytes)
    const last = bytes.toString('utf8').split(/\r\n|\r|\n/).length
    const error = await loadConfig(path).then(
      ({ spec, warnings }) => {
        checkSpec(spec)
        return warnings
      },
      (thrown: unknown) => {
        assert.ok(thrown instanceof PilotiError && thrown.code === 'CONFIG', String(thrown))
        assert.ok(problemsOf(thrown).length > 0)
        return problemsOf(thrown)
      },
    )
    for (const { line, column, message } of error) {
      const isWhole = line === 0 && message === 'describes nothing'
      assert.ok(
        isWhole || (line >= 1 && line <= last && column >= 1),
        `${line} of ${last}: ${message}`,
      )
    }
  })
  await fc.assert(property, { numRuns: 400 })
})

it('any text at all is described or refused', async (t) => {
  const path = join(await folder(t), 'piloti.yaml')
  const piece = fc.constantFrom(
    ...[
      'a',
      'listen',
      'backends',
      ':',
      ': ',
      '- ',
      '? ',
      '\n',
      '  ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '&a ',
    ],
    ...[
      '*a',
      '<<',
      '"',
      "'",
      '|',
      '>',
      '#',
      '!',
      '%',
      '@',
      '`',
      '~',
      '0',
      ':80',
      '\t',
      '---',
      '...',
    ],
  )
  const property = fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
    await writeFile(path, pieces.join(''))
    const { configuration, problems } = await checkConfig(path)
    assert.ok(configuration !== undefined || problems.length > 0)
  })
  await fc.assert(property, { numRuns: 400 })
})

it('bombs are refused before they go off', async (t) => {
  const many = (count: number, piece: (n: number) => string): string =>
    Array.from({ length: count }, (_, n) => piece(n)).join('')
  const letters = 'abcdefghijkl'
  const bombs: Readonly<Record<string, string>> = {
    deepFlow: `backends: ${'['.repeat(500_000)}`,
    deepMap: '{a: '.repeat(100_000),
    deepBlock: `${'- '.repeat(100_000)}a`,
    deepKeys: `${'? '.repeat(100_000)}a`,
    deepIndent: many(700, (n) => `${' '.repeat(n)}a:\n`),
    keys: many(20_000, (n) => `key${n}: 1\n`),
    sameKeys: 'a: 1\n'.repeat(30_000),
    errors: 'a: [}\n'.repeat(15_000),
    aliases: `a: &a 1\nb: [${'*a,'.repeat(50_000)}]`,
    merges: many(12, (n) =>
      n === 0
        ? 'a: &a {x: 1}\n'
        : `${letters[n]}: &${letters[n]} {<<: [${`*${letters[n - 1]},`.repeat(9)}]}\n`,
    ),
    anchors: many(5_000, (n) => `a${n}: &a${n} [${n === 0 ? '' : `*a${n - 1}`}]\n`),
    names: `backends: [${many(20_000, (n) => `h${n}:80,`)}]`,
  }
  for (const [name, text] of Object.entries(bombs)) {
    const startMs = performance.now()
    const path = await fileOf(t, text)
    const { configuration, problems } = await checkConfig(path)
    assert.ok(name === 'names' || (configuration === undefined && problems.length > 0), name)
    t.diagnostic(`${name}: ${Math.round(performance.now() - startMs)} ms`)
  }
})

it('a control character never reaches a message as it is', async (t) => {
  const lines = await problemsIn(t, 'listen: "\\u001b[31m"\n"\\u001b[2J": 1\nbackends: [:1]\n')
  assert.equal(lines.length, 2)
  for (const line of lines) assert.doesNotMatch(line, /\p{Cc}/u)
})

it('a path is taken by a file exactly when a route takes it', () => {
  const takes = (use: () => unknown): boolean => {
    try {
      use()
      return true
    } catch (error) {
      assert.ok(error instanceof RangeError)
      return false
    }
  }
  const piece = fc.constantFrom(
    '/',
    'a',
    '.',
    '..',
    '%2f',
    '%41',
    '%',
    '?',
    '#',
    ';',
    '\\',
    'é',
    ' ',
  )
  const property = fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
    const path = pieces.join('')
    const byRoute = takes(() => new Router([{ path, to: [{ destination: { pool }, weight: 1 }] }]))
    assert.equal(
      takes(() => readRoutePath(path)),
      byRoute,
      path,
    )
  })
  fc.assert(property, { numRuns: 1_000, examples: [[['/', '/']]] })
})

const pool = {} as never
