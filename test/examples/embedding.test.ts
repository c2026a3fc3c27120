import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { start } from '../support/command.ts'
import { named } from './http-server.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** All blocks of the guide as one program, in a folder that has installed piloti. */
async function guide(t: TestContext, change = (text: string): string => text): Promise<string> {
  const text = await readFile(join(root, 'docs/guide/embedding.md'), 'utf8')
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block]) => block!)
  assert.ok(blocks.length > 5, `${blocks.length} blocks`)
  const folder = await mkdtemp(join(tmpdir(), 'piloti-guide-'))
  t.after(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'node_modules'))
  await symlink(root, join(folder, 'node_modules/piloti'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'guide.ts'), change(blocks.join('\n')))
  return folder
}

/** What the compiler says of `folder`; nothing when all is right. */
async function compile(folder: string): Promise<string> {
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

describe('the guide to embedding', () => {
  it('is a program that the compiler takes', async (t) => {
    assert.equal(await compile(await guide(t)), '')
  })

  it('is a program that runs', async (t) => {
    const [a, b] = [await named(t, 'a'), await named(t, 'a')]
    const folder = await guide(t, (text) => {
      const here = text.replace('3001', `${a}`).replace('3002', `${b}`).replace('8080', '0')
      return `${here}\nconsole.log('asked:', await ask('/x'))\n`
    })
    const tsx = import.meta.resolve('tsx')
    const command = start(t, process.execPath, ['--import', tsx, join(folder, 'guide.ts')])
    await command.line(/^127\.0\.0\.1:\d+ up 0 0$/)
    await command.line(/^a$/)
    await command.line(/^asked: a$/)
    command.kill('SIGTERM')
    await command.line(/^0 connections were broken off$/)
  })
})
