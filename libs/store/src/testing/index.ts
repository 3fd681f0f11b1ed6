export { MemoryStore, type MemoryDisk } from './memory-store.ts';
export { storeConformance, type StorePlace } from './store-conformance.ts';
