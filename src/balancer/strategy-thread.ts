/** The thread in which a strategy file is tried. */
import { parentPort, workerData } from 'node:worker_threads'
import { importStrategy } from './strategy-module.ts'
import type { TrialData, TrialNews } from './strategy-trial.ts'

const tell = (news: TrialNews): void => parentPort?.postMessage(news)

const { file } = workerData as TrialData
const { fault } = await importStrategy(file, () => tell('imported'))
tell({ fault })
