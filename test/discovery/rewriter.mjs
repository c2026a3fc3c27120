// Makes a file have one text after the other, in five ways by turns: a JSON array of texts is a line of stdin.
// Says when each line is done.
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
    const step = Math.min(101, Math.floor(text.length / 3))
    const file = openSync(path, 'w')
    for (let at = 0; at < text.length; at += step) {
      writeSync(file, text.slice(at, at + step))
      pause()
    }
    closeSync(file)
  },
  (text) => {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  },
  (text, count) => {
    writeFileSync(`${path}.${count % 10}`, text)
    rmSync(`${path}.link`, { force: true })
    symlinkSync(`${path}.${count % 10}`, `${path}.link`)
    renameSync(`${path}.link`, path)
  },
  (text) => {
    rmSync(path)
    pause()
    writeFileSync(path, text)
  },
]

let count = 0
for await (const line of createInterface({ input: process.stdin })) {
  for (const text of JSON.parse(line)) {
    count++
    ways[count % ways.length](text, count)
  }
  console.log(count)
}
