import { broken } from './cases/broken.ts'
import { doubtful } from './cases/doubtful.ts'
import { forwarding } from './cases/forwarding.ts'
import { further } from './cases/further.ts'
import { ordinary } from './cases/ordinary.ts'
import type { Case } from './observe.ts'

export const cases: readonly Case[] = [
  ...ordinary,
  ...further,
  ...forwarding,
  ...broken,
  ...doubtful,
]
