import { posix } from 'node:path'
import { codeOf, type File, type Finding, file, perFile, type Rule } from './files.ts'

/** What `text` imports: statements of every kind, types included, and calls. */
export function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const statement = /^\s*(?:import|export)\b(?:[^'"`;=()]*?\bfrom)?\s*['"]([^'"]+)['"]/gm
  const call = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g
  return [statement, call].flatMap((pattern) =>
    [...code.matchAll(pattern)].map(([, from]) => from!),
  )
}

/** Units by rank, lowest first: a file imports from its own unit and from lower ranks. */
const ranks: readonly (readonly string[])[] = [
  ['base'],
  ['codecs', 'metrics', 'pool'],
  ['strategies', 'net'],
  ['discovery', 'health', 'http'],
  [
    'proxy',
    'director',
    'replica',
    'downloader',
    'compute',
    'broker',
    'chord',
    'simulator',
    'agent',
  ],
  ['balancer'],
  ['admin', 'config'],
  ['cli', 'index'],
]
const pure = /^src\/(?:base|codecs|metrics|pool|strategies)\//
const rankOf = (unit: string): number => ranks.findIndex((units) => units.includes(unit))

/** `proxy` for `src/proxy.ts` and for all in `src/proxy/`. */
const unitOf = (path: string): string => path.split('/')[1]!.replace(/\.ts$/, '')

interface Import {
  readonly by: string
  readonly of: string
}

function relativeImports(files: readonly File[]): Import[] {
  return files
    .filter(({ path }) => /^(?:src|backend)\/.*\.ts$/.test(path))
    .flatMap(({ path, text }) =>
      importsOf(text)
        .filter((from) => from.startsWith('.'))
        .map((from) => ({ by: path, of: posix.join(posix.dirname(path), from) })),
    )
}

function perImport(complain: (pair: Import, files: readonly File[]) => string | undefined) {
  return (files: readonly File[]): Finding => {
    const pairs = relativeImports(files)
    const complaints = pairs.flatMap((pair) => {
      const text = complain(pair, files)
      return text === undefined ? [] : [`${pair.by}: imports ${pair.of}: ${text}`]
    })
    return { looked: pairs.length, complaints }
  }
}

const inSource = (path: string): boolean => path.startsWith('src/')
const inBackend = (path: string): boolean => path.startsWith('backend/')

export const importRules: readonly Rule[] = [
  {
    sentence: 'a file imports from its own unit and from lower ranks',
    find: perImport(({ by, of }) => {
      if (!inSource(by) || !inSource(of) || unitOf(by) === unitOf(of)) return undefined
      const [mine, its] = [rankOf(unitOf(by)), rankOf(unitOf(of))]
      if (mine === -1 || its === -1) return 'one of them has no rank'
      return its < mine ? undefined : `rank ${mine} may not import rank ${its}`
    }),
    broken: [
      file('src/proxy/tcp.ts', "import { dial } from '../net/dial.ts'\nimport './http.ts'"),
      file('src/pool/pool.ts', "import type { Strategy } from '../strategies/index.ts'"),
      file('src/proxy/http.ts', "export { plan } from '../downloader/plan.ts'"),
      file('src/utils/a.ts', "import '../base/log.ts'"),
      file('src/base/a.ts', "const log = await import('../pool/pool.ts')"),
    ],
    blamed: ['src/pool/pool.ts', 'src/proxy/http.ts', 'src/utils/a.ts', 'src/base/a.ts'],
  },
  {
    sentence: 'a room is imported by its door and its own files alone',
    find: perImport(({ by, of }, files) => {
      const unit = unitOf(of)
      const isRoom = of.split('/').length > 2 && files.some(({ path }) => path === `src/${unit}.ts`)
      if (!inSource(of) || !isRoom || (inSource(by) && unitOf(by) === unit)) return undefined
      return `it is a private part of src/${unit}.ts`
    }),
    broken: [
      file('src/proxy.ts', "import { tcp } from './proxy/tcp.ts'\nimport './net/dial.ts'"),
      file('src/cli/up.ts', "import type { Mode } from '../proxy/tcp.ts'"),
      file('src/index.ts', "import './proxy.ts'"),
    ],
    blamed: ['src/cli/up.ts'],
  },
  {
    sentence:
      'backend/ imports src/base/ and src/agent.ts alone, and src/cli/ alone imports backend/',
    find: perImport(({ by, of }) => {
      const isMeant = ['base', 'agent'].includes(unitOf(of))
      if (inBackend(by) && inSource(of) && !isMeant) return 'only base and the agent may be'
      if (inBackend(of) && inSource(by) && unitOf(by) !== 'cli') return 'only the command may'
      return undefined
    }),
    broken: [
      file('backend/server.ts', "import '../src/base/log.ts'\nimport '../src/net/listen.ts'"),
      file('src/proxy/tcp.ts', "import '../../backend/pi.ts'"),
      file('src/cli/backend.ts', "import '../../backend/server.ts'"),
      file('backend/routes.ts', "import '../src/agent.ts'"),
    ],
    blamed: ['backend/server.ts', 'src/proxy/tcp.ts'],
  },
  {
    sentence: 'counters are pulled: only admin tells them',
    find: perImport(({ by, of }) => {
      const isTold = unitOf(of) === 'metrics' && !['admin', 'metrics'].includes(unitOf(by))
      return inSource(of) && isTold ? 'whoever counts knows nothing of metrics' : undefined
    }),
    broken: [
      file('src/proxy/http.ts', "import { Exposition } from '../metrics/exposition.ts'"),
      file('src/admin/metrics.ts', "import { Exposition } from '../metrics/exposition.ts'"),
      file('src/metrics/exposition.ts', "import './cumulative.ts'"),
    ],
    blamed: ['src/proxy/http.ts'],
  },
  {
    sentence: 'what is imported by a path exists',
    find: perImport(({ of }, files) =>
      files.some(({ path }) => path === of) ? undefined : 'it does not exist',
    ),
    broken: [file('src/a.ts', "import './b.ts'\nimport './c.ts'"), file('src/b.ts')],
    blamed: ['src/a.ts'],
  },
  {
    sentence: 'there is one barrel, src/index.ts',
    find: perFile(
      (path) => inSource(path) && path !== 'src/index.ts',
      ({ path, text }) => {
        const isIndex = path.endsWith('/index.ts') && path !== 'src/strategies/index.ts'
        const passesOn = /^export\s+(?:type\s+)?(?:\*|\{[^}]*\})[^'"\n]*\bfrom\b/m.test(text)
        return isIndex || passesOn ? ['a shelf is imported file by file'] : []
      },
    ),
    broken: [
      file('src/net/index.ts', 'export const a = 1'),
      file('src/net/dial.ts', "export type { Socket } from 'node:net'"),
      file('src/net/all.ts', "export * from './dial.ts'"),
      file('src/strategies/index.ts', "import { a } from './a.ts'\nexport { a }"),
    ],
    blamed: ['src/net/index.ts', 'src/net/dial.ts', 'src/net/all.ts'],
  },
  {
    sentence: 'the pure units do no I/O, own no timer and read no clock but the one of base',
    find: perFile(
      (path) => pure.test(path),
      ({ path, text }) => {
        // The names of the status codes are a table, though Node keeps it in a module that does I/O.
        const rest = text.replace("import { STATUS_CODES } from 'node:http'", '')
        const modules = importsOf(rest).filter((from) => from.startsWith('node:'))
        const calls = /\b(?:setTimeout|setInterval|setImmediate|process|Date\.now|performance)\b/g
        const used = path === 'src/base/clock.ts' ? [] : (codeOf(text).match(calls) ?? [])
        return [...modules, ...used].map((what) => `uses ${what}`)
      },
    ),
    broken: [
      file('src/base/a.ts', "import type { Socket } from 'node:net'"),
      file('src/pool/b.ts', 'const a = setTimeout(f, 1)'),
      file('src/codecs/c.ts', 'return process.hrtime()'),
      file('src/strategies/d.ts', '// not process.env\nconst process_ = "setTimeout"'),
      file('src/net/e.ts', "import 'node:net'\nsetTimeout(f)"),
    ],
    blamed: ['src/base/a.ts', 'src/pool/b.ts', 'src/codecs/c.ts'],
  },
  {
    sentence: 'the command alone touches arguments, environment, signals and exit',
    find: perFile(
      (path) => inSource(path) && unitOf(path) !== 'cli',
      ({ text }) => {
        const touch = /\bprocess\.(?:argv|env|exit\w*|on|once|kill|std\w+|cwd|chdir)\b/g
        const modules = importsOf(text).filter((from) => from === 'node:process')
        return [...(codeOf(text).match(touch) ?? []), ...modules].map((what) => `uses ${what}`)
      },
    ),
    broken: [
      file('src/proxy.ts', 'const port = process.env.PORT'),
      file('src/net/a.ts', "process.once('SIGTERM', f)"),
      file('src/net/b.ts', "import { argv } from 'node:process'"),
      file('src/cli/c.ts', 'process.exitCode = 1'),
    ],
    blamed: ['src/proxy.ts', 'src/net/a.ts', 'src/net/b.ts'],
  },
]
