/** The programs that stand in the guides. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The blocks of TypeScript in `docs/guide/NAME.md`. */
export async function blocksOf(name: string): Promise<string[]> {
  const text = await readFile(join(root, `docs/guide/${name}.md`), 'utf8')
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block]) => block!)
}

/** A folder that has installed piloti, with `text` as its `guide.ts`. */
export async function installed(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'piloti-guide-'))
  t.after(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'node_modules'))
  await symlink(root, join(folder, 'node_modules/piloti'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'guide.ts'), text)
  return folder
}

/** What the compiler says of `folder`; nothing when all is right. */
export async function compile(folder: string): Promise<string> {
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      rootDir: '/',
      noUnusedLocals: false,
      typeRoots: [join(root, 'node_modules/@types')],
      // From the sources, which may be newer than what is built.
      paths: { piloti: [join(root, 'src/index.ts')] },
    },
    include: ['guide.ts'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', folder], (_error, stdout) => resolve(stdout))
  })
}
