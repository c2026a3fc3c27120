import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { cli, type Ended, ran } from '../support/command.ts'

const good = 'listen: 127.0.0.1:8080\nbackends: [127.0.0.1:5000]\n'
const bad = 'listn: :8080\nbackends: [:1, :1]\n'

async function fileOf(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'piloti-check-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'piloti.yaml')
  await writeFile(path, text)
  return path
}

/** Runs `piloti check` in a folder, with a text on its standard input. */
function check(args: readonly string[], input: string, cwd = '.'): Promise<Omit<Ended, 'signal'>> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [cli, 'check', ...args],
      { cwd },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      },
    )
    child.stdin!.end(input)
  })
}

describe('piloti check', { concurrency: 4 }, () => {
  it('says what a good file describes', async (t) => {
    const { code, stdout, stderr } = await ran(t, ['check', await fileOf(t, good)])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    assert.equal(
      stdout,
      'listener default: http on 127.0.0.1:8080 → default\n' +
        'pool default: 1 backend, round-robin, health tcp\n',
    )
  })

  it('says all that is wrong with a bad one, and ends with 3', async (t) => {
    const path = await fileOf(t, bad)
    const { code, stdout, stderr } = await ran(t, ['check', path])
    assert.deepEqual(stdout.split('\n'), [
      `${path}:1:1: unknown key 'listn' (did you mean listen?)`,
      `${path}:2:16: backend 127.0.0.1:1 is in this pool already, in line 2 (to give it more work write weight: 2 there)`,
      '',
    ])
    assert.deepEqual({ code, stderr }, { code: 3, stderr: `piloti: ${path} has 2 errors\n` })
  })

  it('ends with 0 when there are warnings alone', async (t) => {
    const path = await fileOf(t, 'discover: {file: none.txt}\n')
    const { code, stdout, stderr } = await ran(t, ['check', '-c', path])
    assert.match(
      stdout,
      /:1:18: warning: cannot use file '.*none\.txt': it does not exist\nlistener/,
    )
    assert.deepEqual({ code, stderr }, { code: 0, stderr: `piloti: ${path} has 1 warning\n` })
  })

  it('reads piloti.yaml of the folder, or standard input', async (t) => {
    const path = await fileOf(t, bad)
    const here = await check([], '', join(path, '..'))
    assert.match(here.stdout, /^piloti\.yaml:1:1: unknown key/)
    const input = await check(['-'], bad)
    assert.match(input.stdout, /^standard input:1:1: unknown key/)
    const fine = await check(['-'], good)
    assert.deepEqual([here.code, input.code, fine.code], [3, 3, 0])
  })

  it('says why there is no file to check', async (t) => {
    const path = await fileOf(t, good)
    const missing = await check([], '', tmpdir())
    assert.match(missing.stdout, /^piloti\.yaml: cannot be read: it does not exist \(/)
    const directory = await ran(t, ['check', join(path, '..')])
    assert.match(directory.stdout, /: cannot be read: it is a directory\n$/)
    assert.deepEqual([missing.code, directory.code], [3, 3])
    await chmod(path, 0)
    const unreadable = await ran(t, ['check', path])
    if (process.getuid?.() === 0) return // Who may read everything cannot see this.
    assert.match(unreadable.stdout, /: cannot be read: permission denied\n$/)
    assert.equal(unreadable.code, 3)
  })

  it('looks up names unless it is told not to', async (t) => {
    const path = await fileOf(t, 'backends: [nowhere.invalid:80]\n')
    const asked = await ran(t, ['check', path])
    assert.match(
      asked.stdout,
      /:1:12: the name cannot be resolved: .* \(--no-resolve looks nothing up\)/,
    )
    const not = await ran(t, ['check', '--no-resolve', path])
    assert.deepEqual([asked.code, not.code], [3, 0])
  })

  it('gives the problems as JSON', async (t) => {
    const path = await fileOf(t, 'backends: [:1]\nretires: 1\n')
    const { code, stdout, stderr } = await ran(t, ['check', '--json', path])
    assert.deepEqual(JSON.parse(stdout), {
      file: path,
      problems: [
        {
          line: 2,
          column: 1,
          path: 'retires',
          severity: 'error',
          message: "unknown key 'retires'",
          suggestion: 'did you mean retries?',
        },
      ],
    })
    assert.deepEqual({ code, stderr }, { code: 3, stderr: '' })
    const fine = await ran(t, ['check', '--json', await fileOf(t, good)])
    assert.deepEqual(JSON.parse(fine.stdout).problems, [])
  })

  it('prints the JSON Schema', async (t) => {
    const { code, stdout } = await ran(t, ['check', '--schema'])
    const schema = JSON.parse(stdout)
    assert.equal(code, 0)
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
    assert.equal(schema.additionalProperties, false)
    assert.ok(schema.properties.listen.description.length > 0)
  })

  it('refuses two files', async (t) => {
    const { code, stderr } = await ran(t, ['check', 'a.yaml', '--config', 'b.yaml'])
    assert.match(stderr, /^piloti: FILE and --config are the same: give one\n/)
    assert.equal(code, 2)
  })
})
