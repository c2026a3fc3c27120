import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const timeout = 60_000
const read = (name: string): string => readFileSync(join('deploy', name), 'utf8')
const needs = (tool: string): { skip: string | false } => ({
  skip: spawnSync(tool, ['--version']).error === undefined ? false : `${tool} is not installed`,
})

describe('what is to deploy', { timeout }, () => {
  it('is explained in the guide, file by file', () => {
    const guide = readFileSync('docs/guide/operations.md', 'utf8')
    for (const name of readdirSync('deploy')) {
      assert.ok(guide.includes(`deploy/${name.replace('.dockerignore', '')}`), name)
    }
  })

  it('is a unit that systemd understands, and finds well shut', needs('systemd-analyze'), (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const unit = join(folder, 'piloti.service')
    // Whether piloti is installed here is not asked.
    writeFileSync(unit, read('piloti.service').replaceAll('/usr/bin/node', process.execPath))
    const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })
    assert.equal(verified.stderr.replace(/^.*(?:Failed to prepare|No such file).*\n/gm, ''), '')
    const rated = spawnSync('systemd-analyze', ['security', '--offline=true', unit], {
      encoding: 'utf8',
    })
    const [, exposure] = /exposure level for piloti\.service: ([\d.]+)/.exec(rated.stdout) ?? []
    assert.ok(Number(exposure) <= 2, rated.stdout + rated.stderr)
  })

  it('waits longer for a stop than piloti itself', () => {
    const [, seconds] = /^TimeoutStopSec=(\d+)s$/m.exec(read('piloti.service')) ?? []
    assert.ok(Number(seconds) > 30)
  })

  it('is a rotation that logrotate understands', needs('logrotate'), (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const log = join(folder, 'access.log')
    writeFileSync(log, 'a line\n')
    const { username } = userInfo()
    const group = spawnSync('id', ['-gn'], { encoding: 'utf8' }).stdout.trim()
    const told = join(folder, 'told')
    const text = read('logrotate')
      .replace('/var/log/piloti/access.log', log)
      .replaceAll('piloti piloti', `${username} ${group}`)
      .replace(/systemctl kill .*/, `touch ${told}`)
    const file = join(folder, 'rotation')
    writeFileSync(file, text, { mode: 0o644 })
    const { status, stderr } = spawnSync(
      'logrotate',
      ['--force', '--state', join(folder, 'state'), file],
      { encoding: 'utf8' },
    )
    assert.deepEqual([status, stderr], [0, ''])
    assert.equal(readFileSync(`${log}.1`, 'utf8'), 'a line\n')
    assert.ok(existsSync(told))
  })

  it('is the rotation that the manual shows', () => {
    const shown = read('logrotate').replace(/^ *#.*\n/gm, '')
    assert.ok(readFileSync('docs/reference/access-log.md', 'utf8').includes(shown))
  })

  it('is an image of files that there are, in which nothing runs as root', () => {
    const lines = read('Dockerfile').split('\n')
    const sources = lines
      .filter((line) => /^COPY (?!--from)/.test(line))
      .flatMap((line) => line.split(' ').slice(1, -1))
    assert.ok(sources.length >= 6)
    const ignored = read('Dockerfile.dockerignore')
    for (const source of sources) {
      assert.ok(existsSync(source), source)
      assert.match(ignored, new RegExp(`^!${source}$`, 'm'))
    }
    const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))
    assert.ok(last.includes('USER 1000:1000'))
    for (const line of lines) assert.doesNotMatch(line, /^ADD |:latest|^FROM [^: ]+( |$)/)
  })
})
