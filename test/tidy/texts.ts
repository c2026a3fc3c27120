import { posix } from 'node:path'
import { codeOf, type Finding, file, perFile, type Rule } from './files.ts'

const isCode = (path: string): boolean => /^(?:src|backend|test|bench|examples)\/.*\.ts$/.test(path)
const isSource = (path: string): boolean => /^src\/.*\.ts$/.test(path)
const isProduct = (path: string): boolean => /^(?:src|backend)\/.*\.ts$/.test(path)
const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n')

/** The functions of `text` that are longer than `most` lines; a heuristic that goes by indentation. */
export function longFunctions(text: string, most: number): string[] {
  const lines = linesOf(text)
  const isHeader = (line: string): boolean =>
    /(?:\bfunction\b.*|=>|^\s+(?!if|for|while|switch|catch)(?:\w+ )*[#\w]+\(.*\).*) \{$/.test(line)
  return lines.flatMap((line, start) => {
    if (!isHeader(line)) return []
    const close = `${/^\s*/.exec(line)![0]}}`
    const length = lines.slice(start).findIndex((line) => line.startsWith(close)) + 1
    return length > most ? [`line ${start + 1}: a function of ${length} lines`] : []
  })
}

const tall = (lines: number): string => `${'a\n'.repeat(lines)}`

export const textRules: readonly Rule[] = [
  {
    sentence: 'a file has at most 400 lines, a door 150',
    find: perFile(isCode, ({ path, text }) => {
      const most = /^src\/[^/]+\.ts$/.test(path) ? 150 : 400
      const { length } = linesOf(text)
      return length > most ? [`${length} lines, ${most} at the most`] : []
    }),
    broken: [
      file('src/net/a.ts', tall(401)),
      file('src/net/b.ts', tall(400)),
      file('src/a.ts', tall(151)),
      file('test/a.test.ts', tall(401)),
    ],
    blamed: ['src/net/a.ts', 'src/a.ts', 'test/a.test.ts'],
  },
  {
    sentence:
      'a line of code has at most 100 columns, unless it cannot be broken; one of prose 120',
    find: perFile(isSource, ({ text }) =>
      linesOf(text).flatMap((line, i) => {
        const columns = [...line].length
        const isProse = /^\s*(?:\/?\*|\/\/)/.test(line)
        // The formatter breaks all but templates, patterns, long texts and addresses.
        const isUnbreakable = !isProse && /[`/]\S*$|^\s*['"]|['"]\S*$|https?:|\$\{/.test(line)
        return columns > (isProse ? 120 : 100) && !isUnbreakable
          ? [`line ${i + 1} has ${columns} columns`]
          : []
      }),
    ),
    broken: [
      file('src/net/a.ts', `b\n${'a '.repeat(51)}\n`),
      file('src/net/b.ts', `${'π'.repeat(100)}\n`),
      file('src/net/c.ts', `// ${'a '.repeat(58)}\n`),
      file('src/net/d.ts', ` * ${'a '.repeat(60)}\n`),
    ],
    blamed: ['src/net/a.ts', 'src/net/d.ts'],
  },
  {
    sentence: 'a function has at most 60 lines',
    find: perFile(isProduct, ({ text }) => longFunctions(text, 60)),
    broken: [
      file('src/net/a.ts', `export function a(): void {\n${'  b()\n'.repeat(59)}}\n`),
      file(
        'src/net/b.ts',
        `class A {\n  async #b(c: number): Promise<void> {\n${'    b()\n'.repeat(59)}  }\n}\n`,
      ),
      file('src/net/c.ts', `export function a(): void {\n${'  b()\n'.repeat(58)}}\n`),
      file('src/net/d.ts', `class A {\n${'  b = 1\n'.repeat(99)}}\n`),
    ],
    blamed: ['src/net/a.ts', 'src/net/b.ts'],
  },
  {
    sentence: 'nothing is typed any, and no type error is hushed',
    find: perFile(isCode, ({ text }) => {
      const any = codeOf(text).match(/(?::|\bas|<|,|\|)\s*any\b(?!\s*[:(])/g) ?? []
      const hushed = text.match(/@ts-(?:ignore|nocheck|expect-error)\b/g) ?? []
      return [...any, ...hushed]
    }),
    broken: [
      file('src/net/a.ts', 'const a: any = 1'),
      file('src/net/b.ts', 'f(a as any)'),
      file('src/net/c.ts', `// ${'@ts'}-ignore\nf()`),
      file('src/net/d.ts', "const any = ': any'\n// takes: any"),
    ],
    blamed: ['src/net/a.ts', 'src/net/b.ts', 'src/net/c.ts'],
  },
  {
    sentence: 'files have names in kebab-case that tell what is in them',
    find: perFile(isCode, ({ path }) => {
      const name = posix.basename(path).replace(/(?:\.test)?\.ts$/, '')
      if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return ['not in kebab-case']
      return /^(?:utils?|types?|helpers?|common|misc|shared)$/.test(name) ? ['says nothing'] : []
    }),
    broken: [
      file('src/net/relayTcp.ts'),
      file('test/some_test.test.ts'),
      file('src/base/utils.ts'),
      file('src/pool/types.ts'),
      file('src/pool/round-robin-2.ts'),
    ],
    blamed: [
      'src/net/relayTcp.ts',
      'test/some_test.test.ts',
      'src/base/utils.ts',
      'src/pool/types.ts',
    ],
  },
  {
    sentence: 'test/support holds at most 6 helpers',
    find: (files): Finding => {
      const helpers = files.filter(({ path }) => path.startsWith('test/support/'))
      const complaints = helpers.slice(6).map(({ path }) => `${path}: one too many`)
      return { looked: helpers.length, complaints }
    },
    broken: [1, 2, 3, 4, 5, 6, 7].map((n) => file(`test/support/${n}.ts`)),
    blamed: ['test/support/7.ts'],
  },
  {
    sentence: 'links in the manual lead to files that exist',
    find: (files): Finding => {
      const paths = new Set(files.map(({ path }) => path))
      const folders = new Set([...paths].flatMap((path) => ancestors(path)))
      const links = files
        .filter(({ path }) => path.endsWith('.md'))
        .flatMap(({ path, text }) => linksOf(text).map((link) => ({ path, link })))
      const complaints = links.flatMap(({ path, link }) => {
        const to = posix.join(posix.dirname(path), link).replace(/\/$/, '')
        return paths.has(to) || folders.has(to) ? [] : [`${path}: ${link} does not exist`]
      })
      return { looked: links.length, complaints }
    },
    broken: [
      file('README.md', '[a](docs/a.md) [b](docs/b.md#part) [c](docs/) [d](https://x.org) [e](#f)'),
      file('docs/a.md', '[up](../README.md "the title") ![no](no.png) `[x](code.md)`'),
    ],
    blamed: ['README.md', 'docs/a.md'],
  },
  {
    sentence: 'no file names a registry or a place on the machine it was written on',
    find: perFile(
      () => true,
      ({ text }) =>
        text.match(/\bregistry\.\w+\.\w+|\bnpm\.pkg\.\w+|(?<![\w./}-])\/(?:work|root)\/\w+/g) ?? [],
    ),
    broken: [
      file('package-lock.json', `"resolved": "https://registry.${'example'}.org/a"`),
      file('docs/a.md', `see /${'work'}/main`),
      file('docs/b.md', 'see ./work/here, a/root/b'),
    ],
    blamed: ['package-lock.json', 'docs/a.md'],
  },
]

function ancestors(path: string): string[] {
  const folder = posix.dirname(path)
  return folder === '.' ? ['.'] : [folder, ...ancestors(folder)]
}

/** Where the relative links of a page lead, without the part within it. */
export function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(<?([^)\s>#]+)(?:#[^)\s>]*)?>?(?:\s+"[^"]*")?\)/g)]
    .map(([, link]) => link!)
    .filter((link) => !/^(?:[a-z]+:|\/\/)/.test(link))
}
