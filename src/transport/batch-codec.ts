export { decodeBatch } from './batch-decoder.ts';
export { encodeBatch } from './batch-encoder.ts';
