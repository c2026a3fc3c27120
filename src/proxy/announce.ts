export { announce } from '../pool/announce.ts'
