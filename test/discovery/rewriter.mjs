// Rewrites a file in five ways by turns, as often as each line of stdin says, and tells the last version.
// Each version has 40 lines that name it.
import {
  closeSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createInterface } from 'node:readline'

const [, , path] = process.argv
const textOf = (version) => `v${String(version).padStart(5, '0')}-`

/** Long enough for somebody to look at what is half done. */
const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)

const ways = [
  (text) => {
    writeFileSync(path, '')
    pause()
    writeFileSync(path, text)
  },
  (text) => {
    // In pieces that end within a line.
    const file = openSync(path, 'w')
    for (let at = 0; at < text.length; at += 101) {
      writeSync(file, text.slice(at, at + 101))
      pause()
    }
    closeSync(file)
  },
  (text) => {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  },
  (text, version) => {
    writeFileSync(`${path}.${version % 10}`, text)
    rmSync(`${path}.link`, { force: true })
    symlinkSync(`${path}.${version % 10}`, `${path}.link`)
    renameSync(`${path}.link`, path)
  },
  (text) => {
    rmSync(path)
    pause()
    writeFileSync(path, text)
  },
]

let version = 0
for await (const line of createInterface({ input: process.stdin })) {
  for (let count = Number(line); count > 0; count--) {
    version++
    const lines = Array.from({ length: 40 }, (_, i) => `${textOf(version)}${i}.example\n`)
    ways[version % ways.length](lines.join(''), version)
  }
  console.log(version)
}
