/** The library: the doors, the pool, the contract of a strategy and the strategies. */
export { type Admin, type AdminOptions, createAdmin } from './admin.ts'
export {
  type Balancer,
  type BalancerOptions,
  type BalancerSpec,
  type BalancerView,
  createBalancer,
  type HealthSpec,
  type ListenerSpec,
  type ListenerView,
  loadStrategy,
  type NextSpec,
  type PoolSpec,
  type RouteSpec,
  type SourceSpec,
} from './balancer.ts'
export { type Address, formatAddress, parseAddress } from './base/address.ts'
export type { Clock } from './base/clock.ts'
export { type ErrorCode, PilotiError } from './base/errors.ts'
export type { HistogramView } from './base/histogram.ts'
export type { Log, LogFields, LogLevel } from './base/log.ts'
export type { Random } from './base/random.ts'
export {
  type ComputeClient,
  type ComputeClientOptions,
  createComputeClient,
  createWorker,
  readTask,
  type Settled as TaskAnswer,
  type Task,
  textOfResult,
  type Worker,
  type WorkerOptions,
  type WorkerView,
} from './compute.ts'
export {
  type Checked,
  type CheckOptions,
  type Configuration,
  checkConfig,
  formatProblem,
  loadConfig,
  type Problem,
  watchConfig,
} from './config.ts'
export { parseSource } from './discovery/source.ts'
export { parseBackend } from './discovery/static.ts'
export { parseHealth } from './health/spec.ts'
export type { AnswersView } from './pool/answers.ts'
export { type AttemptOptions, attempt } from './pool/attempt.ts'
export type { Backend, BackendSpec, Health } from './pool/backend.ts'
export type { Lease, Outcome } from './pool/lease.ts'
export type { Change } from './pool/membership.ts'
export type { PoolOptions } from './pool/options.ts'
export { Pool, type PoolView } from './pool/pool.ts'
export type { Waiter } from './pool/queue.ts'
export type { Report } from './pool/report.ts'
export type { RequestsView } from './pool/requests.ts'
export type { Candidate, Candidates, Strategy } from './pool/strategy.ts'
export type { Transition } from './pool/transition.ts'
export type { BackendView } from './pool/view.ts'
export {
  type AccessLog,
  type AccessLogOptions,
  type Affinity,
  type AffinitySpec,
  createAccessLog,
  createAffinity,
  createProxy,
  type Destination,
  type HttpOptions,
  type HttpView,
  httpDefaults,
  type LinesOptions,
  type LinesView,
  linesDefaults,
  type Mode,
  type Proxy,
  type ProxyOptions,
  type ProxySettings,
  type ProxyView,
  type Route,
  type TcpView,
} from './proxy.ts'
export {
  type Arrivals,
  type BackendGroup,
  type BackendReport,
  createLogReader,
  createReplay,
  formatSimulation,
  type LogReader,
  type Replay,
  type Request,
  readWorkload,
  type Service,
  type SimulateOptions,
  type Simulation,
  type StrategyMaker,
  type StrategyReport,
  simulate,
  type Workload,
} from './simulator.ts'
export type { KeyOptions } from './strategies/bounded.ts'
export { type GuardOptions, guarded } from './strategies/guarded.ts'
export { createStrategy, type StrategyContext, strategies } from './strategies/index.ts'
export { keyed } from './strategies/keyed.ts'
export { leastConnections } from './strategies/least-connections.ts'
export { leastResponseTime } from './strategies/least-response-time.ts'
export { maglev } from './strategies/maglev.ts'
export { nToOne } from './strategies/n-to-1.ts'
export { peakEwma } from './strategies/peak-ewma.ts'
export { random } from './strategies/random.ts'
export { rendezvous } from './strategies/rendezvous.ts'
export { ring } from './strategies/ring.ts'
export { roundRobin } from './strategies/round-robin.ts'
export { source } from './strategies/source.ts'
export { twoChoices } from './strategies/two-choices.ts'
